import type { KernelExports } from "./exports.ts";

/** How a stack was left. */
export const STACK_PARKED = 0;
export const STACK_ENDED = 1;
/** It still runs: the host's `onLeft` will be told. */
export const STACK_RUNS = 2;

/** Where a stack begins: the index of the function of the kernel. */
export const ENTRY_BOOT = 0;
export const ENTRY_THREAD = 1;
export const ENTRY_REENTRY = 2;
export const ENTRY_CALL = 3;

/** Told when a stack that was resumed has been left. Called once for each STACK_RUNS. */
export type OnLeft = (outcome: number, error: unknown) => void;

/**
 * The WebAssembly stacks of one kernel, each parked under a number that the kernel gives it. One runs
 * at a time. The kernel parks a stack by calling its import `park(slot, isDead)`.
 */
export interface Stacks {
  readonly kind: "jspi" | "wasmfx";
  /** The kernel's import `host.park`. */
  readonly park: WebAssembly.ImportValue;
  /**
   * To be called once, with the instance that imports `park`.
   * @param takeEnd tells whether the stack that was started last has run to its end, and forgets it
   */
  attach(exports: KernelExports, takeEnd: () => boolean, onLeft: OnLeft): void;
  /** A stack is parked under this number. */
  has(slot: number): boolean;
  /**
   * Runs an entry of the kernel on a new stack: `entry(stackTop, argument)`. Synchronous up to its first
   * parking in every back end.
   * @returns STACK_PARKED, STACK_ENDED, or STACK_RUNS when only the host's promises will tell (it has trapped)
   */
  start(entry: number, slot: number, stackTop: number, argument: number): number;
  /** Goes on where a stack was parked. @returns as start; STACK_RUNS in back ends that resume through promises */
  resume(slot: number): number;
  /** Unwinds all parked stacks, so that the host can free them and the kernel's memory. */
  destroy(): void;
}
