/** UDP (RFC 768; net/ipv4/udp.c). */
import { Errno } from "@dcejs/lkl-kernel";
import type { Wait } from "@dcejs/lkl-kernel";
import { icmp_send } from "../icmp/icmp-send.ts";
import { icmp_to_errno } from "../icmp/icmp-errno.ts";
import { icmp_update_pmtu } from "../icmp/icmp.ts";
import { ip_mc_sf_allow } from "../ip/igmp.ts";
import {
  MAX_HEADER,
  ip_dont_fragment,
  ip_push_header,
  ip_cork_ttl,
  ip_send_skb,
  ip_sk_ignore_df,
  ip_sk_use_pmtu,
} from "../ip/output.ts";
import { IPPROTO_UDP } from "../ip/protocol.ts";
import type { NetProtocol } from "../ip/protocol.ts";
import { ipv4_sk_update_pmtu } from "../ip/route.ts";
import { RTCF_BROADCAST, RTCF_MULTICAST } from "../ip/rtable.ts";
import type { Rtable } from "../ip/rtable.ts";
import type { NetStack } from "../net-stack.ts";
import { CHECKSUM_UNNECESSARY, kfree_skb, skb_pull, skb_trim } from "../skbuff.ts";
import type { SkBuff } from "../skbuff.ts";
import { skb_checksum_valid, skb_csum_partial } from "../skbuff-checksum.ts";
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
  sockaddrPort,
  writeSockaddrIn,
} from "../socket/sockaddr.ts";
import { TCP_ESTABLISHED } from "../tcp/states.ts";
import { ICMP_DEST_UNREACH, ICMP_FRAG_NEEDED, ICMP_PORT_UNREACH } from "../wire/icmp.ts";
import { IPV4_HEADER_LENGTH, IP_DADDR, IP_DF, IP_SADDR } from "../wire/ipv4.ts";
import {
  UDP_CHECK,
  UDP_HEADER_LENGTH,
  UDP_SOURCE,
  readUdpHeader,
  writeUdpHeader,
} from "../wire/udp.ts";
import type { UdpHeader } from "../wire/udp.ts";
import { compute_score, pickLocalPort } from "./udp-table.ts";

const SOCK_DGRAM = 2;
const DATAGRAM_LENGTH_MAX = 0xffff;
const FIONREAD = 0x541b;
const SIOCOUTQ = 0x5411;

export class UdpSock extends DatagramSock {
  isHashed = false;

  constructor(net: NetStack) {
    super(net, AF_INET, SOCK_DGRAM, IPPROTO_UDP);
  }

  get_port(snum: number): number {
    const table = this.net.ipv4.udp;
    let port = snum;
    if (port === 0) port = pickLocalPort(this.net, (candidate) => !table.isTaken(this, candidate));
    else if (table.isTaken(this, port)) return 1;
    if (port === 0) return 1;
    this.unhash();
    this.inet_num = port;
    return this.hash();
  }

  hash(): number {
    if (!this.isHashed) this.net.ipv4.udp.add(this);
    this.isHashed = true;
    return 0;
  }

  unhash(): void {
    if (this.isHashed) this.net.ipv4.udp.remove(this);
    this.isHashed = false;
  }

