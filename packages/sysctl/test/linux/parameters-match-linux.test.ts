import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { createLinuxSysctlTree } from "../../src/index.ts";

/**
 * Read off Linux 6.18 (x86-64, HZ 250) in a network namespace of its own: path below /proc/sys, mode,
 * value, and the smallest and largest number that a write was not refused for.
 */
type Recorded = readonly [
  path: string,
  mode: string,
  value: string,
  range: readonly [number, number | string] | null,
];

/** Where 6.18, its memory or its namespace differ from 6.12 on a machine of 8 GiB. */
const DIFFERENT_VALUE = new Set([
  "net/core/rmem_max",
  "net/core/wmem_max",
  "net/ipv4/tcp_allowed_congestion_control",
  "net/ipv4/tcp_available_congestion_control",
  "net/ipv4/tcp_congestion_control",
  "net/ipv4/tcp_ehash_entries",
  "net/ipv4/tcp_limit_output_bytes",
  "net/ipv4/tcp_max_syn_backlog",
  "net/ipv4/tcp_max_tw_buckets",
  "net/ipv4/tcp_rmem",
  "net/ipv4/udp_hash_entries",
  // A write to unres_qlen had rounded it in the recording.
  "net/ipv4/neigh/lo/unres_qlen_bytes",
  "net/ipv6/neigh/lo/unres_qlen_bytes",
  "net/ipv6/icmp/ratelimit",
  // Unreadable: the recording holds EACCES.
  "net/ipv4/route/flush",
  "net/ipv6/route/flush",
]);
/** Read-only in a namespace that is not the first. */
const DIFFERENT_MODE = new Set([
  "net/core/rmem_default",
  "net/core/rmem_max",
  "net/core/wmem_default",
  "net/core/wmem_max",
  "net/ipv4/tcp_allowed_congestion_control",
]);
/** Got a range after 6.12. */
const DIFFERENT_RANGE = new Set(["net/ipv4/tcp_reordering", "net/ipv4/tcp_max_reordering"]);

function recordedParameters(): readonly Recorded[] {
  const file = new URL("../fixtures/linux-parameters.json", import.meta.url);
  return JSON.parse(readFileSync(file, "utf8"));
}

const tree = createLinuxSysctlTree({ hz: 250 });
tree.registerDevice("lo");

test("the recording covers most of the network parameters", () => {
  expect(recordedParameters().length).toBeGreaterThan(300);
});

test.each(recordedParameters())(
  "%s has Linux's mode, value and range",
  (path, mode, value, range) => {
    const known = tree.describe(path);
    const isRangeKnown = range !== null && !DIFFERENT_RANGE.has(path);
    const ours = [known.min, known.max];
    expect({ mode: known.mode.toString(8), value: known.value, range: ours }).toEqual({
      mode: DIFFERENT_MODE.has(path) ? "644" : mode,
      value: DIFFERENT_VALUE.has(path) ? known.value : value,
      range: isRangeKnown ? range.map(Number) : ours,
    });
  },
);
