/** The routing tables of one kernel: local, main and others, and changes to them (fib_frontend.c, fib_trie.c). */
import { Errno } from "@dcejs/lkl-kernel";
import type { NetDevice } from "../netdevice/netdevice.ts";
import type { NetStack } from "../net-stack.ts";
import { NLM_F_APPEND, NLM_F_CREATE, NLM_F_EXCL, NLM_F_REPLACE } from "../netlink/netlink.ts";
import { RTM } from "../rtnl/rtnetlink-numbers.ts";
import { inet_make_mask } from "../wire/ipv4.ts";
import {
  FibNh,
  RTNH_F_DEAD,
  RTNH_F_LINKDOWN,
  RTNH_F_ONLINK,
  RTPROT_REDIRECT,
  fib_type_error,
  fib_type_scope,
} from "./fib-info.ts";
import type { FibInfo } from "./fib-info.ts";
import { FibTable } from "./fib-table.ts";
import type { FibAlias } from "./fib-table.ts";
import {
  RT_SCOPE_HOST,
  RT_SCOPE_LINK,
  RT_SCOPE_NOWHERE,
  RT_SCOPE_UNIVERSE,
  inet_select_addr,
} from "./in-device.ts";
import { NO_METRICS, RTN_BROADCAST, RTN_LOCAL, RTN_MULTICAST, RTN_UNICAST } from "./rtable.ts";
import type { RouteMetrics } from "./rtable.ts";
import { inet_addr_type } from "./addr-type.ts";

export const RT_TABLE_DEFAULT = 253;
export const RT_TABLE_MAIN = 254;
export const RT_TABLE_LOCAL = 255;

/** struct fib_config: a route as the administrator writes it. Addresses in host order, 0 for "not given". */
export interface FibConfig {
  readonly dst: number;
  readonly dstLen: number;
  readonly table: number;
  readonly type: number;
  readonly scope: number;
  readonly protocol: number;
  readonly tos: number;
  readonly priority: number;
  readonly gw: number;
  readonly oif: number;
  readonly prefsrc: number;
  readonly metrics: RouteMetrics;
  readonly isOnlink: boolean;
}

/** Scratch of one look-up: the acceptor reads it, so that no closure is made. */
export class FibQuery {
  readonly net: NetStack;
  tos = 0;
  oif = 0;
  scope: number = RT_SCOPE_UNIVERSE;
  /** Also nexthops whose device has no carrier. */
  takesLinkdown = true;
  readonly accept: (alias: FibAlias) => boolean = (alias) => this.#accepts(alias);

  constructor(net: NetStack) {
    this.net = net;
  }

  /** The conditions of fib_table_lookup. */
  #accepts(alias: FibAlias): boolean {
    const { info } = alias;
    if (alias.tos !== 0 && alias.tos !== this.tos) return false;
    if (info.fib_scope < this.scope) return false;
    if (fib_type_error(info.fib_type) < 0) return true;
    const { nh } = info;
    if ((nh.flags & RTNH_F_DEAD) !== 0) return false;
    if ((nh.flags & RTNH_F_LINKDOWN) !== 0 && nh.dev?.ip_ptr?.ignoresRoutesWithLinkdown === true) {
      return false;
    }
    return this.oif === 0 || nh.dev?.ifindex === this.oif;
  }
}

export class Fib {
  readonly net: NetStack;
  readonly local: FibTable = new FibTable(RT_TABLE_LOCAL);
  readonly main: FibTable = new FibTable(RT_TABLE_MAIN);
  readonly #others: Map<number, FibTable> = new Map();
  readonly query: FibQuery;

  constructor(net: NetStack) {
    this.net = net;
    this.query = new FibQuery(net);
  }

  /** fib_lookup: local, main, default. A fresh look-up each time; `oif` 0 means any. */
  lookup(daddr: number, tos: number, oif: number, scope: number): FibAlias | undefined {
    const { query } = this;
    query.tos = tos & 0x1c;
    query.oif = oif;
    query.scope = scope;
    return (
      this.local.lookup(daddr, query.accept) ??
      this.main.lookup(daddr, query.accept) ??
      this.#others.get(RT_TABLE_DEFAULT)?.lookup(daddr, query.accept)
    );
  }

