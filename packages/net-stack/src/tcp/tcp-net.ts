/** TCP of one kernel: tables, parameters, secrets, counters (struct netns_ipv4's TCP part). */
import { Tasklet } from "@dcejs/lkl-kernel";
import type { LklKernel, Tracepoint } from "@dcejs/lkl-kernel";
import type { Counters, TcpCounterName, TcpExtCounterName } from "../mib.ts";
import type { NetStack } from "../net-stack.ts";
import { SHUTDOWN_MASK, sock_orphan } from "../socket/sock.ts";
import { CleanState } from "./clean-rtx-queue.ts";
import type { CongestionControl } from "./congestion.ts";
import { CongestionRegistry } from "./congestion.ts";
import type { EhashNode } from "./hashtables.ts";
import { TcpHashInfo } from "./hashtables.ts";
import { copySockOptions } from "./inherit.ts";
import { TCP_RTO_MAX_MS, TCP_TIMEOUT_INIT_MS } from "./limits.ts";
import { emptyTcpOptionsOut, TcpOptionsReceived } from "./options.ts";
import type { TcpOptionsOut } from "./options.ts";
import { RateSample } from "./rate.ts";
import type { AckVerdict } from "./recovery.ts";
import { reno } from "./reno.ts";
import { tcp_send_active_reset } from "./reset.ts";
import { SackState } from "./sack.ts";
import { seqNum } from "./seq.ts";
import type { SeqNum } from "./seq.ts";
import { TcpRequestSock, inet_csk_reqsk_queue_drop } from "./request-sock.ts";
import { inet_csk_destroy_sock, tcp_set_state } from "./state-change.ts";
import { tcp_tsq_write } from "./small-queue.ts";
import { TCP_CLOSE } from "./states.ts";
import { TcpSysctls } from "./tcp-sysctls.ts";
import { TcpSock } from "./tcp-sock.ts";
import { TcpTimewaitSock, inet_twsk_kill, tcp_twsk_unique } from "./time-wait.ts";
import { tcp_clock_ns } from "./timestamps.ts";
import { emptyTcpHeader } from "./wire.ts";
import type { TcpHeader } from "./wire.ts";

const NSEC_PER_MSEC = 1_000_000;
/** The ISN clock ticks every 64 ns (net_secret's seq_scale). */
const ISN_TICK_NS = 64;

/** What the processing of one ACK needs; reused, because ACKs never nest. */
export interface AckScratch {
  readonly rs: RateSample;
  readonly sack: SackState;
  readonly clean: CleanState;
  readonly verdict: AckVerdict;
}

export class TcpNet {
  readonly net: NetStack;
  readonly kernel: LklKernel;
  readonly sysctl: TcpSysctls;
  readonly hashinfo: TcpHashInfo;
  readonly congestion: CongestionRegistry = new CongestionRegistry();
  readonly mib: Counters<TcpCounterName>;
  readonly ext: Counters<TcpExtCounterName>;
  /** TCP_RTO_MAX and TCP_TIMEOUT_INIT in jiffies and milliseconds. */
  readonly rtoMax: number;
  readonly timeoutInitMs: number = TCP_TIMEOUT_INIT_MS;
  /** Room that lower layers need before a TCP header, octets. */
  readonly linkHeadroom = 64;
  /** Connections without owner; TIME_WAIT entries. */
  orphanCount = 0;
  twCount = 0;
  /** ISN for the SYN that just ended a TIME_WAIT entry; 0: none. */
  tw_isn = 0;

  readonly trace_retransmit_skb: Tracepoint;
  readonly trace_probe: Tracepoint;
  readonly trace_set_state: Tracepoint;
  readonly trace_send_reset: Tracepoint;

  // Scratch objects: one segment is processed at a time.
  readonly rxHeader: TcpHeader = emptyTcpHeader();
  readonly txHeader: TcpHeader = emptyTcpHeader();
  readonly txOptions: TcpOptionsOut = emptyTcpOptionsOut();
  readonly scratchOptions: TcpOptionsReceived = new TcpOptionsReceived();
  readonly ackScratch: AckScratch;
  readonly sendScratch: { copied: number; mss_now: number } = { copied: 0, mss_now: 0 };
  readonly readScratch: { copied: number; seq: SeqNum; fin: boolean } = {
    copied: 0,
    seq: seqNum(0),
    fin: false,
  };
  readonly oobScratch: Uint8Array = new Uint8Array(1);

