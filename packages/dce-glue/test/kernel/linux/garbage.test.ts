import { expect, test } from "vitest";
import { noReleases, noUsual, onBackEnds, onReleases } from "./built-linux.ts";
import { runGarbage } from "./garbage/garbage-run.ts";
import { complaintsOf } from "./garbage/garbage-verdict.ts";

// scripts/garbage.mjs does the same with a million frames in ten minutes of virtual time.
const FRAMES = 4000;
const SECONDS = 26;

test.skipIf(noReleases).for(onReleases)(
  "garbage and faults leave a kernel that works, warns of nothing and loses nothing ($kernel)",
  { timeout: 120_000 },
  async (on) => {
    const report = await runGarbage({ ...on, frames: FRAMES, seconds: SECONDS });
    expect(complaintsOf(report)).toEqual([]);
    expect(report.injected).toBe(FRAMES);
    expect(Object.keys(report.faults).length).toBeGreaterThan(1);
    expect(Object.keys(report.states)).toEqual(["left", "router", "right", "small"]);
  },
);

test.skipIf(noUsual)(
  "garbage has the same effect on both back ends",
  { timeout: 120_000 },
  async () => {
    const hashes = new Set<string>();
    for (const on of onBackEnds) {
      // oxlint-disable-next-line eslint/no-await-in-loop -- one after the other
      const report = await runGarbage({ ...on, frames: 1000, seconds: 11, seed: 3 });
      hashes.add(report.traceHash);
    }
    expect(hashes.size).toBe(1);
  },
);
