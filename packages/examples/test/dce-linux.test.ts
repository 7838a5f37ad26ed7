import { runScenario } from "@dcejs/dce-glue";
import { expect, test } from "vitest";
import scenario from "../src/dce-linux.ts";

test("two hosts talk over TCP, and a sysctl is read meanwhile", async () => {
  const run = await runScenario(scenario);
  expect(run.ok).toBe(true);
  expect(run.result).toEqual({ answer: "hello over a cable", congestionControls: "reno cubic" });
});

test("two hosts talk over UDP", async () => {
  const run = await runScenario(scenario, { options: { transport: "udp" } });
  expect(run.ok).toBe(true);
  expect(run.result.answer).toBe("10 datagrams echoed");
});
