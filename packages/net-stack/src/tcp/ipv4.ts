/** TCP over IPv4 (net/ipv4/tcp_ipv4.c): segments in, connections out, ICMP errors. */
import { Errno } from "@dcejs/lkl-kernel";
import { Flowi4 } from "../ip/flowi4.ts";
import { IPPROTO_TCP } from "../ip/protocol.ts";
import type { NetProtocol } from "../ip/protocol.ts";
import { ip_route_output, ipv4_sk_update_pmtu } from "../ip/route.ts";
import { RTCF_BROADCAST, RTCF_MULTICAST } from "../ip/rtable.ts";
import { PACKET_HOST, kfree_skb, skb_pull } from "../skbuff.ts";
import { skb_orphan } from "../skbuff-pool.ts";
import type { SkBuff } from "../skbuff.ts";
import { skb_checksum_valid } from "../skbuff-checksum.ts";
import { inet_hash_connect } from "./hashtables.ts";
import { tcp_connect } from "./connect.ts";
import { tcp_rcv_established, tcp_rcv_state_process } from "./input.ts";
import { FOR_LISTENER, tcp_check_req, tcp_child_process } from "./minisocks.ts";
import { tcp_sync_mss } from "./mss.ts";
import { TCP_MSS_DEFAULT } from "./options.ts";
import { TcpRequestSock, inet_csk_reqsk_queue_drop } from "./request-sock.ts";
import { ipDestination, ipSource, tcp_v4_send_reset, tcp_v4_timewait_ack } from "./reset.ts";
import { between, seqAdd, seqNum } from "./seq.ts";
import { tcp_done, tcp_set_state } from "./state-change.ts";
import {
  TCPF_CLOSE,
  TCPF_LISTEN,
  TCPF_SYN_RECV,
  TCPF_SYN_SENT,
  TCP_CLOSE,
  TCP_ESTABLISHED,
  TCP_LISTEN,
  TCP_SYN_SENT,
} from "./states.ts";
import type { TcpNet } from "./tcp-net.ts";
import { TcpSock } from "./tcp-sock.ts";
import {
  TCP_TW_ACK,
  TCP_TW_RST,
  TCP_TW_SYN,
  TcpTimewaitSock,
  inet_twsk_kill,
  tcp_timewait_state_process,
} from "./time-wait.ts";
import type { TcpHeader } from "./wire.ts";
import { TCPHDR_FIN, TCPHDR_SYN, readTcpHeader } from "./wire.ts";
import { tcp_simple_retransmit } from "./simple-retransmit.ts";

/** What IPv4 calls for protocol 6. */
export function tcpProtocol(tcp: TcpNet): NetProtocol {
  return {
    icmp_strict_tag_validation: true,
    rcv: (skb) => tcp_v4_rcv(tcp, skb),
    err: (skb, type, code, info) => tcp_v4_err(tcp, skb, type, code, info),
  };
}

/** A segment for this host; `skb.offset` is at the TCP header. Takes the packet. */
function tcp_v4_rcv(tcp: TcpNet, skb: SkBuff): void {
  tcp.mib.InSegs++;
  const th = tcp.rxHeader;
  if (skb.pkt_type !== PACKET_HOST) {
    kfree_skb(skb);
    return;
  }
  if (!readTcpHeader(skb.view, skb.offset, skb.length, th)) {
    tcp.mib.InErrs++;
    kfree_skb(skb);
    return;
  }
  const saddr = ipSource(skb);
  const daddr = ipDestination(skb);
  if (!skb_checksum_valid(skb, saddr, daddr, IPPROTO_TCP)) {
    tcp.mib.InCsumErrors++;
    tcp.mib.InErrs++;
    kfree_skb(skb);
    return;
  }
  // The sender's accounting ends here.
  skb_orphan(skb);
  fillControlBlock(skb, th);
  const dif = skb.skb_iif;
  const sk =
    tcp.hashinfo.find(daddr, th.dest, saddr, th.source, dif) ??
    tcp.hashinfo.findListener(daddr, th.dest, dif, saddr, th.source);
  if (sk === undefined) {
    noSuchSock(tcp, skb, th);
  } else if (sk instanceof TcpSock) {
    tcp_v4_do_rcv(sk, skb, th);
  } else if (sk instanceof TcpTimewaitSock) {
    forTimeWait(sk, skb, th);
  } else if (sk instanceof TcpRequestSock) {
    forRequest(sk, skb, th);
  } else {
    kfree_skb(skb);
  }
}

/** TCP_SKB_CB: what the layers above ask of the packet; the header is pulled. */
function fillControlBlock(skb: SkBuff, th: Readonly<TcpHeader>): void {
  skb.transport_header = skb.offset;
  skb_pull(skb, th.headerLength);
  const counted = ((th.flags & TCPHDR_SYN) !== 0 ? 1 : 0) + ((th.flags & TCPHDR_FIN) !== 0 ? 1 : 0);
  skb.seq = th.seq;
  skb.end_seq = seqAdd(th.seq, counted + skb.length);
  skb.ack_seq = th.ack_seq;
  skb.tcp_flags = th.flags;
  skb.sacked = 0;
}

