/** pid_t of DCE is 16 bits wide. */
const PID_COUNT = 0x10000;
/** 0 is the kernel's tasks, 1 would be init. */
const FIRST_USABLE = 2;

/** Numbers of processes and threads: ascending from a random first one, around, never one in use. */
export class PidAllocator {
  readonly #used = new Set<number>();
  #next: number;

  /** @param first 0..65535 (DCE: FirstPid). */
  constructor(first: number) {
    this.#next = first;
  }

  get usedCount(): number {
    return this.#used.size;
  }

  /** @returns undefined when all are in use (EAGAIN). */
  allocate(): number | undefined {
    if (this.#used.size === PID_COUNT - FIRST_USABLE) return undefined;
    for (let tries = 0; tries < PID_COUNT; tries++) {
      const pid = this.#next;
      this.#next = (this.#next + 1) % PID_COUNT;
      if (pid >= FIRST_USABLE && !this.#used.has(pid)) {
        this.#used.add(pid);
        return pid;
      }
    }
    return undefined;
  }

  release(pid: number): void {
    this.#used.delete(pid);
  }
}
