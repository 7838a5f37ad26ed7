import { expect, test } from "vitest";
import { printed, words } from "./answering-client.ts";

/** Below these lines, which all disciplines have. */
const COMMON =
  " Sent 1000 bytes 10 pkt (dropped 2, overlimits 4 requeues 3) \n" +
  " backlog 100b 1p requeues 3\n";

function below(command: string, kind: string, own: Uint8Array): string {
  const text = printed(command, { kind, own });
  const at = text.indexOf(COMMON);
  expect(at).toBeGreaterThan(0);
  return text.slice(at + COMMON.length);
}

/** iproute2 6.1.0 printed these lines about the same octets. */
test.each([
  [
    words(0, 1, 2, 3, 4, 5, 6, 7, 8, 9),
    "  maxpacket 1 drop_overlimit 2 new_flow_count 4 ecn_mark 3 ce_mark 7 memory_used 8 drop_overmemory 9\n" +
      "  new_flows_len 5 old_flows_len 6\n",
  ],
  [
    words(0, 1, 2, 3, 4, 5, 6),
    "  maxpacket 1 drop_overlimit 2 new_flow_count 4 ecn_mark 3\n" +
      "  new_flows_len 5 old_flows_len 6\n",
  ],
])("fq_codel counts what it marks and drops", (own, text) => {
  expect(below("-s qdisc show dev sim0", "fq_codel", own)).toBe(text);
});

test.each([
  [[-5, 500, 3, 2, 0, 0], "  deficit -5 count 3 lastcount 2 ldelay 500us\n"],
  [
    [-5, 5000, 3, 2, 1, 700],
    "  deficit -5 count 3 lastcount 2 ldelay 5ms dropping drop_next 700us\n",
  ],
  [
    [-5, 7, 3, 2, 1, -3000],
    "  deficit -5 count 3 lastcount 2 ldelay 7us dropping drop_next -3ms\n",
  ],
])("each flow of fq_codel is a class", (values, text) => {
  expect(below("-s class show dev sim0", "fq_codel", words(1, ...values))).toBe(text);
});

const FLOWS = [20, 21, 22];

test.each([
  [
    words(7, 0, 8, 0, 9, 0, 10, 0, 11, 0, 12, 0, 13, 0, 14, 0, ...FLOWS, 5432, 31, 0, 32, 0, 33, 0),
    "  flows 20 (inactive 21 throttled 22) next_packet_delay 14ns\n" +
      "  gc 7 highprio 8 retrans 9 throttled 10 latency 5.43us ce_mark 31 flows_plimit 11\n" +
      " pkts_too_long 12 alloc_errors 13 horizon_drops 32  horizon_caps 33\n",
  ],
  [
    words(7, 0, 8, 0, 0, 0, 10, 0, 0, 0, 0, 0, 0, 0, 1, -1, ...FLOWS, 997, 0, 0, 0, 0, 5, 0),
    "  flows 20 (inactive 21 throttled 22)\n" +
      "  gc 7 highprio 8 throttled 10 latency 997ns\n" +
      "  horizon_caps 5\n",
  ],
  [
    words(7, 0, 8, 0, 0, 0, 10, 0, 0, 0, 0, 0, 0, 0, 0, 0, ...FLOWS),
    "  flows 20 (inactive 21 throttled 22)\n  gc 7 highprio 8 throttled 10\n",
  ],
])("fq counts flows and what it holds back", (own, text) => {
  expect(below("-s qdisc show dev sim0", "fq", own)).toBe(text);
});

test("with -j they are members beside the others", () => {
  const own = words(0, 1, 2, 3, 4, 5, 6);
  expect(JSON.parse(printed("-s -j qdisc show dev sim0", { kind: "fq_codel", own }))).toEqual([
    {
      kind: "fq_codel",
      handle: "1:",
      root: true,
      refcnt: 2,
      options: {},
      bytes: 1000,
      packets: 10,
      drops: 2,
      overlimits: 4,
      requeues: 3,
      backlog: 100,
      qlen: 1,
      maxpacket: 1,
      drop_overlimit: 2,
      new_flow_count: 4,
      ecn_mark: 3,
      new_flows_len: 5,
      old_flows_len: 6,
    },
  ]);
});