/** RFC 9293, section 3.10.7.1: the state CLOSED. */
function noSuchSock(tcp: TcpNet, skb: SkBuff, th: Readonly<TcpHeader>): void {
  tcp_v4_send_reset(tcp, skb, th);
  kfree_skb(skb);
}

function tcp_v4_do_rcv(tp: TcpSock, skb: SkBuff, th: Readonly<TcpHeader>): void {
  tp.segs_in++;
  if (skb.length > 0) tp.data_segs_in++;
  if (tp.sk_state === TCP_ESTABLISHED) {
    tcp_rcv_established(tp, skb, th);
  } else if (tcp_rcv_state_process(tp, skb, th)) {
    noSuchSock(tp.tcp, skb, th);
  }
}

function forRequest(req: TcpRequestSock, skb: SkBuff, th: Readonly<TcpHeader>): void {
  const listener = req.listener;
  if (listener.sk_state !== TCP_LISTEN) {
    inet_csk_reqsk_queue_drop(req);
    noSuchSock(listener.tcp, skb, th);
    return;
  }
  const child = tcp_check_req(req, skb, th);
  if (child === undefined) {
    kfree_skb(skb);
  } else if (child === FOR_LISTENER) {
    tcp_v4_do_rcv(listener, skb, th);
  } else {
    child.segs_in++;
    if (tcp_child_process(listener, child, skb, th)) noSuchSock(listener.tcp, skb, th);
  }
}

function forTimeWait(tw: TcpTimewaitSock, skb: SkBuff, th: Readonly<TcpHeader>): void {
  const tcp = tw.tcp;
  switch (tcp_timewait_state_process(tw, skb, th)) {
    case TCP_TW_SYN: {
      const laddr = tw.inet_rcv_saddr;
      const listener = tcp.hashinfo.findListener(
        laddr,
        th.dest,
        skb.skb_iif,
        tw.inet_daddr,
        th.source,
      );
      if (listener !== undefined) {
        inet_twsk_kill(tw);
        tcp_v4_do_rcv(listener, skb, th);
        return;
      }
      tcp_v4_timewait_ack(tw, skb, th);
      break;
    }
    case TCP_TW_ACK:
      tcp_v4_timewait_ack(tw, skb, th);
      break;
    case TCP_TW_RST:
      tcp_v4_send_reset(tcp, skb, th);
      inet_twsk_kill(tw);
      break;
    default:
  }
  kfree_skb(skb);
}

const flow: Flowi4 = new Flowi4();

/**
 * connect(): finds the route and a port, and sends the SYN.
 * @returns 0; -ENETUNREACH, -EHOSTUNREACH, -EADDRNOTAVAIL (no port), -EADDRINUSE.
 */
export function tcp_v4_connect(tp: TcpSock, daddr: number, dport: number): number {
  const tcp = tp.tcp;
  flow.set(daddr, tp.inet_saddr, tp.sk_bound_dev_if, tp.tos, IPPROTO_TCP);
  flow.sport = tp.inet_sport;
  flow.dport = dport;
  flow.mark = tp.sk_mark;
  const rt = ip_route_output(tp.net, flow);
  if (typeof rt === "number") {
    if (rt === -Errno.ENETUNREACH) tp.net.mib.ip.OutNoRoutes++;
    return rt;
  }
  if ((rt.rt_flags & (RTCF_MULTICAST | RTCF_BROADCAST)) !== 0) return -Errno.ENETUNREACH;
  if (tp.inet_saddr === 0) {
    tp.inet_saddr = flow.saddr;
    if (tp.inet_rcv_saddr === 0) tp.inet_rcv_saddr = flow.saddr;
  }
  if (tp.rx_opt.ts_recent_stamp !== 0 && tp.inet_daddr !== flow.daddr) {
    // Another peer: what we knew of the last one does not hold.
    tp.rx_opt.ts_recent = 0;
    tp.rx_opt.ts_recent_stamp = 0;
    tp.write_seq = seqNum(0);
  }
  tp.inet_dport = dport;
  tp.inet_daddr = flow.daddr;
  // What the peer gets if its SYN-ACK names no MSS.
  tp.rx_opt.mss_clamp = TCP_MSS_DEFAULT;
  tcp_set_state(tp, TCP_SYN_SENT);
  const err = inet_hash_connect(tp);
  if (err !== 0) {
    tcp_set_state(tp, TCP_CLOSE);
    tp.inet_dport = 0;
    tp.inet_daddr = 0;
    return err;
  }
  tp.sk_dst_cache = rt;
  if (tp.write_seq === 0) {
    tp.write_seq = tcp.secure_tcp_seq(tp.inet_saddr, tp.inet_daddr, tp.inet_sport, dport);
  }
  tp.tsoffset = tcp.secure_tcp_ts_off(tp.inet_saddr, tp.inet_daddr);
  tp.inet_id = tp.kernel.random_u32() & 0xffff;
  tcp_connect(tp);
  return 0;
}

