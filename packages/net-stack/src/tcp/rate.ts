/**
 * Delivery rate samples (net/ipv4/tcp_rate.c): each packet remembers how much had been delivered
 * when it was sent; its ACK tells how much was delivered since, and in what time. Times are µs.
 */
import type { SkBuff } from "../skbuff.ts";
import { after, seqNum } from "./seq.ts";
import type { SeqNum } from "./seq.ts";
import { TCPCB_RETRANS } from "./tcb.ts";
import type { TcpSock } from "./tcp-sock.ts";
import { tcp_skb_timestamp_us } from "./timestamps.ts";
import { tcp_skb_sent_after } from "./rack.ts";

/** What one ACK tells (struct rate_sample). The receive path owns one and resets it for each ACK. */
export class RateSample {
  /** Time of delivery and count of deliveries when the newest acknowledged packet was sent. */
  prior_mstamp = 0;
  prior_delivered = 0;
  prior_in_flight = 0;
  is_app_limited = false;
  is_retrans = false;
  last_end_seq: SeqNum = seqNum(0);
  last_sent_us = 0;
  /** RTT for congestion control, -1: none. */
  rtt_us = -1;
  interval_us = 0;
  delivered = 0;

  reset(): void {
    this.prior_mstamp = 0;
    this.prior_delivered = 0;
    this.prior_in_flight = 0;
    this.is_app_limited = false;
    this.is_retrans = false;
    this.last_sent_us = 0;
    this.rtt_us = -1;
    this.interval_us = -1;
    this.delivered = 0;
  }
}

export function tcp_rate_skb_sent(tp: TcpSock, skb: SkBuff): void {
  // Nothing in flight: the interval begins now, not at the last idle ACK.
  if (tp.packets_out === 0) {
    tp.first_tx_mstamp = tcp_skb_timestamp_us(skb);
    tp.delivered_mstamp = tp.first_tx_mstamp;
  }
  skb.tx_first_tx_mstamp = tp.first_tx_mstamp;
  skb.tx_delivered_mstamp = tp.delivered_mstamp;
  skb.tx_delivered = tp.delivered;
  skb.tx_is_app_limited = tp.app_limited !== 0;
}

/** A packet was (s)acked: the newest one sent gives the sample. */
export function tcp_rate_skb_delivered(tp: TcpSock, skb: SkBuff, rs: RateSample): void {
  if (skb.tx_delivered_mstamp === 0) return;
  const tx = tcp_skb_timestamp_us(skb);
  const isNewest =
    rs.prior_delivered === 0 ||
    tcp_skb_sent_after(tx, rs.last_sent_us, skb.end_seq, rs.last_end_seq);
  if (isNewest) {
    rs.prior_delivered = skb.tx_delivered;
    rs.prior_mstamp = skb.tx_delivered_mstamp;
    rs.is_app_limited = skb.tx_is_app_limited;
    rs.is_retrans = (skb.sacked & TCPCB_RETRANS) !== 0;
    rs.last_end_seq = seqNum(skb.end_seq);
    rs.last_sent_us = tx;
    rs.interval_us = Math.max(tx - skb.tx_first_tx_mstamp, 0);
    tp.first_tx_mstamp = tx;
  }
  // Once is enough: a sacked packet is seen again when it is acknowledged.
  skb.tx_delivered_mstamp = 0;
}

/** Finishes the sample of one ACK (tcp_rate_gen). */
export function tcp_rate_gen(tp: TcpSock, delivered: number, rs: RateSample): void {
  if (tp.app_limited !== 0 && after(tp.delivered, tp.app_limited)) tp.app_limited = 0;
  if (delivered > 0) tp.delivered_mstamp = tp.tcp_mstamp;
  if (rs.prior_mstamp === 0) return;
  rs.delivered = tp.delivered - rs.prior_delivered;
  rs.interval_us = Math.max(rs.interval_us, tp.tcp_mstamp - rs.prior_mstamp);
  if (rs.interval_us < tp.rtt.min_rtt.get()) return;
  const isFaster = rs.delivered * tp.rate_interval_us >= tp.rate_delivered * rs.interval_us;
  if (!rs.is_app_limited || isFaster) {
    tp.rate_delivered = rs.delivered;
    tp.rate_interval_us = rs.interval_us;
    tp.rate_app_limited = rs.is_app_limited;
  }
}

/** The program gave us nothing to send although the window was open (tcp_rate_check_app_limited). */
export function tcp_rate_check_app_limited(tp: TcpSock, inFlight: number): void {
  const isLimited =
    tp.sk_write_queue.head === undefined && inFlight < tp.snd.cwnd && tp.lost_out <= tp.retrans_out;
  if (isLimited) tp.app_limited = tp.delivered + inFlight || 1;
}
