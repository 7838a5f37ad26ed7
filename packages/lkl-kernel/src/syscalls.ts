import type { Wait } from "./blocked.ts";
import { Errno } from "./errno.ts";
import type { LklKernel } from "./kernel.ts";
import { SYS_CRED } from "./sys-cred.ts";
import { SYS_INFO } from "./sys-info.ts";
import { SYS_REBOOT } from "./sys-reboot.ts";
import { SYS_TIME } from "./sys-time.ts";

/**
 * A system call: takes its arguments as the host gave them and answers with the result or a
 * negative errno, at once or later. It runs in the caller's host task.
 */
export type SyscallFunction = (params: readonly unknown[], kernel: LklKernel) => number | Wait;

/** A row of the table. */
export interface SyscallDefinition {
  readonly no: number;
  readonly name: string;
  readonly fn: SyscallFunction;
}

interface SyscallEntry extends SyscallDefinition {
  count: number;
}

/** What every kernel has. Never changed: a kernel's own rows are in {@link Syscalls}. */
const SYS_CALL_TABLE: ReadonlyMap<number, SyscallDefinition> = new Map(
  [...SYS_CRED, ...SYS_TIME, ...SYS_INFO, ...SYS_REBOOT].map((row) => [row.no, row]),
);

/** The table of one kernel: arch/lkl/kernel/syscalls.c. Rows are made when they are first used. */
export class Syscalls {
  readonly #kernel: LklKernel;
  readonly #entries: Map<number, SyscallEntry> = new Map();

  constructor(kernel: LklKernel) {
    this.#kernel = kernel;
  }

  /** Adds a call, or takes the place of one. */
  define(no: number, name: string, fn: SyscallFunction): void {
    this.#entries.set(no, { no, name, fn, count: 0 });
  }

  /** run_syscall. The caller is in its host task. */
  run(no: number, params: readonly unknown[]): number | Wait {
    const entry = this.#entries.get(no) ?? this.#use(no);
    entry.count++;
    const { sys_enter: tracepoint } = this.#kernel.tracepoints;
    if (tracepoint.isEnabled) tracepoint.emit(no, entry.name);
    return entry.fn(params, this.#kernel);
  }

  /** Calls so far, by name; those that do not exist as "sys_ni_syscall:<number>". */
  get counts(): ReadonlyMap<string, number> {
    const counts = new Map<string, number>();
    for (const { name, count } of this.#entries.values()) {
      if (count > 0) counts.set(name, count + (counts.get(name) ?? 0));
    }
    return counts;
  }

  /** Number and name of every call that exists. */
  get defined(): ReadonlyMap<number, string> {
    const names = new Map<number, string>();
    for (const { no, name } of SYS_CALL_TABLE.values()) names.set(no, name);
    for (const { no, name, fn } of this.#entries.values()) {
      if (fn !== sys_ni_syscall) names.set(no, name);
    }
    return names;
  }

  #use(no: number): SyscallEntry {
    const row = SYS_CALL_TABLE.get(no);
    const entry =
      row === undefined
        ? { no, name: `sys_ni_syscall:${no}`, fn: sys_ni_syscall, count: 0 }
        : { ...row, count: 0 };
    this.#entries.set(no, entry);
    return entry;
  }
}

function sys_ni_syscall(): number {
  return -Errno.ENOSYS;
}
