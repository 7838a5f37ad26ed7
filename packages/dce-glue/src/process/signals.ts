import {
  SIGCHLD,
  SIGCONT,
  SIGRTMAX,
  SIGRTMIN,
  SIGSTOP,
  SIGTSTP,
  SIGTTIN,
  SIGTTOU,
  SIGURG,
  SIGWINCH,
  SI_KERNEL,
} from "./signal-numbers.ts";

const NAMES: readonly string[] = (
  "0 HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP " +
  "TSTP TTIN TTOU URG XCPU XFSZ VTALRM PROF WINCH IO PWR SYS"
).split(" ");

/** "SIGTERM" of 15. */
export function signalName(signo: number): string {
  const name = NAMES[signo];
  if (name !== undefined) return `SIG${name}`;
  return signo <= SIGRTMAX ? `SIGRTMIN+${signo - SIGRTMIN}` : `SIG${signo}`;
}

/** 15 of "SIGTERM"; undefined for what is no signal. */
export function signalNumber(name: string): number | undefined {
  const at = NAMES.indexOf(name.replace(/^SIG/, ""));
  return at > 0 ? at : undefined;
}

export function isSignal(signo: number): boolean {
  return Number.isInteger(signo) && signo >= 1 && signo <= SIGRTMAX;
}

export type DefaultAction = "TERMINATE" | "IGNORE" | "STOP" | "CONTINUE";

/** What happens without a handler (signal(7)). Core dumps are never written: as with ulimit -c 0. */
export function defaultAction(signo: number): DefaultAction {
  switch (signo) {
    case SIGCHLD:
    case SIGURG:
    case SIGWINCH:
      return "IGNORE";
    case SIGCONT:
      return "CONTINUE";
    case SIGSTOP:
    case SIGTSTP:
    case SIGTTIN:
    case SIGTTOU:
      return "STOP";
    default:
      return "TERMINATE";
  }
}

/** A set of signals 1..64, in two halves of 32 bits. */
export class SignalSet {
  #low = 0;
  #high = 0;

  constructor(signals: Iterable<number> = []) {
    for (const signo of signals) this.add(signo);
  }

  has(signo: number): boolean {
    return ((signo <= 32 ? this.#low : this.#high) & (1 << ((signo - 1) & 31))) !== 0;
  }

  add(signo: number): void {
    if (signo <= 32) this.#low |= 1 << (signo - 1);
    else this.#high |= 1 << ((signo - 1) & 31);
  }

  delete(signo: number): void {
    if (signo <= 32) this.#low &= ~(1 << (signo - 1));
    else this.#high &= ~(1 << ((signo - 1) & 31));
  }

  addAll(other: SignalSet): void {
    this.#low |= other.#low;
    this.#high |= other.#high;
  }

  deleteAll(other: SignalSet): void {
    this.#low &= ~other.#low;
    this.#high &= ~other.#high;
  }

  assign(other: SignalSet): void {
    this.#low = other.#low;
    this.#high = other.#high;
  }

  copy(): SignalSet {
    const copy = new SignalSet();
    copy.assign(this);
    return copy;
  }

  /** Ascending. */
  *[Symbol.iterator](): Generator<number> {
    for (let signo = 1; signo <= SIGRTMAX; signo++) if (this.has(signo)) yield signo;
  }

  /** Sixteen hexadecimal digits, as /proc/<pid>/status prints a set. */
  toString(): string {
    return hex(this.#high) + hex(this.#low);
  }
}

function hex(half: number): string {
  return (half >>> 0).toString(16).padStart(8, "0");
}

/** siginfo_t: complete for every signal, whoever sent it. */
export interface SignalInfo {
  readonly signo: number;
  /** SI_USER, SI_KERNEL, CLD_*… */
  readonly code: number;
  /** Sender, or the child of a SIGCHLD; 0: the kernel. */
  readonly pid: number;
  readonly uid: number;
  /** SIGCHLD: exit code or signal. */
  readonly status: number;
  /** What sigqueue() gave. */
  readonly value: number;
}

export function kernelSignal(signo: number): SignalInfo {
  return { signo, code: SI_KERNEL, pid: 0, uid: 0, status: 0, value: 0 };
}

/** A handler in the program's language. It runs on the thread that takes the signal. */
export type SignalHandler = (signo: number, info: SignalInfo) => void | Promise<void>;

/** struct sigaction. */
export interface SignalAction {
  readonly handler: SignalHandler | "SIG_DFL" | "SIG_IGN";
  /** SA_* */
  readonly flags: number;
  /** Blocked while the handler runs, beside the signal itself. */
  readonly mask: SignalSet;
}

export const DEFAULT_SIGNAL_ACTION: SignalAction = {
  handler: "SIG_DFL",
  flags: 0,
  mask: new SignalSet(),
};
