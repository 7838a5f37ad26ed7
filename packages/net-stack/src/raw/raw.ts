/** Raw sockets (net/ipv4/raw.c). */
import { Errno } from "@dcejs/lkl-kernel";
import type { Wait } from "@dcejs/lkl-kernel";
import { icmp_to_errno } from "../icmp/icmp-errno.ts";
import { icmp_out_count } from "../icmp/icmp-send.ts";
import { ip_select_ident } from "../ip/ident.ts";
import {
  MAX_HEADER,
  ip_push_header,
  ip_cork_ttl,
  ip_send_skb,
  ip_sk_ignore_df,
  ip_dont_fragment,
} from "../ip/output.ts";
import { IPPROTO_ICMP, IPPROTO_RAW } from "../ip/protocol.ts";
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
  SOCKADDR_IN_LENGTH,
  sockaddrAddr,
  sockaddrFamily,
  writeSockaddrIn,
} from "../socket/sockaddr.ts";
import { TCP_ESTABLISHED } from "../tcp/states.ts";
import { ETH_P_IP } from "../wire/ethernet.ts";
import {
  IPV4_HEADER_LENGTH,
  IP_CHECK,
  IP_DADDR,
  IP_DF,
  IP_FRAG_OFF,
  IP_ID,
  IP_SADDR,
  IP_TOT_LEN,
  ip_send_check,
} from "../wire/ipv4.ts";

const SOCK_RAW = 3;
const SOL_RAW = 255;
const ICMP_FILTER = 1;
const ICMP_FILTER_TYPES = 32;

export class RawSock extends DatagramSock {
  /** ICMP_FILTER: bit n keeps type n away. */
  icmpFilter = 0;
  isHashed = false;

  constructor(net: NetStack, protocol: number) {
    super(net, AF_INET, SOCK_RAW, protocol);
    this.inet_num = protocol;
    this.inet_sport = protocol;
    this.hdrincl = protocol === IPPROTO_RAW;
    this.hash();
  }

  get_port(_snum: number): number {
    return 0;
  }

  hash(): number {
    this.net.ipv4.raw.add(this);
    return 0;
  }

  unhash(): void {
    this.net.ipv4.raw.delete(this);
  }

  override disconnect(flags: number): number {
    const number = this.inet_num;
    super.disconnect(flags);
    this.inet_num = number;
    this.inet_sport = number;
    return this.hash();
  }

  /** raw_sendmsg: the payload gets an IPv4 header, unless IP_HDRINCL says that it begins with one. */
  sendmsg(msg: MsgHdr, flags: number): number | Wait {
    const length = iov_length(msg);
    if (length > 0xffff) return -Errno.EMSGSIZE;
    if ((flags & MSG_OOB) !== 0) return -Errno.EOPNOTSUPP;
    let daddr = this.inet_daddr;
    const isNamed = msg.msg_name !== undefined;
    if (msg.msg_name !== undefined) {
      if (msg.msg_namelen < SOCKADDR_IN_LENGTH) return -Errno.EINVAL;
      if (sockaddrFamily(msg.msg_name) !== AF_INET) return -Errno.EAFNOSUPPORT;
      daddr = sockaddrAddr(msg.msg_name);
    } else if (this.sk_state !== TCP_ESTABLISHED) return -Errno.EDESTADDRREQ;
    const ipc = this.ipcm(msg);
    if (typeof ipc === "number") return ipc;
    const rt = this.routeTo(daddr, !isNamed && msg.msg_controllen === 0, ipc);
    if (typeof rt === "number") return rt;
    const { saddr } = this.net.ipv4.fl4;
    const total = this.hdrincl ? length : length + IPV4_HEADER_LENGTH;
    if (this.hdrincl && length > rt.mtu()) return -Errno.EMSGSIZE;
    if (!this.hdrincl && total > (ip_sk_ignore_df(this) ? 0xffff : rt.mtu()))
      return -Errno.EMSGSIZE;
    if (this.hdrincl && length < IPV4_HEADER_LENGTH) return -Errno.EINVAL;
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
    skb.dst = rt;
    skb.priority = ipc.priority;
    skb.mark = ipc.mark;
    skb.ignore_df = ip_sk_ignore_df(this);
    skb_set_owner_w(skb, this);
    if (this.sk_protocol === IPPROTO_ICMP && length > 0)
      icmp_out_count(net, skb.view.getUint8(MAX_HEADER));
    if (this.hdrincl) this.#completeHeader(skb, saddr);
    else {
      const fits = length + IPV4_HEADER_LENGTH <= rt.mtu();
      const df = fits && ip_dont_fragment(this, rt) ? IP_DF : 0;
      const ttl = ip_cork_ttl(this, rt, ipc);
      ip_push_header(net, this, skb, ipc.tos, df, ttl, this.sk_protocol, saddr, daddr);
    }
    const error = ip_send_skb(net, skb);
    if (error === -Errno.ENOBUFS && !this.recverr) return length;
    return error < 0 ? error : length;
  }

