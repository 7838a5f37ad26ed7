/**
 * The variables of one connection, grouped as RFC 9293, section 3.3.1 groups them. Linux's
 * `tp->snd_una` is `tp.snd.una`, `tp->rcv_nxt` is `tp.rcv.nxt`, `icsk->icsk_ack.ato` is
 * `tp.icsk_ack.ato`. Windows and counts of octets unless said otherwise.
 */
import { TCP_INFINITE_SSTHRESH, TCP_INIT_CWND } from "./limits.ts";
import type { SeqNum } from "./seq.ts";
import { seqNum } from "./seq.ts";

/** SND.*: what we send. */
export class SendSequence {
  /** First octet not acknowledged. */
  una: SeqNum = seqNum(0);
  /** Next octet to be sent for the first time. */
  nxt: SeqNum = seqNum(0);
  /** Window that the peer offers beyond `una`, scaled. */
  wnd = 0;
  /** SEG.SEQ of the segment that set `wnd`. */
  wl1: SeqNum = seqNum(0);
  /** Largest `wnd` ever seen. */
  max_window = 0;
  /** End of the last segment smaller than the MSS (Minshall's variant of Nagle's rule). */
  sml: SeqNum = seqNum(0);
  /** Urgent pointer. */
  up: SeqNum = seqNum(0);

  /** Congestion window, segments. */
  cwnd: number = TCP_INIT_CWND;
  ssthresh: number = TCP_INFINITE_SSTHRESH;
  /** Acknowledged segments that have not yet made a whole step of `cwnd`. */
  cwnd_cnt = 0;
  cwnd_clamp = 0xffffffff;
  /** Most segments in flight since `cwnd_stamp` (jiffies); for cwnd validation. */
  cwnd_used = 0;
  cwnd_stamp = 0;
}

/** RCV.*: what we receive. */
export class ReceiveSequence {
  nxt: SeqNum = seqNum(0);
  /** Window offered last, counted from `wup`. */
  wnd = 0;
  /** `nxt` when that window was offered. */
  wup: SeqNum = seqNum(0);
  /** Cap on the offered window, grown as the peer proves to use it. */
  ssthresh = 0;
}

/** Why an ACK is owed (enum inet_csk_ack_state_t). */
export const ICSK_ACK_SCHED = 1;
export const ICSK_ACK_TIMER = 2;
export const ICSK_ACK_PUSHED = 4;
export const ICSK_ACK_PUSHED2 = 8;
export const ICSK_ACK_NOW = 16;

/** Delayed acknowledgment (icsk_ack). Times are jiffies. */
export class DelayedAck {
  pending = 0;
  /** ACKs that are still to be sent at once. */
  quick = 0;
  /** Interactive turns seen: delay ACKs when >= TCP_PINGPONG_THRESH. */
  pingpong = 0;
  retry = 0;
  /** When the delayed ACK is due; valid with ICSK_ACK_TIMER. */
  timeout = 0;
  /** Estimated time between segments that arrive; 0 before the first. */
  ato = 0;
  /** When data arrived last. */
  lrcvtime = 0;
  last_seg_size = 0;
  /** MSS that the peer seems to use. */
  rcv_mss = 0;
}

/** RACK (RFC 8985). */
export class Rack {
  /** When the latest delivered segment was sent, ns. */
  xmit_ns = -0;
  rtt_us = 0;
  end_seq: SeqNum = seqNum(0);
  /** `tp.delivered` when the reordering window was last adapted. */
  last_delivered = 0;
  /** Reordering window in quarters of the minimum RTT. */
  reo_wnd_steps = 1;
  reo_wnd_persist = 0;
  dsack_seen = false;
  advanced = false;
}

/** A range of sequence numbers that arrived out of order, or twice. */
export class SackRange {
  start: SeqNum = seqNum(0);
  end: SeqNum = seqNum(0);
}

/** Receiver-side round trip (Dynamic Right-Sizing): µs. */
export class ReceiverRtt {
  /** 1/8 µs. */
  rtt_us = 0;
  seq: SeqNum = seqNum(0);
  time = 0;
}

/** Receiver-side autotuning: octets that the program read in the last round trip. */
export class ReceiveQueueSpace {
  space = 0;
  seq: SeqNum = seqNum(0);
  time = 0;
}

/** Which answer the retransmission timer owes (icsk_pending). */
export const ICSK_TIME_RETRANS = 1;
export const ICSK_TIME_PROBE0 = 3;
export const ICSK_TIME_LOSS_PROBE = 5;
export const ICSK_TIME_REO_TIMEOUT = 6;

/** skb.sacked: what the sender knows of a segment (TCP_SKB_CB). */
export const TCPCB_SACKED_ACKED = 0x01;
export const TCPCB_SACKED_RETRANS = 0x02;
export const TCPCB_LOST = 0x04;
export const TCPCB_TAGBITS = 0x07;
export const TCPCB_EVER_RETRANS = 0x80;
export const TCPCB_RETRANS: number = TCPCB_SACKED_RETRANS | TCPCB_EVER_RETRANS;

/** tp.nonagle. */
export const TCP_NAGLE_OFF = 1;
export const TCP_NAGLE_CORK = 2;
export const TCP_NAGLE_PUSH = 4;
