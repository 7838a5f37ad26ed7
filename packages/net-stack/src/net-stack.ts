/** One kernel's network stack: struct net, and what init_net owns. */
import { Errno, NET_RX_SOFTIRQ, NET_TX_SOFTIRQ } from "@dcejs/lkl-kernel";
import type { Initcall, LklKernel, Tracepoint } from "@dcejs/lkl-kernel";
import type { SysctlInt, SysctlTree } from "@dcejs/sysctl";
import { icmpProtocol } from "./icmp/icmp.ts";
import { PingSock } from "./icmp/ping.ts";
import { CAP_NET_RAW, CurrentTask, ns_capable } from "./current-program.ts";
import type { CurrentProgram } from "./current-program.ts";
import { inetdev_changename } from "./ip/devinet.ts";
import { NetnsIpv4 } from "./ip/netns-ipv4.ts";
import {
  IPPROTO_ICMP,
  IPPROTO_IP,
  IPPROTO_TCP,
  IPPROTO_UDP,
  inet_add_protocol,
} from "./ip/protocol.ts";
import { ip_frag_flush } from "./ip/reassembly.ts";
import { Mib } from "./mib.ts";
import {
  dev_change_flags,
  dev_close,
  dev_open,
  dev_set_mtu,
  inetdev_init,
} from "./netdevice/dev-config.ts";
import { net_tx_action } from "./netdevice/dev-queue-xmit.ts";
import { createLoopback } from "./netdevice/loopback.ts";
import type { NetDevice } from "./netdevice/netdevice.ts";
import { SoftnetData, net_rx_action, netif_receive_skb, netif_rx } from "./netdevice/receive.ts";
import { netFacade } from "./net-facade.ts";
import { AF_NETLINK } from "./netlink/netlink.ts";
import { NetlinkExtAck } from "./netlink/netlink-ext-ack.ts";
import { netlink_create } from "./netlink/netlink-socket.ts";
import type { NetlinkTable } from "./netlink/netlink-table.ts";
import { proc_net } from "./proc/proc-net.ts";
import type { ProcNetFile } from "./proc/proc-net.ts";
import { RawSock } from "./raw/raw.ts";
import { RtnlNotifications } from "./rtnl/notifications.ts";
import { Rtnl } from "./rtnl/rtnl.ts";
import { rtnetlinkTable } from "./rtnl/rtnetlink.ts";
import { RTM } from "./rtnl/rtnetlink-numbers.ts";
import { SkBuffPool } from "./skbuff-pool.ts";
import type { SkBuff } from "./skbuff.ts";
import { AF_INET } from "./socket/sockaddr.ts";
import type { Sock } from "./socket/sock.ts";
import { SOCK_DGRAM, SOCK_RAW, SOCK_STREAM, Socket } from "./socket/socket.ts";
import { tcp_init } from "./tcp/index.ts";
import type { TcpNet } from "./tcp/index.ts";
import { UdpSock, udpProtocol } from "./udp/udp.ts";

const SOCK_TYPE_MASK = 0xf;
const SOCK_MAX = 11;
const AF_MAX = 46;
const IPPROTO_MAX = 263;
const IFNAMSIZ = 16;
/** ifi_change of a device that comes or goes. */
const ALL_FLAGS = 0xffff_ffff;

/** net.core.* that the data path reads. */
export interface NetCoreSysctls {
  readonly rmem_default: SysctlInt;
  readonly wmem_default: SysctlInt;
  readonly rmem_max: SysctlInt;
  readonly wmem_max: SysctlInt;
  readonly somaxconn: SysctlInt;
  readonly netdev_max_backlog: SysctlInt;
  readonly netdev_budget: SysctlInt;
}

export class NetStack {
  readonly kernel: LklKernel;
  readonly sysctl: SysctlTree;
  readonly skbPool: SkBuffPool = new SkBuffPool();
  readonly softnet: SoftnetData = new SoftnetData();
  readonly mib: Mib = new Mib();
  readonly core: NetCoreSysctls;
  readonly ipv4: NetnsIpv4;
  readonly rtnl: Rtnl;
  /** By protocol. */
  readonly netlink: ReadonlyMap<number, NetlinkTable>;
  readonly notify: RtnlNotifications;
  /** Where what fails says why: that of the netlink request that is being served. */
  extack: NetlinkExtAck = new NetlinkExtAck();
  /** Counts changes of the list of devices. */
  dev_base_seq = 1;
  readonly loopback: NetDevice;
  readonly tcp: TcpNet;
  readonly current: CurrentProgram;
  readonly #devices: Map<number, NetDevice> = new Map();
  readonly #byName: Map<string, NetDevice> = new Map();
  #lastIfindex = 0;
  #lastInode = 0;

