import type { RandomStream } from "@dcejs/core-sched";
import { type Frame, FramePool, onesComplementSum } from "@dcejs/links";

/** Frames of the wire that mutants are made of, for each card. */
const KEPT_MAX = 128;
const IP = 14;
const FRAME_LONGEST = 70_000;
const OFFSETS: Readonly<Record<number, number>> = { 1: 2, 6: 16, 17: 6 };
const ETHERTYPES = [
  0x0800, 0x0800, 0x0800, 0x86dd, 0x86dd, 0x0806, 0x8100, 0x88a8, 0x8847, 0x8863, 0x8864, 0x88cc,
  0x0004, 0x0000, 0xffff, 0x05dc,
];
const PROTOCOLS = [0, 1, 2, 4, 6, 17, 41, 43, 44, 47, 50, 51, 58, 59, 60, 103, 132, 135, 136, 255];

/** What kinds of garbage there are, and how often each was made. */
export interface GarbageCounts {
  noise: number;
  mutant: number;
  truncated: number;
  oversize: number;
  synthetic: number;
  replayed: number;
  partialChecksum: number;
}

/** Makes garbage that looks, more or less, like what a card receives. A function of the random stream. */
export class GarbageFrames {
  readonly counts: GarbageCounts = {
    noise: 0,
    mutant: 0,
    truncated: 0,
    oversize: 0,
    synthetic: 0,
    replayed: 0,
    partialChecksum: 0,
  };
  readonly #pool = new FramePool();
  readonly #random: RandomStream;
  readonly #kept: Uint8Array[] = [];

  constructor(random: RandomStream) {
    this.#random = random;
  }

  get live(): number {
    return this.#pool.live;
  }

  /** A frame of the wire, complete. */
  keep(octets: Uint8Array): void {
    if (this.#kept.length < KEPT_MAX) this.#kept.push(octets);
    else this.#kept[this.#random.integer(0, KEPT_MAX - 1)] = octets;
  }

  /** @param to the card's address */
  make(to: Uint8Array): Frame {
    const octets = this.#octets(to);
    const frame = this.#pool.alloc(octets.length);
    frame.bytes.set(octets, frame.offset);
    if (this.#random.bernoulli(0.1)) this.#spoilChecksum(frame);
    return frame;
  }

  #octets(to: Uint8Array): Uint8Array {
    const random = this.#random;
    const dice = random.integer(0, 99);
    if (dice < 5 || this.#kept.length === 0) {
      this.counts.noise++;
      return this.#noise(random.integer(0, 1600));
    }
    if (dice < 25) {
      this.counts.synthetic++;
      return this.#synthetic(to);
    }
    const octets = random.pick(this.#kept).slice();
    if (dice < 30) {
      this.counts.replayed++;
      return octets;
    }
    if (dice < 40) {
      this.counts.truncated++;
      return octets.slice(0, random.integer(0, octets.length));
    }
    if (dice < 43) {
      this.counts.oversize++;
      const isHuge = random.bernoulli(0.05);
      const long = this.#noise(random.integer(1515, isHuge ? FRAME_LONGEST : 9000));
      long.set(octets.subarray(0, 1500));
      return long;
    }
    this.counts.mutant++;
    return this.#mutant(octets);
  }

  #mutant(octets: Uint8Array): Uint8Array {
    const random = this.#random;
    const edits = random.integer(1, 4);
    for (let i = 0; i < edits && octets.length > 0; i++) {
      const deep = random.bernoulli(0.8) ? 90 : 2000;
      const at = random.integer(0, Math.min(octets.length - 1, deep));
      if (random.bernoulli(0.5)) octets[at] = random.integer(0, 255);
      else octets[at] = (octets[at] ?? 0) ^ (1 << random.integer(0, 7));
    }
    // With right checksums a mutant gets deeper.
    if (random.bernoulli(0.7)) repairChecksums(octets);
    return octets;
  }

  /** Headers of many protocols with random fields, to the card, to all, or to groups. */
  #synthetic(to: Uint8Array): Uint8Array {
    const random = this.#random;
    const octets = this.#noise(random.integer(14, 300));
    const target = random.integer(0, 3);
    if (target < 2) octets.set(to.subarray(0, 6));
    else octets.fill(0xff, 0, 6);
    if (target === 3) octets.set([0x33, 0x33, 0, 0, 0, 1]);
    const view = new DataView(octets.buffer);
    const type = random.pick(ETHERTYPES);
    view.setUint16(12, type);
    if (type === 0x0800 && octets.length >= IP + 20) this.#ipv4(octets, view);
    if (type === 0x86dd && octets.length >= IP + 40) this.#ipv6(octets, view);
    return octets;
  }