  private readonly secrets: readonly [number, number, number, number];
  private portCounter = 0;
  private challengeSecond = -1;
  private challengeCount = 0;
  private readonly tsqHeads: TcpSock[] = [];
  private readonly tsqTasklet: Tasklet;

  constructor(net: NetStack, tracepoint: (name: string) => Tracepoint) {
    const kernel = net.kernel;
    this.net = net;
    this.kernel = kernel;
    this.sysctl = new TcpSysctls(net.sysctl);
    this.mib = net.mib.tcp;
    this.ext = net.mib.tcpExt;
    this.rtoMax = kernel.msecs_to_jiffies(TCP_RTO_MAX_MS);
    this.secrets = [
      kernel.random_u32(),
      kernel.random_u32(),
      kernel.random_u32(),
      kernel.random_u32(),
    ];
    this.hashinfo = new TcpHashInfo(kernel.random_u32());
    const rs = new RateSample();
    this.ackScratch = {
      rs,
      sack: new SackState(rs),
      clean: new CleanState(),
      verdict: { flag: 0, rexmit: 0 },
    };
    this.trace_retransmit_skb = tracepoint("tcp:tcp_retransmit_skb");
    this.trace_probe = tracepoint("tcp:tcp_probe");
    this.trace_set_state = tracepoint("sock:inet_sock_set_state");
    this.trace_send_reset = tracepoint("tcp:tcp_send_reset");
    this.tsqTasklet = new Tasklet(kernel, () => this.runSmallQueues());
  }

  /** Another connection of this kernel, unbound. */
  createSock(family: number, type: number, protocol: number): TcpSock {
    return new TcpSock(this.net, this, family, type, protocol);
  }

  /** The sock of an accepted connection: with the listener's options. */
  createChild(listener: TcpSock): TcpSock {
    const child = this.createSock(listener.sk_family, listener.sk_type, listener.sk_protocol);
    copySockOptions(listener, child);
    return child;
  }

  default_congestion_control(tp: TcpSock): CongestionControl {
    const name = this.sysctl.tcp_congestion_control.text;
    return (this.congestion.find(name) ?? reno)(tp);
  }

  jiffies_to_usecs(jiffies: number): number {
    return jiffies * (1_000_000 / this.kernel.HZ);
  }

  /** tcp_rto_min_us: the route's rto_min, or the sysctl. */
  rtoMinUs(tp: TcpSock): number {
    const route_ms = tp.sk_dst_cache?.metrics.rto_min ?? 0;
    return route_ms === 0 ? this.jiffies_to_usecs(tp.icsk_rto_min) : route_ms * 1000;
  }

  /** The TS clock in milliseconds with a connection's offset. */
  tsClock(offset: number): number {
    return (Math.floor(tcp_clock_ns(this.kernel) / NSEC_PER_MSEC) + offset) | 0;
  }

  /** RFC 6528: a keyed hash of the four-tuple, and a clock. */
  secure_tcp_seq(laddr: number, faddr: number, lport: number, fport: number): SeqNum {
    const hash = this.keyedHash(laddr, faddr, (lport << 16) | fport, 0);
    return seqNum(hash + Math.floor(this.kernel.ktime_get() / ISN_TICK_NS));
  }

  /** RFC 7323, section 5.4: a random offset for each pair of hosts; 0 with tcp_timestamps = 2. */
  secure_tcp_ts_off(laddr: number, faddr: number): number {
    if (this.sysctl.tcp_timestamps.value !== 1) return 0;
    return this.keyedHash(laddr, faddr, 0, 1);
  }

  /** Where connect() begins to look for a port: secret per peer, moved on with each use. */
  portOffset(laddr: number, faddr: number, fport: number, span: number): number {
    return ((this.keyedHash(laddr, faddr, fport, 2) >>> 0) + this.portCounter) % span;
  }

  advancePortOffset(by: number): void {
    this.portCounter = (this.portCounter + by) >>> 0;
  }

