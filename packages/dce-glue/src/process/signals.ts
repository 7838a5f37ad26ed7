/** Signals under Linux's names and asm-generic numbers. */
export const SIGHUP = 1;
export const SIGINT = 2;
export const SIGQUIT = 3;
export const SIGILL = 4;
export const SIGTRAP = 5;
export const SIGABRT = 6;
export const SIGBUS = 7;
export const SIGFPE = 8;
export const SIGKILL = 9;
export const SIGUSR1 = 10;
export const SIGSEGV = 11;
export const SIGUSR2 = 12;
export const SIGPIPE = 13;
export const SIGALRM = 14;
export const SIGTERM = 15;
export const SIGSTKFLT = 16;
export const SIGCHLD = 17;
export const SIGCONT = 18;
export const SIGSTOP = 19;
export const SIGTSTP = 20;
export const SIGTTIN = 21;
export const SIGTTOU = 22;
export const SIGURG = 23;
export const SIGXCPU = 24;
export const SIGXFSZ = 25;
export const SIGVTALRM = 26;
export const SIGPROF = 27;
export const SIGWINCH = 28;
export const SIGIO = 29;
export const SIGPWR = 30;
export const SIGSYS = 31;
export const SIGRTMIN = 32;
export const SIGRTMAX = 64;

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

export const SI_USER = 0;
export const SI_KERNEL = 0x80;
export const SI_QUEUE = -1;
export const SI_TKILL = -6;
export const CLD_EXITED = 1;
export const CLD_KILLED = 2;
export const CLD_STOPPED = 5;
export const CLD_CONTINUED = 6;

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

export const SA_NOCLDSTOP = 1;
export const SA_NOCLDWAIT = 2;
export const SA_SIGINFO = 4;
export const SA_ONSTACK = 0x08000000;
export const SA_RESTART = 0x10000000;
export const SA_NODEFER = 0x40000000;
export const SA_RESETHAND = 0x80000000;

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
