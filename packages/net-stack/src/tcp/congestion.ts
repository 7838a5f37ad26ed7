import type { SeqNum } from "./seq.ts";
import type { TcpSock } from "./tcp-sock.ts";
import { cubic } from "./cubic.ts";
import { reno } from "./reno.ts";

/** Congestion state machine of the sender (enum tcp_ca_state). */
export const TCP_CA_Open = 0;
export const TCP_CA_Disorder = 1;
export const TCP_CA_CWR = 2;
export const TCP_CA_Recovery = 3;
export const TCP_CA_Loss = 4;

/** Events told to the algorithm (enum tcp_ca_event). */
export const CA_EVENT_TX_START = 0;
export const CA_EVENT_CWND_RESTART = 1;
export const CA_EVENT_COMPLETE_CWR = 2;
export const CA_EVENT_LOSS = 3;

/**
 * One connection's congestion control (struct tcp_congestion_ops with its private data). Methods
 * have the kernel's names. cwnd and ssthresh are counted in segments.
 */
export interface CongestionControl {
  readonly name: string;
  /** New slow start threshold when a loss episode begins, segments. */
  ssthresh(tp: TcpSock): number;
  /** Grows `tp.snd.cwnd` for `acked` segments that `ack` newly acknowledged. */
  cong_avoid(tp: TcpSock, ack: SeqNum, acked: number): void;
  /** cwnd to return to when the loss turned out to be none. */
  undo_cwnd(tp: TcpSock): number;
  set_state?(tp: TcpSock, newState: number): void;
  cwnd_event?(tp: TcpSock, event: number): void;
  /** Called for each ACK of new data. `rtt_us` is -1 when the ACK gave no sample. */
  pkts_acked?(tp: TcpSock, pktsAcked: number, rtt_us: number): void;
}

/** Makes the private part of one connection (tcp_congestion_ops.init). */
export type CongestionControlFactory = (tp: TcpSock) => CongestionControl;

/** The algorithms of one kernel, by the name that TCP_CONGESTION and the sysctl use. */
export class CongestionRegistry {
  private readonly factories = new Map<string, CongestionControlFactory>([
    ["reno", reno],
    ["cubic", cubic],
  ]);

  /** Like tcp_register_congestion_control(). Returns false when the name is taken. */
  register(name: string, factory: CongestionControlFactory): boolean {
    if (this.factories.has(name)) return false;
    this.factories.set(name, factory);
    return true;
  }

  find(name: string): CongestionControlFactory | undefined {
    return this.factories.get(name);
  }

  get names(): string[] {
    return [...this.factories.keys()];
  }
}

export function tcp_in_slow_start(tp: TcpSock): boolean {
  return tp.snd.cwnd < tp.snd.ssthresh;
}

/** Appropriate byte counting: one segment for each one acknowledged, up to ssthresh. Returns the rest. */
export function tcp_slow_start(tp: TcpSock, acked: number): number {
  const cwnd = Math.min(tp.snd.cwnd + acked, tp.snd.ssthresh);
  const left = acked - (cwnd - tp.snd.cwnd);
  tp.snd.cwnd = Math.min(cwnd, tp.snd.cwnd_clamp);
  return left;
}

/** Congestion avoidance: one segment for each `w` acknowledged. */
export function tcp_cong_avoid_ai(tp: TcpSock, w: number, acked: number): void {
  const snd = tp.snd;
  if (snd.cwnd_cnt >= w) {
    snd.cwnd_cnt = 0;
    snd.cwnd++;
  }
  snd.cwnd_cnt += acked;
  if (snd.cwnd_cnt >= w) {
    const delta = Math.floor(snd.cwnd_cnt / w);
    snd.cwnd_cnt -= delta * w;
    snd.cwnd += delta;
  }
  snd.cwnd = Math.min(snd.cwnd, snd.cwnd_clamp);
}

/** Has the window held us back lately? Without that it must not grow (RFC 7661 in Linux's form). */
export function tcp_is_cwnd_limited(tp: TcpSock): boolean {
  if (tp.is_cwnd_limited) return true;
  // In slow start, allow doubling what was in flight at most.
  if (tcp_in_slow_start(tp)) return tp.snd.cwnd < 2 * tp.max_packets_out;
  return false;
}
