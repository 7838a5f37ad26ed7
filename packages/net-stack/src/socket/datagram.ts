/** What UDP, raw and ping sockets share: a queue of datagrams, poll, connect (net/core/datagram.c, net/ipv4/datagram.c). */
import { Errno } from "@dcejs/lkl-kernel";
import type { Wait } from "@dcejs/lkl-kernel";
import { ip_route_output } from "../ip/route.ts";
import { RTCF_BROADCAST } from "../ip/rtable.ts";
import type { Rtable } from "../ip/rtable.ts";
import { kfree_skb } from "../skbuff.ts";
import type { SkBuff } from "../skbuff.ts";
import { skb_queue_purge, skb_queue_tail, skb_unlink } from "../skbuff-queue.ts";
import { TCP_CLOSE, TCP_ESTABLISHED } from "../tcp/states.ts";
import { ipv4_is_lbcast, ipv4_is_multicast } from "../wire/ipv4.ts";
import { ip_cmsg_recv, ip_cmsg_send, ipcm_init_sk, ipv4_pktinfo_prepare } from "./ip-cmsg.ts";
import type { IpcmCookie } from "./ip-cmsg.ts";
import {
  MSG_DONTWAIT,
  MSG_ERRQUEUE,
  MSG_PEEK,
  MSG_TRUNC,
  copy_to_msg,
  iov_length,
} from "./msghdr.ts";
import type { MsgHdr } from "./msghdr.ts";
import {
  EPOLLERR,
  EPOLLHUP,
  EPOLLIN,
  EPOLLOUT,
  EPOLLRDHUP,
  EPOLLRDNORM,
  EPOLLWRBAND,
  EPOLLWRNORM,
} from "./poll.ts";
import { NO_TIMESTAMP, sock_recv_timestamp } from "./rcv-timestamp.ts";
import {
  RCV_SHUTDOWN,
  SHUTDOWN_MASK,
  Sock,
  inet_sock_destruct,
  sock_error,
  sock_orphan,
  sock_rcvtimeo,
  sock_sndtimeo,
} from "./sock.ts";
import { skb_set_owner_r, sock_writeable } from "./sock-memory.ts";
import { sk_wait_event } from "./sock-wait.ts";

export abstract class DatagramSock extends Sock {
  /** Where in a received packet the program's data begins, and what it is told about the sender. */
  protected abstract payloadOffset(skb: SkBuff): number;
  protected abstract writeSender(skb: SkBuff, msg: MsgHdr): void;
  protected countReceived(): void {}

  /** sock_queue_rcv_skb: takes the packet, or returns -ENOMEM when the receive buffer is full and leaves it. */
  queueReceive(skb: SkBuff): number {
    if (this.sk_rmem_alloc > this.sk_rcvbuf) {
      this.sk_drops++;
      return -Errno.ENOMEM;
    }
    ipv4_pktinfo_prepare(this, skb);
    skb.tstamp = this.sk_timestamp === 0 ? NO_TIMESTAMP : this.kernel.ktime_get();
    skb.dst = undefined;
    skb_set_owner_r(skb, this);
    skb_queue_tail(this.sk_receive_queue, skb);
    if (!this.sock_dead) this.sk_data_ready();
    return 0;
  }

  /** datagram_poll. */
  poll(): number {
    let mask = 0;
    if (this.sk_err !== 0 || this.sk_error_queue.qlen > 0) mask |= EPOLLERR;
    if ((this.sk_shutdown & RCV_SHUTDOWN) !== 0) mask |= EPOLLRDHUP | EPOLLIN | EPOLLRDNORM;
    if (this.sk_shutdown === SHUTDOWN_MASK) mask |= EPOLLHUP;
    if (this.sk_receive_queue.qlen > 0) mask |= EPOLLIN | EPOLLRDNORM;
    if (sock_writeable(this)) mask |= EPOLLOUT | EPOLLWRNORM | EPOLLWRBAND;
    else this.sock_nospace = true;
    return mask;
  }

