/** struct tcp_sock: one TCP connection or listener. Its functions are in the files beside this one. */
import type { HrTimer, Wait } from "@dcejs/lkl-kernel";
import type { NetStack } from "../net-stack.ts";
import { SkBuffHead } from "../skbuff-queue.ts";
import type { MsgHdr } from "../socket/msghdr.ts";
import { Sock } from "../socket/sock.ts";
import { tcp_close, tcp_disconnect, tcp_shutdown } from "./close.ts";
import type { CongestionControl } from "./congestion.ts";
import { TCP_CA_Open } from "./congestion.ts";
import type { BindBucket, EhashNode } from "./hashtables.ts";
import { inet_csk_get_port, inet_hash, inet_unhash } from "./hashtables.ts";
import { tcp_v4_connect } from "./ipv4.ts";
import { LazyTimer } from "./lazy-timer.ts";
import { TCP_MSS_DEFAULT, TcpOptionsReceived } from "./options.ts";
import { AcceptQueue, inet_csk_accept, inet_csk_listen_start } from "./listen.ts";
import { tcp_poll } from "./poll.ts";
import { tcp_recvmsg } from "./recvmsg.ts";
import { RttEstimator } from "./rtt.ts";
import { tcp_sendmsg } from "./sendmsg.ts";
import type { SeqNum } from "./seq.ts";
import { seqNum } from "./seq.ts";
import { SkbSeqQueue } from "./skb-seq-queue.ts";
import { tcp_getsockopt, tcp_ioctl, tcp_setsockopt } from "./sockopt.ts";
import { tcp_write_space } from "./sndbuf.ts";
import {
  DelayedAck,
  Rack,
  ReceiveQueueSpace,
  ReceiveSequence,
  ReceiverRtt,
  SackRange,
  SendSequence,
} from "./tcb.ts";
import type { TcpNet } from "./tcp-net.ts";
import { tcp_keepalive_timer, tcp_set_keepalive } from "./keepalive.ts";
import { tcp_delack_timer, tcp_write_timer } from "./timers.ts";
import { tcp_wfree } from "./small-queue.ts";
import { tcp_init_sock } from "./init.ts";

export class TcpSock extends Sock implements EhashNode {
  readonly tcp: TcpNet;

  // Demultiplexing (hashtables.ts).
  sk_hash = 0;
  ehash_next: EhashNode | undefined = undefined;
  is_hashed = false;
  icsk_bind_hash: BindBucket | undefined = undefined;

  // The RFC's variables.
  readonly snd: SendSequence = new SendSequence();
  readonly rcv: ReceiveSequence = new ReceiveSequence();
  readonly rx_opt: TcpOptionsReceived = new TcpOptionsReceived();
  /** End of what the program has written. */
  write_seq: SeqNum = seqNum(0);
  /** End of what was marked to be pushed. */
  pushed_seq: SeqNum = seqNum(0);
  /** Next octet that the program will read. */
  copied_seq: SeqNum = seqNum(0);
  urg_data = 0;
  urg_seq: SeqNum = seqNum(0);

  // Segment sizes and windows, octets.
  mss_cache: number = TCP_MSS_DEFAULT;
  advmss = 0;
  tcp_header_len = 0;
  icsk_pmtu_cookie = 0;
  window_clamp = 0;
  /** Payload per truesize of what arrives, in 1/256 (since 6.6; replaces tcp_adv_win_scale). */
  scaling_ratio = 0;
  nonagle = 0;
  notsent_lowat = 0;
  /** Octets per second. */
  sk_pacing_rate = 0;

  // Queues. sk_write_queue holds what was never sent.
  readonly tcp_rtx_queue: SkbSeqQueue = new SkbSeqQueue();
  /** The same packets as the retransmit queue, in the order in which they were sent last. */
  readonly tsorted_sent_queue: SkBuffHead = new SkBuffHead();
  readonly out_of_order_queue: SkbSeqQueue = new SkbSeqQueue();