  /** udp_sendmsg. */
  sendmsg(msg: MsgHdr, flags: number): number | Wait {
    const length = iov_length(msg);
    if (length > DATAGRAM_LENGTH_MAX) return -Errno.EMSGSIZE;
    if ((flags & MSG_OOB) !== 0) return -Errno.EOPNOTSUPP;
    let daddr = this.inet_daddr;
    let dport = this.inet_dport;
    let isConnectedPeer = false;
    if (msg.msg_name !== undefined) {
      if (msg.msg_namelen < SOCKADDR_IN_LENGTH) return -Errno.EINVAL;
      const family = sockaddrFamily(msg.msg_name);
      if (family !== AF_INET && family !== AF_UNSPEC) return -Errno.EAFNOSUPPORT;
      daddr = sockaddrAddr(msg.msg_name);
      dport = sockaddrPort(msg.msg_name);
      if (dport === 0) return -Errno.EINVAL;
    } else if (this.sk_state !== TCP_ESTABLISHED) return -Errno.EDESTADDRREQ;
    else isConnectedPeer = true;
    const ipc = this.ipcm(msg);
    if (typeof ipc === "number") return ipc;
    // A control message may ask for another route.
    const rt = this.routeTo(daddr, isConnectedPeer && msg.msg_controllen === 0, ipc);
    if (typeof rt === "number") return rt;
    const { fl4 } = this.net.ipv4;
    const saddr = fl4.saddr;
    const to = daddr === 0 ? fl4.daddr : daddr;
    const mtu = ip_sk_use_pmtu(this) ? rt.mtu() : rt.dev.mtu;
    const largest = ip_sk_ignore_df(this) ? DATAGRAM_LENGTH_MAX : mtu;
    if (length + UDP_HEADER_LENGTH + IPV4_HEADER_LENGTH > largest) return -Errno.EMSGSIZE;
    const room = this.sendRoom();
    if (room === 0) return this.#transmit(msg, length, rt, ipc, saddr, to, dport, mtu);
    const kept = { ...ipc };
    return this.sendWhenRoom(room, flags, () =>
      this.#transmit(msg, length, rt, kept, saddr, to, dport, mtu),
    );
  }

  /** ip_make_skb and udp_send_skb. */
  #transmit(
    msg: MsgHdr,
    length: number,
    rt: Rtable,
    ipc: Readonly<IpcmCookie>,
    saddr: number,
    daddr: number,
    dport: number,
    mtu: number,
  ): number {
    const { net } = this;
    const skb = net.skbPool.alloc(MAX_HEADER + UDP_HEADER_LENGTH + length);
    skb.offset = MAX_HEADER;
    skb.length = UDP_HEADER_LENGTH + length;
    skb.transport_header = MAX_HEADER;
    copy_from_msg(msg, 0, skb.bytes, MAX_HEADER + UDP_HEADER_LENGTH, length);
    writeUdpHeader(skb.view, MAX_HEADER, this.inet_sport, dport, skb.length, 0);
    if (!this.sk_no_check) skb_csum_partial(skb, saddr, daddr, IPPROTO_UDP, UDP_CHECK);
    skb.dst = rt;
    skb.priority = ipc.priority;
    skb.mark = ipc.mark;
    skb.ignore_df = ip_sk_ignore_df(this);
    skb_set_owner_w(skb, this);
    const fits = skb.length + IPV4_HEADER_LENGTH <= mtu;
    const df = !skb.ignore_df || (fits && ip_dont_fragment(this, rt)) ? IP_DF : 0;
    const ttl = ip_cork_ttl(this, rt, ipc);
    ip_push_header(net, this, skb, ipc.tos, df, ttl, IPPROTO_UDP, saddr, daddr);
    let error = ip_send_skb(net, skb);
    if (error === -Errno.ENOBUFS && !this.recverr) {
      net.mib.udp.SndbufErrors++;
      error = 0;
    }
    if (error < 0) return error;
    net.mib.udp.OutDatagrams++;
    return length;
  }

  protected payloadOffset(skb: SkBuff): number {
    return skb.offset;
  }

  protected writeSender(skb: SkBuff, msg: MsgHdr): void {
    if (msg.msg_name === undefined) return;
    const port = skb.view.getUint16(skb.transport_header + UDP_SOURCE);
    const addr = skb.view.getUint32(skb.network_header + IP_SADDR);
    msg.msg_namelen = writeSockaddrIn(msg.msg_name, addr, port);
  }

  protected override countReceived(): void {
    this.net.mib.udp.InDatagrams++;
  }

  /** FIONREAD: octets of the next datagram; SIOCOUTQ: octets on their way to the device. */
  override ioctl(request: number, arg: Uint8Array): number {
    let value: number;
    if (request === FIONREAD) value = this.sk_receive_queue.head?.length ?? 0;
    else if (request === SIOCOUTQ) value = this.sk_wmem_alloc;
    else return -Errno.ENOIOCTLCMD;
    new DataView(arg.buffer, arg.byteOffset, arg.byteLength).setInt32(0, value, true);
    return 0;
  }
}