  /** raw_send_hdrinc: length and checksum are ours; source and identification when they are 0. */
  #completeHeader(skb: SkBuff, saddr: number): void {
    const { view, offset } = skb;
    skb.network_header = offset;
    skb.protocol = ETH_P_IP;
    if (view.getUint32(offset + IP_SADDR) === 0) view.setUint32(offset + IP_SADDR, saddr);
    view.setUint16(offset + IP_TOT_LEN, skb.length);
    if (view.getUint16(offset + IP_ID) === 0) {
      const frag = view.getUint16(offset + IP_FRAG_OFF);
      view.setUint16(
        offset + IP_ID,
        ip_select_ident(
          this.net,
          undefined,
          saddr,
          view.getUint32(offset + IP_DADDR),
          this.sk_protocol,
          frag,
          false,
        ),
      );
    }
    view.setUint16(offset + IP_CHECK, 0);
    const headerLength = (view.getUint8(offset) & 0x0f) * 4;
    if (headerLength >= IPV4_HEADER_LENGTH && headerLength <= skb.length)
      ip_send_check(view, offset);
  }

  /** Programs read the IPv4 header too. */
  protected payloadOffset(skb: SkBuff): number {
    return skb.network_header;
  }

  protected writeSender(skb: SkBuff, msg: MsgHdr): void {
    if (msg.msg_name === undefined) return;
    msg.msg_namelen = writeSockaddrIn(
      msg.msg_name,
      skb.view.getUint32(skb.network_header + IP_SADDR),
      0,
    );
  }

  override setsockopt(level: number, name: number, value: Uint8Array): number {
    if (level !== SOL_RAW || name !== ICMP_FILTER) return -Errno.ENOPROTOOPT;
    if (this.sk_protocol !== IPPROTO_ICMP) return -Errno.EOPNOTSUPP;
    if (value.length < 4) return -Errno.EINVAL;
    this.icmpFilter = new DataView(value.buffer, value.byteOffset).getUint32(0, true);
    return 0;
  }
}

function is_match(
  sk: RawSock,
  skb: SkBuff,
  protocol: number,
  saddr: number,
  daddr: number,
): boolean {
  return (
    sk.inet_num === protocol &&
    (sk.inet_daddr === 0 || sk.inet_daddr === saddr) &&
    (sk.inet_rcv_saddr === 0 || sk.inet_rcv_saddr === daddr) &&
    (sk.sk_bound_dev_if === 0 || sk.sk_bound_dev_if === skb.skb_iif)
  );
}

/** Gives each raw socket that fits a copy; `skb.offset` is at the transport header. True: somebody took one. */
export function raw_local_deliver(net: NetStack, skb: SkBuff, protocol: number): boolean {
  const saddr = skb.view.getUint32(skb.network_header + IP_SADDR);
  const daddr = skb.view.getUint32(skb.network_header + IP_DADDR);
  let delivered = false;
  for (const sk of net.ipv4.raw) {
    if (!is_match(sk, skb, protocol, saddr, daddr)) continue;
    delivered = true;
    if (protocol === IPPROTO_ICMP && skb.length > 0) {
      const type = skb.view.getUint8(skb.offset);
      if (type < ICMP_FILTER_TYPES && (sk.icmpFilter & (1 << type)) !== 0) continue;
    }
    const clone = skb.clone();
    if (sk.queueReceive(clone) < 0) kfree_skb(clone);
  }
  return delivered;
}

/** raw_icmp_error: `skb.offset` is at the quoted header. */
export function raw_icmp_error(
  net: NetStack,
  skb: SkBuff,
  protocol: number,
  type: number,
  code: number,
  _info: number,
): void {
  if (net.ipv4.raw.size === 0) return;
  const saddr = skb.view.getUint32(skb.offset + IP_DADDR);
  const daddr = skb.view.getUint32(skb.offset + IP_SADDR);
  for (const sk of net.ipv4.raw) {
    if (!is_match(sk, skb, protocol, saddr, daddr)) continue;
    const error = icmp_to_errno(type, code, sk.pmtudisc !== IP_PMTUDISC_DONT);
    if (error === undefined) continue;
    if (!sk.recverr && (!error.fatal || sk.sk_state !== TCP_ESTABLISHED)) continue;
    sk.sk_err = error.errno;
    sk.sk_error_report();
  }
}
