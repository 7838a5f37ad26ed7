/** struct netlink_table: the sockets of one netlink protocol, and its kernel's end (net/netlink/af_netlink.c). */
import { Errno } from "@dcejs/lkl-kernel";
import type { NetStack } from "../net-stack.ts";
import { NLMSG_MIN_TYPE, NLM_F_ACK, NLM_F_REQUEST, netlinkMessages } from "./netlink.ts";
import type { NetlinkMessage } from "./netlink.ts";
import { netlink_ack } from "./netlink-ack.ts";
import { netlinkTruesize } from "./netlink-datagram.ts";
import { NetlinkExtAck } from "./netlink-ext-ack.ts";
import type { NetlinkSock } from "./netlink-sock.ts";

/**
 * One request of a program (rtnetlink_rcv_msg).
 * @returns 0 or -errno; -EINTR: a dump has begun, which is its own answer
 */
export type NetlinkReceiver = (
  sk: NetlinkSock,
  message: NetlinkMessage,
  extack: NetlinkExtAck,
) => number;

const LOWEST_ROVER = -4097;

export class NetlinkTable {
  readonly net: NetStack;
  readonly protocol: number;
  /** Multicast groups that there are: 1…groups. */
  readonly groups: number;
  readonly #receive: NetlinkReceiver;
  readonly #byPort: Map<number, NetlinkSock> = new Map();
  /** Bound or not: a socket may be a member before it has a port. */
  readonly #members: Set<NetlinkSock> = new Set();

  constructor(net: NetStack, protocol: number, groups: number, receive: NetlinkReceiver) {
    this.net = net;
    this.protocol = protocol;
    this.groups = groups;
    this.#receive = receive;
  }

  get sockets(): Iterable<NetlinkSock> {
    return new Set([...this.#byPort.values(), ...this.#members]);
  }

  lookup(portid: number): NetlinkSock | undefined {
    return this.#byPort.get(portid);
  }

  /** netlink_insert. @returns 0, -EADDRINUSE */
  insert(sk: NetlinkSock, portid: number): number {
    if (this.#byPort.has(portid)) return -Errno.EADDRINUSE;
    this.#byPort.set(portid, sk);
    sk.portid = portid;
    sk.bound = true;
    return 0;
  }

  /** netlink_autobind: the process's number, or when that is taken a large one. */
  autobind(sk: NetlinkSock): number {
    const { kernel } = this.net;
    let portid = kernel.current.tgid;
    let rover = 0;
    while (portid === 0 || this.#byPort.has(portid)) {
      rover = rover === 0 ? LOWEST_ROVER - (kernel.random_u32() % 0x7fff_0000) : rover - 1;
      portid = rover >>> 0;
    }
    return this.insert(sk, portid);
  }

  remove(sk: NetlinkSock): void {
    if (this.#byPort.get(sk.portid) === sk) this.#byPort.delete(sk.portid);
    this.#members.delete(sk);
  }

  setMember(sk: NetlinkSock, group: number, isMember: boolean): void {
    if (isMember) sk.groups.add(group);
    else sk.groups.delete(group);
    if (sk.groups.size > 0) this.#members.add(sk);
    else this.#members.delete(sk);
  }

  /** netlink_has_listeners */
  hasListeners(group: number): boolean {
    for (const sk of this.#members) if (sk.groups.has(group)) return true;
    return false;
  }

  /** netlink_broadcast: to all members of the group but `except` and the socket of port `exceptPort`. */
  broadcast(
    bytes: Uint8Array,
    group: number,
    from: number,
    except: NetlinkSock | undefined,
    exceptPort: number,
  ): void {
    const truesize = netlinkTruesize(bytes.length);
    for (const sk of this.#members) {
      if (sk === except || !sk.groups.has(group)) continue;
      if (sk.bound && sk.portid === exceptPort) continue;
      if (sk.hasRoomFor(truesize)) sk.enqueue({ bytes, portid: from, group, truesize });
      else sk.overrun();
    }
  }

  /** nlmsg_unicast from the kernel. @returns 0, -ECONNREFUSED, -EAGAIN */
  unicast(bytes: Uint8Array, portid: number): number {
    const sk = this.#byPort.get(portid);
    if (sk === undefined) return -Errno.ECONNREFUSED;
    const truesize = netlinkTruesize(bytes.length);
    if (!sk.hasRoomFor(truesize)) {
      sk.overrun();
      return -Errno.EAGAIN;
    }
    sk.enqueue({ bytes, portid: 0, group: 0, truesize });
    return 0;
  }

  /** netlink_rcv_skb: the messages of one datagram to the kernel, up to the first that is not whole. */
  receive(sk: NetlinkSock, bytes: Uint8Array): void {
    for (const message of netlinkMessages(bytes)) {
      const extack = new NetlinkExtAck();
      const isRequest = (message.flags & NLM_F_REQUEST) !== 0 && message.type >= NLMSG_MIN_TYPE;
      const error = isRequest ? this.#receive(sk, message, extack) : 0;
      if (error === -Errno.EINTR) continue;
      if (error !== 0 || (message.flags & NLM_F_ACK) !== 0) netlink_ack(sk, message, error, extack);
    }
  }
}
