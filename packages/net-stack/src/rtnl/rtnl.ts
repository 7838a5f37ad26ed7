/** Configuration of the network: what `ip` asks for over rtnetlink, as calls (rtnetlink.c, devinet.c, fib_frontend.c, neighbour.c). */
import { Errno } from "@dcejs/lkl-kernel";
import {
  NEIGH_UPDATE_F_ADMIN,
  NEIGH_UPDATE_F_OVERRIDE,
  NUD_FAILED,
  NUD_NOARP,
  NUD_VALID,
} from "../arp/neighbour.ts";
import { inet_del_ifa, inet_insert_ifa, makeIfaddr } from "../ip/devinet.ts";
import { RTNH_F_LINKDOWN, RTPROT_BOOT } from "../ip/fib-info.ts";
import { RT_TABLE_LOCAL, RT_TABLE_MAIN, defaultRouteScope, fibConfig } from "../ip/fib.ts";
import type { FibConfig } from "../ip/fib.ts";
import { Flowi4 } from "../ip/flowi4.ts";
import {
  IFA_F_SECONDARY,
  RT_SCOPE_HOST,
  RT_SCOPE_NOWHERE,
  RT_SCOPE_UNIVERSE,
} from "../ip/in-device.ts";
import { ip_route_output } from "../ip/route.ts";
import { NO_METRICS, RTN_LOCAL, RTN_UNICAST } from "../ip/rtable.ts";
import {
  dev_change_flags,
  dev_set_mac_address,
  dev_set_mtu,
  dev_set_tx_queue_len,
} from "../netdevice/dev-config.ts";
import { dev_get_flags } from "../netdevice/netdevice.ts";
import type { NetDevice } from "../netdevice/netdevice.ts";
import type { NetStack } from "../net-stack.ts";
import { NLM_F_APPEND, NLM_F_CREATE, NLM_F_EXCL, NLM_F_REPLACE } from "../netlink/netlink.ts";
import { ETH_ALEN, macBytes, macHi, macLo } from "../wire/ethernet.ts";
import { ipv4_is_loopback } from "../wire/ipv4.ts";
import { operstate, qdiscName } from "./link-message.ts";
import { IF_OPER } from "./rtnetlink-numbers.ts";
import type {
  AddressRecord,
  AddressSpecification,
  FibInsertMode,
  LinkChange,
  LinkRecord,
  NeighbourRecord,
  RouteRecord,
  RouteSpecification,
} from "./records.ts";

/** Every call gives 0 or a negative errno; dumps are in Linux's order. */
export class Rtnl {
  readonly #net: NetStack;

  constructor(net: NetStack) {
    this.#net = net;
  }

  /** RTM_SETLINK. -ENODEV; -EINVAL (MTU out of range, bad name); -EEXIST; what the driver says. */
  link_set(ifindex: number, change: LinkChange): number {
    const net = this.#net;
    const dev = net.dev_get_by_index(ifindex);
    if (dev === undefined) return -Errno.ENODEV;
    if (change.address !== undefined) {
      const error = dev_set_mac_address(net, dev, change.address);
      if (error < 0) return error;
    }
    if (change.mtu !== undefined) {
      const error = dev_set_mtu(net, dev, change.mtu);
      if (error < 0) return error;
    }
    if (change.name !== undefined) {
      const error = net.dev_change_name(dev, change.name);
      if (error < 0) return error;
    }
    if (change.flags !== undefined) {
      const mask = change.flagsMask ?? 0xffffffff;
      const flags = (dev.flags & ~mask) | (change.flags & mask);
      const error = dev_change_flags(net, dev, flags);
      if (error < 0) return error;
    }
    return change.txQueueLength === undefined ? 0 : dev_set_tx_queue_len(dev, change.txQueueLength);
  }

