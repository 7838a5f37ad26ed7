import { DeviceTemplate } from "../device-template.ts";
import { type SysctlOrigin, SysctlTemplate } from "../sysctl-template.ts";
import { SysctlTree, type SysctlTreeOptions } from "../sysctl-tree.ts";
import {
  ALLOWED_KEY,
  allowedCongestionControl,
  CONGESTION_CONTROL,
  CONGESTION_CONTROL_REACTIONS,
} from "./congestion-control.ts";
import { CORE, coreTicks } from "./core.ts";
import { ICMP, route } from "./icmp-and-route.ts";
import { defaultIdentity, Identity, type IdentityOptions } from "./identity.ts";
import { IP } from "./ip.ts";
import { FORWARDING_REACTIONS, IP_FORWARD, IPV4_CONF } from "./ipv4-conf.ts";
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
  const template = templateOf(options.hz ?? 1000, options.memoryBytes ?? MEMORY_BYTES_DEFAULT);
  return new SysctlTree(options, originOf(template, new Identity(options)));
}

const MEMORY_BYTES_DEFAULT = 8 * 2 ** 30;
/** Kinds of machine whose template is kept for the next tree. */
const TEMPLATES_MAX = 16;

/** The newest templates; each is the same whenever it is made. */
const templates = new Map<string, SysctlTemplate>();

function templateOf(hz: number, memoryBytes: number): SysctlTemplate {
  const kind = `${hz} ${memoryBytes}`;
  let template = templates.get(kind);
  if (template === undefined) {
    template = makeTemplate(hz, memoryBytes);
    const [oldest] = templates.keys();
    if (templates.size >= TEMPLATES_MAX && oldest !== undefined) templates.delete(oldest);
    templates.set(kind, template);
  }
  return template;
}

function originOf(template: SysctlTemplate, identity: Identity): SysctlOrigin {
  return {
    template,
    localEntry: (key, kernel) =>
      key === ALLOWED_KEY ? allowedCongestionControl(kernel) : identity.entry(key),
  };
}

function makeTemplate(hz: number, memoryBytes: number): SysctlTemplate {
  const sizes = memorySizes(memoryBytes);
  const tables = [
    defaultIdentity(),
    TCP_CONNECTION,
    TCP_DATA,
    tcpTicks(hz),
    tcpMemory(sizes),
    CONGESTION_CONTROL,
    udpAndUnix(sizes),
    IP,
    [IP_FORWARD],
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
  const families = [IPV4_CONF, IPV6_CONF, neighbourFamily("ipv4", hz), neighbourFamily("ipv6", hz)];
  return new SysctlTemplate(
    hz,
    tables.flat(),
    families.map((family) => new DeviceTemplate(family, hz)),
    { ...CONGESTION_CONTROL_REACTIONS, ...FORWARDING_REACTIONS },
  );
}
