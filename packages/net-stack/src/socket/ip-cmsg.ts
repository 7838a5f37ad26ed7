/** Control messages of IPv4 (net/ipv4/ip_sockglue.c). */
import { Errno } from "@dcejs/lkl-kernel";
import { CAP_NET_ADMIN, ns_capable } from "../current-program.ts";
import { fib_compute_spec_dst } from "../ip/spec-dst.ts";
import type { SkBuff } from "../skbuff.ts";
import { IP_DADDR, IP_TOS as IP_TOS_OFFSET, IP_TTL as IP_TTL_OFFSET } from "../wire/ipv4.ts";
import { CMSG_LEN, cmsghdrs, put_cmsg } from "./cmsg.ts";
import type { Cmsg } from "./cmsg.ts";
import type { MsgHdr } from "./msghdr.ts";
import type { Sock } from "./sock.ts";
import { SOCKADDR_IN_LENGTH, writeSockaddrIn } from "./sockaddr.ts";

/** Bits of inet_cmsg_flags: what a receiver wants to be told. */
export const IP_CMSG_PKTINFO = 1;
export const IP_CMSG_TTL = 2;
export const IP_CMSG_TOS = 4;
export const IP_CMSG_ORIGDSTADDR = 64;

const SOL_IP = 0;
const SOL_SOCKET = 1;
const SOL_UDP = 17;
const IP_TOS = 1;
const IP_TTL = 2;
const IP_PKTINFO = 8;
const IP_ORIGDSTADDR = 20;
const SCM_RIGHTS = 1;
const SCM_CREDENTIALS = 2;
const SO_MARK = 36;
const PKTINFO_OCTETS = 12;
const INT_OCTETS = 4;
const OCTET_MAX = 255;

const scratch = new Uint8Array(SOCKADDR_IN_LENGTH);
const scratchView = new DataView(scratch.buffer);

/** ipv4_pktinfo_prepare: keeps what only the route knows. Packets of datagrams have no TCP_SKB_CB, so it lies there. */
export function ipv4_pktinfo_prepare(sk: Sock, skb: SkBuff): void {
  const isWanted = (sk.cmsg_flags & IP_CMSG_PKTINFO) !== 0 && skb.dst !== undefined;
  skb.seq = isWanted ? skb.skb_iif : 0;
  skb.end_seq = isWanted ? fib_compute_spec_dst(sk.net, skb) : 0;
}

/** ip_cmsg_recv_offset: what the socket wants to know of the packet. @param room octets of msg_control */
export function ip_cmsg_recv(msg: MsgHdr, room: number, sk: Sock, skb: SkBuff): void {
  const { cmsg_flags } = sk;
  const { view, network_header } = skb;
  const daddr = view.getUint32(network_header + IP_DADDR);
  if ((cmsg_flags & IP_CMSG_PKTINFO) !== 0) {
    scratchView.setInt32(0, skb.seq, true);
    scratchView.setUint32(4, skb.end_seq);
    scratchView.setUint32(8, daddr);
    put_cmsg(msg, room, SOL_IP, IP_PKTINFO, scratch, PKTINFO_OCTETS);
  }
  if ((cmsg_flags & IP_CMSG_TTL) !== 0) {
    scratchView.setInt32(0, view.getUint8(network_header + IP_TTL_OFFSET), true);
    put_cmsg(msg, room, SOL_IP, IP_TTL, scratch, INT_OCTETS);
  }
  if ((cmsg_flags & IP_CMSG_TOS) !== 0) {
    scratchView.setUint8(0, view.getUint8(network_header + IP_TOS_OFFSET));
    put_cmsg(msg, room, SOL_IP, IP_TOS, scratch, 1);
  }
  if ((cmsg_flags & IP_CMSG_ORIGDSTADDR) !== 0) {
    writeSockaddrIn(scratch, daddr, view.getUint16(skb.transport_header + 2));
    scratch.fill(0, 8);
    put_cmsg(msg, room, SOL_IP, IP_ORIGDSTADDR, scratch, SOCKADDR_IN_LENGTH);
  }
}

