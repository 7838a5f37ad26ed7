/**
 * Someone who waits at a WaitPoint. The shape is that of the kernel's wait queue entries, so one
 * entry can stand in either kind of queue.
 */
export interface WaitEntry {
  /** Told that one of the events in `key` (POLL* mask; 0 = any) happened. True: it took the wake-up. */
  func(entry: WaitEntry, key: number): boolean;
  /** At most one exclusive entry is woken by wakeUp(): accept() and EPOLLEXCLUSIVE herds. */
  readonly isExclusive: boolean;
}

/** Where tasks wait for a file to change: DCE's WaitPoint, Linux's wait_queue_head. First in, first woken. */
export class WaitPoint {
  readonly #entries: WaitEntry[] = [];

  add(entry: WaitEntry): void {
    // As Linux: exclusive waiters at the tail, so that all the others hear of an event first.
    if (entry.isExclusive) {
      this.#entries.push(entry);
      return;
    }
    let at = this.#entries.length;
    while (at > 0 && this.#entries[at - 1]?.isExclusive === true) at--;
    this.#entries.splice(at, 0, entry);
  }

  remove(entry: WaitEntry): void {
    const at = this.#entries.indexOf(entry);
    if (at >= 0) this.#entries.splice(at, 1);
  }

  /** Wakes every non-exclusive entry and one exclusive entry. @param key POLL* mask, 0 = any event. */
  wakeUp(key = 0): void {
    this.#wake(key, 1);
  }

  wakeUpAll(key = 0): void {
    this.#wake(key, 0);
  }

  get hasWaiters(): boolean {
    return this.#entries.length > 0;
  }

  get length(): number {
    return this.#entries.length;
  }

  #wake(key: number, exclusiveMax: number): void {
    const entries = this.#entries;
    let exclusive = 0;
    // An entry may take itself out while it is woken; the index then points at the next one.
    for (let i = 0; i < entries.length; ) {
      const entry = entries[i];
      if (entry === undefined) return;
      const taken = entry.func(entry, key);
      if (taken && entry.isExclusive && ++exclusive === exclusiveMax) return;
      if (entries[i] === entry) i++;
    }
  }
}
