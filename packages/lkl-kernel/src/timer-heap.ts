/** What a {@link TimerHeap} orders: by key, then by the order of insertion. */
export interface HeapEntry {
  heapKey: number;
  heapSequence: number;
  /** Place in the heap's array; -1 when not in it. */
  heapIndex: number;
}

/** A binary heap whose entries know their place, so that taking one out of the middle is O(log n). */
export class TimerHeap<T extends HeapEntry> {
  readonly #entries: T[] = [];
  #sequence = 0;

  get size(): number {
    return this.#entries.length;
  }

  /** Key of the first entry; Infinity when empty. */
  get firstKey(): number {
    return this.#entries[0]?.heapKey ?? Number.POSITIVE_INFINITY;
  }

  get first(): T | undefined {
    return this.#entries[0];
  }

  /** Must not be in the heap. */
  insert(entry: T, key: number): void {
    entry.heapKey = key;
    entry.heapSequence = this.#sequence++;
    this.#entries.push(entry);
    this.#siftUp(entry, this.#entries.length - 1);
  }

  /** Must be in the heap. */
  remove(entry: T): void {
    const index = entry.heapIndex;
    const last = this.#entries.pop();
    entry.heapIndex = -1;
    if (last === undefined || last === entry) return;
    if (index > 0 && isBefore(last, this.#parentOf(index, last))) this.#siftUp(last, index);
    else this.#siftDown(last, index);
  }

  #parentOf(index: number, fallback: T): T {
    return this.#entries[(index - 1) >> 1] ?? fallback;
  }

  #siftUp(entry: T, from: number): void {
    let index = from;
    while (index > 0) {
      const parentIndex = (index - 1) >> 1;
      const parent = this.#entries[parentIndex];
      if (parent === undefined || !isBefore(entry, parent)) break;
      this.#place(parent, index);
      index = parentIndex;
    }
    this.#place(entry, index);
  }

  #siftDown(entry: T, from: number): void {
    let index = from;
    for (;;) {
      let childIndex = 2 * index + 1;
      let child = this.#entries[childIndex];
      if (child === undefined) break;
      const right = this.#entries[childIndex + 1];
      if (right !== undefined && isBefore(right, child)) {
        child = right;
        childIndex++;
      }
      if (!isBefore(child, entry)) break;
      this.#place(child, index);
      index = childIndex;
    }
    this.#place(entry, index);
  }

  #place(entry: T, index: number): void {
    this.#entries[index] = entry;
    entry.heapIndex = index;
  }
}

function isBefore(a: HeapEntry, b: HeapEntry): boolean {
  return a.heapKey < b.heapKey || (a.heapKey === b.heapKey && a.heapSequence < b.heapSequence);
}