  table(id: number): FibTable | undefined {
    if (id === RT_TABLE_MAIN) return this.main;
    if (id === RT_TABLE_LOCAL) return this.local;
    return this.#others.get(id);
  }

  tables(): FibTable[] {
    const others = [...this.#others.values()].toSorted((a, b) => a.id - b.id);
    return [this.local, this.main, ...others];
  }

  #newTable(id: number): FibTable {
    const existing = this.table(id);
    if (existing !== undefined) return existing;
    const table = new FibTable(id);
    this.#others.set(id, table);
    return table;
  }

  /**
   * fib_table_insert.
   * @param nlflags NLM_F_*: EXCL refuses a route that is there, REPLACE takes its place, APPEND goes
   * behind it, none of them in front of it; without CREATE it must be there
   * @returns 0; -EEXIST; -ENOENT; -EINVAL (host bits set, bad scope); -ENETUNREACH "Nexthop has
   * invalid gateway"; -ENODEV (no such device); -ENETDOWN (device is down).
   */
  insert(cfg: FibConfig, nlflags: number): number {
    if (cfg.dstLen < 0 || cfg.dstLen > 32) return -Errno.EINVAL;
    if ((cfg.dst & ~inet_make_mask(cfg.dstLen)) !== 0) return -Errno.EINVAL;
    const info = this.createInfo(cfg);
    if (typeof info === "number") return info;
    const table = this.#newTable(cfg.table);
    const alias: FibAlias = { prefix: cfg.dst, prefixlen: cfg.dstLen, tos: cfg.tos, info };
    const same = table
      .at(cfg.dst, cfg.dstLen)
      .filter((other) => other.tos === cfg.tos && other.info.fib_priority === cfg.priority);
    const first = same[0];
    let told = NLM_F_CREATE;
    if (first === undefined) told |= NLM_F_EXCL;
    else {
      if ((nlflags & NLM_F_EXCL) !== 0) return -Errno.EEXIST;
      const isThere = same.some((other) => isSameRoute(other.info, info));
      if ((nlflags & NLM_F_REPLACE) !== 0) {
        if (isThere) return isSameRoute(first.info, info) ? 0 : -Errno.EEXIST;
        table.remove(first);
        return this.#inserted(table, alias, true, NLM_F_REPLACE);
      }
      if (isThere) return -Errno.EEXIST;
      told |= nlflags & NLM_F_APPEND;
    }
    if ((nlflags & NLM_F_CREATE) === 0) return -Errno.ENOENT;
    return this.#inserted(table, alias, (nlflags & NLM_F_APPEND) === 0, told);
  }