export function udpProtocol(net: NetStack): NetProtocol {
  return {
    rcv: (skb) => udp_rcv(net, skb),
    err: (skb, type, code, info) => udp_err(net, skb, type, code, info),
  };
}

const header: UdpHeader = { source: 0, dest: 0, len: 0, check: 0 };

/** __udp4_lib_rcv. */
function udp_rcv(net: NetStack, skb: SkBuff): void {
  const { view } = skb;
  if (!readUdpHeader(view, skb.offset, skb.offset + skb.length, header)) {
    net.mib.udp.InErrors++;
    kfree_skb(skb);
    return;
  }
  skb_trim(skb, header.len);
  const saddr = view.getUint32(skb.network_header + IP_SADDR);
  const daddr = view.getUint32(skb.network_header + IP_DADDR);
  // A zero checksum says that there is none.
  if (header.check === 0) skb.ip_summed = CHECKSUM_UNNECESSARY;
  if (!skb_checksum_valid(skb, saddr, daddr, IPPROTO_UDP)) {
    net.mib.udp.InCsumErrors++;
    net.mib.udp.InErrors++;
    kfree_skb(skb);
    return;
  }
  const { source, dest } = header;
  if (((skb.dst?.rt_flags ?? 0) & (RTCF_BROADCAST | RTCF_MULTICAST)) !== 0) {
    deliverToAll(net, skb, saddr, source, daddr, dest);
    return;
  }
  const sk = net.ipv4.udp.lookup(saddr, source, daddr, dest, skb.skb_iif);
  if (sk !== undefined) {
    udp_queue_rcv_skb(net, sk, skb);
    return;
  }
  net.mib.udp.NoPorts++;
  skb.offset = skb.transport_header;
  icmp_send(net, skb, ICMP_DEST_UNREACH, ICMP_PORT_UNREACH, 0);
  kfree_skb(skb);
}

/** __udp4_lib_mcast_deliver: each socket that fits gets its copy. */
function deliverToAll(
  net: NetStack,
  skb: SkBuff,
  saddr: number,
  sport: number,
  daddr: number,
  dport: number,
): void {
  let delivered = false;
  for (const sk of net.ipv4.udp.at(dport)) {
    if (compute_score(sk, saddr, sport, daddr, skb.skb_iif) < 0) continue;
    if (!ip_mc_sf_allow(sk, daddr, skb.skb_iif)) continue;
    delivered = true;
    const copy = skb.clone();
    copy.offset = skb.offset;
    udp_queue_rcv_skb(net, sk, copy);
  }
  if (!delivered) net.mib.udp.IgnoredMulti++;
  kfree_skb(skb);
}

function udp_queue_rcv_skb(net: NetStack, sk: UdpSock, skb: SkBuff): void {
  skb_pull(skb, UDP_HEADER_LENGTH);
  if (sk.queueReceive(skb) === 0) return;
  net.mib.udp.RcvbufErrors++;
  net.mib.udp.InErrors++;
  kfree_skb(skb);
}

/** __udp4_lib_err. */
function udp_err(net: NetStack, skb: SkBuff, type: number, code: number, info: number): void {
  const { view, offset: inner } = skb;
  const udp = inner + (view.getUint8(inner) & 0x0f) * 4;
  const isTooBig = type === ICMP_DEST_UNREACH && code === ICMP_FRAG_NEEDED;
  if (isTooBig) icmp_update_pmtu(net, skb, info);
  const sk = net.ipv4.udp.lookup(
    view.getUint32(inner + IP_DADDR),
    view.getUint16(udp + 2),
    view.getUint32(inner + IP_SADDR),
    view.getUint16(udp),
    skb.skb_iif,
  );
  if (sk === undefined) {
    net.mib.icmp.InErrors++;
    return;
  }
  if (isTooBig) ipv4_sk_update_pmtu(skb, sk, info);
  const error = icmp_to_errno(type, code, sk.pmtudisc !== IP_PMTUDISC_DONT);
  if (error === undefined) return;
  // Without IP_RECVERR only hard errors are told, and only to those who are connected.
  if (!sk.recverr && (!error.fatal || sk.sk_state !== TCP_ESTABLISHED)) return;
  sk.sk_err = error.errno;
  sk.sk_error_report();
}
