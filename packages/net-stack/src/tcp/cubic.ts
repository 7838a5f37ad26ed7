import type { CongestionControl } from "./congestion.ts";
import {
  CA_EVENT_TX_START,
  TCP_CA_Loss,
  tcp_cong_avoid_ai,
  tcp_in_slow_start,
  tcp_is_cwnd_limited,
  tcp_slow_start,
} from "./congestion.ts";
import { tcp_reno_undo_cwnd } from "./reno.ts";
import type { SeqNum } from "./seq.ts";
import { after, seqNum } from "./seq.ts";
import type { TcpSock } from "./tcp-sock.ts";

/**
 * CUBIC (RFC 9438) with HyStart, in the fixed-point form of net/ipv4/tcp_cubic.c:
 * W(t) = C·(t - K)³ + Wmax with C = 0.4 and β = 717/1024 ≈ 0.7. Time is counted in 1/1024 s.
 */
const BICTCP_BETA_SCALE = 1024;
const BETA = 717;
const BICTCP_HZ_SHIFT = 10;
/** 410/1024 ≈ C = 0.4. */
const CUBE_RTT_SCALE = 410;
const CUBE_SHIFT: number = 2 ** (10 + 3 * BICTCP_HZ_SHIFT);
const CUBE_FACTOR: number = Math.floor(CUBE_SHIFT / CUBE_RTT_SCALE);
/** How much faster Reno would grow with the same β, in eighths: 8·(1 + β)/3/(1 - β). */
const BETA_SCALE = 15;

const HYSTART_LOW_WINDOW_SEGMENTS = 16;
const HYSTART_ACK_DELTA_US = 2000;
const HYSTART_MIN_SAMPLES = 8;
const HYSTART_DELAY_MIN_US = 4000;
const HYSTART_DELAY_MAX_US = 16_000;
const HYSTART_ACK_DELAY_MAX_US = 1000;
const GSO_MAX_SIZE_OCTETS = 65_536;
const NO_RTT = 0xffffffff;

export function cubic(tp: TcpSock): CongestionControl {
  return new Cubic(tp);
}

class Cubic implements CongestionControl {
  readonly name = "cubic";
  /** Segments to acknowledge for one more segment of window. */
  private cnt = 0;
  private last_max_cwnd = 0;
  private last_cwnd = 0;
  /** Jiffies of the last update. */
  private last_time = 0;
  private origin_point = 0;
  /** Time from the start of the epoch to the origin point, 1/1024 s. */
  private bic_K = 0;
  /** Smallest RTT seen, µs. */
  private delay_min = 0;
  /** Jiffies; 0: no epoch. */
  private epoch_start = 0;
  private ack_cnt = 0;
  /** Window that Reno would have. */
  private tcp_cwnd = 0;
  /** HyStart: samples of this round, slow start's exit found, start and end of the round. */
  private sample_cnt = 0;
  private found = false;
  private round_start = 0;
  private end_seq: SeqNum = seqNum(0);
  private last_ack = 0;
  private curr_rtt = NO_RTT;

  constructor(tp: TcpSock) {
    this.hystartReset(tp);
  }

  ssthresh(tp: TcpSock): number {
    const cwnd = tp.snd.cwnd;
    this.epoch_start = 0;
    // Fast convergence: who lost before reaching the old maximum leaves room to others.
    this.last_max_cwnd =
      cwnd < this.last_max_cwnd
        ? Math.floor((cwnd * (BICTCP_BETA_SCALE + BETA)) / (2 * BICTCP_BETA_SCALE))
        : cwnd;
    return Math.max(Math.floor((cwnd * BETA) / BICTCP_BETA_SCALE), 2);
  }

  cong_avoid(tp: TcpSock, _ack: SeqNum, acked: number): void {
    if (!tcp_is_cwnd_limited(tp)) return;
    let left = acked;
    if (tcp_in_slow_start(tp)) {
      left = tcp_slow_start(tp, acked);
      if (left === 0) return;
    }
    this.update(tp, tp.snd.cwnd, left);
    tcp_cong_avoid_ai(tp, this.cnt, left);
  }

  undo_cwnd(tp: TcpSock): number {
    return tcp_reno_undo_cwnd(tp);
  }

  set_state(tp: TcpSock, newState: number): void {
    if (newState !== TCP_CA_Loss) return;
    this.reset();
    this.hystartReset(tp);
  }

  cwnd_event(tp: TcpSock, event: number): void {
    if (event !== CA_EVENT_TX_START) return;
    // After an application-limited pause the epoch moves on by it, or the window would jump.
    const now = tp.jiffies;
    const delta = now - tp.lsndtime;
    if (this.epoch_start === 0 || delta <= 0) return;
    this.epoch_start = Math.min(this.epoch_start + delta, now);
  }

  pkts_acked(tp: TcpSock, _pktsAcked: number, rtt_us: number): void {
    if (rtt_us < 0) return;
    // Samples right after a reduction are disturbed by the queue that caused it.
    if (this.epoch_start !== 0 && tp.jiffies - this.epoch_start < tp.HZ) return;
    const delay = Math.max(rtt_us, 1);
    if (this.delay_min === 0 || this.delay_min > delay) this.delay_min = delay;
    if (!this.found && tcp_in_slow_start(tp) && tp.snd.cwnd >= HYSTART_LOW_WINDOW_SEGMENTS) {
      this.hystartUpdate(tp, delay);
    }
  }

