import { AF_INET, SOCK_STREAM } from "@dcejs/dce-glue";
import { expect, test } from "vitest";
import type { ConformanceTest, Part } from "../src/conformance-test.ts";
import { same } from "../src/expectation.ts";
import { KernelUnderTest } from "../src/kernel-under-test.ts";
import { markdownReport } from "../src/report/markdown.ts";
import { formatResults, mergeResults, parseResults } from "../src/report/results.ts";
import { terminalReport } from "../src/report/terminal.ts";
import { runTest } from "../src/run-test.ts";
import { Packet } from "../src/testbed/packet.ts";
import { echoRequest, ipv4Frame, SYN, tcp, udp } from "../src/testbed/index.ts";
import type { Verdict } from "../src/verdict.ts";

const kernel = new KernelUnderTest("emulated");

/** The verdict on a test of this harness's own. */
function judge(
  body: Pick<ConformanceTest, "run" | "needs">,
  known?: Record<string, Record<string, string>>,
): Promise<Verdict> {
  const whole: ConformanceTest = { name: "sample", source: "this file", ...body };
  return runTest({ title: "tcp: end", about: "", tests: [whole] }, whole, kernel, known);
}

test("a test that throws a mismatch has failed, with its message", async () => {
  const verdict = await judge({ run: async () => same(1, 2, "the number") });
  expect(verdict).toEqual({ kind: "FAIL", message: "the number: 1, not 2" });
});

test("a program that throws fails the test, and the run ends at once", async () => {
  let end = -1;
  const verdict = await judge({
    run: async (bed) => {
      const host = bed.host("host");
      host.start(async (posix) => {
        await posix.sleep(100);
      });
      host.start(async (posix) => {
        await posix.sleep(1);
        same("this", "that", "the word");
      });
      try {
        await bed.run();
      } finally {
        end = bed.now;
      }
    },
  });
  expect(verdict).toEqual({ kind: "FAIL", message: "the word: this, not that" });
  expect(end).toBe(1e9);
});

test("a program that does not end in time is named, with what it waits for", async () => {
  const verdict = await judge({
    run: async (bed) => {
      bed.host("host").start(async function sleeper(posix) {
        await posix.sleep(100);
      });
      await bed.run({ until: "2s" });
    },
  });
  expect(verdict).toMatchObject({
    kind: "FAIL",
    message: expect.stringMatching(/^still running at 2s: sleeper of host in \w+/),
  });
});

test("a process that ends otherwise than expected fails the test", async () => {
  const verdict = await judge({
    run: async (bed) => {
      bed.host("host").start((posix) => posix.exit(3));
      await bed.run();
    },
  });
  expect(verdict).toMatchObject({ kind: "FAIL", message: expect.stringContaining("exit 3") });
});

test("a kernel without the feature that a test needs is not tested", async () => {
  const absent = { name: "time travel", isThere: async () => false };
  const verdict = await judge({ needs: [absent], run: async () => same(1, 2, "never run") });
  expect(verdict).toEqual({ kind: "n/a", reason: "no time travel" });
});

test("a test may say itself that it makes no sense", async () => {
  const verdict = await judge({ run: async (bed) => bed.skip("no sense") });
  expect(verdict).toEqual({ kind: "n/a", reason: "no sense" });
});

test("a known failure is a difference, and a known failure that passes is a failure", async () => {
  const known = { emulated: { "tcp: end: sample": "not done yet" } };
  expect(await judge({ run: async () => same(1, 2, "x") }, known)).toMatchObject({
    kind: "differs",
    message: "x: 1, not 2",
  });
  expect(await judge({ run: async () => {} }, known)).toMatchObject({
    kind: "FAIL",
    message: expect.stringContaining("the verdict is ok"),
  });
});

test("two runs of a test see the same frames at the same times", async () => {
  const shown: string[][] = [];
  for (let i = 0; i < 2; i++) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    const verdict = await judge({
      run: async (bed) => {
        const left = bed.host("left");
        const right = bed.host("right");
        const wire = bed.link(left, right);
        left.ip("addr add 10.0.0.1/24 dev sim0");
        right.ip("addr add 10.0.0.2/24 dev sim0");
        left.start(async (posix) => {
          const socket = await posix.socket(AF_INET, SOCK_STREAM);
          await posix.connect(socket, { address: "10.0.0.2", port: 1 });
        });
        await bed.run().catch(() => {});
        shown.push(wire.packets.map(String));
      },
    });
    expect(verdict).toEqual({ kind: "ok" });
  }
  expect(shown[0]?.length).toBeGreaterThan(3);
  expect(shown[0]).toEqual(shown[1]);
});

test("frames that are made by hand are read back as they were meant", () => {
  const fields = { source: "10.0.0.1", destination: "10.0.0.2", ttl: 9, id: 7 };
  const frame = (protocol: number, payload: Uint8Array): Packet =>
    new Packet(
      1e9,
      "x",
      ipv4Frame("02:00:00:00:00:02", "02:00:00:00:00:01", { ...fields, protocol }, payload),
    );
  const segment = frame(
    6,
    tcp("10.0.0.1", "10.0.0.2", { sourcePort: 1, destinationPort: 2, seq: 3, flags: SYN }),
  );
  expect(segment.ip).toMatchObject({ source: "10.0.0.1", ttl: 9, id: 7, totalLength: 40 });
  expect(segment.tcp).toMatchObject({ sourcePort: 1, destinationPort: 2, seq: 3, flags: SYN });
  expect(String(segment)).toBe("1.000000 10.0.0.1 > 10.0.0.2 1>2 S 3 ack 0 win 65535 len 0");
  expect(frame(17, udp(5, 6, new Uint8Array(4))).udp).toMatchObject({ destinationPort: 6 });
  expect(frame(1, echoRequest(1, 2)).icmp).toMatchObject({ type: 8, rest: 0x10002 });
});

test("a report has a column for each kernel, and keeps those that were not run", () => {
  const part: Part = {
    title: "part",
    about: "About it.",
    tests: [{ name: "one", source: "RFC 1: so | it is", run: async () => {} }],
  };
  const recorded = { "linux-6.12": { "part: one": { kind: "ok" as const } } };
  const fresh = {
    emulated: { "part: one": { kind: "differs" as const, reason: "why", message: "" } },
  };
  const merged = mergeResults(recorded, fresh);
  expect(parseResults(formatResults(merged))).toEqual(merged);
  const markdown = markdownReport([part], merged);
  expect(markdown).toContain(
    "| `one` | RFC 1: so \\| it is | differs | not built | ok | not built | emulated: why |",
  );
  expect(markdown).toContain("| linux-6.12 | 1 | 0 | 0 | 0 |");
  const text = terminalReport([part], merged, () => true);
  expect(text).toMatch(/part: one +differs +not built +ok +not built +emulated: why/);
  expect(text).toContain("emulated: 0 ok, 1 differ as known, 0 failed, 0 not applicable\n");
});