  #inserted(table: FibTable, alias: FibAlias, isFirst: boolean, told: number): number {
    table.insert(alias, isFirst);
    this.flushCache();
    this.net.notify.route(RTM.NEWROUTE, alias, table.id, told);
    return 0;
  }

  /** fib_table_delete: the first route that fits what `cfg` says. @returns 0 or -ESRCH */
  delete(cfg: FibConfig): number {
    const table = this.table(cfg.table);
    if (table === undefined || cfg.dstLen < 0 || cfg.dstLen > 32) return -Errno.ESRCH;
    const alias = table.at(cfg.dst, cfg.dstLen).find((other) => fits(other, cfg));
    if (alias === undefined) return -Errno.ESRCH;
    this.net.notify.route(RTM.DELROUTE, alias, table.id, 0);
    table.remove(alias);
    this.flushCache();
    return 0;
  }

  /** rt_cache_flush: every cached route is looked up again. */
  flushCache(): void {
    this.net.ipv4.rt_genid++;
  }

  /** fib_sync_down_dev and fib_sync_up: nexthops of a device that went, or lost its carrier, or came back. */
  syncDevice(dev: NetDevice, flagsOn: number, flagsOff: number): void {
    for (const table of this.tables()) {
      for (const alias of table.entries()) {
        const { nh, fib_scope } = alias.info;
        if (nh.dev !== dev) continue;
        // Routes to the host itself stay when only the carrier goes.
        if (flagsOn === RTNH_F_LINKDOWN && fib_scope === RT_SCOPE_HOST) continue;
        nh.flags = (nh.flags | flagsOn) & ~flagsOff;
      }
    }
    this.flushCache();
  }

  /** fib_flush: removes the routes that are dead, and those that `isGone` says. */
  flush(isGone: (alias: FibAlias) => boolean): number {
    let removed = 0;
    for (const table of this.tables()) {
      for (const alias of table.entries()) {
        if (!isGone(alias)) continue;
        table.remove(alias);
        removed++;
      }
    }
    if (removed > 0) this.flushCache();
    return removed;
  }

  /** fib_create_info and fib_check_nh. */
  createInfo(cfg: FibConfig): FibInfo | number {
    const { net } = this;
    const { extack } = net;
    if (fib_type_scope(cfg.type) > cfg.scope) return extack.say("Invalid scope", -Errno.EINVAL);
    if (fib_type_error(cfg.type) < 0) {
      if (cfg.gw !== 0 || cfg.oif !== 0) return extack.say(NO_NEXTHOP_WANTED, -Errno.EINVAL);
      return makeInfo(cfg, new FibNh(undefined, 0, RT_SCOPE_NOWHERE, 0));
    }
    if (!isForwardingType(cfg.type)) return extack.say("Invalid route type", -Errno.EINVAL);
    if (cfg.scope > RT_SCOPE_HOST) return extack.say("Invalid scope", -Errno.EINVAL);
    const nh = cfg.scope === RT_SCOPE_HOST ? this.#hostNexthop(cfg) : this.#nexthop(cfg);
    if (typeof nh === "number") return nh;
    if (cfg.prefsrc !== 0 && !this.#isValidPrefsrc(cfg)) {
      return extack.say("Invalid prefsrc address", -Errno.EINVAL);
    }
    nh.saddr = nh.dev === undefined ? 0 : inet_select_addr(nh.dev, nh.gw, cfg.scope);
    nh.saddr_genid = net.ipv4.dev_addr_genid;
    return makeInfo(cfg, nh);
  }

  #hostNexthop(cfg: FibConfig): FibNh | number {
    if (cfg.gw !== 0) {
      return this.net.extack.say("Route with host scope can not have a gateway", -Errno.EINVAL);
    }
    const dev = this.net.dev_get_by_index(cfg.oif);
    if (dev === undefined) return -Errno.ENODEV;
    return new FibNh(dev, 0, RT_SCOPE_NOWHERE, dev.hasCarrier ? 0 : RTNH_F_LINKDOWN);
  }

  /** fib_check_nh: how the gateway, or the device, is reached. */
  #nexthop(cfg: FibConfig): FibNh | number {
    const { net } = this;
    if (cfg.gw !== 0) return cfg.isOnlink ? this.#onlinkNexthop(cfg) : this.#gatewayNexthop(cfg);
    if (cfg.isOnlink) {
      const words = "Invalid flags for nexthop - PERVASIVE and ONLINK can not be set";
      return net.extack.say(words, -Errno.EINVAL);
    }
    const dev = net.dev_get_by_index(cfg.oif);
    if (dev === undefined) return -Errno.ENODEV;
    if (!dev.isUp) return net.extack.say("Device for nexthop is not up", -Errno.ENETDOWN);
    return new FibNh(dev, 0, RT_SCOPE_HOST, dev.hasCarrier ? 0 : RTNH_F_LINKDOWN);
  }

  #onlinkNexthop(cfg: FibConfig): FibNh | number {
    const { net } = this;
    const { extack } = net;
    if (cfg.scope >= RT_SCOPE_LINK) return extack.say("Nexthop has invalid scope", -Errno.EINVAL);
    const dev = net.dev_get_by_index(cfg.oif);
    if (dev === undefined) return extack.say("Nexthop device required for onlink", -Errno.ENODEV);
    if (!dev.isUp) return extack.say("Nexthop device is not up", -Errno.ENETDOWN);
    if (inet_addr_type(net, cfg.gw) !== RTN_UNICAST) {
      return extack.say(INVALID_GATEWAY, -Errno.EINVAL);
    }
    return new FibNh(dev, cfg.gw, RT_SCOPE_LINK, RTNH_F_ONLINK);
  }

  /** The gateway must be on a link, so its own route must be of a narrower scope. */
  #gatewayNexthop(cfg: FibConfig): FibNh | number {
    const { net } = this;
    const { extack } = net;
    if (cfg.scope >= RT_SCOPE_LINK) return extack.say(INVALID_GATEWAY, -Errno.EINVAL);
    const scope = Math.max(cfg.scope + 1, RT_SCOPE_LINK);
    const found = this.lookup(cfg.gw, 0, cfg.oif, scope);
    if (found === undefined) return extack.say(INVALID_GATEWAY, -Errno.ENETUNREACH);
    const error = fib_type_error(found.info.fib_type);
    if (error < 0) return extack.say(INVALID_GATEWAY, error);
    const { fib_type, nh } = found.info;
    if (fib_type !== RTN_UNICAST && fib_type !== RTN_LOCAL) {
      return extack.say(INVALID_GATEWAY, -Errno.EINVAL);
    }
    const { dev } = nh;
    if (dev === undefined) return -Errno.ENETUNREACH;
    if (fib_type === RTN_LOCAL && dev !== net.loopback) return -Errno.EINVAL;
    if (!dev.isUp) return -Errno.ENETDOWN;
    const flags = dev.hasCarrier ? 0 : RTNH_F_LINKDOWN;
    return new FibNh(dev, cfg.gw, found.info.fib_scope, flags);
  }

  #isValidPrefsrc(cfg: FibConfig): boolean {
    if (cfg.type === RTN_LOCAL && cfg.dst === cfg.prefsrc) return true;
    return inet_addr_type(this.net, cfg.prefsrc) === RTN_LOCAL;
  }
}

