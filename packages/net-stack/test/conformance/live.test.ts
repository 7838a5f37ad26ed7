/** Records some dialogues again, on the Linux that runs this test, and compares with the fixtures. */
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import recorded from "./fixtures/linux.json" with { type: "json" };

/** Without timers, so that a busy machine does not disturb them. */
const DIALOGUES = ["calls on a bound socket", "calls on a connection", "RST from the peer"];
const RECORDER = fileURLToPath(new URL("record.py", import.meta.url));
const SCENARIOS = fileURLToPath(new URL("scenarios.json", import.meta.url));

const obstacle = whyNot();
if (obstacle !== undefined) console.log(`live conformance test skipped: ${obstacle}`);

for (const name of DIALOGUES) {
  test.skipIf(obstacle !== undefined)(`this Linux still does what was recorded: ${name}`, () => {
    const index = recorded.scenarios.findIndex((scenario) => scenario.name === name);
    const argv = ["-n", "python3", RECORDER, SCENARIOS, String(index)];
    const rows: unknown = JSON.parse(execFileSync("unshare", argv, { encoding: "utf8" }));
    expect(withoutTimes(rows)).toEqual(withoutTimes(recorded.scenarios[index]?.rows));
  });
}

function whyNot(): string | undefined {
  if (process.env["DCEJS_LIVE_LINUX"] !== "1") return "DCEJS_LIVE_LINUX is not 1";
  if (process.getuid?.() !== 0) return "not root";
  try {
    execFileSync("unshare", ["-n", "python3", "-c", "open('/dev/net/tun', 'r+b', 0)"]);
  } catch {
    return "no network namespace, no python3 or no /dev/net/tun";
  }
  return undefined;
}

/** Steps, results and segments. */
function withoutTimes(rows: unknown): unknown {
  if (!Array.isArray(rows)) return rows;
  return rows.map(([step, result, sent]: [string, unknown, [number, string][]]) => [
    step,
    result,
    sent.map(([, text]) => text),
  ]);
}
