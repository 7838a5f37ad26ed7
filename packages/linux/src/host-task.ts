import type { Machine } from "./machine.ts";

// struct host_task of arch/wasm/kernel/host_task.c, in 32-bit words.
const NR = 12;
const IS_POSTED = 13;
const RESULT = 14;
const TASK = 15;
const SLOT = 16;
const STACK_TOP = 17;

const TWO_TO_32 = 2 ** 32;

/** What a host task's owner is told: its call is over. */
export type OnDone = (result: number, task: HostTask) => void;

/**
 * A thread of the host as the kernel knows it: a task that runs one call at a time. Between calls it
 * is in user mode and costs the kernel nothing but its memory.
 */
export class HostTask {
  /** struct host_task. */
  readonly address: number;
  /** struct task_struct. */
  readonly task: number;
  readonly slot: number;
  readonly stackTop: number;
  /** Called when a call that was BLOCKED is over, from inside the kernel's run: it must only note and wake. */
  onDone: OnDone | undefined = undefined;
  isInCall = false;
  /** Whose rights it has: what its host has made of it by setresuid(2) and setresgid(2). */
  euid = 0;
  egid = 0;
  /** For reports: the number of the last call. */
  lastCall = 0;
  readonly #words: Uint32Array;
  readonly #base: number;

  constructor(machine: Machine, address: number) {
    const words = machine.u32;
    const base = address >>> 2;
    this.address = address;
    this.#words = words;
    this.#base = base;
    this.task = words[base + TASK] ?? 0;
    this.slot = words[base + SLOT] ?? 0;
    this.stackTop = words[base + STACK_TOP] ?? 0;
  }

  get result(): number {
    return (this.#words[this.#base + RESULT] ?? 0) | 0;
  }

  /** @param slots 32-bit integers, or up to 2^53 for arguments that are 64 bits wide; negative numbers are sign-extended */
  post(nr: number, a: number, b: number, c: number, d: number, e: number, f: number): void {
    this.#argument(0, a);
    this.#argument(1, b);
    this.#argument(2, c);
    this.#argument(3, d);
    this.#argument(4, e);
    this.#argument(5, f);
    this.#words[this.#base + NR] = nr;
    this.#words[this.#base + IS_POSTED] = 1;
    this.lastCall = nr;
  }

  #argument(index: number, value: number): void {
    const at = this.#base + 2 * index;
    this.#words[at] = value;
    this.#words[at + 1] = value >= 0 && value < TWO_TO_32 ? 0 : Math.floor(value / TWO_TO_32);
  }
}
