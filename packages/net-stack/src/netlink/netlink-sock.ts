/** struct netlink_sock and its queue (net/netlink/af_netlink.c). */
import { Errno, WaitQueueHead, wait_event_interruptible } from "@dcejs/lkl-kernel";
import type { Wait } from "@dcejs/lkl-kernel";
import type { NetStack } from "../net-stack.ts";
import {
  MSG_DONTWAIT,
  MSG_OOB,
  MSG_PEEK,
  MSG_TRUNC,
  copy_to_msg,
  iov_length,
} from "../socket/msghdr.ts";
import type { MsgHdr } from "../socket/msghdr.ts";
import {
  EPOLLERR,
  EPOLLHUP,
  EPOLLIN,
  EPOLLOUT,
  EPOLLRDHUP,
  EPOLLRDNORM,
  EPOLLWRBAND,
  EPOLLWRNORM,
} from "../socket/poll.ts";
import {
  RCV_SHUTDOWN,
  SHUTDOWN_MASK,
  Sock,
  sock_error,
  sock_orphan,
  sock_rcvtimeo,
  sock_sndtimeo,
} from "../socket/sock.ts";
import { sk_wait_event } from "../socket/sock-wait.ts";
import { AF_NETLINK, SOCKADDR_NL_LENGTH } from "./netlink.ts";
import { netlinkDataOctets } from "./netlink-datagram.ts";
import type { NetlinkDatagram } from "./netlink-datagram.ts";
import { netlink_dump } from "./netlink-dump.ts";
import type { NetlinkCallback } from "./netlink-dump.ts";
import type { NetlinkTable } from "./netlink-table.ts";

const LARGEST_DUMP_SKB = 32_768;

export class NetlinkSock extends Sock {
  readonly table: NetlinkTable;
  portid = 0;
  bound = false;
  /** Bit n-1: member of group n. Sized when the first group is joined. */
  readonly groups: Set<number> = new Set();
  dst_portid = 0;
  dst_group = 0;
  isConnected = false;
  /** The opener may change the network (CAP_NET_ADMIN). */
  readonly isOpenedByRoot: boolean;
  /** The dump that goes on when the program reads. */
  cb: NetlinkCallback | undefined = undefined;
  /** The largest buffer that recvmsg was given: dumps fill as much. */
  max_recvmsg_len = 0;
  /** NETLINK_S_CONGESTED: notifications were lost; nothing more arrives until the queue is empty. */
  isCongested = false;
  capAck = false;
  extAck = false;
  strictCheck = false;
  noEnobufs = false;
  broadcastError = false;
  listenAllNsid = false;
  /** Who waits for room in this socket's queue. */
  readonly wait: WaitQueueHead = new WaitQueueHead();
  readonly #queue: NetlinkDatagram[] = [];

  constructor(net: NetStack, type: number, table: NetlinkTable) {
    super(net, AF_NETLINK, type, table.protocol);
    this.table = table;
    this.isOpenedByRoot = net.kernel.current.cred.euid === 0;
  }

  /** netlink_attachskb and netlink_broadcast_deliver's condition: there is room, or the queue is empty. */
  hasRoomFor(truesize: number): boolean {
    const octets = this.sk_rmem_alloc + truesize;
    return (octets === truesize || octets <= this.sk_rcvbuf) && !this.isCongested;
  }

  /** __netlink_sendskb. The caller has asked for room. */
  enqueue(datagram: NetlinkDatagram): void {
    this.sk_rmem_alloc += datagram.truesize;
    this.#queue.push(datagram);
    this.sk_data_ready();
  }

  /** netlink_overrun: a notification is lost, and the program is told once. */
  overrun(): void {
    if (!this.noEnobufs && !this.isCongested) {
      this.isCongested = true;
      this.sk_err = Errno.ENOBUFS;
      this.sk_error_report();
    }
    this.sk_drops++;
  }

  /** netlink_recvmsg: one datagram; a dump in progress goes on once half of the buffer is free. */
  recvmsg(msg: MsgHdr, flags: number): number | Wait {
    if ((flags & MSG_OOB) !== 0) return -Errno.EOPNOTSUPP;
    const now = this.#receiveNow(msg, flags);
    if (now !== undefined) return now;
    const timeo = sock_rcvtimeo(this, (flags & MSG_DONTWAIT) !== 0);
    return timeo === 0 ? this.#awake(-Errno.EAGAIN) : this.#waitAndReceive(msg, flags, timeo);
  }

