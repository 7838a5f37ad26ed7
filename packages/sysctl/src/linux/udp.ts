import type { SysctlEntry } from "../sysctl-entry.ts";
import { bool, int, POSITIVE, READ_ONLY, u8, uint, ulong } from "./entry-shorthand.ts";
import type { MemorySizes } from "./memory-sizes.ts";

/** net.ipv4.udp_* and net.unix.* */
export function udpAndUnix(sizes: MemorySizes): readonly SysctlEntry[] {
  return [
    ulong(
      "net.ipv4.udp_mem",
      sizes.udpMem,
      "Memory of all UDP sockets: no pressure below, pressure above, and the limit.",
      { length: 3, unit: "pages" },
    ),
    int(
      "net.ipv4.udp_rmem_min",
      4096,
      "Receive buffer that a UDP socket may use even under memory pressure.",
      { ...POSITIVE, unit: "bytes" },
    ),
    int(
      "net.ipv4.udp_wmem_min",
      4096,
      "Send buffer that a UDP socket may use even under memory pressure.",
      { ...POSITIVE, unit: "bytes" },
    ),
    u8("net.ipv4.udp_early_demux", 1, "Look up the socket of a datagram before routing it."),
    bool(
      "net.ipv4.udp_l3mdev_accept",
      0,
      "A socket of the default VRF takes datagrams of every VRF.",
    ),
    uint(
      "net.ipv4.udp_child_hash_entries",
      0,
      "Size of the UDP hash table of new network namespaces; 0 shares the global one.",
      { max: 65_536 },
    ),
    int(
      "net.ipv4.udp_hash_entries",
      4096,
      "Buckets of the UDP hash table; negative when it is shared.",
      READ_ONLY,
    ),
    int("net.unix.max_dgram_qlen", 10, "Datagrams that may wait at a Unix datagram socket.", {
      unit: "packets",
    }),
  ];
}