  #ipv4(octets: Uint8Array, view: DataView): void {
    const random = this.#random;
    octets[IP] = random.bernoulli(0.8) ? 0x45 : 0x40 | random.integer(0, 15);
    view.setUint16(
      IP + 2,
      octets.length - IP - (random.bernoulli(0.9) ? 0 : random.integer(0, 40)),
    );
    if (random.bernoulli(0.6)) view.setUint16(IP + 6, 0);
    octets[IP + 8] = random.integer(0, 64);
    octets[IP + 9] = random.pick(PROTOCOLS);
    octets.set([10, 0, random.integer(0, 3), random.integer(0, 3)], IP + 12);
    const isGroup = random.bernoulli(0.2);
    octets.set(
      isGroup ? [224, 0, 0, 1] : [10, 0, random.integer(0, 3), random.integer(1, 3)],
      IP + 16,
    );
    repairChecksums(octets);
  }

  #ipv6(octets: Uint8Array, view: DataView): void {
    const random = this.#random;
    octets[IP] = 0x60;
    view.setUint16(IP + 4, octets.length - IP - 40);
    octets[IP + 6] = random.pick(PROTOCOLS);
    octets[IP + 7] = random.bernoulli(0.5) ? 255 : random.integer(0, 64);
    octets.set([0xfe, 0x80, 0, 0, 0, 0, 0, 0], IP + 8);
    octets.set([0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, random.integer(1, 2)], IP + 24);
    repairChecksums6(octets);
  }

  #noise(length: number): Uint8Array {
    const octets = new Uint8Array(length);
    this.#random.bytes(octets);
    return octets;
  }

  /** As a broken peer on a virtio card may: a checksum that is said to be partial, anywhere. */
  #spoilChecksum(frame: Frame): void {
    const random = this.#random;
    this.counts.partialChecksum++;
    const farthest = random.bernoulli(0.8) ? frame.length : 70_000;
    frame.csumStart = frame.offset + random.integer(0, farthest);
    frame.csumOffset = random.bernoulli(0.7) ? random.pick([6, 16]) : random.integer(0, farthest);
  }
}

/** Makes the checksums of an IPv4 packet right, as far as its lengths allow. */
function repairChecksums(frame: Uint8Array): void {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  if (frame.length < IP + 20 || view.getUint16(12) !== 0x0800) return;
  const header = ((frame[IP] ?? 0) & 0xf) * 4;
  if (header < 20 || frame.length < IP + header) return;
  view.setUint16(IP + 10, 0);
  view.setUint16(IP + 10, ~onesComplementSum(frame, IP, IP + header) & 0xffff);
  const end = Math.min(frame.length, IP + view.getUint16(IP + 2));
  const protocol = frame[IP + 9] ?? 0;
  repair(frame, view, protocol, IP + header, end, IP + 12, IP + 20);
}

function repairChecksums6(frame: Uint8Array): void {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  const protocol = frame[IP + 6] ?? 0;
  repair(frame, view, protocol, IP + 40, frame.length, IP + 8, IP + 40);
}

function repair(
  frame: Uint8Array,
  view: DataView,
  protocol: number,
  start: number,
  end: number,
  addresses: number,
  addressesEnd: number,
): void {
  const offset = protocol === 58 ? 2 : OFFSETS[protocol];
  if (offset === undefined || start + offset + 2 > end) return;
  view.setUint16(start + offset, 0);
  let sum = onesComplementSum(frame, start, end);
  if (protocol !== 1) {
    sum += onesComplementSum(frame, addresses, addressesEnd) + protocol + end - start;
  }
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  view.setUint16(start + offset, ~sum & 0xffff);
}
