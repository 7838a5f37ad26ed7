import type { SysctlEntry } from "../sysctl-entry.ts";
import { bool, int, milliseconds, NOT_NEGATIVE, seconds, string } from "./entry-shorthand.ts";

/** net.ipv4.icmp_* (net/ipv4/icmp.c) */
export const ICMP: readonly SysctlEntry[] = [
  bool("net.ipv4.icmp_echo_enable_probe", 0, "Answer extended echo requests (RFC 8335)."),
  bool("net.ipv4.icmp_echo_ignore_all", 0, "Answer no echo requests."),
  bool(
    "net.ipv4.icmp_echo_ignore_broadcasts",
    1,
    "Answer no echo or timestamp requests to broadcast and multicast addresses.",
  ),
  bool(
    "net.ipv4.icmp_errors_use_inbound_ifaddr",
    0,
    "Errors carry the address of the device that the packet came in by.",
  ),
  bool(
    "net.ipv4.icmp_ignore_bogus_error_responses",
    1,
    "Do not log replies to broadcast frames that break RFC 1122.",
  ),
  int(
    "net.ipv4.icmp_msgs_burst",
    50,
    "ICMP messages of the rate-limited types that may be sent at once.",
    NOT_NEGATIVE,
  ),
  int(
    "net.ipv4.icmp_msgs_per_sec",
    1000,
    "ICMP messages of the rate-limited types a second, of the whole host.",
    NOT_NEGATIVE,
  ),
  milliseconds(
    "net.ipv4.icmp_ratelimit",
    1000,
    "Least time between two rate-limited messages to one host; 0 sets no limit.",
  ),
  int("net.ipv4.icmp_ratemask", 6168, "The rate-limited types, bit n for type n."),
];

/** net.ipv4.route.* (net/ipv4/route.c) */
export function route(hz: number): readonly SysctlEntry[] {
  return [
    string("net.ipv4.route.flush", "", "Writing anything forgets what was learnt about routes.", {
      mode: 0o200,
    }),
    int(
      "net.ipv4.route.min_adv_mss",
      256,
      "Smallest MSS that is advertised whatever the first hop's MTU.",
      { unit: "bytes" },
    ),
    int("net.ipv4.route.min_pmtu", 552, "Smallest path MTU that is believed.", {
      min: 68,
      unit: "bytes",
    }),
    seconds("net.ipv4.route.mtu_expires", 600, "How long a learnt path MTU is believed."),
    int(
      "net.ipv4.route.error_burst",
      5 * hz,
      "Unreachable errors that may be sent at once, as ticks of error_cost.",
    ),
    int("net.ipv4.route.error_cost", hz, "Ticks that one unreachable error costs."),
    int(
      "net.ipv4.route.redirect_load",
      Math.max(1, Math.floor(hz / 50)),
      "Ticks that one redirect costs, doubled each time.",
    ),
    int("net.ipv4.route.redirect_number", 9, "Redirects to one host before it is left alone."),
    int(
      "net.ipv4.route.redirect_silence",
      Math.max(1, Math.floor(hz / 50)) * 1024,
      "Ticks after which redirects to a silenced host start again.",
    ),
    int("net.ipv4.route.gc_elasticity", 8, "Without effect since the route cache is gone."),
    seconds("net.ipv4.route.gc_interval", 60, "Without effect since the route cache is gone."),
    milliseconds(
      "net.ipv4.route.gc_min_interval_ms",
      500,
      "Least time between clean-ups of destination entries.",
    ),
    seconds("net.ipv4.route.gc_min_interval", 0, "The same in seconds.", {
      view: {
        of: "net.ipv4.route.gc_min_interval_ms",
        toView: (ms) => Math.trunc(ms / 1000),
        fromView: (s) => s * 1000,
      },
    }),
    int("net.ipv4.route.gc_thresh", -1, "Without effect since the route cache is gone."),
    seconds("net.ipv4.route.gc_timeout", 300, "Without effect since the route cache is gone."),
    int("net.ipv4.route.max_size", 2_147_483_647, "Without effect since the route cache is gone."),
  ];
}
