import { MAC_TABLE_MAX } from "./limits.ts";

/** No port: the address is not known, or was last seen too long ago. */
export const UNKNOWN_PORT = -1;

/** Slots; at most half of them are in use, so that probing stays short. A power of two. */
const SLOTS = MAC_TABLE_MAX * 2;

/**
 * The addresses that a switch has learned: open addressing over typed arrays, so that a look-up
 * makes no object. An address is its upper 16 and its lower 32 bits.
 *
 * There is no ageing timer: an entry that is too old is as good as none when it is met, and its
 * place is used again when the table is full.
 */
export class MacTable {
  #high = new Uint16Array(SLOTS);
  #low = new Uint32Array(SLOTS);
  #ports = new Int16Array(SLOTS).fill(UNKNOWN_PORT);
  #seen = new Float64Array(SLOTS);
  #count = 0;

  /** Entries, also those that are too old but have not been met since. */
  get size(): number {
    return this.#count;
  }

  /** Notes that the address was seen at the port. False when the table is full of younger entries. */
  learn(high: number, low: number, port: number, now: number, agingTime: number): boolean {
    let slot = this.#slotOf(high, low);
    if (this.#ports[slot] === UNKNOWN_PORT) {
      if (this.#count >= MAC_TABLE_MAX) {
        this.#keep((_, seen) => now - seen <= agingTime);
        if (this.#count >= MAC_TABLE_MAX) return false;
        slot = this.#slotOf(high, low);
      }
      this.#high[slot] = high;
      this.#low[slot] = low;
      this.#count++;
    }
    this.#ports[slot] = port;
    this.#seen[slot] = now;
    return true;
  }

  /** The port at which the address was seen within `agingTime` ns before `now`; or UNKNOWN_PORT. */
  lookUp(high: number, low: number, now: number, agingTime: number): number {
    const slot = this.#slotOf(high, low);
    if (now - (this.#seen[slot] ?? 0) > agingTime) return UNKNOWN_PORT;
    return this.#ports[slot] ?? UNKNOWN_PORT;
  }

  /** Forgets the addresses seen at this port. */
  forgetPort(port: number): void {
    this.#keep((entryPort) => entryPort !== port);
  }

  /** The slot with this address, or the empty one where it would go. */
  #slotOf(high: number, low: number): number {
    let slot = (Math.imul(low ^ (high << 7), 0x9e3779b1) >>> 15) & (SLOTS - 1);
    while (
      this.#ports[slot] !== UNKNOWN_PORT &&
      (this.#low[slot] !== low || this.#high[slot] !== high)
    ) {
      slot = (slot + 1) & (SLOTS - 1);
    }
    return slot;
  }

  /** Builds the table anew from the entries that `isKept` wants. Rare, so it may allocate. */
  #keep(isKept: (port: number, seen: number) => boolean): void {
    const [high, low, ports, seen] = [this.#high, this.#low, this.#ports, this.#seen];
    this.#high = new Uint16Array(SLOTS);
    this.#low = new Uint32Array(SLOTS);
    this.#ports = new Int16Array(SLOTS).fill(UNKNOWN_PORT);
    this.#seen = new Float64Array(SLOTS);
    this.#count = 0;
    for (let old = 0; old < SLOTS; old++) {
      const port = ports[old] ?? UNKNOWN_PORT;
      if (port === UNKNOWN_PORT || !isKept(port, seen[old] ?? 0)) continue;
      const slot = this.#slotOf(high[old] ?? 0, low[old] ?? 0);
      this.#high[slot] = high[old] ?? 0;
      this.#low[slot] = low[old] ?? 0;
      this.#ports[slot] = port;
      this.#seen[slot] = seen[old] ?? 0;
      this.#count++;
    }
  }
}
