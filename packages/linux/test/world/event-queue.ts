interface Event {
  readonly at: number;
  readonly order: number;
  readonly run: () => void | Promise<void>;
}

/** Events in virtual time; of those at one instant the first to be added comes first. */
export class EventQueue {
  /** ns. */
  now = 0;
  #order = 0;
  readonly #heap: Event[] = [];

  /** @param at not before now */
  add(at: number, run: () => void | Promise<void>): void {
    const event: Event = { at: Math.max(at, this.now), order: this.#order++, run };
    const heap = this.#heap;
    let index = heap.length;
    while (index > 0) {
      const up = (index - 1) >> 1;
      const parent = heap[up];
      if (parent === undefined || isBefore(parent, event)) break;
      heap[index] = parent;
      index = up;
    }
    heap[index] = event;
  }

  /** Runs what is due until `end`, or until `isOver` says so. Time is `end` then, unless it was over. */
  async run(end: number, isOver: () => boolean = () => false): Promise<void> {
    for (;;) {
      if (isOver()) return;
      const next = this.#heap[0];
      if (next === undefined || next.at > end) break;
      this.#pop();
      this.now = next.at;
      const settled = next.run();
      // oxlint-disable-next-line eslint/no-await-in-loop -- time stands still until it has settled
      if (settled !== undefined) await settled;
    }
    if (end !== Infinity) this.now = end;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      let smaller = heap[child];
      if (smaller === undefined) break;
      const right = heap[child + 1];
      if (right !== undefined && isBefore(right, smaller)) {
        child++;
        smaller = right;
      }
      if (isBefore(last, smaller)) break;
      heap[index] = smaller;
      index = child;
    }
    heap[index] = last;
  }
}

function isBefore(a: Event, b: Event): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}
