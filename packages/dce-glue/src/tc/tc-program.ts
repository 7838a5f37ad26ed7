import type { NetlinkKernel } from "../netlink/netlink-client.ts";
import { commandProgram } from "../process/command-program.ts";
import type { ProgramImage } from "../process/program-image.ts";
import { parseTcCommand, runTcCommand } from "./tc-language.ts";

/** The program `tc`. */
export function tcProgram(kernel: NetlinkKernel): ProgramImage {
  return commandProgram("tc", ({ argv }) => runTcCommand(parseTcCommand(argv.slice(1)), kernel));
}
