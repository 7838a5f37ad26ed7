/** Ping sockets: SOCK_DGRAM with IPPROTO_ICMP (net/ipv4/ping.c). */
import { Errno } from "@dcejs/lkl-kernel";
import type { Wait } from "@dcejs/lkl-kernel";
import { ip_fast_csum } from "../checksum.ts";
import {
  MAX_HEADER,
  ip_dont_fragment,
  ip_push_header,
  ip_cork_ttl,
  ip_send_skb,
  ip_sk_ignore_df,
} from "../ip/output.ts";
import { IPPROTO_ICMP } from "../ip/protocol.ts";
import type { Rtable } from "../ip/rtable.ts";
import type { NetStack } from "../net-stack.ts";
import { kfree_skb } from "../skbuff.ts";
import type { SkBuff } from "../skbuff.ts";
import { DatagramSock } from "../socket/datagram.ts";
import type { IpcmCookie } from "../socket/ip-cmsg.ts";
import { MSG_OOB, copy_from_msg, iov_length } from "../socket/msghdr.ts";
import type { MsgHdr } from "../socket/msghdr.ts";
import { IP_PMTUDISC_DONT } from "../socket/sock.ts";
import { skb_set_owner_w } from "../socket/sock-memory.ts";
import {
  AF_INET,
  AF_UNSPEC,
  SOCKADDR_IN_LENGTH,
  sockaddrAddr,
  sockaddrFamily,
  writeSockaddrIn,
} from "../socket/sockaddr.ts";
import { TCP_ESTABLISHED } from "../tcp/states.ts";
import { ICMP_CHECK, ICMP_ECHO, ICMP_HEADER_LENGTH, ICMP_REST } from "../wire/icmp.ts";
import { IPV4_HEADER_LENGTH, IP_DADDR, IP_DF, IP_SADDR } from "../wire/ipv4.ts";
import { icmp_to_errno } from "./icmp-errno.ts";
import { icmp_out_count } from "./icmp-send.ts";

const SOCK_DGRAM = 2;
const IDENT_MAX = 0xffff;

/** Ping sockets by identifier. */
export class PingTable {
  readonly socks: Map<number, PingSock> = new Map();
  #rover = 0;

