/** Urgent data: one octet out of band (RFC 6093 in Linux's form; tcp_urg, tcp_check_urg). */
import type { SkBuff } from "../skbuff.ts";
import { EPOLLPRI } from "../socket/poll.ts";
import { after, before, seqAdd, seqDiff } from "./seq.ts";
import type { TcpSock } from "./tcp-sock.ts";
import type { TcpHeader } from "./wire.ts";
import { TCPHDR_SYN, TCPHDR_URG } from "./wire.ts";

/** tp.urg_data: the octet itself is in the low eight bits. */
export const TCP_URG_VALID = 0x0100;
const TCP_URG_NOTYET = 0x0200;
export const TCP_URG_READ = 0x0400;

export function tcp_urg(tp: TcpSock, skb: SkBuff, th: Readonly<TcpHeader>): void {
  if ((th.flags & TCPHDR_URG) !== 0) tcp_check_urg(tp, th);
  if (tp.urg_data !== TCP_URG_NOTYET) return;
  const syn = (th.flags & TCPHDR_SYN) !== 0 ? 1 : 0;
  const at = seqDiff(tp.urg_seq, th.seq) - syn;
  if (at < 0 || at >= skb.length) return;
  tp.urg_data = TCP_URG_VALID | skb.view.getUint8(skb.offset + at);
  if (!tp.sock_dead) tp.sk_data_ready();
}

/** A new urgent pointer. By default it points behind the urgent octet (tcp_stdurg = 0). */
function tcp_check_urg(tp: TcpSock, th: Readonly<TcpHeader>): void {
  const std = tp.tcp.sysctl.tcp_stdurg.value !== 0;
  const pointer = th.urg_ptr !== 0 && !std ? th.urg_ptr - 1 : th.urg_ptr;
  const seq = seqAdd(th.seq, pointer);
  // Read already, or older than the one we know.
  if (after(tp.copied_seq, seq) || before(seq, tp.rcv.nxt)) return;
  if (tp.urg_data !== 0 && !after(seq, tp.urg_seq)) return;
  tp.sk_wq?.wakeUp(EPOLLPRI);
  // The reader stands right at the old urgent octet: it is ordinary data now, and already due.
  const standsAtOld =
    tp.urg_seq === tp.copied_seq &&
    tp.urg_data !== 0 &&
    !tp.sk_oobinline &&
    tp.copied_seq !== tp.rcv.nxt;
  if (standsAtOld) tp.copied_seq = seqAdd(tp.copied_seq, 1);
  tp.urg_data = TCP_URG_NOTYET;
  tp.urg_seq = seq;
}
