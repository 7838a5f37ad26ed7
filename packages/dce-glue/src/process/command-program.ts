import type { Blocked, Wait } from "@dcejs/core-sched";
import type { ProgramImage } from "./program-image.ts";
import type { Process } from "./process.ts";

const encoder = new TextEncoder();

/** A command failed, in the words of the program that it is a command of. */
export abstract class CommandError extends Error {
  /** What the program exits with. */
  abstract readonly exitCode: number;
  /** -errno of the kernel, 0 when it was not asked. */
  abstract readonly errno: number;
}

/**
 * A program that does what its command line says and prints what comes of it, as DCE's LinuxStackHelper::RunIp runs one.
 * @param run gives what it prints, or throws a CommandError, whose message goes to standard error
 */
export function commandProgram(
  name: string,
  run: (process: Process) => Wait<string>,
): ProgramImage {
  return { name, run: (thread) => main(thread.process, run) };
}

function* main(process: Process, run: (process: Process) => Wait<string>): Wait {
  try {
    yield* print(process, 1, yield* run(process));
    return 0;
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    yield* print(process, 2, `${error.message}\n`);
    return error.exitCode;
  }
}

function* print(process: Process, fd: number, text: string): Wait<void> {
  if (text === "") return;
  const written: number | Blocked | undefined = process.files.get(fd)?.write(encoder.encode(text));
  if (typeof written === "object") yield written;
}
