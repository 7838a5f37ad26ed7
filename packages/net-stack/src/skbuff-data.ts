/** The memory of packets: buffers of a few size classes, recycled through free lists. */

/** What `skb->head` points at: one buffer, its DataView, and the reference counts of Linux's `skb_shared_info.dataref`. */
export class SkBuffData {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** Index into {@link SIZE_CLASSES_OCTETS}, or -1 for a buffer that is too large to be kept. */
  readonly sizeClass: number;
  /** How many SkBuffs look at this memory. */
  dataref = 0;
  /** How many of those look at the payload only (Linux: the upper half of dataref); they do not keep others from writing headers. */
  payloadRefs = 0;

  constructor(sizeOctets: number, sizeClass: number) {
    this.bytes = new Uint8Array(sizeOctets);
    this.view = new DataView(this.bytes.buffer);
    this.sizeClass = sizeClass;
  }
}

/** An ACK or ping; an Ethernet frame with headroom; a jumbo frame; a loopback packet of 64 KB. */
const SIZE_CLASSES_OCTETS: readonly number[] = [512, 2048, 9984, 66560];

/** Free buffers kept for each class; more than this go back to the garbage collector. */
const FREE_MAX = [4096, 4096, 256, 64];

/**
 * Free lists of packet memory. All kernels of a process share one arena: an idle kernel then owns no
 * packet memory at all. Only memory is shared; what is alive is counted by each kernel's SkBuffPool.
 */
export class SkBuffArena {
  readonly #free: SkBuffData[][] = SIZE_CLASSES_OCTETS.map(() => []);

  /** A buffer of at least `sizeOctets` with `dataref` 1. Its contents are whatever was there. */
  take(sizeOctets: number): SkBuffData {
    let sizeClass = 0;
    while (sizeClass < SIZE_CLASSES_OCTETS.length) {
      const classOctets = SIZE_CLASSES_OCTETS[sizeClass] ?? 0;
      if (sizeOctets <= classOctets) {
        const data = this.#free[sizeClass]?.pop() ?? new SkBuffData(classOctets, sizeClass);
        data.dataref = 1;
        data.payloadRefs = 0;
        return data;
      }
      sizeClass++;
    }
    const data = new SkBuffData(sizeOctets, -1);
    data.dataref = 1;
    return data;
  }

  give(data: SkBuffData): void {
    const free = this.#free[data.sizeClass];
    if (free !== undefined && free.length < (FREE_MAX[data.sizeClass] ?? 0)) free.push(data);
  }
}

export const sharedArena: SkBuffArena = new SkBuffArena();
