import type { SysctlEntry } from "../sysctl-entry.ts";
import { int, POSITIVE, READ_ONLY, ulong } from "./entry-shorthand.ts";
import type { MemorySizes } from "./memory-sizes.ts";

/** net.ipv4.tcp_*: buffers and tables whose size follows the machine's memory (tcp_init). */
export function tcpMemory(sizes: MemorySizes): readonly SysctlEntry[] {
  return [
    int(
      "net.ipv4.tcp_rmem",
      [4096, 131_072, sizes.tcpRmemMax],
      "Receive buffer of a socket: least, first, and largest that tuning reaches.",
      { ...POSITIVE, length: 3, unit: "bytes" },
    ),
    int(
      "net.ipv4.tcp_wmem",
      [4096, 16_384, sizes.tcpWmemMax],
      "Send buffer of a socket: least, first, and largest that tuning reaches.",
      { ...POSITIVE, length: 3, unit: "bytes" },
    ),
    ulong(
      "net.ipv4.tcp_mem",
      sizes.tcpMem,
      "Memory of all TCP sockets: no pressure below, pressure above, and the limit.",
      { length: 3, unit: "pages" },
    ),
    int(
      "net.ipv4.tcp_max_orphans",
      sizes.tcpMaxOrphans,
      "Connections without a program that are kept; more are reset.",
    ),
    int(
      "net.ipv4.tcp_max_syn_backlog",
      sizes.tcpMaxSynBacklog,
      "Half-open connections of a listener when SYN cookies are off.",
    ),
    int(
      "net.ipv4.tcp_max_tw_buckets",
      sizes.tcpMaxTwBuckets,
      "Connections in TIME_WAIT that are kept; more are closed at once.",
    ),
    int(
      "net.ipv4.tcp_ehash_entries",
      sizes.tcpEhashEntries,
      "Buckets of the connection hash table; negative when it is shared.",
      READ_ONLY,
    ),
  ];
}
