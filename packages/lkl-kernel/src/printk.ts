import type { LklKernel } from "./kernel.ts";
import { LOG_BUF_LEN, LOG_TAIL_LINES } from "./limits.ts";
import { NSEC_PER_SEC, NSEC_PER_USEC } from "./time.ts";

/** Levels of printk (include/linux/kern_levels.h). */
export const KERN_EMERG = 0;
export const KERN_ALERT = 1;
export const KERN_CRIT = 2;
export const KERN_ERR = 3;
export const KERN_WARNING = 4;
export const KERN_NOTICE = 5;
export const KERN_INFO = 6;
export const KERN_DEBUG = 7;

/** CONSOLE_LOGLEVEL_DEFAULT and CONSOLE_LOGLEVEL_QUIET. */
const CONSOLE_LOGLEVEL_DEFAULT = 7;
const CONSOLE_LOGLEVEL_QUIET = 4;

/** A line of the kernel's log. */
export interface LogRecord {
  readonly sequence: number;
  readonly level: number;
  /** Nanoseconds on the kernel's monotonic clock. */
  readonly time: number;
  readonly text: string;
}

/** The log and the console: kernel/printk. The oldest lines go when LOG_BUF_LEN characters are full. */
export class PrintkLog {
  readonly #kernel: LklKernel;
  #records: LogRecord[] = [];
  #characters = 0;
  #sequence = 0;
  /** Messages below this level reach the console. */
  consoleLoglevel: number = CONSOLE_LOGLEVEL_DEFAULT;

  constructor(kernel: LklKernel) {
    this.#kernel = kernel;
  }

  /** `loglevel=` and `quiet` of the command line. */
  setLoglevel(loglevel: number | undefined, isQuiet: boolean): void {
    if (isQuiet) this.consoleLoglevel = CONSOLE_LOGLEVEL_QUIET;
    if (loglevel !== undefined) this.consoleLoglevel = loglevel;
  }

  printk(level: number, text: string): void {
    const time = this.#kernel.ktime_get();
    // Each line is a record of its own, as in Linux's ring buffer.
    for (const line of text.replace(/\n+$/, "").split("\n")) {
      const record: LogRecord = { sequence: this.#sequence++, level, time, text: line };
      this.#store(record);
      if (level >= this.consoleLoglevel) continue;
      const printed = `${formatRecord(record)}\n`;
      this.#kernel.printToHost(printed);
    }
  }

  get records(): readonly LogRecord[] {
    return this.#records;
  }

  /** The log as `dmesg` prints it, each line with its end. */
  dmesg(): string {
    return this.#records.map((record) => `${formatRecord(record)}\n`).join("");
  }

  tail(): string {
    return this.#records
      .slice(-LOG_TAIL_LINES)
      .map((record) => `${formatRecord(record)}\n`)
      .join("");
  }

  #store(record: LogRecord): void {
    this.#records.push(record);
    this.#characters += record.text.length;
    if (this.#characters <= LOG_BUF_LEN) return;
    let dropped = 0;
    while (this.#characters > LOG_BUF_LEN / 2 && dropped < this.#records.length - 1) {
      this.#characters -= this.#records[dropped]?.text.length ?? 0;
      dropped++;
    }
    this.#records = this.#records.slice(dropped);
  }
}

/** "[    1.234567] text": seconds and microseconds, as printk.time=1. */
function formatRecord(record: LogRecord): string {
  const seconds = Math.floor(record.time / NSEC_PER_SEC);
  const microseconds = Math.floor((record.time % NSEC_PER_SEC) / NSEC_PER_USEC);
  const stamp = `${String(seconds).padStart(5)}.${String(microseconds).padStart(6, "0")}`;
  return `[${stamp}] ${record.text}`;
}
