import type { NetlinkKernel } from "../netlink/netlink-client.ts";
import { commandProgram } from "../process/command-program.ts";
import type { ProgramImage } from "../process/program-image.ts";
import { parseIpCommand, runIpCommand } from "./ip-language.ts";

/** The program `ip`. */
export function ipProgram(kernel: NetlinkKernel): ProgramImage {
  return commandProgram("ip", ({ argv }) => runIpCommand(parseIpCommand(argv.slice(1)), kernel));
}
