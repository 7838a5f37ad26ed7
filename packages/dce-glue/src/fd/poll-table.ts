import type { WaitEntry, WaitPoint } from "./wait-point.ts";

/** Something to undo when a poll is over: an entry in a wait point, a registration in a kernel. */
export interface PollRegistration {
  release(): void;
}

/**
 * What poll(), select() and epoll hand to the files they look at. A file that is asked with a table
 * registers in it, and calls `wake` (DCE's poll_event) each time its state changes, until `free`.
 */
export abstract class PollTable {
  readonly #registrations: PollRegistration[] = [];
  /** EPOLLEXCLUSIVE: registrations made through this table are exclusive. */
  readonly isExclusive: boolean = false;

  /**
   * An event happened at one of the files. May be called from interrupt context, never blocks.
   * @param mask POLL* bits that the event may have set; 0 = unknown.
   * @returns whether the wake-up found a taker.
   */
  abstract wake(mask: number): boolean;

  /** Registers at a wait point. */
  wait(point: WaitPoint): void {
    this.#registrations.push(new WaitPointRegistration(this, point));
  }

  /** Registers anything else: a kernel socket's poll entry, whose release() is sock_pollfreewait. */
  add(registration: PollRegistration): void {
    this.#registrations.push(registration);
  }

  /** Takes back all registrations. */
  free(): void {
    for (const registration of this.#registrations) registration.release();
    this.#registrations.length = 0;
  }

  get registrationCount(): number {
    return this.#registrations.length;
  }
}

class WaitPointRegistration implements PollRegistration, WaitEntry {
  readonly isExclusive: boolean;
  readonly #table: PollTable;
  readonly #point: WaitPoint;

  constructor(table: PollTable, point: WaitPoint) {
    this.#table = table;
    this.#point = point;
    this.isExclusive = table.isExclusive;
    point.add(this);
  }

  func(_entry: WaitEntry, key: number): boolean {
    return this.#table.wake(key);
  }

  release(): void {
    this.#point.remove(this);
  }
}