  private keyedHash(a: number, b: number, c: number, purpose: number): number {
    const [k0, k1, k2, k3] = this.secrets;
    let h = k0 ^ purpose;
    for (const word of [a, b, c, k2]) {
      h = Math.imul(h ^ word, 0xcc9e2d51);
      h = Math.imul((h << 15) | (h >>> 17), 0x1b873593) ^ k1;
      h ^= h >>> 13;
    }
    h = Math.imul(h ^ k3, 0x85ebca6b);
    return h ^ (h >>> 16);
  }

  /** RFC 5961, section 10: so many challenge ACKs a second in all. The limit itself is random. */
  takeChallengeAck(limit: number): boolean {
    const second = Math.floor(this.kernel.jiffies / this.kernel.HZ);
    if (second !== this.challengeSecond) {
      this.challengeSecond = second;
      const half = (limit + 1) >> 1;
      this.challengeCount = half + (this.kernel.random_u32() % Math.max(limit, 1));
    }
    if (this.challengeCount === 0) return false;
    this.challengeCount--;
    return true;
  }

  /** May connect() take over a four-tuple in TIME_WAIT? If so the entry is gone. */
  takeOverTimeWait(tp: TcpSock, node: EhashNode): boolean {
    if (!(node instanceof TcpTimewaitSock) || !tcp_twsk_unique(tp, node)) return false;
    inet_twsk_kill(node);
    this.ext.TWRecycled++;
    return true;
  }

  countOrphan(tp: TcpSock): void {
    if (tp.is_orphan || tp.is_destroyed) return;
    tp.is_orphan = true;
    this.orphanCount++;
  }

  hasTooManyOrphans(_tp: TcpSock): boolean {
    return this.orphanCount > this.sysctl.tcp_max_orphans.value;
  }

  /** A connection that was ready for accept(), but its listener closes. */
  resetUnaccepted(child: TcpSock): void {
    if (child.sk_state === TCP_CLOSE) return;
    tcp_send_active_reset(child);
    sock_orphan(child);
  }

  /** Sends on for `tp` when the running softirqs are done. */
  tsq_schedule(tp: TcpSock): void {
    this.tsqHeads.push(tp);
    this.tsqTasklet.schedule();
  }

  private runSmallQueues(): void {
    while (this.tsqHeads.length > 0) {
      const tp = this.tsqHeads.shift();
      if (tp !== undefined) tcp_tsq_write(tp);
    }
  }

  /** The kernel halts: every connection, request and TIME_WAIT entry goes, and nothing is sent. */
  shutdown(): void {
    const nodes = Array.from(this.hashinfo.nodes());
    for (const node of nodes) {
      if (node instanceof TcpTimewaitSock) inet_twsk_kill(node);
      else if (node instanceof TcpRequestSock) inet_csk_reqsk_queue_drop(node);
      else if (node instanceof TcpSock) this.forget(node);
    }
    const listeners = Array.from(this.hashinfo.listening.values()).flat();
    for (const listener of listeners) this.forget(listener);
  }

  private forget(tp: TcpSock): void {
    tcp_set_state(tp, TCP_CLOSE);
    // As tcp_done: who sleeps in a call of it finds that it is over.
    tp.sk_shutdown = SHUTDOWN_MASK;
    tp.accept_queue = undefined;
    inet_csk_destroy_sock(tp);
  }

  traceSegment(trace: Tracepoint, tp: TcpSock, seq: number): void {
    trace.emit(tp.inet_saddr, tp.inet_sport, tp.inet_daddr, tp.inet_dport, tp.sk_state, seq >>> 0);
  }

  /** tcp:tcp_probe: the state of the sender after an ACK. */
  traceProbe(tp: TcpSock): void {
    this.trace_probe.emit(
      tp.inet_saddr,
      tp.inet_sport,
      tp.inet_daddr,
      tp.inet_dport,
      tp.snd.nxt >>> 0,
      tp.snd.una >>> 0,
      tp.snd.cwnd,
      tp.snd.ssthresh,
      tp.snd.wnd,
      tp.rtt.srtt_us >> 3,
      tp.rcv.wnd,
    );
  }
}