  private reset(): void {
    this.cnt = 0;
    this.last_max_cwnd = 0;
    this.last_cwnd = 0;
    this.last_time = 0;
    this.origin_point = 0;
    this.bic_K = 0;
    this.delay_min = 0;
    this.epoch_start = 0;
    this.ack_cnt = 0;
    this.tcp_cwnd = 0;
    this.found = false;
  }

  /** bictcp_update(): computes `cnt` from the cubic curve and from Reno's, whichever is faster. */
  private update(tp: TcpSock, cwnd: number, acked: number): void {
    const now = tp.jiffies;
    this.ack_cnt += acked;
    if (this.last_cwnd === cwnd && now - this.last_time <= tp.HZ / 32) return;
    // The curve is evaluated once a jiffy; the friendly region on every ACK.
    if (this.epoch_start === 0 || now !== this.last_time) this.followCurve(tp, now, cwnd, acked);
    this.stayTcpFriendly(cwnd);
    this.cnt = Math.max(this.cnt, 2);
  }

  private followCurve(tp: TcpSock, now: number, cwnd: number, acked: number): void {
    this.last_cwnd = cwnd;
    this.last_time = now;
    if (this.epoch_start === 0) {
      this.epoch_start = now;
      this.ack_cnt = acked;
      this.tcp_cwnd = cwnd;
      const missing = this.last_max_cwnd - cwnd;
      this.bic_K = missing <= 0 ? 0 : cubeRoot(CUBE_FACTOR * missing);
      this.origin_point = missing <= 0 ? cwnd : this.last_max_cwnd;
    }
    const elapsed = now - this.epoch_start + tp.usecs_to_jiffies(this.delay_min);
    const t = Math.floor((elapsed * 1024) / tp.HZ);
    const offs = Math.abs(t - this.bic_K);
    const delta = Math.floor((CUBE_RTT_SCALE * offs * offs * offs) / CUBE_SHIFT);
    const target = t < this.bic_K ? this.origin_point - delta : this.origin_point + delta;
    this.cnt = target > cwnd ? Math.floor(cwnd / (target - cwnd)) : 100 * cwnd;
    // The first epoch knows no maximum yet: probe at 5 % an RTT at least.
    if (this.last_max_cwnd === 0 && this.cnt > 20) this.cnt = 20;
  }

  private stayTcpFriendly(cwnd: number): void {
    const delta = (cwnd * BETA_SCALE) >> 3;
    if (delta > 0 && this.ack_cnt > delta) {
      const steps = Math.ceil(this.ack_cnt / delta) - 1;
      this.ack_cnt -= steps * delta;
      this.tcp_cwnd += steps;
    }
    if (this.tcp_cwnd > cwnd) {
      this.cnt = Math.min(this.cnt, Math.floor(cwnd / (this.tcp_cwnd - cwnd)));
    }
  }

  private hystartReset(tp: TcpSock): void {
    this.round_start = tp.tcp_mstamp;
    this.last_ack = tp.tcp_mstamp;
    this.end_seq = tp.snd.nxt;
    this.curr_rtt = NO_RTT;
    this.sample_cnt = 0;
  }

  /** Leaves slow start when the ACK train is as long as the path, or when the RTT has risen. */
  private hystartUpdate(tp: TcpSock, delay: number): void {
    if (after(tp.snd.una, this.end_seq)) this.hystartReset(tp);
    const now = tp.tcp_mstamp;
    if (now - this.last_ack <= HYSTART_ACK_DELTA_US) {
      this.last_ack = now;
      // Without pacing a whole burst returns in half a round trip.
      const threshold = (this.delay_min + hystartAckDelay(tp)) >> 1;
      if (now - this.round_start > threshold) {
        this.leaveSlowStart(tp);
        tp.tcp.ext.TCPHystartTrainDetect++;
        tp.tcp.ext.TCPHystartTrainCwnd += tp.snd.cwnd;
      }
    }
    if (this.curr_rtt > delay) this.curr_rtt = delay;
    if (this.sample_cnt < HYSTART_MIN_SAMPLES) {
      this.sample_cnt++;
      return;
    }
    const rise = Math.min(
      Math.max(this.delay_min >> 3, HYSTART_DELAY_MIN_US),
      HYSTART_DELAY_MAX_US,
    );
    if (this.curr_rtt > this.delay_min + rise) {
      this.leaveSlowStart(tp);
      tp.tcp.ext.TCPHystartDelayDetect++;
      tp.tcp.ext.TCPHystartDelayCwnd += tp.snd.cwnd;
    }
  }

  private leaveSlowStart(tp: TcpSock): void {
    this.found = true;
    tp.snd.ssthresh = tp.snd.cwnd;
  }
}

/** Time that aggregated ACKs may take longer than the path: four GSO bursts at the pacing rate. */
function hystartAckDelay(tp: TcpSock): number {
  const rate = tp.sk_pacing_rate;
  if (rate === 0) return 0;
  return Math.min(HYSTART_ACK_DELAY_MAX_US, (GSO_MAX_SIZE_OCTETS * 4 * 1_000_000) / rate);
}

/**
 * Largest integer whose cube is at most `n`, an integer of 0 ‥ 2^53 - 1. Binary search, for
 * Math.cbrt may round otherwise in another engine; every cube it compares is exact.
 */
export function cubeRoot(n: number): number {
  let root = 0;
  // 208063³ is the last cube below 2^53, so 18 bits hold every root.
  for (let bit = 1 << 17; bit > 0; bit >>= 1) {
    const next = root + bit;
    if (next * next * next <= n) root = next;
  }
  return root;
}
