/** One kernel's network stack: struct net, and what init_net owns. */
import type { LklKernel } from "@dcejs/lkl-kernel";
import type { SysctlInt, SysctlTree } from "@dcejs/sysctl";
import type { NetProtocol } from "./ip/protocol.ts";
import { SkBuffPool } from "./skbuff-pool.ts";

/** net.core.* that the data path reads. */
export interface NetCoreSysctls {
  readonly rmem_default: SysctlInt;
  readonly wmem_default: SysctlInt;
  readonly rmem_max: SysctlInt;
  readonly wmem_max: SysctlInt;
  readonly somaxconn: SysctlInt;
}

/** struct netns_ipv4: tables and parameters of IPv4. */
export class NetnsIpv4 {
  /** Counts changes of routes and addresses: cached routes of another generation are stale. */
  rt_genid = 1;
  readonly protocols: (NetProtocol | undefined)[] = Array.from({ length: 256 }, () => undefined);
  readonly ip_default_ttl: SysctlInt;
  readonly ip_no_pmtu_disc: SysctlInt;
  readonly min_adv_mss: SysctlInt;

  constructor(sysctl: SysctlTree) {
    this.ip_default_ttl = sysctl.int("net.ipv4.ip_default_ttl");
    this.ip_no_pmtu_disc = sysctl.int("net.ipv4.ip_no_pmtu_disc");
    this.min_adv_mss = sysctl.int("net.ipv4.route.min_adv_mss");
  }
}

export class NetStack {
  readonly kernel: LklKernel;
  readonly sysctl: SysctlTree;
  readonly skbPool: SkBuffPool = new SkBuffPool();
  readonly core: NetCoreSysctls;
  readonly ipv4: NetnsIpv4;
  #lastInode = 0;

  constructor(kernel: LklKernel, sysctl: SysctlTree) {
    this.kernel = kernel;
    this.sysctl = sysctl;
    this.core = {
      rmem_default: sysctl.int("net.core.rmem_default"),
      wmem_default: sysctl.int("net.core.wmem_default"),
      rmem_max: sysctl.int("net.core.rmem_max"),
      wmem_max: sysctl.int("net.core.wmem_max"),
      somaxconn: sysctl.int("net.core.somaxconn"),
    };
    this.ipv4 = new NetnsIpv4(sysctl);
  }

  /** Inode numbers of sockets, as /proc/net prints them. */
  nextInode(): number {
    return ++this.#lastInode;
  }
}
