import { SysctlTree, type SysctlTreeOptions } from "../sysctl-tree.ts";
import { defineCongestionControl } from "./congestion-control.ts";
import { CORE, coreTicks } from "./core.ts";
import { ICMP, route } from "./icmp-and-route.ts";
import { type IdentityOptions, identity } from "./identity.ts";
import { IP } from "./ip.ts";
import { defineIpv4Conf } from "./ipv4-conf.ts";
import { IPV6, IPV6_CONF } from "./ipv6.ts";
import { memorySizes } from "./memory-sizes.ts";
import { neighbourFamily, neighbourTable } from "./neigh.ts";
import { FS, KERNEL, systemMemory, VM } from "./system.ts";
import { TCP_CONNECTION } from "./tcp-connection.ts";
import { TCP_DATA, tcpTicks } from "./tcp-data.ts";
import { tcpMemory } from "./tcp-memory.ts";
import { udpAndUnix } from "./udp.ts";

/** Options of `createLinuxSysctlTree`. */
export interface LinuxSysctlOptions extends SysctlTreeOptions, IdentityOptions {
  /** Memory of the machine, from which limits such as tcp_mem follow. @default 8 GiB */
  readonly memoryBytes?: number;
}

/**
 * A new tree with the names, ranges and defaults of Linux 6.12 on a 64-bit machine, in the state after
 * boot without any distribution's sysctl.conf. No device is registered, not even `lo`.
 */
export function createLinuxSysctlTree(options: LinuxSysctlOptions = {}): SysctlTree {
  const tree = new SysctlTree(options);
  const hz = options.hz ?? 1000;
  const sizes = memorySizes(options.memoryBytes ?? MEMORY_BYTES_DEFAULT);
  const tables = [
    TCP_CONNECTION,
    TCP_DATA,
    tcpTicks(hz),
    tcpMemory(sizes),
    udpAndUnix(sizes),
    IP,
    ICMP,
    route(hz),
    CORE,
    coreTicks(hz),
    KERNEL,
    identity(options),
    FS,
    systemMemory(sizes),
    VM,
    IPV6,
  ];
  for (const entry of tables.flat()) tree.define(entry);
  defineCongestionControl(tree);
  defineIpv4Conf(tree);
  tree.defineDevices(IPV6_CONF);
  for (const version of ["ipv4", "ipv6"] as const) {
    tree.defineDevices(neighbourFamily(version, hz));
    for (const entry of neighbourTable(version)) tree.define(entry);
  }
  return tree;
}

const MEMORY_BYTES_DEFAULT = 8 * 2 ** 30;
