import { SIGRTMIN } from "./signal-numbers.ts";
import { type SignalInfo, SignalSet } from "./signals.ts";

/** RLIMIT_SIGPENDING is far above it; a program that queues more loses the newest, as Linux's -EAGAIN. */
const QUEUED_MAX = 1024;

/** Signals that have come and were not taken yet: of one thread, or of a whole process. */
export class PendingSignals {
  readonly #queue: SignalInfo[] = [];
  readonly #set = new SignalSet();

  get isEmpty(): boolean {
    return this.#queue.length === 0;
  }

  has(signo: number): boolean {
    return this.#set.has(signo);
  }

  /** A standard signal that waits already is not queued a second time. @returns false: it was lost. */
  add(info: SignalInfo): boolean {
    if (info.signo < SIGRTMIN && this.#set.has(info.signo)) return false;
    if (this.#queue.length >= QUEUED_MAX) return false;
    this.#queue.push(info);
    this.#set.add(info.signo);
    return true;
  }

  /** Whether one waits that is not blocked. */
  hasUnblocked(blocked: SignalSet): boolean {
    return this.#queue.some((info) => !blocked.has(info.signo));
  }

  /** Takes the unblocked signal with the lowest number, the oldest of its kind. */
  take(blocked: SignalSet): SignalInfo | undefined {
    let best: SignalInfo | undefined;
    for (const info of this.#queue) {
      if (blocked.has(info.signo)) continue;
      if (best === undefined || info.signo < best.signo) best = info;
    }
    if (best === undefined) return undefined;
    this.#queue.splice(this.#queue.indexOf(best), 1);
    this.#recount(best.signo);
    return best;
  }

  /** Forgets a signal: SIGCONT undoes stop signals and the other way round, SIG_IGN drops. */
  discard(signo: number): void {
    for (let at = this.#queue.length - 1; at >= 0; at--) {
      if (this.#queue[at]?.signo === signo) this.#queue.splice(at, 1);
    }
    this.#set.delete(signo);
  }

  /** Numbers of what waits. */
  get set(): SignalSet {
    return this.#set;
  }

  clear(): void {
    this.#queue.length = 0;
    this.#set.assign(new SignalSet());
  }

  #recount(signo: number): void {
    if (!this.#queue.some((info) => info.signo === signo)) this.#set.delete(signo);
  }
}
