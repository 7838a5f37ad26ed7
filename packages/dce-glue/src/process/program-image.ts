import type { Wait } from "@dcejs/core-sched";
import type { Thread } from "./thread.ts";

/** What a program's body gives: its exit code, now or later. */
export type ProgramResult = number | void;

/** Something that can run as a process: a TypeScript function now, other loaders later. */
export interface ProgramImage {
  readonly name: string;
  /** Runs the program on its main thread. What it gives is the exit code (nothing = 0). */
  run(thread: Thread): ProgramResult | Wait<ProgramResult> | Promise<ProgramResult>;
}
