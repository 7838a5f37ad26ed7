import type { NetlinkKernel } from "../netlink/netlink-client.ts";
import { commandProgram } from "../process/command-program.ts";
import type { Process } from "../process/process.ts";
import type { ProgramImage } from "../process/program-image.ts";
import { NftCommandError } from "./nft-command-error.ts";
import { parseNftCommand, runNftCommand } from "./nft-language.ts";

/** The program `nft`: the same commands as a process, and `-f FILE`. */
export function nftProgram(kernel: NetlinkKernel): ProgramImage {
  return commandProgram("nft", (process) =>
    runNftCommand(parseNftCommand(sourceOf(process)), kernel),
  );
}

/** What stands on the command line, or in the file that it names. */
function sourceOf(process: Process): string {
  const [, option, path = ""] = process.argv;
  if (option !== "-f" && option !== "--file") return process.argv.slice(1).join(" ");
  const { files } = process.node;
  if (!files.exists(path)) {
    throw new NftCommandError(`Error: Could not open file "${path}": No such file or directory`);
  }
  return files.readText(path);
}
