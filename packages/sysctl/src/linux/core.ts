import type { SysctlEntry } from "../sysctl-entry.ts";
import { bool, int, NOT_NEGATIVE, seconds, string } from "./entry-shorthand.ts";
import { SOCKET_BUFFER_DEFAULT, SOCKET_RCVBUF_MIN, SOCKET_SNDBUF_MIN } from "./linux-limits.ts";

/** The disciplines that can be a default; others end with -ENOENT (`set_default_qdisc`). */
const QDISCS = [
  "pfifo_fast",
  "pfifo",
  "bfifo",
  "fq",
  "fq_codel",
  "cake",
  "sfq",
  "codel",
  "pie",
  "fq_pie",
];

/** net.core.* (net/core/sysctl_net_core.c) */
export const CORE: readonly SysctlEntry[] = [
  int("net.core.busy_poll", 0, "Microseconds that poll() and select() spin for packets; 0 off.", {
    ...NOT_NEGATIVE,
    unit: "us",
  }),
  int("net.core.busy_read", 0, "Microseconds that a read spins for packets; 0 off.", {
    ...NOT_NEGATIVE,
    unit: "us",
  }),
  string("net.core.default_qdisc", "pfifo_fast", "Queueing discipline of new devices.", {
    choices: QDISCS,
    maxLength: 16,
  }),
  int("net.core.dev_weight", 64, "Packets that one poll of a device may take.", {
    unit: "packets",
  }),
  int("net.core.dev_weight_rx_bias", 1, "Multiplies dev_weight for receiving through the backlog."),
  int("net.core.dev_weight_tx_bias", 1, "Multiplies dev_weight for sending."),
  int(
    "net.core.devconf_inherit_init_net",
    0,
    "New network namespaces copy device parameters: 0 as each family does, 1 from the first, 2 defaults, 3 from the parent.",
    { min: 0, max: 3 },
  ),
  int(
    "net.core.fb_tunnels_only_for_init_net",
    0,
    "Fallback tunnel devices: 0 in each namespace, 1 in the first only, 2 nowhere.",
    { min: 0, max: 2 },
  ),
  int(
    "net.core.flow_limit_table_len",
    4096,
    "Buckets of the table that keeps one flow from filling a backlog.",
  ),
  int("net.core.gro_normal_batch", 8, "Packets that receive offload hands on at once.", {
    min: 1,
    unit: "packets",
  }),
  bool("net.core.high_order_alloc_disable", 0, "Take socket buffers from single pages only."),
  int("net.core.max_skb_frags", 17, "Page fragments of a socket buffer.", { min: 1, max: 17 }),
  int("net.core.mem_pcpu_rsv", 256, "Memory that each processor keeps for socket accounting.", {
    min: 256,
    unit: "pages",
  }),
  int("net.core.message_burst", 10, "Network log messages that may appear at once."),
  seconds("net.core.message_cost", 5, "Time between network log messages in the long run."),
  int("net.core.netdev_budget", 300, "Packets that one round of the receive softirq may take.", {
    unit: "packets",
  }),
  int("net.core.netdev_max_backlog", 1000, "Received packets that may wait for the softirq.", {
    unit: "packets",
  }),
  int(
    "net.core.netdev_tstamp_prequeue",
    1,
    "Take the time stamp before the packet waits in the backlog.",
  ),
  int(
    "net.core.netdev_unregister_timeout_secs",
    10,
    "Time after which a device that is still used while it goes is complained about.",
    { min: 1, max: 3600, unit: "s" },
  ),
  int("net.core.optmem_max", 131_072, "Memory of a socket for options and control messages.", {
    ...NOT_NEGATIVE,
    unit: "bytes",
  }),
  int("net.core.rmem_default", SOCKET_BUFFER_DEFAULT, "First receive buffer of a socket.", {
    min: SOCKET_RCVBUF_MIN,
    unit: "bytes",
  }),
  int("net.core.rmem_max", SOCKET_BUFFER_DEFAULT, "Largest SO_RCVBUF.", {
    min: SOCKET_RCVBUF_MIN,
    unit: "bytes",
  }),
  int(
    "net.core.rps_sock_flow_entries",
    0,
    "Buckets of the table that steers flows to their program's processor; 0 off.",
    { min: 0 },
  ),
  int(
    "net.core.skb_defer_max",
    64,
    "Socket buffers that may wait to be freed by the processor that made them.",
    { ...NOT_NEGATIVE, unit: "packets" },
  ),
  int("net.core.somaxconn", 4096, "Largest backlog of listen().", NOT_NEGATIVE),
  bool("net.core.tstamp_allow_data", 1, "Time stamps of sent packets come with the packet's data."),
  bool("net.core.txrehash", 1, "A connection changes its flow hash after retransmissions."),
  int("net.core.warnings", 0, "Without effect; kept for old programs."),
  int("net.core.wmem_default", SOCKET_BUFFER_DEFAULT, "First send buffer of a socket.", {
    min: SOCKET_SNDBUF_MIN,
    unit: "bytes",
  }),
  int("net.core.wmem_max", SOCKET_BUFFER_DEFAULT, "Largest SO_SNDBUF.", {
    min: SOCKET_SNDBUF_MIN,
    unit: "bytes",
  }),
];

/** The parameters whose default depends on the kernel's ticks. */
export function coreTicks(hz: number): readonly SysctlEntry[] {
  return [
    int(
      "net.core.netdev_budget_usecs",
      Math.floor(2_000_000 / hz),
      "Time that one round of the receive softirq may take.",
      { ...NOT_NEGATIVE, unit: "us" },
    ),
  ];
}
