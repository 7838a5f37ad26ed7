/** struct neighbour and its state machine (net/core/neighbour.c). */
import { TimerList } from "@dcejs/lkl-kernel";
import type { NetDevice } from "../netdevice/netdevice.ts";
import { dev_queue_xmit } from "../netdevice/dev-queue-xmit.ts";
import { kfree_skb, skb_cow_head, skb_push } from "../skbuff.ts";
import type { SkBuff } from "../skbuff.ts";
import { SkBuffHead, skb_dequeue, skb_queue_purge, skb_queue_tail } from "../skbuff-queue.ts";
import { ETH_HLEN, writeEthernetHeader } from "../wire/ethernet.ts";
import type { NeighParms } from "./neigh-parms.ts";
import type { NeighTable } from "./neigh-table.ts";

/** States (include/uapi/linux/neighbour.h). */
const NUD_NONE = 0x00;
export const NUD_INCOMPLETE = 0x01;
export const NUD_REACHABLE = 0x02;
export const NUD_STALE = 0x04;
export const NUD_DELAY = 0x08;
export const NUD_PROBE = 0x10;
export const NUD_FAILED = 0x20;
export const NUD_NOARP = 0x40;
export const NUD_PERMANENT = 0x80;
const NUD_IN_TIMER: number = NUD_INCOMPLETE | NUD_REACHABLE | NUD_DELAY | NUD_PROBE;
const NUD_CONNECTED: number = NUD_PERMANENT | NUD_NOARP | NUD_REACHABLE;
export const NUD_VALID: number = NUD_CONNECTED | NUD_PROBE | NUD_STALE | NUD_DELAY;

/** Flags of an update. */
export const NEIGH_UPDATE_F_OVERRIDE = 1;
const NEIGH_UPDATE_F_WEAK_OVERRIDE = 2;
export const NEIGH_UPDATE_F_ADMIN = 8;

/** Linux drops the oldest waiting packet when the bytes do not fit. */
export class Neighbour {
  readonly table: NeighTable;
  readonly dev: NetDevice;
  readonly parms: NeighParms;
  /** The IPv4 address. */
  readonly primary_key: number;
  nud_state: number = NUD_NONE;
  haHi = 0;
  haLo = 0;
  /** Jiffies. */
  confirmed: number;
  updated: number;
  used: number;
  probes = 0;
  isDead = false;
  readonly arp_queue: SkBuffHead = new SkBuffHead();
  arp_queue_len_bytes = 0;
  readonly #timer: TimerList = new TimerList(() => this.#timerHandler());

  constructor(table: NeighTable, dev: NetDevice, parms: NeighParms, primaryKey: number) {
    this.table = table;
    this.dev = dev;
    this.parms = parms;
    this.primary_key = primaryKey;
    const now = table.kernel.jiffies;
    this.updated = now;
    this.used = now;
    this.confirmed = now - (parms.reachableTime << 1);
  }

  /**
   * neigh_output: writes the link header and sends, or keeps the packet until the address is known.
   * `skb.offset` is at the network header. Takes the packet.
   */
  output(skb: SkBuff, protocol: number): number {
    if ((this.nud_state & NUD_CONNECTED) === 0 && !this.eventSend(skb)) return 0;
    return this.transmit(skb, protocol);
  }

  /** The address is known: link header, then the device. */
  transmit(skb: SkBuff, protocol: number): number {
    const { dev } = this;
    skb_cow_head(skb, ETH_HLEN);
    const at = skb_push(skb, ETH_HLEN);
    skb.mac_header = at;
    writeEthernetHeader(skb.view, at, this.haHi, this.haLo, dev.addrHi, dev.addrLo, protocol);
    return dev_queue_xmit(skb);
  }

  /**
   * neigh_event_send: someone wants to send. True: the address may be used now. False: the packet was
   * queued, or freed because the neighbour is dead.
   */
  eventSend(skb: SkBuff | undefined): boolean {
    const { kernel } = this.table;
    if ((this.nud_state & (NUD_CONNECTED | NUD_DELAY | NUD_PROBE)) !== 0) {
      this.used = kernel.jiffies;
      return true;
    }
    this.used = kernel.jiffies;
    if ((this.nud_state & NUD_STALE) !== 0) {
      this.nud_state = NUD_DELAY;
      this.updated = kernel.jiffies;
      this.#arm(kernel.jiffies + this.parms.delayProbeTime);
      return true;
    }
    const startsProbing = (this.nud_state & NUD_INCOMPLETE) === 0;
    if (startsProbing) {
      if (this.parms.mcast_solicit.value === 0) {
        this.nud_state = NUD_FAILED;
        this.updated = kernel.jiffies;
        if (skb !== undefined) kfree_skb(skb);
        return false;
      }
      this.probes = this.parms.ucast_solicit.value;
      this.nud_state = NUD_INCOMPLETE;
      this.updated = kernel.jiffies;
      this.#arm(kernel.jiffies + this.parms.retransTime);
    }
    if (skb !== undefined) this.#hold(skb);
    if (startsProbing) this.#probe();
    return false;
  }

