import type { Wait } from "@dcejs/core-sched";
import type { Thread } from "./thread.ts";

/** What a program's body gives: its exit code (nothing = 0), now or later. */
export type ProgramResult = number | void;

/** What the body of any thread may be: plain, a generator in kernel style, or async. */
export type ThreadBody = (thread: Thread) => unknown;

/** Something that can run as a process: a TypeScript function now, other loaders later. */
export interface ProgramImage {
  readonly name: string;
  /** Runs the program on its main thread. What it gives is the exit code. */
  run(thread: Thread): ProgramResult | Wait<ProgramResult> | Promise<ProgramResult>;
}

/** Thrown through a program by execve(): its thread goes on with another program. */
export class ExecRequest extends Error {
  override readonly name = "ExecRequest";
  readonly image: ProgramImage;

  constructor(image: ProgramImage) {
    super(`execve of ${image.name}`);
    this.image = image;
  }
}

/** The programs that a node can start by name or path (DCE: the search in DCE_PATH). */
export class ProgramRegistry {
  readonly #images = new Map<string, ProgramImage>();

  register(image: ProgramImage): void {
    this.#images.set(image.name, image);
  }

  /** By name, or by path: what counts is the last name. */
  find(name: string): ProgramImage | undefined {
    return this.#images.get(name) ?? this.#images.get(name.slice(name.lastIndexOf("/") + 1));
  }

  get names(): readonly string[] {
    return [...this.#images.keys()].toSorted();
  }
}
