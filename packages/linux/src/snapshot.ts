import type { KernelLog } from "./kernel-log.ts";
import type { Machine } from "./machine.ts";

const PAGE_WORDS = 1024;
const PAGE_SIZE = 4096;

interface Run {
  readonly address: number;
  readonly bytes: Uint8Array;
}

/** The memory of a kernel that is idle: the pages that are not zero. */
export class Snapshot {
  readonly octets: number;
  readonly log: KernelLog;
  /** struct host_task of pid 1. */
  readonly host0: number;
  readonly #runs: readonly Run[];

  private constructor(octets: number, log: KernelLog, host0: number, runs: readonly Run[]) {
    this.octets = octets;
    this.log = log;
    this.host0 = host0;
    this.#runs = runs;
  }

  static of(machine: Machine, log: KernelLog, host0: number): Snapshot {
    const runs: Run[] = [];
    const pages = machine.u32.length / PAGE_WORDS;
    let start = -1;
    for (let page = 0; page <= pages; page++) {
      const isUsed = page < pages && !isZero(machine.u32, page * PAGE_WORDS);
      if (isUsed && start < 0) start = page;
      if (isUsed || start < 0) continue;
      runs.push({
        address: start * PAGE_SIZE,
        bytes: machine.u8.slice(start * PAGE_SIZE, page * PAGE_SIZE),
      });
      start = -1;
    }
    return new Snapshot(machine.u8.length, log, host0, runs);
  }

  /** Octets of memory that are not zero. */
  get usedOctets(): number {
    let sum = 0;
    for (const run of this.#runs) sum += run.bytes.length;
    return sum;
  }

  /** Into a fresh machine of the same module, with as much memory. */
  copyInto(machine: Machine): void {
    for (const run of this.#runs) machine.u8.set(run.bytes, run.address);
  }
}

function isZero(words: Uint32Array, from: number): boolean {
  for (let word = from; word < from + PAGE_WORDS; word++) {
    if (words[word] !== 0) return false;
  }
  return true;
}