/** struct ipcm_cookie: how one datagram leaves, as the socket has it unless control messages say otherwise. */
export interface IpcmCookie {
  /** The source; 0: the route's choice. */
  addr: number;
  oif: number;
  /** 0: the socket's, or the route's. */
  ttl: number;
  tos: number;
  priority: number;
  mark: number;
}

const cookie: IpcmCookie = { addr: 0, oif: 0, ttl: 0, tos: 0, priority: 0, mark: 0 };

/** ipcm_init_sk. The cookie is good until the next one: a call that sleeps keeps a copy. */
export function ipcm_init_sk(sk: Sock): IpcmCookie {
  cookie.addr = sk.inet_saddr;
  cookie.oif = sk.sk_bound_dev_if;
  cookie.ttl = 0;
  cookie.tos = sk.tos;
  cookie.priority = sk.sk_priority;
  cookie.mark = sk.sk_mark;
  return cookie;
}

/** ip_cmsg_send: control messages of one datagram. @returns 0, -EINVAL, -EPERM */
export function ip_cmsg_send(sk: Sock, msg: MsgHdr, ipc: IpcmCookie): number {
  const messages = cmsghdrs(msg);
  if (messages === undefined) return -Errno.EINVAL;
  for (const one of messages) {
    const error = sendOne(sk, one, ipc);
    if (error < 0) return error;
  }
  return 0;
}

function sendOne(sk: Sock, cmsg: Cmsg, ipc: IpcmCookie): number {
  switch (cmsg.cmsg_level) {
    case SOL_SOCKET:
      return sock_cmsg_send(sk, cmsg, ipc);
    case SOL_UDP:
      // UDP_SEGMENT: nothing is segmented here.
      return -Errno.EINVAL;
    case SOL_IP:
      return ipMessage(cmsg, ipc);
    default:
      return 0;
  }
}

function ipMessage({ cmsg_type, cmsg_len, data }: Cmsg, ipc: IpcmCookie): number {
  switch (cmsg_type) {
    case IP_PKTINFO: {
      if (cmsg_len !== CMSG_LEN(PKTINFO_OCTETS)) return -Errno.EINVAL;
      const ipi_ifindex = data.getInt32(0, true);
      if (ipi_ifindex !== 0) ipc.oif = ipi_ifindex;
      ipc.addr = data.getUint32(4);
      return 0;
    }
    case IP_TTL: {
      if (cmsg_len !== CMSG_LEN(INT_OCTETS)) return -Errno.EINVAL;
      const ttl = data.getInt32(0, true);
      if (ttl < 1 || ttl > OCTET_MAX) return -Errno.EINVAL;
      ipc.ttl = ttl;
      return 0;
    }
    case IP_TOS: {
      const isInt = cmsg_len === CMSG_LEN(INT_OCTETS);
      if (!isInt && cmsg_len !== CMSG_LEN(1)) return -Errno.EINVAL;
      const tos = isInt ? data.getInt32(0, true) : data.getUint8(0);
      if (tos < 0 || tos > OCTET_MAX) return -Errno.EINVAL;
      ipc.tos = tos;
      ipc.priority = rt_tos2priority(tos);
      return 0;
    }
    default:
      return -Errno.EINVAL;
  }
}

/** __sock_cmsg_send: a mark; what belongs to other families is passed over. */
function sock_cmsg_send(sk: Sock, cmsg: Cmsg, ipc: IpcmCookie): number {
  switch (cmsg.cmsg_type) {
    case SO_MARK:
      if (!ns_capable(sk.net, CAP_NET_ADMIN)) return -Errno.EPERM;
      if (cmsg.cmsg_len !== CMSG_LEN(INT_OCTETS)) return -Errno.EINVAL;
      ipc.mark = cmsg.data.getUint32(0, true);
      return 0;
    case SCM_RIGHTS:
    case SCM_CREDENTIALS:
      return 0;
    default:
      return -Errno.EINVAL;
  }
}

/** ip_tos2prio: TC_PRIO_BESTEFFORT, BULK, INTERACTIVE, INTERACTIVE_BULK. */
const PRIORITIES: readonly number[] = [0, 2, 6, 4];

/** rt_tos2priority. */
export function rt_tos2priority(tos: number): number {
  return PRIORITIES[(tos & 0x1e) >> 3] ?? 0;
}
