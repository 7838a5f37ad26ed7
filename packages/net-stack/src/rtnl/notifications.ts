/** What rtnetlink tells its listeners when the network changes (rtmsg_ifinfo, rtmsg_ifa, rtmsg_fib, __neigh_notify). */
import type { Neighbour } from "../arp/neighbour.ts";
import type { FibAlias } from "../ip/fib-table.ts";
import type { InDevice, InIfaddr } from "../ip/in-device.ts";
import type { NetDevice } from "../netdevice/netdevice.ts";
import { NLM_F_ECHO } from "../netlink/netlink.ts";
import type { NetlinkMessage } from "../netlink/netlink.ts";
import type { NetlinkSock } from "../netlink/netlink-sock.ts";
import type { NetlinkTable } from "../netlink/netlink-table.ts";
import { NetlinkWriter } from "../netlink/netlink-writer.ts";
import { fillAddress } from "./address-message.ts";
import { fillLink } from "./link-message.ts";
import type { MessageTarget } from "./link-message.ts";
import { fillNeighbour } from "./neighbour-message.ts";
import { fillRoute } from "./route-message.ts";
import { RTM, RTNLGRP } from "./rtnetlink-numbers.ts";

const NO_REQUEST: MessageTarget = { portid: 0, seq: 0 };

/** The request that is being served: what it changes itself is told with its numbers. */
interface Request extends MessageTarget {
  readonly type: number;
  readonly wantsEcho: boolean;
}

/** Nothing is written where nobody listens. */
export class RtnlNotifications {
  readonly #table: NetlinkTable;
  #request: Request | undefined;

  constructor(table: NetlinkTable) {
    this.#table = table;
  }

  /** Until `end`, changes come from this request. */
  begin(sk: NetlinkSock, message: NetlinkMessage): void {
    const { type, seq, flags } = message;
    this.#request = { type, seq, portid: sk.portid, wantsEcho: (flags & NLM_F_ECHO) !== 0 };
  }

  end(): void {
    this.#request = undefined;
  }

  /** @param change flags that have changed; all bits for a device that came or went */
  link(type: number, dev: NetDevice, change: number): void {
    if (!this.#table.hasListeners(RTNLGRP.LINK)) return;
    const writer = new NetlinkWriter();
    fillLink(writer, dev, type, NO_REQUEST, 0, change);
    this.#table.broadcast(writer.bytes(), RTNLGRP.LINK, 0, undefined, 0);
  }

  address(type: number, inDev: InDevice, ifa: InIfaddr): void {
    const request = this.#requestOf(RTM.NEWADDR, RTM.DELADDR);
    this.#notify(RTNLGRP.IPV4_IFADDR, request, (writer, target) => {
      fillAddress(writer, inDev, ifa, type, target, 0);
    });
  }

  /** @param flags NLM_F_* that say what became of the route */
  route(type: number, alias: FibAlias, table: number, flags: number): void {
    const request = this.#requestOf(RTM.NEWROUTE, RTM.DELROUTE);
    this.#notify(RTNLGRP.IPV4_ROUTE, request, (writer, target) => {
      fillRoute(writer, alias, table, type, target, flags);
    });
  }

  /** Carries the port of whoever asked, but no sequence number. */
  neighbour(type: number, neigh: Neighbour): void {
    if (!this.#table.hasListeners(RTNLGRP.NEIGH)) return;
    const request = this.#requestOf(RTM.NEWNEIGH, RTM.DELNEIGH);
    const portid = type === RTM.NEWNEIGH ? (request?.portid ?? 0) : 0;
    const writer = new NetlinkWriter();
    fillNeighbour(writer, neigh, type, { portid, seq: 0 }, 0);
    this.#table.broadcast(writer.bytes(), RTNLGRP.NEIGH, 0, undefined, 0);
  }

  #requestOf(...types: readonly number[]): Request | undefined {
    const request = this.#request;
    return request !== undefined && types.includes(request.type) ? request : undefined;
  }

  /** rtnl_notify: to the group, and with NLM_F_ECHO also to whoever asked, once. */
  #notify(
    group: number,
    request: Request | undefined,
    fill: (writer: NetlinkWriter, target: MessageTarget) => void,
  ): void {
    const echoes = request?.wantsEcho === true;
    if (!echoes && !this.#table.hasListeners(group)) return;
    const writer = new NetlinkWriter();
    fill(writer, request ?? NO_REQUEST);
    const bytes = writer.bytes();
    this.#table.broadcast(bytes, group, 0, undefined, echoes ? request.portid : 0);
    if (echoes) this.#table.unicast(bytes, request.portid);
  }
}
