import type { SysctlEntry } from "../sysctl-entry.ts";
import { bool, int, POSITIVE, u8, uint, ulong } from "./entry-shorthand.ts";
import { UINT_MAX } from "./linux-limits.ts";

/** net.ipv4.tcp_*: sending, acknowledging and recovering data (net/ipv4/sysctl_net_ipv4.c). */
export const TCP_DATA: readonly SysctlEntry[] = [
  int(
    "net.ipv4.tcp_adv_win_scale",
    1,
    "Obsolete: share of the receive buffer that was set aside for overhead.",
    { min: -31, max: 31 },
  ),
  u8(
    "net.ipv4.tcp_app_win",
    31,
    "Share of the window kept for the application: window / 2^n, 0 for none.",
    { max: 31 },
  ),
  bool(
    "net.ipv4.tcp_autocorking",
    1,
    "Join small writes while earlier packets wait in the device.",
  ),
  bool(
    "net.ipv4.tcp_backlog_ack_defer",
    1,
    "While the socket's backlog is worked off send one ACK for all of it.",
  ),
  int("net.ipv4.tcp_base_mss", 1024, "First MSS of path MTU probing.", { unit: "bytes" }),
  ulong(
    "net.ipv4.tcp_comp_sack_delay_ns",
    1_000_000,
    "Longest delay of a compressed SACK; 5 % of the round trip if that is less.",
    { unit: "ns" },
  ),
  u8(
    "net.ipv4.tcp_comp_sack_nr",
    44,
    "SACKs that one delayed SACK may replace; 0 turns compression off.",
  ),
  ulong(
    "net.ipv4.tcp_comp_sack_slack_ns",
    100_000,
    "Slack of the timer that sends compressed SACKs.",
    { unit: "ns" },
  ),
  u8("net.ipv4.tcp_early_retrans", 3, "Tail loss probe (RFC 8985): 0 off, 3 or 4 on.", {
    max: 4,
  }),
  u8("net.ipv4.tcp_frto", 2, "F-RTO detection of spurious timeouts (RFC 5682): 0 off."),
  int(
    "net.ipv4.tcp_limit_output_bytes",
    1_048_576,
    "Octets of one socket that may wait in queueing discipline and device.",
    { unit: "bytes" },
  ),
  int("net.ipv4.tcp_max_reordering", 300, "Upper bound of the reordering degree that is learnt."),
  int(
    "net.ipv4.tcp_min_rtt_wlen",
    300,
    "Window in which the smallest round trip is looked for; 0 takes the latest.",
    { min: 0, max: 86_400, unit: "s" },
  ),
  int("net.ipv4.tcp_min_snd_mss", 48, "Smallest MSS with options that is used for sending.", {
    min: 48,
    max: 65_535,
    unit: "bytes",
  }),
  u8(
    "net.ipv4.tcp_min_tso_segs",
    2,
    "Segments at least in a burst built for segmentation offload.",
    POSITIVE,
  ),
  u8("net.ipv4.tcp_moderate_rcvbuf", 1, "Grow the receive buffer with the rate of the connection."),
  int("net.ipv4.tcp_mtu_probe_floor", 48, "Smallest MSS that path MTU probing falls back to.", {
    min: 48,
    max: 65_535,
    unit: "bytes",
  }),
  u8(
    "net.ipv4.tcp_mtu_probing",
    0,
    "Path MTU probing (RFC 4821): 0 off, 1 after a black hole, 2 always.",
  ),
  uint(
    "net.ipv4.tcp_notsent_lowat",
    UINT_MAX,
    "A socket is writable while it has fewer unsent octets than this.",
    { unit: "bytes" },
  ),
  int(
    "net.ipv4.tcp_pacing_ca_ratio",
    120,
    "Pacing rate in congestion avoidance, in per cent of window / round trip.",
    { min: 0, max: 1000, unit: "percent" },
  ),
  int(
    "net.ipv4.tcp_pacing_ss_ratio",
    200,
    "Pacing rate in slow start, in per cent of window / round trip.",
    { min: 0, max: 1000, unit: "percent" },
  ),
  int(
    "net.ipv4.tcp_plb_cong_thresh",
    128,
    "Marked share of a round, in 1/256, that counts as congested for path changes.",
    { min: 0, max: 256 },
  ),
  bool(
    "net.ipv4.tcp_plb_enabled",
    0,
    "Change the flow label of connections that meet lasting congestion.",
  ),
  u8(
    "net.ipv4.tcp_plb_idle_rehash_rounds",
    3,
    "Congested rounds after which an idle connection changes its path.",
    { max: 31 },
  ),
  u8(
    "net.ipv4.tcp_plb_rehash_rounds",
    12,
    "Congested rounds after which a busy connection changes its path.",
    { max: 31 },
  ),
  u8("net.ipv4.tcp_plb_suspend_rto_sec", 60, "Pause of path changes after a timeout.", {
    unit: "s",
  }),
  int(
    "net.ipv4.tcp_probe_threshold",
    8,
    "Path MTU probing stops when the search range is smaller than this.",
    { unit: "bytes" },
  ),
  u8(
    "net.ipv4.tcp_recovery",
    1,
    "Loss recovery bits: 1 RACK (RFC 8985), 2 fixed reordering window, 4 no duplicate threshold.",
  ),
  int("net.ipv4.tcp_reordering", 3, "First guess of how far segments may overtake each other."),
  u8(
    "net.ipv4.tcp_retrans_collapse",
    1,
    "Join small neighbouring segments when they are sent again.",
  ),
  int(
    "net.ipv4.tcp_rto_min_us",
    200_000,
    "Smallest retransmission timeout, unless the route sets one.",
    { ...POSITIVE, unit: "us" },
  ),
  bool(
    "net.ipv4.tcp_shrink_window",
    0,
    "The receiver may take back window that it has offered when memory is short.",
  ),
  u8(
    "net.ipv4.tcp_slow_start_after_idle",
    1,
    "Start again from the initial window after an idle timeout (RFC 2861).",
  ),
  u8(
    "net.ipv4.tcp_thin_linear_timeouts",
    0,
    "Thin streams do not double their timeout for the first six retransmissions.",
  ),
  u8(
    "net.ipv4.tcp_tso_rtt_log",
    9,
    "Larger bursts for close peers: halved for each 2^n microseconds of round trip; 0 off.",
  ),
  u8(
    "net.ipv4.tcp_tso_win_divisor",
    3,
    "Largest share of the congestion window in one burst, as 1/n.",
  ),
];

/** The parameters whose range depends on the kernel's ticks. */
export function tcpTicks(hz: number): readonly SysctlEntry[] {
  return [
    uint(
      "net.ipv4.tcp_probe_interval",
      600,
      "Time after which path MTU probing tries a larger MTU again.",
      { max: Math.floor(UINT_MAX / hz), unit: "s" },
    ),
  ];
}