const INVALID_GATEWAY = "Nexthop has invalid gateway";
const NO_NEXTHOP_WANTED = "Gateway, device and multipath can not be specified for this route type";

function isForwardingType(type: number): boolean {
  return type >= RTN_UNICAST && type <= RTN_MULTICAST;
}

function makeInfo(cfg: FibConfig, nh: FibNh): FibInfo {
  return {
    fib_type: cfg.type,
    fib_scope: cfg.scope,
    fib_protocol: cfg.protocol,
    fib_priority: cfg.priority,
    fib_prefsrc: cfg.prefsrc,
    fib_metrics: cfg.metrics,
    nh,
  };
}

function isSameRoute(a: FibInfo, b: FibInfo): boolean {
  return (
    a.fib_type === b.fib_type &&
    a.fib_scope === b.fib_scope &&
    a.fib_protocol === b.fib_protocol &&
    a.fib_prefsrc === b.fib_prefsrc &&
    a.nh.dev === b.nh.dev &&
    a.nh.gw === b.nh.gw
  );
}

function fits(alias: FibAlias, cfg: FibConfig): boolean {
  const { info } = alias;
  return (
    alias.tos === cfg.tos &&
    (cfg.type === 0 || info.fib_type === cfg.type) &&
    (cfg.scope === RT_SCOPE_NOWHERE || info.fib_scope === cfg.scope) &&
    (cfg.protocol === 0 || info.fib_protocol === cfg.protocol) &&
    (cfg.priority === 0 || info.fib_priority === cfg.priority) &&
    (cfg.prefsrc === 0 || info.fib_prefsrc === cfg.prefsrc) &&
    (cfg.oif === 0 || info.nh.dev?.ifindex === cfg.oif) &&
    (cfg.gw === 0 || info.nh.gw === cfg.gw)
  );
}

/** A config with the defaults of `ip route add`. */
export function fibConfig(part: Partial<FibConfig>): FibConfig {
  return {
    dst: 0,
    dstLen: 0,
    table: RT_TABLE_MAIN,
    type: RTN_UNICAST,
    scope: RT_SCOPE_UNIVERSE,
    protocol: RTPROT_REDIRECT,
    tos: 0,
    priority: 0,
    gw: 0,
    oif: 0,
    prefsrc: 0,
    metrics: NO_METRICS,
    isOnlink: false,
    ...part,
  };
}

/** The scope that `ip route` gives a route of this type when none is said. */
export function defaultRouteScope(type: number, hasGateway: boolean): number {
  if (type === RTN_LOCAL) return RT_SCOPE_HOST;
  if (type === RTN_BROADCAST) return RT_SCOPE_LINK;
  if (type === RTN_UNICAST && !hasGateway) return RT_SCOPE_LINK;
  return RT_SCOPE_UNIVERSE;
}