  link_dump(ifindex = 0): LinkRecord[] {
    return this.#devices(ifindex).map((dev) => ({
      ifindex: dev.ifindex,
      name: dev.name,
      flags: dev_get_flags(dev),
      mtu: dev.mtu,
      txQueueLength: dev.tx_queue_len,
      address: dev.address.slice(),
      type: dev.type,
      operState: OPER_STATES.get(operstate(dev)) ?? "UNKNOWN",
      qdisc: qdiscName(dev),
    }));
  }

  /** RTM_NEWADDR. -ENODEV; -EINVAL (prefix length, scope); -EEXIST. */
  addr_add(address: AddressSpecification): number {
    const net = this.#net;
    const dev = net.dev_get_by_index(address.ifindex);
    if (dev?.ip_ptr === undefined) return -Errno.ENODEV;
    if (address.prefixLength < 0 || address.prefixLength > 32) return -Errno.EINVAL;
    const scope =
      address.scope ?? (ipv4_is_loopback(address.local) ? RT_SCOPE_HOST : RT_SCOPE_UNIVERSE);
    const ifa = makeIfaddr(
      address.local,
      address.prefixLength,
      scope,
      address.label ?? dev.name,
      address.broadcast ?? 0,
      address.peer ?? 0,
    );
    return inet_insert_ifa(net, dev.ip_ptr, ifa);
  }

  /** RTM_DELADDR. @param prefixLength -1 matches any. -ENODEV; -EADDRNOTAVAIL. */
  addr_del(ifindex: number, local: number, prefixLength = -1): number {
    const net = this.#net;
    const dev = net.dev_get_by_index(ifindex);
    if (dev?.ip_ptr === undefined) return -Errno.ENODEV;
    const ifa = dev.ip_ptr.ifa_list.find(
      (other) =>
        other.ifa_local === local && (prefixLength < 0 || other.ifa_prefixlen === prefixLength),
    );
    return ifa === undefined ? -Errno.EADDRNOTAVAIL : inet_del_ifa(net, dev.ip_ptr, ifa);
  }

  addr_dump(ifindex = 0): AddressRecord[] {
    return this.#devices(ifindex).flatMap((dev) =>
      (dev.ip_ptr?.ifa_list ?? []).map((ifa) => ({
        ifindex: dev.ifindex,
        local: ifa.ifa_local,
        peer: ifa.ifa_address,
        prefixLength: ifa.ifa_prefixlen,
        broadcast: ifa.ifa_broadcast === 0 ? undefined : ifa.ifa_broadcast,
        scope: ifa.ifa_scope,
        label: ifa.ifa_label,
        isSecondary: (ifa.ifa_flags & IFA_F_SECONDARY) !== 0,
      })),
    );
  }

  /** RTM_NEWROUTE. -EEXIST; -ENETUNREACH "Nexthop has invalid gateway"; -ENODEV; -ENETDOWN; -EINVAL. */
  route_add(route: RouteSpecification, mode: FibInsertMode = "exclusive"): number {
    const type = route.routeType ?? RTN_UNICAST;
    const scope = route.scope ?? defaultRouteScope(type, route.gateway !== undefined);
    const cfg = configOf(route, type, scope, route.protocol ?? RTPROT_BOOT);
    return this.#net.ipv4.fib.insert(cfg, INSERT_FLAGS[mode]);
  }

  /** `ip route replace`. */
  route_replace(route: RouteSpecification): number {
    return this.route_add(route, "replace");
  }

  /** RTM_DELROUTE. -ESRCH when no route fits. */
  route_del(route: RouteSpecification): number {
    const scope = route.scope ?? RT_SCOPE_NOWHERE;
    return this.#net.ipv4.fib.delete(
      configOf(route, route.routeType ?? 0, scope, route.protocol ?? 0),
    );
  }

  /** @param table RT_TABLE_*; 0: all tables. */
  route_dump(table: number = RT_TABLE_MAIN): RouteRecord[] {
    return this.#net.ipv4.fib
      .tables()
      .filter((candidate) => table === 0 || candidate.id === table)
      .flatMap((candidate) =>
        candidate.entries().map((alias) => ({
          destination: alias.prefix,
          prefixLength: alias.prefixlen,
          gateway: alias.info.nh.gw === 0 ? undefined : alias.info.nh.gw,
          ifindex: alias.info.nh.dev?.ifindex,
          preferredSource: alias.info.fib_prefsrc === 0 ? undefined : alias.info.fib_prefsrc,
          metric: alias.info.fib_priority,
          scope: alias.info.fib_scope,
          table: candidate.id,
          type: alias.info.fib_type,
          protocol: alias.info.fib_protocol,
          isLinkDown: (alias.info.nh.flags & RTNH_F_LINKDOWN) !== 0,
        })),
      );
  }

  /** RTM_GETROUTE for one destination: how a packet would leave. A record, or what routing failed with. */
  route_get(destination: number, source = 0, ifindex = 0): RouteRecord | number {
    const fl4 = new Flowi4().set(destination, source, ifindex, 0, 0);
    const rt = ip_route_output(this.#net, fl4);
    if (typeof rt === "number") return rt;
    return {
      destination,
      prefixLength: 32,
      gateway: rt.rt_gw4 === 0 ? undefined : rt.rt_gw4,
      ifindex: rt.dev.ifindex,
      preferredSource: fl4.saddr,
      metric: 0,
      scope: RT_SCOPE_UNIVERSE,
      table: rt.rt_type === RTN_LOCAL ? RT_TABLE_LOCAL : RT_TABLE_MAIN,
      type: rt.rt_type,
      protocol: 0,
      isLinkDown: !rt.dev.hasCarrier,
    };
  }

  /** RTM_NEWNEIGH. -ENODEV; -EINVAL (address missing or of wrong length); -ENOBUFS (table full). */
  neigh_add(
    ifindex: number,
    destination: number,
    lladdr: Uint8Array | undefined,
    state: number,
  ): number {
    const dev = this.#net.dev_get_by_index(ifindex);
    if (dev === undefined) return -Errno.ENODEV;
    const needsAddress = (state & NUD_VALID) !== 0 && (state & NUD_NOARP) === 0;
    if (lladdr === undefined ? needsAddress : lladdr.length !== ETH_ALEN) return -Errno.EINVAL;
    const neigh = this.#net.ipv4.arp_tbl.get(dev, destination);
    if (neigh === undefined) return -Errno.ENOBUFS;
    const address = lladdr ?? new Uint8Array(ETH_ALEN);
    const flags = NEIGH_UPDATE_F_OVERRIDE | NEIGH_UPDATE_F_ADMIN;
    neigh.update(macHi(address), macLo(address), lladdr !== undefined, state, flags);
    return 0;
  }

  /** RTM_DELNEIGH. -ENODEV; -ENOENT. */
  neigh_del(ifindex: number, destination: number): number {
    const dev = this.#net.dev_get_by_index(ifindex);
    if (dev === undefined) return -Errno.ENODEV;
    const neigh = this.#net.ipv4.arp_tbl.lookup(dev, destination);
    if (neigh === undefined) return -Errno.ENOENT;
    neigh.update(0, 0, false, NUD_FAILED, NEIGH_UPDATE_F_OVERRIDE | NEIGH_UPDATE_F_ADMIN);
    this.#net.ipv4.arp_tbl.remove(neigh);
    return 0;
  }

  /** As `ip neigh`: without the entries that need no resolution. */
  neigh_dump(ifindex = 0): NeighbourRecord[] {
    return [...this.#net.ipv4.arp_tbl.entries()]
      .filter((neigh) => neigh.nud_state !== NUD_NOARP)
      .filter((neigh) => ifindex === 0 || neigh.dev.ifindex === ifindex)
      .map((neigh) => ({
        ifindex: neigh.dev.ifindex,
        destination: neigh.primary_key,
        lladdr: (neigh.nud_state & NUD_VALID) === 0 ? undefined : macBytes(neigh.haHi, neigh.haLo),
        state: neigh.nud_state,
      }));
  }

  #devices(ifindex: number): NetDevice[] {
    return [...this.#net.devices].filter((dev) => ifindex === 0 || dev.ifindex === ifindex);
  }
}

function configOf(
  route: RouteSpecification,
  type: number,
  scope: number,
  protocol: number,
): FibConfig {
  return fibConfig({
    dst: route.destination,
    dstLen: route.prefixLength,
    table: route.table === undefined || route.table === 0 ? tableOf(type) : route.table,
    type,
    scope,
    protocol,
    tos: route.tos ?? 0,
    priority: route.metric ?? 0,
    gw: route.gateway ?? 0,
    oif: route.ifindex ?? 0,
    prefsrc: route.preferredSource ?? 0,
    metrics: route.metrics ?? NO_METRICS,
    isOnlink: route.isOnlink ?? false,
  });
}

function tableOf(type: number): number {
  return type === RTN_LOCAL ? RT_TABLE_LOCAL : RT_TABLE_MAIN;
}

const OPER_STATES: ReadonlyMap<number, LinkRecord["operState"]> = new Map([
  [IF_OPER.UNKNOWN, "UNKNOWN"],
  [IF_OPER.DOWN, "DOWN"],
  [IF_OPER.LOWERLAYERDOWN, "LOWERLAYERDOWN"],
  [IF_OPER.UP, "UP"],
]);

const INSERT_FLAGS: Readonly<Record<FibInsertMode, number>> = {
  exclusive: NLM_F_CREATE | NLM_F_EXCL,
  replace: NLM_F_CREATE | NLM_F_REPLACE,
  append: NLM_F_CREATE | NLM_F_APPEND,
  prepend: NLM_F_CREATE,
};