  /** One datagram. With MSG_TRUNC the result is its whole length, whatever fitted. An error that waits comes first. */
  recvmsg(msg: MsgHdr, flags: number): number | Wait {
    // Nothing is ever queued there.
    if ((flags & MSG_ERRQUEUE) !== 0) return -Errno.EAGAIN;
    if (this.sk_err !== 0) return sock_error(this);
    const skb = this.sk_receive_queue.head;
    if (skb !== undefined) return this.#take(skb, msg, flags);
    const now = this.#nothingThere(flags);
    if (now !== undefined) return now;
    return this.#waitAndReceive(msg, flags);
  }

  /** The result when no datagram is there and the call must not sleep; undefined: sleep. */
  #nothingThere(flags: number): number | undefined {
    if ((this.sk_shutdown & RCV_SHUTDOWN) !== 0) return 0;
    const timeo = sock_rcvtimeo(this, (flags & MSG_DONTWAIT) !== 0);
    return timeo === 0 ? -Errno.EAGAIN : undefined;
  }

  *#waitAndReceive(msg: MsgHdr, flags: number): Wait {
    let timeo = this.sk_rcvtimeo;
    for (;;) {
      const left: number = yield* sk_wait_event(
        this,
        timeo,
        () =>
          this.sk_receive_queue.qlen > 0 ||
          this.sk_err !== 0 ||
          (this.sk_shutdown & RCV_SHUTDOWN) !== 0,
        "skb_wait_for_more_packets",
      );
      if (this.sk_err !== 0) return sock_error(this);
      const skb = this.sk_receive_queue.head;
      if (skb !== undefined) return this.#take(skb, msg, flags);
      if (left < 0) return left;
      const now = this.#nothingThere(flags);
      if (now !== undefined) return now;
      if (left === 0) return -Errno.EAGAIN;
      timeo = left;
    }
  }

  #take(skb: SkBuff, msg: MsgHdr, flags: number): number {
    const at = this.payloadOffset(skb);
    const length = skb.offset + skb.length - at;
    const copied = copy_to_msg(msg, 0, skb.bytes, at, Math.min(length, iov_length(msg)));
    msg.msg_flags = copied < length ? MSG_TRUNC : 0;
    const room = msg.msg_control === undefined ? 0 : msg.msg_controllen;
    msg.msg_controllen = 0;
    if (this.sk_timestamp !== 0) sock_recv_timestamp(msg, room, this, skb);
    if (this.cmsg_flags !== 0) ip_cmsg_recv(msg, room, this, skb);
    if (msg.msg_name !== undefined) this.writeSender(skb, msg);
    else msg.msg_namelen = 0;
    if ((flags & MSG_PEEK) === 0) {
      this.countReceived();
      skb_unlink(skb, this.sk_receive_queue);
      kfree_skb(skb);
    }
    return (flags & MSG_TRUNC) !== 0 ? length : copied;
  }

  /** __ip4_datagram_connect: fixes the peer; packets from others no longer arrive. */
  connect(daddr: number, dport: number): number {
    const { net } = this;
    this.sk_dst_cache = undefined;
    let oif = this.sk_bound_dev_if;
    let saddr = this.inet_saddr;
    if (ipv4_is_multicast(daddr)) {
      if (oif === 0) oif = this.mc_index;
      if (saddr === 0) saddr = this.mc_addr;
    }
    const fl4 = net.ipv4.fl4.set(daddr, saddr, oif, this.tos, this.sk_protocol);
    const rt = ip_route_output(net, fl4);
    if (typeof rt === "number") {
      if (rt === -Errno.ENETUNREACH) net.mib.ip.OutNoRoutes++;
      return rt;
    }
    if ((rt.rt_flags & RTCF_BROADCAST) !== 0 && !this.sk_broadcast) return -Errno.EACCES;
    if (this.inet_saddr === 0) this.inet_saddr = fl4.saddr;
    if (this.inet_rcv_saddr === 0) this.rehashTo(fl4.saddr);
    this.inet_daddr = fl4.daddr;
    this.inet_dport = dport;
    this.sk_state = TCP_ESTABLISHED;
    this.inet_id = this.kernel.random_u32() & 0xffff;
    this.sk_dst_cache = rt;
    return 0;
  }

  /** The receive address changes while the socket is hashed. */
  protected rehashTo(addr: number): void {
    this.inet_rcv_saddr = addr;
  }

  /** __udp_disconnect. */
  disconnect(_flags: number): number {
    this.sk_state = TCP_CLOSE;
    this.inet_daddr = 0;
    this.inet_dport = 0;
    if (!this.sk_bindaddr_lock) {
      this.inet_saddr = 0;
      this.rehashTo(0);
    }
    if (!this.sk_bindport_lock) {
      this.unhash();
      this.inet_num = 0;
      this.inet_sport = 0;
    }
    this.sk_dst_cache = undefined;
    return 0;
  }

  close(_timeout: number): number {
    this.unhash();
    sock_orphan(this);
    skb_queue_purge(this.sk_receive_queue);
    inet_sock_destruct(this);
    return 0;
  }

  /** sock_alloc_send_pskb's conditions: 0 when there is room, -EAGAIN to sleep for it, or an error, which is told once. */
  protected sendRoom(): number {
    if (this.sk_err !== 0) return sock_error(this);
    if ((this.sk_shutdown & 2) !== 0) return -Errno.EPIPE;
    return this.sk_wmem_alloc < this.sk_sndbuf ? 0 : -Errno.EAGAIN;
  }

  /** What follows when `room`, as sendRoom() told it, is not 0: an error; or a sleep, unless MSG_DONTWAIT or SO_SNDTIMEO say no. */
  protected sendWhenRoom(room: number, flags: number, send: () => number): number | Wait {
    if (room !== -Errno.EAGAIN) return room;
    const timeo = sock_sndtimeo(this, (flags & MSG_DONTWAIT) !== 0);
    if (timeo === 0) return -Errno.EAGAIN;
    return this.#waitAndSend(timeo, send);
  }

  *#waitAndSend(timeo: number, send: () => number): Wait {
    const left = yield* sk_wait_event(
      this,
      timeo,
      () => this.sk_wmem_alloc < this.sk_sndbuf || this.sk_err !== 0 || this.sk_shutdown !== 0,
      "sock_alloc_send_pskb",
    );
    if (left < 0) return left;
    const room = this.sendRoom();
    return room === 0 ? send() : room;
  }

  /** How one datagram leaves: by its control messages, else as the socket says. Good until the next call of a sender. */
  protected ipcm(msg: MsgHdr): IpcmCookie | number {
    const ipc = ipcm_init_sk(this);
    if (msg.msg_control === undefined || msg.msg_controllen === 0) return ipc;
    const error = ip_cmsg_send(this, msg, ipc);
    return error < 0 ? error : ipc;
  }

  /** The route of one datagram: the cached one of a connected socket, or a fresh one. Leaves the source in net.ipv4.fl4.saddr. */
  protected routeTo(
    daddr: number,
    isConnectedPeer: boolean,
    ipc: Readonly<IpcmCookie>,
  ): Rtable | number {
    const { net } = this;
    let { oif, addr: saddr } = ipc;
    if (ipv4_is_multicast(daddr)) {
      if (oif === 0) oif = this.mc_index;
      if (saddr === 0) saddr = this.mc_addr;
    } else if (ipv4_is_lbcast(daddr) && oif === 0) oif = this.mc_index;
    const { fl4 } = net.ipv4;
    const cached = this.sk_dst_cache;
    if (isConnectedPeer && cached !== undefined && cached.isValid()) {
      fl4.saddr = this.inet_saddr;
      return cached;
    }
    const rt = ip_route_output(net, fl4.set(daddr, saddr, oif, ipc.tos, this.sk_protocol));
    if (typeof rt === "number") {
      if (rt === -Errno.ENETUNREACH) net.mib.ip.OutNoRoutes++;
      return rt;
    }
    if ((rt.rt_flags & RTCF_BROADCAST) !== 0 && !this.sk_broadcast) return -Errno.EACCES;
    if (isConnectedPeer) this.sk_dst_cache = rt;
    return rt;
  }
}
