import type { SysctlEntry } from "../sysctl-entry.ts";
import {
  bool,
  int,
  milliseconds,
  NOT_NEGATIVE,
  POSITIVE,
  READ_ONLY,
  seconds,
  string,
  u8,
  uint,
} from "./entry-shorthand.ts";
import { reviewFastopenKey } from "./fastopen-key.ts";

/** net.ipv4.tcp_*: opening, keeping and closing connections (net/ipv4/sysctl_net_ipv4.c). */
export const TCP_CONNECTION: readonly SysctlEntry[] = [
  u8(
    "net.ipv4.tcp_abort_on_overflow",
    0,
    "Answer with a reset when the accept queue is full, instead of waiting for a retry.",
  ),
  bool(
    "net.ipv4.tcp_migrate_req",
    0,
    "Move waiting connections to another SO_REUSEPORT listener when theirs closes.",
  ),
  uint(
    "net.ipv4.tcp_child_ehash_entries",
    0,
    "Size of the connection hash table of new network namespaces; 0 shares the global one.",
    { max: 16_777_216 },
  ),
  u8("net.ipv4.tcp_early_demux", 1, "Look up the socket of a segment before routing it."),
  int(
    "net.ipv4.tcp_fastopen",
    1,
    "TCP Fast Open bits: 1 client, 2 server, 4 client without cookie, 0x200 and 0x400 for listeners.",
  ),
  int(
    "net.ipv4.tcp_fastopen_blackhole_timeout_sec",
    0,
    "First pause of active Fast Open after a middlebox swallowed it; 0 never pauses.",
    { ...NOT_NEGATIVE, unit: "s" },
  ),
  string(
    "net.ipv4.tcp_fastopen_key",
    "00000000-00000000-00000000-00000000",
    "Key, and optionally a second one, from which Fast Open cookies are made.",
    { mode: 0o600, review: reviewFastopenKey },
  ),
  string(
    "net.ipv4.tcp_available_ulp",
    "",
    "Upper layer protocols, such as tls, that are loaded.",
    READ_ONLY,
  ),
  seconds("net.ipv4.tcp_fin_timeout", 60, "How long an orphaned connection stays in FIN_WAIT2."),
  u8("net.ipv4.tcp_fwmark_accept", 0, "An accepted socket takes the firewall mark of the SYN."),
  seconds("net.ipv4.tcp_keepalive_intvl", 75, "Time between keepalive probes that get no answer."),
  u8(
    "net.ipv4.tcp_keepalive_probes",
    9,
    "Unanswered keepalive probes after which the connection is dropped.",
  ),
  seconds("net.ipv4.tcp_keepalive_time", 7200, "Idle time before the first keepalive probe."),
  bool(
    "net.ipv4.tcp_l3mdev_accept",
    0,
    "A listener of the default VRF takes connections of every VRF.",
  ),
  int("net.ipv4.tcp_low_latency", 0, "Without effect; kept for old programs."),
  u8(
    "net.ipv4.tcp_orphan_retries",
    0,
    "Retransmissions of a connection that the program has closed; 0 means 8.",
  ),
  u8("net.ipv4.tcp_retries1", 3, "Retransmissions after which the route is doubted.", { max: 255 }),
  u8(
    "net.ipv4.tcp_retries2",
    15,
    "Retransmissions, counted as backed-off time, after which the connection is dropped.",
  ),
  u8("net.ipv4.tcp_rfc1337", 0, "Ignore resets in TIME_WAIT (RFC 1337)."),
  u8(
    "net.ipv4.tcp_stdurg",
    0,
    "The urgent pointer means the octet after the urgent data (RFC 793) instead of its last octet (BSD).",
  ),
  u8(
    "net.ipv4.tcp_syn_linear_timeouts",
    4,
    "SYN retransmissions before the timeout begins to double.",
    { max: 127 },
  ),
  u8("net.ipv4.tcp_syn_retries", 6, "Retransmissions of an active SYN.", { min: 1, max: 127 }),
  u8("net.ipv4.tcp_synack_retries", 5, "Retransmissions of a SYN-ACK."),
  u8(
    "net.ipv4.tcp_syncookies",
    1,
    "SYN cookies: 0 never, 1 when the SYN queue overflows, 2 always.",
  ),
  u8("net.ipv4.tcp_reflect_tos", 0, "SYN-ACK and accepted socket take the DSCP of the SYN.", {
    max: 1,
  }),
  u8(
    "net.ipv4.tcp_tw_reuse",
    2,
    "New connections may take a TIME_WAIT port pair: 0 no, 1 yes, 2 over loopback only.",
    { max: 2 },
  ),
  u8("net.ipv4.tcp_window_scaling", 1, "Offer window scaling (RFC 7323)."),
  u8(
    "net.ipv4.tcp_workaround_signed_windows",
    0,
    "Without a window scale option treat windows above 32767 as broken.",
  ),
  u8(
    "net.ipv4.tcp_timestamps",
    1,
    "Timestamps (RFC 7323): 0 off, 1 with a random offset a connection, 2 without.",
  ),
  u8("net.ipv4.tcp_sack", 1, "Offer and use selective acknowledgements (RFC 2018)."),
  u8("net.ipv4.tcp_dsack", 1, "Send duplicate SACKs (RFC 2883)."),
  u8("net.ipv4.tcp_fack", 0, "Without effect; kept for old programs."),
  u8(
    "net.ipv4.tcp_ecn",
    2,
    "Explicit congestion notification: 0 off, 1 ask and accept, 2 accept only.",
    { max: 2 },
  ),
  bool("net.ipv4.tcp_ecn_fallback", 1, "Retry without ECN when an ECN SYN gets no answer."),
  u8(
    "net.ipv4.tcp_no_metrics_save",
    0,
    "Keep no metrics of closed connections for the next one to the same host.",
  ),
  bool(
    "net.ipv4.tcp_no_ssthresh_metrics_save",
    1,
    "Keep no slow start threshold among the saved metrics.",
  ),
  milliseconds(
    "net.ipv4.tcp_invalid_ratelimit",
    500,
    "Least time between two duplicate ACKs that answer invalid segments; 0 sets no limit.",
  ),
  int(
    "net.ipv4.tcp_challenge_ack_limit",
    2_147_483_647,
    "Challenge ACKs a second (RFC 5961) of the whole host; the largest value sets no limit.",
  ),
  u8(
    "net.ipv4.tcp_pingpong_thresh",
    1,
    "Request and response exchanges after which a connection delays ACKs as interactive.",
    POSITIVE,
  ),
];
