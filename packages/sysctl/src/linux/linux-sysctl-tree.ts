import type { DeviceFamily } from "../device-family.ts";
import { SysctlTable } from "../sysctl-definition.ts";
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
  const shared = sharedBy(options.hz ?? 1000, options.memoryBytes ?? MEMORY_BYTES_DEFAULT);
  const tree = new SysctlTree(options, shared.table);
  for (const entry of identity(options)) tree.define(entry);
  defineCongestionControl(tree);
  defineIpv4Conf(tree);
  for (const family of shared.families) tree.defineDevices(family);
  return tree;
}

/** What all trees of one kind of machine have in common. It never changes. */
interface SharedParameters {
  readonly table: SysctlTable;
  readonly families: readonly DeviceFamily[];
}

const shared = new Map<string, SharedParameters>();

function sharedBy(hz: number, memoryBytes: number): SharedParameters {
  const kind = `${hz} ${memoryBytes}`;
  let found = shared.get(kind);
  if (found === undefined) {
    found = sharedParameters(hz, memoryBytes);
    shared.set(kind, found);
  }
  return found;
}

function sharedParameters(hz: number, memoryBytes: number): SharedParameters {
  const sizes = memorySizes(memoryBytes);
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
    FS,
    systemMemory(sizes),
    VM,
    IPV6,
    neighbourTable("ipv4"),
    neighbourTable("ipv6"),
  ];
  return {
    table: new SysctlTable(tables.flat(), hz),
    families: [IPV6_CONF, neighbourFamily("ipv4", hz), neighbourFamily("ipv6", hz)],
  };
}

const MEMORY_BYTES_DEFAULT = 8 * 2 ** 30;
