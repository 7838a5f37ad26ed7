/** Our stack against what a real Linux did in the same dialogues (fixtures/linux.json, by record.py). */
import { expect, test } from "vitest";
import recorded from "./fixtures/linux.json" with { type: "json" };
import { playDialogue, secondsOf } from "./play.ts";
import type { Row } from "./play.ts";

/** What of the time of a segment counts: real time is noisy, a tick of the recorder is 10 ms. */
const SLACK_MS = 25;
const SLACK_SHARE = 0.125;

/** Dialogues whose difference docs/LINUX_DIFFERENCES.md explains; they fail until that changes. */
const DIFFERENT: ReadonlySet<string> = new Set([
  "window too small for the write",
  "zero-window receiver answers a probe",
]);

for (const { name, rows } of recorded.scenarios) {
  test(`as Linux ${recorded.kernel}: ${name}`, { fails: DIFFERENT.has(name) }, () => {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the recorder's form
    const linux = rows as unknown as Row[];
    const ours = playDialogue(linux.map(([step]) => step));
    expect(ours.map(stepAndResult)).toEqual(linux.map(stepAndResult));
    const sent = inOrder(ours);
    const due = inOrder(linux);
    expect(sent.map(bare)).toEqual(due.map(bare));
    for (const [i, [at, text]] of sent.entries()) {
      const [then] = due[i] ?? [0];
      if (Math.abs(at - then) > SLACK_MS + SLACK_SHARE * (due[i]?.[2] ?? 0)) {
        throw new Error(`${text} at ${at} ms; Linux sends it at ${then} ms`);
      }
    }
  });
}

function stepAndResult([step, result]: Row): unknown {
  return [step, result];
}

/** All segments: time since the dialogue began, text, time since its step began. */
function inOrder(rows: readonly Row[]): [number, string, number][] {
  let start = 0;
  return rows.flatMap(([step, , sent]) => {
    const at = start;
    start += secondsOf(step) * 1000;
    return sent.map(([ms, text]): [number, string, number] => [at + ms, text, ms]);
  });
}

/**
 * The segment without the clock of its timestamps, without the ISN of a SYN-ACK, and without the PSH
 * that Linux sets on each packet of several segments (GSO, which we have not).
 */
function bare([, text]: readonly [number, string, number]): string {
  return text
    .replace(/TS val \d+/, "TS val *")
    .replace(/^S\. \d+:\d+/, "S. isn")
    .replace(/^P\. (\S+\(1000\))/, ". $1");
}