  #hold(skb: SkBuff): void {
    while (
      this.arp_queue_len_bytes + skb.truesize > this.parms.unres_qlen_bytes.value &&
      this.arp_queue.qlen > 0
    ) {
      const oldest = skb_dequeue(this.arp_queue);
      if (oldest === undefined) break;
      this.arp_queue_len_bytes -= oldest.truesize;
      this.table.stats.unres_discards++;
      kfree_skb(oldest);
    }
    this.arp_queue_len_bytes += skb.truesize;
    skb_queue_tail(this.arp_queue, skb);
  }

  /** neigh_update: what an ARP packet or the administrator says. `lladdr` undefined keeps the address. */
  update(hi: number, lo: number, hasAddress: boolean, state: number, flags: number): void {
    const old = this.nud_state;
    const now = this.table.kernel.jiffies;
    if ((flags & NEIGH_UPDATE_F_ADMIN) === 0 && (old & (NUD_NOARP | NUD_PERMANENT)) !== 0) return;
    if ((state & NUD_VALID) === 0) {
      this.#disarm();
      this.nud_state = state;
      this.updated = now;
      const fails = (old & (NUD_INCOMPLETE | NUD_PROBE)) !== 0 && (state & NUD_FAILED) !== 0;
      if (fails) this.#fail();
      if (fails || (old & NUD_VALID) !== 0) this.table.notify(this);
      return;
    }
    let next = state;
    const isSame = !hasAddress || (hi === this.haHi && lo === this.haLo);
    let takesAddress = hasAddress;
    if ((old & NUD_VALID) !== 0 && !isSame && (flags & NEIGH_UPDATE_F_OVERRIDE) === 0) {
      takesAddress = false;
      if ((flags & NEIGH_UPDATE_F_WEAK_OVERRIDE) === 0 || (old & NUD_CONNECTED) === 0) return;
      next = NUD_STALE;
    } else if (isSame && next === NUD_STALE && (old & NUD_CONNECTED) !== 0) {
      if ((flags & NEIGH_UPDATE_F_ADMIN) === 0) next = old;
    }
    if (takesAddress && !isSame) {
      this.haHi = hi;
      this.haLo = lo;
      this.updated = now;
      if ((next & NUD_CONNECTED) === 0) this.confirmed = now - (this.parms.reachableTime << 1);
    } else if (next !== old) this.updated = now;
    if ((next & NUD_CONNECTED) !== 0) this.confirmed = now;
    if (next !== old) {
      this.#disarm();
      if ((next & NUD_PROBE) !== 0) this.probes = 0;
      this.nud_state = next;
      if ((next & NUD_IN_TIMER) !== 0) {
        this.#arm(now + ((next & NUD_REACHABLE) !== 0 ? this.parms.reachableTime : 0));
      }
    }
    if (next !== old || (takesAddress && !isSame)) this.table.notify(this);
    if ((old & NUD_VALID) === 0) this.#flushQueue();
  }

  /** neigh_confirm: traffic from there proves that the address is right. */
  confirm(): void {
    this.confirmed = this.table.kernel.jiffies;
  }

  destroy(): void {
    this.isDead = true;
    this.#disarm();
    this.nud_state = NUD_NOARP;
    skb_queue_purge(this.arp_queue);
    this.arp_queue_len_bytes = 0;
  }

  #timerHandler(): void {
    const now = this.table.kernel.jiffies;
    const { parms } = this;
    if ((this.nud_state & NUD_IN_TIMER) === 0) return;
    if ((this.nud_state & NUD_REACHABLE) !== 0) {
      if (now <= this.confirmed + parms.reachableTime) {
        this.#arm(this.confirmed + parms.reachableTime);
      } else if (now <= this.used + parms.delayProbeTime) {
        this.#enter(NUD_DELAY, now);
        this.#arm(now + parms.delayProbeTime);
      } else {
        this.#enter(NUD_STALE, now);
        this.table.notify(this);
      }
      return;
    }
    let beginsProbing = false;
    if ((this.nud_state & NUD_DELAY) !== 0) {
      if (now <= this.confirmed + parms.delayProbeTime) {
        this.#enter(NUD_REACHABLE, now);
        this.#arm(this.confirmed + parms.reachableTime);
        this.table.notify(this);
        return;
      }
      this.#enter(NUD_PROBE, now);
      this.probes = 0;
      beginsProbing = true;
    }
    if (this.probes >= this.#maxProbes()) {
      this.#enter(NUD_FAILED, now);
      this.#fail();
      this.table.notify(this);
      return;
    }
    this.#arm(now + parms.retransTime);
    this.#probe();
    if (beginsProbing) this.table.notify(this);
  }

  #enter(state: number, now: number): void {
    this.nud_state = state;
    this.updated = now;
  }

  #maxProbes(): number {
    const { parms } = this;
    const multicast =
      (this.nud_state & NUD_PROBE) !== 0 ? parms.mcast_resolicit.value : parms.mcast_solicit.value;
    return parms.ucast_solicit.value + multicast;
  }

  #probe(): void {
    this.probes++;
    this.table.solicit(this, this.arp_queue.head);
  }

  /** neigh_invalidate: the packets that waited get their error. */
  #fail(): void {
    this.table.stats.res_failed++;
    for (let skb = skb_dequeue(this.arp_queue); skb; skb = skb_dequeue(this.arp_queue)) {
      this.table.error_report(this, skb);
    }
    this.arp_queue_len_bytes = 0;
  }

  #flushQueue(): void {
    for (let skb = skb_dequeue(this.arp_queue); skb; skb = skb_dequeue(this.arp_queue)) {
      this.transmit(skb, skb.protocol);
    }
    this.arp_queue_len_bytes = 0;
  }

  #arm(expires: number): void {
    this.table.kernel.mod_timer(this.#timer, expires);
  }

  #disarm(): void {
    this.table.kernel.del_timer(this.#timer);
  }
}