  /** The result, or undefined: nothing is there. A pending error comes first. */
  #receiveNow(msg: MsgHdr, flags: number): number | undefined {
    if (this.sk_err !== 0) return this.#awake(sock_error(this));
    const [datagram] = this.#queue;
    if (datagram !== undefined) return this.#awake(this.#take(datagram, msg, flags));
    return (this.sk_shutdown & RCV_SHUTDOWN) === 0 ? undefined : this.#awake(0);
  }

  *#waitAndReceive(msg: MsgHdr, flags: number, timeo: number): Wait {
    let left = timeo;
    for (;;) {
      left = yield* sk_wait_event(
        this,
        left,
        () =>
          this.#queue.length > 0 || this.sk_err !== 0 || (this.sk_shutdown & RCV_SHUTDOWN) !== 0,
        "skb_wait_for_more_packets",
      );
      const now = this.#receiveNow(msg, flags);
      if (now !== undefined) return now;
      if (left <= 0) return left === 0 ? -Errno.EAGAIN : left;
    }
  }

  #take(datagram: NetlinkDatagram, msg: MsgHdr, flags: number): number {
    const { bytes } = datagram;
    const room = iov_length(msg);
    this.max_recvmsg_len = Math.min(
      Math.max(this.max_recvmsg_len, room),
      netlinkDataOctets(LARGEST_DUMP_SKB),
    );
    const copied = copy_to_msg(msg, 0, bytes, 0, Math.min(bytes.length, room));
    msg.msg_flags = copied < bytes.length ? MSG_TRUNC : 0;
    msg.msg_controllen = 0;
    if (msg.msg_name === undefined) msg.msg_namelen = 0;
    else
      msg.msg_namelen = writeSockaddrNl(msg.msg_name, datagram.portid, groupMask(datagram.group));
    if ((flags & MSG_PEEK) === 0) {
      this.#queue.shift();
      this.sk_rmem_alloc -= datagram.truesize;
    }
    if (this.cb !== undefined && this.sk_rmem_alloc <= this.sk_rcvbuf / 2) {
      const error = netlink_dump(this);
      if (error < 0) {
        this.sk_err = -error;
        this.sk_error_report();
      }
    }
    return (flags & MSG_TRUNC) === 0 ? copied : bytes.length;
  }

  /** netlink_rcv_wake: an empty queue ends the congestion; whoever waits for room looks again. */
  #awake(result: number): number {
    if (this.#queue.length === 0) this.isCongested = false;
    if (!this.isCongested) this.wait.wakeUpAll();
    return result;
  }

  /** netlink_unicast: to another socket of this host. Waits for room unless told not to. */
  sendTo(target: NetlinkSock, datagram: NetlinkDatagram, flags: number): number | Wait {
    if (target.hasRoomFor(datagram.truesize)) {
      target.enqueue(datagram);
      return datagram.bytes.length;
    }
    const timeo = sock_sndtimeo(this, (flags & MSG_DONTWAIT) !== 0);
    return timeo === 0 ? -Errno.EAGAIN : this.#waitAndSend(target, datagram);
  }

  *#waitAndSend(target: NetlinkSock, datagram: NetlinkDatagram): Wait {
    const waited = yield* wait_event_interruptible(
      this.kernel,
      target.wait,
      () => target.sock_dead || target.hasRoomFor(datagram.truesize),
      "netlink_attachskb",
    );
    if (waited < 0) return waited;
    if (target.sock_dead) return -Errno.ECONNREFUSED;
    target.enqueue(datagram);
    return datagram.bytes.length;
  }

  /** datagram_poll. */
  poll(): number {
    let mask = EPOLLOUT | EPOLLWRNORM | EPOLLWRBAND;
    if (this.sk_err !== 0) mask |= EPOLLERR;
    if ((this.sk_shutdown & RCV_SHUTDOWN) !== 0) mask |= EPOLLRDHUP | EPOLLIN | EPOLLRDNORM;
    if (this.sk_shutdown === SHUTDOWN_MASK) mask |= EPOLLHUP;
    if (this.#queue.length > 0) mask |= EPOLLIN | EPOLLRDNORM;
    return mask;
  }

  close(_timeout: number): number {
    this.table.remove(this);
    sock_orphan(this);
    this.cb = undefined;
    this.groups.clear();
    this.#queue.length = 0;
    this.sk_rmem_alloc = 0;
    this.wait.wakeUpAll();
    return 0;
  }

  // struct proto's functions for IP, which no netlink socket is asked for.
  connect(): number {
    return -Errno.EOPNOTSUPP;
  }
  disconnect(): number {
    return -Errno.EOPNOTSUPP;
  }
  get_port(): number {
    return -Errno.EOPNOTSUPP;
  }
  hash(): number {
    return 0;
  }
  unhash(): void {}
  sendmsg(): number {
    return -Errno.EOPNOTSUPP;
  }
}

/** netlink_group_mask: legacy bits have room for the first 32 groups. */
export function groupMask(group: number): number {
  return group > 0 && group <= 32 ? (1 << (group - 1)) >>> 0 : 0;
}

/** Writes as much of struct sockaddr_nl as `out` holds, and returns 12. */
export function writeSockaddrNl(out: Uint8Array, portid: number, groups: number): number {
  const octets = new Uint8Array(SOCKADDR_NL_LENGTH);
  const view = new DataView(octets.buffer);
  view.setUint16(0, AF_NETLINK, true);
  view.setUint32(4, portid, true);
  view.setUint32(8, groups, true);
  out.set(octets.subarray(0, Math.min(out.length, SOCKADDR_NL_LENGTH)));
  return SOCKADDR_NL_LENGTH;
}