  // Sender's scoreboard, segments.
  packets_out = 0;
  retrans_out = 0;
  sacked_out = 0;
  lost_out = 0;
  reordering = 3;
  reord_seen = 0;
  /** End of the highest segment reported by SACK; valid while sacked_out > 0. */
  highest_sack_end: SeqNum = seqNum(0);
  /** Blocks of earlier ACKs, whose packets need no second look. */
  readonly recv_sack_cache: readonly SackRange[] = [
    new SackRange(),
    new SackRange(),
    new SackRange(),
    new SackRange(),
  ];
  recv_sack_cache_next = 0;
  /** Retransmission continues at this sequence number. */
  retransmit_hint: SeqNum = seqNum(0);
  has_retransmit_hint = false;

  // Round trip and retransmission. Jiffies unless said otherwise.
  readonly rtt: RttEstimator = new RttEstimator();
  icsk_rto = 0;
  icsk_rto_min = 0;
  icsk_delack_max = 0;
  icsk_pending = 0;
  icsk_backoff = 0;
  icsk_retransmits = 0;
  icsk_probes_out = 0;
  icsk_probes_tstamp = 0;
  icsk_syn_retries = 0;
  /** Milliseconds. */
  icsk_user_timeout = 0;
  /** Time of the first retransmission of the episode, TSval clock. */
  retrans_stamp = 0;
  readonly icsk_retransmit_timer: LazyTimer;
  readonly icsk_delack_timer: LazyTimer;
  readonly sk_timer: LazyTimer;

  // Congestion control.
  icsk_ca_state: number = TCP_CA_Open;
  icsk_ca: CongestionControl;
  /** snd.nxt when the loss episode began. */
  high_seq: SeqNum = seqNum(0);
  undo_marker: SeqNum = seqNum(0);
  has_undo_marker = false;
  undo_retrans = 0;
  prior_cwnd = 0;
  prior_ssthresh = 0;
  prr_delivered = 0;
  prr_out = 0;
  max_packets_out = 0;
  cwnd_usage_seq: SeqNum = seqNum(0);
  is_cwnd_limited = false;
  frto = false;
  is_sack_reneg = false;
  has_tlp = false;
  tlp_high_seq: SeqNum = seqNum(0);
  tlp_retrans = false;
  readonly rack: Rack = new Rack();

  // Clock: µs of the segment being processed, and ns behind it. -0: doubles from the start, so that
  // no field changes its representation, and no compiled code is lost, when the clock passes 31 bits.
  tcp_mstamp = -0;
  tcp_clock_cache = -0;
  /** Time of the last transmission, ns; no two are equal. */
  tx_stamp = -0;
  /** Added to the clock in TSval, so that connections do not reveal each other. */
  tsoffset = 0;
  lsndtime = 0;
  rcv_tstamp = 0;

  // Receiver.
  readonly icsk_ack: DelayedAck = new DelayedAck();
  readonly selective_acks: readonly SackRange[] = [
    new SackRange(),
    new SackRange(),
    new SackRange(),
    new SackRange(),
  ];
  readonly duplicate_sack: SackRange = new SackRange();
  compressed_ack = 0;
  compressed_ack_rcv_nxt: SeqNum = seqNum(0);
  dup_ack_counter = 0;
  compressed_ack_timer: HrTimer | undefined = undefined;
  readonly rcv_rtt_est: ReceiverRtt = new ReceiverRtt();
  rcv_rtt_last_tsecr = 0;
  readonly rcvq_space: ReceiveQueueSpace = new ReceiveQueueSpace();

  // Counters (tcp_info).
  segs_in = 0;
  segs_out = 0;
  data_segs_in = 0;
  data_segs_out = 0;
  bytes_received = 0;
  bytes_acked = 0;
  bytes_sent = 0;
  bytes_retrans = 0;
  dsack_dups = 0;
  total_retrans = 0;
  total_rto = 0;
  delivered = 0;
  lost = 0;
  rcv_ooopack = 0;
  reord_events = 0;
  first_tx_mstamp = -0;
  delivered_mstamp = -0;
  app_limited = 0;
  /** Best recent delivery rate: segments in µs. */
  rate_delivered = 0;
  rate_interval_us = 0;
  rate_app_limited = true;
  last_oow_ack_time = 0;
  timeout_rehash = 0;

