import { DeadlockError, TaskError } from "@dcejs/core-sched";
import { runScenario } from "@dcejs/dce-glue";
import { LklBugError } from "@dcejs/lkl-kernel";
import { expect, test } from "vitest";
import scenario from "../src/accept-deadlock.ts";

async function failureOf(variant: string): Promise<unknown> {
  try {
    await runScenario(scenario, { options: { variant } });
    return undefined;
  } catch (error) {
    return error;
  }
}

test("a: the client is runnable, but its OS thread is blocked by the server", async () => {
  const error = await failureOf("a");
  expect(error).toBeInstanceOf(DeadlockError);
  expect(String(error)).toMatch(
    /client {2}ACTIVE.*the OS thread, which is blocked in sem_down by "server"/,
  );
  expect(String(error)).toMatch(/server {2}BLOCKED/);
});

test("b: the client nests into a cpu that the server holds, and __switch_to refuses", async () => {
  const error = await failureOf("b");
  expect(error).toBeInstanceOf(TaskError);
  expect(String(error)).toMatch(/client.*bad count while changing owner.*count=2/);
  const reason =
    error instanceof TaskError && error.cause instanceof Error ? error.cause : undefined;
  expect(reason?.cause).toBeInstanceOf(LklBugError);
});

test("c: the client waits for a cpu that only the waiting server could give back", async () => {
  const error = await failureOf("c");
  expect(error).toBeInstanceOf(DeadlockError);
  expect(String(error)).toMatch(/client {2}BLOCKED.*owner=server count=1 sleepers=1/);
  expect(String(error)).toMatch(
    /server {2}BLOCKED {2}waits for "accept: inet_csk_wait_for_connect"/,
  );
});

test("d: accept and connect block beside each other, and both come back", async () => {
  const run = await runScenario(scenario, { options: { variant: "d" } });
  expect(run.result).toEqual({
    events: ["server: 0 at 2000000 ns", "client: 0 at 2000000 ns"],
    cpu: { owner: 0, count: 0 },
  });
});
