/** struct neigh_parms: net.ipv4.neigh.<device>.*, read in jiffies. */
import type { LklKernel } from "@dcejs/lkl-kernel";
import type { SysctlInt, SysctlTree } from "@dcejs/sysctl";

/** Seconds between two choices of the random reachable time (neigh_periodic_work). */
const REACHABLE_TIME_LIFE_S = 300;
const USER_HZ = 100;

export class NeighParms {
  readonly #kernel: LklKernel;
  readonly mcast_solicit: SysctlInt;
  readonly ucast_solicit: SysctlInt;
  readonly mcast_resolicit: SysctlInt;
  readonly unres_qlen_bytes: SysctlInt;
  readonly gc_stale_time: SysctlInt;
  readonly #retransTimeMs: SysctlInt;
  readonly #baseReachableTimeMs: SysctlInt;
  readonly #delayFirstProbeTime: SysctlInt;
  readonly #locktime: SysctlInt;
  #reachableTime = 0;
  #reachableBase = 0;
  #reachableChosen = 0;

  constructor(kernel: LklKernel, sysctl: SysctlTree, device: string) {
    this.#kernel = kernel;
    const handle = (name: string): SysctlInt => sysctl.int(`net/ipv4/neigh/${device}/${name}`);
    this.mcast_solicit = handle("mcast_solicit");
    this.ucast_solicit = handle("ucast_solicit");
    this.mcast_resolicit = handle("mcast_resolicit");
    this.unres_qlen_bytes = handle("unres_qlen_bytes");
    this.gc_stale_time = handle("gc_stale_time");
    this.#retransTimeMs = handle("retrans_time_ms");
    this.#baseReachableTimeMs = handle("base_reachable_time_ms");
    this.#delayFirstProbeTime = handle("delay_first_probe_time");
    this.#locktime = handle("locktime");
  }

  /** Never 0, so that a probe cannot follow itself at once. */
  get retransTime(): number {
    return Math.max(1, this.#kernel.msecs_to_jiffies(this.#retransTimeMs.value));
  }

  get delayProbeTime(): number {
    return this.#delayFirstProbeTime.value * this.#kernel.HZ;
  }

  get locktime(): number {
    return Math.floor((this.#locktime.value * this.#kernel.HZ) / USER_HZ);
  }

  get gcStaleTime(): number {
    return this.gc_stale_time.value * this.#kernel.HZ;
  }

  /**
   * neigh_rand_reach_time: between half and one and a half of base_reachable_time, chosen anew every
   * five minutes. Linux does that from periodic work; here it is done when somebody asks.
   */
  get reachableTime(): number {
    const kernel = this.#kernel;
    const base = kernel.msecs_to_jiffies(this.#baseReachableTimeMs.value);
    const age = kernel.jiffies - this.#reachableChosen;
    if (base !== this.#reachableBase || age > REACHABLE_TIME_LIFE_S * kernel.HZ) {
      this.#reachableBase = base;
      this.#reachableChosen = kernel.jiffies;
      this.#reachableTime = base === 0 ? 0 : (kernel.random_u32() % base) + (base >>> 1);
    }
    return this.#reachableTime;
  }
}
