/** Answers to segments that are not acceptable, and their rate limits (RFC 5961; net/ipv4/tcp_input.c). */
import type { SkBuff } from "../skbuff.ts";
import { tcp_enter_quickack_mode, tcp_send_ack } from "./ack-send.ts";
import { TCP_MAX_QUICKACKS } from "./limits.ts";
import { tcp_dsack_set } from "./sack-out.ts";
import { after, before, seqNum } from "./seq.ts";
import type { TcpSock } from "./tcp-sock.ts";
import { TCPHDR_SYN } from "./wire.ts";

const UNLIMITED = 0x7fffffff;

/** At most one such answer per tcp_invalid_ratelimit for this connection. True: do not answer. */
function isLimited(tp: TcpSock): boolean {
  if (tp.last_oow_ack_time !== 0) {
    const elapsed = tp.jiffies - tp.last_oow_ack_time;
    if (elapsed < tp.msecs_to_jiffies(tp.tcp.sysctl.tcp_invalid_ratelimit.value)) return true;
  }
  tp.last_oow_ack_time = tp.jiffies;
  return false;
}

/** Is this segment one of an ACK loop? Those that carry data are not. */
function isPossibleAckLoop(skb: SkBuff): boolean {
  return skb.seq === skb.end_seq || (skb.tcp_flags & TCPHDR_SYN) !== 0;
}

/** Answers a segment that failed PAWS. */
export function answerPawsReject(tp: TcpSock, skb: SkBuff): void {
  if (isPossibleAckLoop(skb) && isLimited(tp)) tp.tcp.ext.TCPACKSkippedPAWS++;
  else tcp_send_dupack(tp, skb);
}

/** Answers a segment outside the window. */
export function answerOutOfWindow(tp: TcpSock, skb: SkBuff): void {
  if (isPossibleAckLoop(skb) && isLimited(tp)) tp.tcp.ext.TCPACKSkippedSeq++;
  else tcp_send_dupack(tp, skb);
}

/** An ACK that tells the peer where we are; with a D-SACK when it sent old data. */
function tcp_send_dupack(tp: TcpSock, skb: SkBuff): void {
  if (skb.end_seq !== skb.seq && before(skb.seq, tp.rcv.nxt)) {
    tp.tcp.ext.DelayedACKLost++;
    tcp_enter_quickack_mode(tp, TCP_MAX_QUICKACKS);
    const end = after(skb.end_seq, tp.rcv.nxt) ? tp.rcv.nxt : seqNum(skb.end_seq);
    tcp_dsack_set(tp, seqNum(skb.seq), end);
  }
  tcp_send_ack(tp);
}

/** RFC 5961: an ACK that a true peer answers so that we know. Limited per socket and per host. */
export function tcp_send_challenge_ack(tp: TcpSock): void {
  if (isLimited(tp)) {
    tp.tcp.ext.TCPACKSkippedChallenge++;
    return;
  }
  const limit = tp.tcp.sysctl.tcp_challenge_ack_limit.value;
  if (limit !== UNLIMITED && !tp.tcp.takeChallengeAck(limit)) return;
  tp.tcp.ext.TCPChallengeACK++;
  tcp_send_ack(tp);
}