const ICMP_DEST_UNREACH = 3;
const ICMP_SOURCE_QUENCH = 4;
const ICMP_TIME_EXCEEDED = 11;
const ICMP_PARAMETERPROB = 12;
const ICMP_FRAG_NEEDED = 4;
/** icmp_err_convert: errno of each "unreachable" code, and whether it is final. */
const UNREACHABLE: readonly (readonly [number, boolean])[] = [
  [Errno.ENETUNREACH, false],
  [Errno.EHOSTUNREACH, false],
  [Errno.ENOPROTOOPT, true],
  [Errno.ECONNREFUSED, true],
  [Errno.EMSGSIZE, false],
  [Errno.EOPNOTSUPP, false],
  [Errno.ENETUNREACH, true],
  [Errno.EHOSTDOWN, true],
  [Errno.ENONET, true],
  [Errno.ENETUNREACH, true],
  [Errno.EHOSTUNREACH, true],
  [Errno.ENETUNREACH, false],
  [Errno.EHOSTUNREACH, false],
  [Errno.EHOSTUNREACH, true],
  [Errno.EHOSTUNREACH, true],
  [Errno.EHOSTUNREACH, true],
];

/** An ICMP error quotes a segment of ours (RFC 5927: the quoted number must be in flight). */
function tcp_v4_err(tcp: TcpNet, skb: SkBuff, type: number, code: number, info: number): void {
  const iph = skb.offset;
  const at = iph + (skb.view.getUint8(iph) & 0xf) * 4;
  const sk = tcp.hashinfo.find(
    skb.view.getUint32(iph + 12),
    skb.view.getUint16(at),
    skb.view.getUint32(iph + 16),
    skb.view.getUint16(at + 2),
    skb.skb_iif,
  );
  if (sk === undefined) {
    tcp.net.mib.icmp.InErrors++;
    return;
  }
  const seq = seqNum(skb.view.getInt32(at + 4));
  const [errno, fatal] = errorOf(type, code);
  if (sk instanceof TcpRequestSock) {
    if (seq !== sk.snt_isn) tcp.ext.OutOfWindowIcmps++;
    else if (fatal || type === ICMP_DEST_UNREACH) {
      if (code !== ICMP_FRAG_NEEDED) {
        inet_csk_reqsk_queue_drop(sk);
        tcp.ext.ListenDrops++;
      }
    }
    return;
  }
  if (!(sk instanceof TcpSock) || sk.sk_state === TCP_CLOSE) return;
  if (sk.sk_state !== TCP_LISTEN && !between(seq, sk.snd.una, sk.snd.nxt)) {
    tcp.ext.OutOfWindowIcmps++;
    return;
  }
  if (type === ICMP_SOURCE_QUENCH) return;
  if (type === ICMP_DEST_UNREACH && code === ICMP_FRAG_NEEDED) {
    if (sk.sk_state !== TCP_LISTEN) tcp_v4_mtu_reduced(sk, skb, info);
    return;
  }
  if (errno !== 0) reportError(sk, errno, fatal);
}

function errorOf(type: number, code: number): readonly [number, boolean] {
  if (type === ICMP_DEST_UNREACH) return UNREACHABLE[code] ?? [0, false];
  if (type === ICMP_PARAMETERPROB) return [Errno.EPROTO, false];
  if (type === ICMP_TIME_EXCEEDED) return [Errno.EHOSTUNREACH, false];
  return [0, false];
}

/** A handshake fails at once; an established connection only remembers (RFC 1122, 4.2.3.9). */
function reportError(tp: TcpSock, errno: number, fatal: boolean): void {
  const bit = 1 << tp.sk_state;
  if ((bit & (TCPF_SYN_SENT | TCPF_SYN_RECV)) !== 0) {
    tp.sk_err = errno;
    tp.sk_error_report();
    tcp_done(tp);
    return;
  }
  if ((bit & (TCPF_LISTEN | TCPF_CLOSE)) !== 0) return;
  if (tp.recverr && fatal) {
    tp.sk_err = errno;
    tp.sk_error_report();
  } else {
    tp.sk_err_soft = errno;
  }
}

/** The path carries less than we sent: cut the segments, and send what was too large again. */
function tcp_v4_mtu_reduced(tp: TcpSock, skb: SkBuff, mtu: number): void {
  ipv4_sk_update_pmtu(skb, tp, mtu);
  const path = tp.sk_dst_cache?.mtu() ?? mtu;
  if (tp.icsk_pmtu_cookie <= path) return;
  tcp_sync_mss(tp, path);
  tcp_simple_retransmit(tp);
}
