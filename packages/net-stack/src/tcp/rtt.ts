import { TCP_RTO_MAX_MS } from "./limits.ts";
import type { SeqNum } from "./seq.ts";
import { after, seqNum } from "./seq.ts";
import { WindowedMin } from "./windowed-min.ts";

/**
 * Round-trip time and retransmission time-out (RFC 6298 in Linux's form: tcp_rtt_estimator,
 * tcp_set_rto). Linux does not clamp the RTO from below but the *variance*: `rttvar_us` never falls
 * under `tcp_rto_min_us`, so RTO >= SRTT + 200 ms; and the variance decays once per window of data.
 */
export class RttEstimator {
  /** Smoothed RTT in 1/8 µs; 0 until the first sample. */
  srtt_us = 0;
  /** Mean deviation in 1/4 µs. */
  mdev_us = 0;
  /** Largest `mdev_us` in the current window of data. */
  mdev_max_us = 0;
  /** What stands for 4·RTTVAR of the RFC, µs. */
  rttvar_us = 0;
  /** End of the window of data in which `mdev_max_us` is collected. */
  rtt_seq: SeqNum = seqNum(0);
  readonly min_rtt: WindowedMin = new WindowedMin();

  /**
   * Takes in one sample.
   * @param mrtt_us Microseconds, >= 0.
   */
  tcp_rtt_estimator(mrtt_us: number, snd_una: SeqNum, snd_nxt: SeqNum, rto_min_us: number): void {
    let m = mrtt_us;
    let srtt = this.srtt_us;
    if (srtt === 0) {
      // First measurement (RFC 6298, 2.2): SRTT = R, RTTVAR = R/2, thus 4·RTTVAR = 2R.
      this.srtt_us = Math.max(1, m * 8);
      this.mdev_us = m * 2;
      this.rttvar_us = Math.max(this.mdev_us, rto_min_us);
      this.mdev_max_us = this.rttvar_us;
      this.rtt_seq = snd_nxt;
      return;
    }
    m -= srtt >> 3;
    srtt += m;
    if (m < 0) {
      // A fall of the RTT must not raise the variance as a rise does: gain 1/32 instead of 1/4.
      m = -m - (this.mdev_us >> 2);
      if (m > 0) m >>= 3;
    } else {
      m -= this.mdev_us >> 2;
    }
    this.mdev_us += m;
    if (this.mdev_us > this.mdev_max_us) {
      this.mdev_max_us = this.mdev_us;
      if (this.mdev_max_us > this.rttvar_us) this.rttvar_us = this.mdev_max_us;
    }
    if (after(snd_una, this.rtt_seq)) {
      if (this.mdev_max_us < this.rttvar_us) {
        this.rttvar_us -= (this.rttvar_us - this.mdev_max_us) >> 2;
      }
      this.rtt_seq = snd_nxt;
      this.mdev_max_us = rto_min_us;
    }
    this.srtt_us = Math.max(1, srtt);
  }

  /** RTO without backoff, µs (__tcp_set_rto). The caller rounds up to jiffies. */
  rto_us(): number {
    return Math.min((this.srtt_us >> 3) + this.rttvar_us, TCP_RTO_MAX_MS * 1000);
  }
}
