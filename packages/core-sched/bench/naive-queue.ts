/** What one writes first: a binary heap of event objects, ordered by time and insertion number. */
interface NaiveEvent {
  readonly time: number;
  readonly order: number;
  readonly handler: (arg: number) => void;
  readonly arg: number;
}

export class NaiveQueue {
  readonly #heap: NaiveEvent[] = [];
  #order = 0;

  push(time: number, handler: (arg: number) => void, arg: number): void {
    const heap = this.#heap;
    const event = { time, order: this.#order++, handler, arg };
    let at = heap.length;
    heap.push(event);
    while (at > 0) {
      const above = (at - 1) >> 1;
      const parent = heap[above];
      if (parent === undefined || isBefore(parent, event)) break;
      heap[at] = parent;
      at = above;
    }
    heap[at] = event;
  }

  pop(): NaiveEvent | undefined {
    const heap = this.#heap;
    const top = heap[0];
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return top;
    let at = 0;
    for (;;) {
      let below = 2 * at + 1;
      let child = heap[below];
      if (child === undefined) break;
      const right = heap[below + 1];
      if (right !== undefined && isBefore(right, child)) {
        child = right;
        below++;
      }
      if (isBefore(last, child)) break;
      heap[at] = child;
      at = below;
    }
    heap[at] = last;
    return top;
  }
}

function isBefore(a: NaiveEvent, b: NaiveEvent): boolean {
  return a.time < b.time || (a.time === b.time && a.order < b.order);
}
