import type { Blocked, Wait } from "@dcejs/core-sched";
import { IpCommandError } from "../ip/ip-command-error.ts";
import type { NetlinkKernel } from "../netlink/netlink-client.ts";
import type { Process } from "../process/process.ts";
import type { ProgramImage } from "../process/program-image.ts";
import { parseTcCommand, runTcCommand } from "./tc-language.ts";

const encoder = new TextEncoder();

/** The program `tc`. */
export function tcProgram(kernel: NetlinkKernel): ProgramImage {
  return {
    name: "tc",
    run: (thread) => main(thread.process, kernel),
  };
}

function* main(process: Process, kernel: NetlinkKernel): Wait {
  try {
    const text = yield* runTcCommand(parseTcCommand(process.argv.slice(1)), kernel);
    yield* print(process, 1, text);
    return 0;
  } catch (error) {
    if (!(error instanceof IpCommandError)) throw error;
    yield* print(process, 2, `${error.message}\n`);
    return error.exitCode;
  }
}

function* print(process: Process, fd: number, text: string): Wait<void> {
  if (text === "") return;
  const written: number | Blocked | undefined = process.files.get(fd)?.write(encoder.encode(text));
  if (typeof written === "object") yield written;
}