  /** ping_get_port's search: the next free identifier, 0 when there is none. */
  freeIdent(): number {
    for (let i = 0; i < IDENT_MAX; i++) {
      this.#rover = (this.#rover % IDENT_MAX) + 1;
      if (!this.socks.has(this.#rover)) return this.#rover;
    }
    return 0;
  }

  lookup(ident: number, peer: number, dif: number): PingSock | undefined {
    const sk = this.socks.get(ident);
    if (sk === undefined) return undefined;
    if (sk.inet_rcv_saddr !== 0 && sk.inet_rcv_saddr !== peer) return undefined;
    return sk.sk_bound_dev_if === 0 || sk.sk_bound_dev_if === dif ? sk : undefined;
  }

  /** ping_err: `skb.offset` is at the quoted IPv4 header. */
  err(skb: SkBuff, type: number, code: number, _info: number): void {
    const { view, offset: inner } = skb;
    const icmp = inner + (view.getUint8(inner) & 0x0f) * 4;
    if (view.getUint8(icmp) !== ICMP_ECHO) return;
    const sk = this.lookup(
      view.getUint16(icmp + ICMP_REST),
      view.getUint32(inner + IP_SADDR),
      skb.skb_iif,
    );
    const error = icmp_to_errno(type, code, sk?.pmtudisc !== IP_PMTUDISC_DONT);
    if (sk === undefined || error === undefined) return;
    if (!sk.recverr && (!error.fatal || sk.sk_state !== TCP_ESTABLISHED)) return;
    sk.sk_err = error.errno;
    sk.sk_error_report();
  }
}

export class PingSock extends DatagramSock {
  constructor(net: NetStack) {
    super(net, AF_INET, SOCK_DGRAM, IPPROTO_ICMP);
  }

  get_port(ident: number): number {
    const { ping } = this.net.ipv4;
    const wanted = ident === 0 ? ping.freeIdent() : ident;
    if (wanted === 0 || ping.socks.has(wanted)) return 1;
    this.unhash();
    this.inet_num = wanted;
    ping.socks.set(wanted, this);
    return 0;
  }

  hash(): number {
    return 0;
  }

  unhash(): void {
    const { socks } = this.net.ipv4.ping;
    if (socks.get(this.inet_num) === this) socks.delete(this.inet_num);
  }

  /** ping_v4_sendmsg: an echo request; its identifier is the socket's. */
  sendmsg(msg: MsgHdr, flags: number): number | Wait {
    const length = iov_length(msg);
    if (length > 0xffff) return -Errno.EMSGSIZE;
    if (length < ICMP_HEADER_LENGTH) return -Errno.EINVAL;
    if ((flags & MSG_OOB) !== 0) return -Errno.EOPNOTSUPP;
    const head = new Uint8Array(2);
    copy_from_msg(msg, 0, head, 0, 2);
    if (head[0] !== ICMP_ECHO || head[1] !== 0) return -Errno.EINVAL;
    let daddr = this.inet_daddr;
    const isNamed = msg.msg_name !== undefined;
    if (msg.msg_name !== undefined) {
      if (msg.msg_namelen < SOCKADDR_IN_LENGTH) return -Errno.EINVAL;
      const family = sockaddrFamily(msg.msg_name);
      if (family !== AF_INET && family !== AF_UNSPEC) return -Errno.EAFNOSUPPORT;
      daddr = sockaddrAddr(msg.msg_name);
    } else if (this.sk_state !== TCP_ESTABLISHED) return -Errno.EDESTADDRREQ;
    const ipc = this.ipcm(msg);
    if (typeof ipc === "number") return ipc;
    const rt = this.routeTo(daddr, !isNamed && msg.msg_controllen === 0, ipc);
    if (typeof rt === "number") return rt;
    const { saddr } = this.net.ipv4.fl4;
    if (length + IPV4_HEADER_LENGTH > (ip_sk_ignore_df(this) ? 0xffff : rt.mtu()))
      return -Errno.EMSGSIZE;
    const room = this.sendRoom();
    if (room === 0) return this.#transmit(msg, length, rt, ipc, saddr, daddr);
    const kept = { ...ipc };
    return this.sendWhenRoom(room, flags, () =>
      this.#transmit(msg, length, rt, kept, saddr, daddr),
    );
  }

  #transmit(
    msg: MsgHdr,
    length: number,
    rt: Rtable,
    ipc: Readonly<IpcmCookie>,
    saddr: number,
    daddr: number,
  ): number {
    const { net } = this;
    const skb = net.skbPool.alloc(MAX_HEADER + length);
    skb.offset = MAX_HEADER;
    skb.length = length;
    skb.transport_header = MAX_HEADER;
    copy_from_msg(msg, 0, skb.bytes, MAX_HEADER, length);
    skb.view.setUint16(MAX_HEADER + ICMP_REST, this.inet_num);
    skb.view.setUint16(MAX_HEADER + ICMP_CHECK, 0);
    skb.view.setUint16(MAX_HEADER + ICMP_CHECK, ip_fast_csum(skb.view, MAX_HEADER, length));
    skb.dst = rt;
    skb.priority = ipc.priority;
    skb.ignore_df = ip_sk_ignore_df(this);
    skb_set_owner_w(skb, this);
    icmp_out_count(net, ICMP_ECHO);
    const df = length + IPV4_HEADER_LENGTH <= rt.mtu() && ip_dont_fragment(this, rt) ? IP_DF : 0;
    ip_push_header(
      net,
      this,
      skb,
      ipc.tos,
      df,
      ip_cork_ttl(this, rt, ipc),
      IPPROTO_ICMP,
      saddr,
      daddr,
    );
    const error = ip_send_skb(net, skb);
    if (error === -Errno.ENOBUFS && !this.recverr) return length;
    return error < 0 ? error : length;
  }

  protected payloadOffset(skb: SkBuff): number {
    return skb.offset;
  }

  protected writeSender(skb: SkBuff, msg: MsgHdr): void {
    if (msg.msg_name === undefined) return;
    msg.msg_namelen = writeSockaddrIn(
      msg.msg_name,
      skb.view.getUint32(skb.network_header + IP_SADDR),
      0,
    );
  }
}

/** An echo reply: for the socket with its identifier. Takes the packet. */
export function ping_rcv(net: NetStack, skb: SkBuff): void {
  const ident = skb.view.getUint16(skb.offset + ICMP_REST);
  const peer = skb.view.getUint32(skb.network_header + IP_DADDR);
  const sk = net.ipv4.ping.lookup(ident, peer, skb.skb_iif);
  if (sk === undefined || sk.queueReceive(skb) < 0) kfree_skb(skb);
}
