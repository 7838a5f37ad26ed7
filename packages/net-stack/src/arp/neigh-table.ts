/** struct neigh_table: the neighbours of one kernel (net/core/neighbour.c). */
import type { LklKernel } from "@dcejs/lkl-kernel";
import type { SysctlInt, SysctlTree } from "@dcejs/sysctl";
import type { NetDevice } from "../netdevice/netdevice.ts";
import type { SkBuff } from "../skbuff.ts";
import type { NeighParms } from "./neigh-parms.ts";
import { NUD_INCOMPLETE, NUD_PERMANENT, Neighbour } from "./neighbour.ts";

/** What the protocol behind the table does: ARP here. */
export interface NeighOps {
  /** Sets the state and address of a new neighbour. False: there can be none. */
  constructNeighbour(neigh: Neighbour): boolean;
  /** Asks for the address. `skb`: the packet that waits first. */
  solicit(neigh: Neighbour, skb: SkBuff | undefined): void;
  /** The neighbour is dead; takes a packet that waited for it. */
  error_report(neigh: Neighbour, skb: SkBuff): void;
  /** __neigh_notify: the state or address has changed; or the neighbour is gone. */
  notify(neigh: Neighbour, isGone: boolean): void;
}

export class NeighTable {
  readonly kernel: LklKernel;
  readonly stats: { unres_discards: number; res_failed: number; table_fulls: number } = {
    unres_discards: 0,
    res_failed: 0,
    table_fulls: 0,
  };
  readonly #ops: NeighOps;
  readonly #byDevice: Map<NetDevice, Map<number, Neighbour>> = new Map();
  readonly #gcThresh1: SysctlInt;
  readonly #gcThresh2: SysctlInt;
  readonly #gcThresh3: SysctlInt;
  #size = 0;
  #lastGc = 0;

  constructor(kernel: LklKernel, sysctl: SysctlTree, ops: NeighOps) {
    this.kernel = kernel;
    this.#ops = ops;
    this.#gcThresh1 = sysctl.int("net.ipv4.neigh.default.gc_thresh1");
    this.#gcThresh2 = sysctl.int("net.ipv4.neigh.default.gc_thresh2");
    this.#gcThresh3 = sysctl.int("net.ipv4.neigh.default.gc_thresh3");
  }

  get size(): number {
    return this.#size;
  }

  lookup(dev: NetDevice, address: number): Neighbour | undefined {
    return this.#byDevice.get(dev)?.get(address | 0);
  }

  /** neigh_lookup, else neigh_create; undefined when the table is full or there can be no such neighbour. */
  get(dev: NetDevice, address: number): Neighbour | undefined {
    const existing = this.lookup(dev, address);
    if (existing !== undefined) return existing;
    const parms: NeighParms | undefined = dev.arp_parms;
    if (parms === undefined || !this.#makeRoom()) return undefined;
    const neigh = new Neighbour(this, dev, parms, address);
    if (!this.#ops.constructNeighbour(neigh)) return undefined;
    let neighbours = this.#byDevice.get(dev);
    if (neighbours === undefined) {
      neighbours = new Map();
      this.#byDevice.set(dev, neighbours);
    }
    neighbours.set(address | 0, neigh);
    this.#size++;
    return neigh;
  }

  /** In order of device, then of age. */
  *entries(): Generator<Neighbour, void, undefined> {
    for (const neighbours of this.#byDevice.values()) yield* neighbours.values();
  }

  remove(neigh: Neighbour): void {
    if (this.#byDevice.get(neigh.dev)?.delete(neigh.primary_key | 0) !== true) return;
    this.#size--;
    this.#ops.notify(neigh, true);
    neigh.destroy();
  }

  /** neigh_ifdown, neigh_carrier_down (which spares permanent entries), neigh_changeaddr. */
  flushDevice(dev: NetDevice, sparesPermanent: boolean): void {
    for (const neigh of this.#byDevice.get(dev)?.values() ?? []) {
      if (sparesPermanent && (neigh.nud_state & NUD_PERMANENT) !== 0) continue;
      this.remove(neigh);
    }
  }

  solicit(neigh: Neighbour, skb: SkBuff | undefined): void {
    this.#ops.solicit(neigh, skb);
  }

  notify(neigh: Neighbour): void {
    this.#ops.notify(neigh, false);
  }

  error_report(neigh: Neighbour, skb: SkBuff): void {
    this.#ops.error_report(neigh, skb);
  }

  /**
   * neigh_forced_gc, and neigh_periodic_work's part: below gc_thresh1 nothing goes; above gc_thresh2
   * what is idle for 5 s; above gc_thresh3 a new entry is refused. Linux's periodic scan is made here,
   * when an entry is wanted: a timer that never ends would keep a simulation from ending.
   */
  #makeRoom(): boolean {
    if (this.#size < this.#gcThresh1.value) return true;
    const now = this.kernel.jiffies;
    const isCrowded = this.#size >= this.#gcThresh2.value;
    if (isCrowded && now - this.#lastGc > 5 * this.kernel.HZ) {
      this.#lastGc = now;
      for (const neigh of this.entries()) {
        const isIdle = now - Math.max(neigh.used, neigh.updated) > 5 * this.kernel.HZ;
        const isHeld = (neigh.nud_state & (NUD_PERMANENT | NUD_INCOMPLETE)) !== 0;
        if (isIdle && !isHeld) this.remove(neigh);
      }
    }
    if (this.#size < this.#gcThresh3.value) return true;
    this.stats.table_fulls++;
    return false;
  }
}