  constructor(
    kernel: LklKernel,
    sysctl: SysctlTree,
    tracepoint?: (name: string) => Tracepoint,
    current: CurrentProgram = new CurrentTask(kernel),
  ) {
    this.kernel = kernel;
    this.sysctl = sysctl;
    this.current = current;
    const core = (name: string): SysctlInt => sysctl.int(`net/core/${name}`);
    this.core = {
      rmem_default: core("rmem_default"),
      wmem_default: core("wmem_default"),
      rmem_max: core("rmem_max"),
      wmem_max: core("wmem_max"),
      somaxconn: core("somaxconn"),
      netdev_max_backlog: core("netdev_max_backlog"),
      netdev_budget: core("netdev_budget"),
    };
    this.ipv4 = new NetnsIpv4(this);
    this.rtnl = new Rtnl(this);
    const route = rtnetlinkTable(this);
    this.netlink = new Map([[route.protocol, route]]);
    this.notify = new RtnlNotifications(route);
    kernel.open_softirq(NET_RX_SOFTIRQ, () => net_rx_action(this));
    kernel.open_softirq(NET_TX_SOFTIRQ, () => net_tx_action(this.softnet.output_queue));
    this.loopback = createLoopback();
    this.register_netdevice(this.loopback);
    inet_add_protocol(this, IPPROTO_ICMP, icmpProtocol(this));
    inet_add_protocol(this, IPPROTO_UDP, udpProtocol(this));
    this.tcp = tcp_init(this, tracepoint);
  }

  /** In order of ifindex. */
  get devices(): Iterable<NetDevice> {
    return this.#devices.values();
  }

  /** @returns the ifindex; -EINVAL (bad name), -EEXIST, -ENFILE (no number left for the pattern). */
  register_netdevice(dev: NetDevice): number {
    const name = this.#allocName(dev.name);
    if (typeof name === "number") return name;
    dev.name = name;
    dev.ifindex = ++this.#lastIfindex;
    dev.net = this;
    this.#devices.set(dev.ifindex, dev);
    this.#byName.set(name, dev);
    inetdev_init(this, dev);
    this.dev_base_seq++;
    this.notify.link(RTM.NEWLINK, dev, ALL_FLAGS);
    return dev.ifindex;
  }

