import type { DeviceEntry, DeviceFamily } from "../device-family.ts";
import type { SysctlEntry } from "../sysctl-entry.ts";
import { int, seconds } from "./entry-shorthand.ts";
import { FRAME_TRUESIZE, SOCKET_BUFFER_DEFAULT } from "./linux-limits.ts";

/** net.ipv4.neigh.* (ARP) or net.ipv6.neigh.* (NDISC): parameters of each device (net/core/neighbour.c). */
export function neighbourFamily(version: "ipv4" | "ipv6", hz: number): DeviceFamily {
  return {
    directory: `net.${version}.neigh`,
    hasAll: false,
    follows: "until-written",
    entries: [
      ...PROBES,
      ...TIMES,
      userHz(
        "locktime",
        version === "ipv4" ? 100 : 0,
        "How long a learnt address is not replaced.",
      ),
      ...QUEUES,
      version === "ipv4" ? RETRANS_TIME_USER_HZ : retransTimeTicks(hz),
    ],
  };
}

/** The parameters of the whole neighbour table; they stand in the `default` directory. */
export function neighbourTable(version: "ipv4" | "ipv6"): readonly SysctlEntry[] {
  const directory = `net.${version}.neigh.default`;
  return [
    seconds(`${directory}.gc_interval`, 30, "How often the table looks for entries to drop."),
    int(`${directory}.gc_thresh1`, 128, "Entries below which nothing is dropped.", { min: 0 }),
    int(`${directory}.gc_thresh2`, 512, "Entries above which those older than 5 s are dropped.", {
      min: 0,
    }),
    int(`${directory}.gc_thresh3`, 1024, "Entries at most.", { min: 0 }),
  ];
}

const PROBES: readonly DeviceEntry[] = [
  count("app_solicit", 0, "Probes by the user space resolver before multicast ones."),
  count("mcast_resolicit", 0, "Multicast probes after unicast probes failed in PROBE state."),
  count("mcast_solicit", 3, "Multicast or broadcast probes before the neighbour counts as dead."),
  count("ucast_solicit", 3, "Unicast probes to a neighbour that may have moved."),
];

const TIMES: readonly DeviceEntry[] = [
  userHz("anycast_delay", 100, "Longest random delay of an answer for an anycast address."),
  milliseconds(
    "base_reachable_time_ms",
    30_000,
    "Mean time that a confirmed neighbour counts as reachable.",
  ),
  inSeconds("base_reachable_time", 30, "The same in seconds.", {
    of: "base_reachable_time_ms",
    toView: (ms) => Math.trunc(ms / 1000),
    fromView: (s) => s * 1000,
  }),
  inSeconds("delay_first_probe_time", 5, "Time in DELAY state before the first probe."),
  inSeconds("gc_stale_time", 60, "How often stale entries are looked for."),
  {
    ...milliseconds("interval_probe_time_ms", 5000, "Time between probes of managed neighbours."),
    min: 1,
  },
  userHz("proxy_delay", 80, "Longest random delay of a proxied answer."),
  milliseconds("retrans_time_ms", 1000, "Time between two probes."),
];

const RETRANS_TIME_USER_HZ: DeviceEntry = {
  ...userHz("retrans_time", 100, "Time between two probes, in 1/100 s."),
  view: { of: "retrans_time_ms", toView: (ms) => Math.trunc(ms / 10), fromView: (n) => n * 10 },
};

/** IPv6 shows the kernel's own ticks here (`ndisc_ifinfo_sysctl_change`). */
function retransTimeTicks(hz: number): DeviceEntry {
  return {
    name: "retrans_time",
    type: "int",
    default: hz,
    description: "Time between two probes, in ticks.",
    view: {
      of: "retrans_time_ms",
      toView: (ms) => Math.trunc((ms * hz) / 1000),
      fromView: (ticks) => Math.trunc((ticks * 1000) / hz),
    },
  };
}

const QUEUES: readonly DeviceEntry[] = [
  { ...count("proxy_qlen", 64, "Answers that may wait for their proxy delay."), unit: "packets" },
  {
    ...count(
      "unres_qlen_bytes",
      SOCKET_BUFFER_DEFAULT,
      "Memory of packets that wait for an address.",
    ),
    unit: "bytes",
  },
  {
    ...count("unres_qlen", 101, "The same as a number of full Ethernet frames."),
    unit: "packets",
    max: Math.floor(0x7f_ff_ff_ff / FRAME_TRUESIZE),
    view: {
      of: "unres_qlen_bytes",
      toView: (octets) => Math.floor(octets / FRAME_TRUESIZE),
      fromView: (frames) => frames * FRAME_TRUESIZE,
    },
  },
];

function count(name: string, initial: number, description: string): DeviceEntry {
  return { name, type: "int", default: initial, min: 0, description };
}

function milliseconds(name: string, initial: number, description: string): DeviceEntry {
  return { name, type: "ms_jiffies", default: initial, unit: "ms", description };
}

function userHz(name: string, initial: number, description: string): DeviceEntry {
  return { name, type: "userhz_jiffies", default: initial, unit: "1/100 s", description };
}

function inSeconds(
  name: string,
  initial: number,
  description: string,
  view?: DeviceEntry["view"],
): DeviceEntry {
  return { name, type: "jiffies", default: initial, unit: "s", description, ...(view && { view }) };
}