  // Options of the program. Seconds are kept as jiffies; 0 or -1: the sysctl's value.
  keepalive_time = 0;
  keepalive_intvl = 0;
  keepalive_probes = 0;
  linger2 = 0;
  defer_accept = 0;

  /** Writers that sleep for the handshake, or for room. */
  sk_write_pending = 0;
  /** When our SYN-ACK was sent, µs; 0: it was sent more than once. */
  synack_sent_us = 0;
  /** TCP_CONGESTION was set; else the sysctl at the time of the handshake decides. */
  ca_is_chosen = false;
  /** Small queues: the driver holds enough of us; tcp_wfree() sends on. */
  tsq_throttled = false;
  tsq_queued = false;
  accept_queue: AcceptQueue | undefined = undefined;
  /** Has no owner any more, and is counted so. */
  is_orphan = false;
  /** Destroyed: timers are gone and nothing may arm one again. */
  is_destroyed = false;

  constructor(net: NetStack, tcp: TcpNet, family: number, type: number, protocol: number) {
    super(net, family, type, protocol);
    this.tcp = tcp;
    this.icsk_retransmit_timer = new LazyTimer(this.kernel, () => tcp_write_timer(this));
    this.icsk_delack_timer = new LazyTimer(this.kernel, () => tcp_delack_timer(this));
    this.sk_timer = new LazyTimer(this.kernel, () => tcp_keepalive_timer(this));
    this.icsk_ca = tcp.default_congestion_control(this);
    tcp_init_sock(this);
  }

  get jiffies(): number {
    return this.kernel.jiffies;
  }

  get HZ(): number {
    return this.kernel.HZ;
  }

  usecs_to_jiffies(us: number): number {
    return this.kernel.usecs_to_jiffies(us);
  }

  msecs_to_jiffies(ms: number): number {
    return this.kernel.msecs_to_jiffies(ms);
  }

  override connect(daddr: number, dport: number): number {
    return tcp_v4_connect(this, daddr, dport);
  }

  override disconnect(flags: number): number {
    return tcp_disconnect(this, flags);
  }

  override get_port(snum: number): number {
    return inet_csk_get_port(this, snum);
  }

  override hash(): number {
    return inet_hash(this);
  }

  override unhash(): void {
    inet_unhash(this);
  }

  override sendmsg(msg: MsgHdr, flags: number): number | Wait {
    return tcp_sendmsg(this, msg, flags);
  }

  override recvmsg(msg: MsgHdr, flags: number): number | Wait {
    return tcp_recvmsg(this, msg, flags);
  }

  override poll(): number {
    return tcp_poll(this);
  }

  override close(timeout: number): number | Wait {
    return tcp_close(this, timeout);
  }

  override listen(backlog: number): number {
    return inet_csk_listen_start(this, backlog);
  }

  override accept(flags: number): Sock | number | Wait<Sock | number> {
    return inet_csk_accept(this, flags);
  }

  override shutdown(how: number): void {
    tcp_shutdown(this, how);
  }

  override setsockopt(level: number, name: number, value: Uint8Array): number {
    return tcp_setsockopt(this, level, name, value);
  }

  override getsockopt(level: number, name: number, out: Uint8Array): number {
    return tcp_getsockopt(this, level, name, out);
  }

  override ioctl(request: number, arg: Uint8Array): number {
    return tcp_ioctl(this, request, arg);
  }

  override setKeepalive(isOn: boolean): void {
    tcp_set_keepalive(this, isOn);
    this.sk_keepopen = isOn;
  }

  override sk_skb_freed_w(_truesize: number): void {
    tcp_wfree(this);
  }

  override sk_write_space(): void {
    tcp_write_space(this);
  }
}