  /** Closes the device, and takes its addresses, routes and neighbours away. */
  unregister_netdevice(dev: NetDevice): void {
    if (this.#devices.get(dev.ifindex) !== dev) return;
    dev_close(this, dev);
    for (const ifa of dev.ip_ptr?.ifa_list ?? []) {
      this.rtnl.addr_del(dev.ifindex, ifa.ifa_local, ifa.ifa_prefixlen);
    }
    this.ipv4.fib.flush((alias) => alias.info.nh.dev === dev);
    this.ipv4.arp_tbl.flushDevice(dev, false);
    this.#devices.delete(dev.ifindex);
    this.#byName.delete(dev.name);
    this.sysctl.unregisterDevice(dev.name);
    this.dev_base_seq++;
    dev.ip_ptr = undefined;
    this.notify.link(RTM.DELLINK, dev, ALL_FLAGS);
    dev.net = undefined;
  }

  dev_get_by_name(name: string): NetDevice | undefined {
    return this.#byName.get(name);
  }

  dev_get_by_index(ifindex: number): NetDevice | undefined {
    return this.#devices.get(ifindex);
  }

  dev_set_mtu(dev: NetDevice, mtu: number): number {
    return dev_set_mtu(this, dev, mtu);
  }

  dev_change_flags(dev: NetDevice, flags: number): number {
    return dev_change_flags(this, dev, flags);
  }

  /** Also of a device that is up, as from Linux 6.2 on. -EINVAL, -EEXIST. */
  dev_change_name(dev: NetDevice, name: string): number {
    if (dev.name === name) return 0;
    const chosen = this.#allocName(name);
    if (typeof chosen === "number") return chosen;
    this.#byName.delete(dev.name);
    this.#byName.set(chosen, dev);
    this.sysctl.renameDevice(dev.name, chosen);
    dev.name = chosen;
    this.dev_base_seq++;
    this.notify.link(RTM.NEWLINK, dev, 0);
    inetdev_changename(this, dev);
    return 0;
  }

  /** dev_valid_name and dev_alloc_name: a pattern with %d takes the first free number. */
  #allocName(pattern: string): string | number {
    const isValid = pattern !== "" && pattern.length < IFNAMSIZ && !/[/:\s]/.test(pattern);
    if (!isValid || pattern === "." || pattern === "..") return -Errno.EINVAL;
    if (!pattern.includes("%d")) return this.#byName.has(pattern) ? -Errno.EEXIST : pattern;
    for (let number = 0; number < 32_768; number++) {
      const name = pattern.replace("%d", String(number));
      if (!this.#byName.has(name)) return name;
    }
    return -Errno.ENFILE;
  }

  /** ip_dev_find: the device that has the address. */
  ip_dev_find(addr: number): NetDevice | undefined {
    const [alias] = this.ipv4.fib.local.at(addr, 32);
    return alias?.info.nh.dev;
  }

  /** Queues a packet for the NET_RX softirq. Takes it over. */
  netif_rx(skb: SkBuff): number {
    if (skb.dev === undefined) throw new Error("netif_rx: the packet has no device");
    return netif_rx(skb, skb.dev);
  }

  netif_receive_skb(skb: SkBuff): void {
    netif_receive_skb(this, skb);
  }

  /**
   * inet_create and netlink_create. Type flags (SOCK_NONBLOCK, SOCK_CLOEXEC) are the file's affair.
   * @returns the socket; -EAFNOSUPPORT, -EINVAL, -EPROTONOSUPPORT, -ESOCKTNOSUPPORT, -EPERM (a raw
   * socket for others than root), -EACCES (a ping socket for another group than net.ipv4.ping_group_range says).
   */
  sock_create(family: number, type: number, protocol: number): Socket | number {
    const kind = type & SOCK_TYPE_MASK;
    if (family < 0 || family >= AF_MAX) return -Errno.EAFNOSUPPORT;
    if (kind >= SOCK_MAX) return -Errno.EINVAL;
    if (family === AF_NETLINK) return netlink_create(this, kind, protocol);
    if (family !== AF_INET) return -Errno.EAFNOSUPPORT;
    if (protocol < 0 || protocol >= IPPROTO_MAX) return -Errno.EINVAL;
    const sk = this.#inetCreate(kind, protocol);
    return typeof sk === "number" ? sk : new Socket(this, sk);
  }

  #inetCreate(type: number, protocol: number): Sock | number {
    switch (type) {
      case SOCK_STREAM:
        if (protocol !== IPPROTO_IP && protocol !== IPPROTO_TCP) return -Errno.EPROTONOSUPPORT;
        return this.tcp.createSock(AF_INET, SOCK_STREAM, IPPROTO_TCP);
      case SOCK_DGRAM:
        if (protocol === IPPROTO_ICMP) return this.#mayPing() ? new PingSock(this) : -Errno.EACCES;
        if (protocol !== IPPROTO_IP && protocol !== IPPROTO_UDP) return -Errno.EPROTONOSUPPORT;
        return new UdpSock(this);
      case SOCK_RAW:
        if (protocol === IPPROTO_IP || protocol > 255) return -Errno.EPROTONOSUPPORT;
        if (!ns_capable(this, CAP_NET_RAW)) return -Errno.EPERM;
        return new RawSock(this, protocol);
      default:
        return -Errno.ESOCKTNOSUPPORT;
    }
  }

  /** ping_init_sock: the program's group must be in net.ipv4.ping_group_range. */
  #mayPing(): boolean {
    const [low = 1, high = 0] = this.ipv4.ping_group_range.values;
    const { egid } = this.current;
    return low <= egid && egid <= high;
  }

  /** A file of /proc/net, in Linux's format. */
  proc_net(file: ProcNetFile): string {
    return proc_net(this, file);
  }

  /** Inode numbers of sockets, as /proc/net prints them. */
  nextInode(): number {
    return ++this.#lastInode;
  }

  /** What a halt leaves behind: sockets and devices closed, fragments and queues freed; nothing is sent. */
  shutdown(): void {
    const { udp, raw, ping } = this.ipv4;
    this.tcp.shutdown();
    for (const sk of [...udp.entries(), ...raw, ...ping.socks.values()]) sk.close(0);
    for (const table of this.netlink.values()) for (const sk of table.sockets) sk.close(0);
    for (const dev of this.devices) this.unregister_netdevice(dev);
    ip_frag_flush(this);
    this.softnet.purge();
  }

  /** Brings `lo` up, as LKL does at boot. */
  loopbackUp(): void {
    dev_open(this, this.loopback);
  }
}

/** The stack as an initcall: makes it, puts its façade into `kernel.net`, brings `lo` up. */
export function netStackInitcall(
  sysctl: SysctlTree,
  onReady: (net: NetStack) => void,
  tracepoint?: (name: string) => Tracepoint,
  current?: CurrentProgram,
): Initcall {
  return {
    level: "subsys",
    name: "inet_init",
    run(kernel) {
      const net = new NetStack(kernel, sysctl, tracepoint, current);
      kernel.net = netFacade(net);
      net.loopbackUp();
      kernel.printk(6, "NET: Registered PF_INET protocol family\n");
      onReady(net);
    },
  };
}
