import type { Blocked, Wait } from "@dcejs/core-sched";
import type { NetlinkKernel } from "../netlink/netlink-client.ts";
import type { ProgramImage } from "../process/program-image.ts";
import type { Process } from "../process/process.ts";
import { NftCommandError } from "./nft-command-error.ts";
import { parseNftCommand, runNftCommand } from "./nft-language.ts";

const encoder = new TextEncoder();

/** The program `nft`: the same commands as a process, and `-f FILE`. */
export function nftProgram(kernel: NetlinkKernel): ProgramImage {
  return {
    name: "nft",
    run: (thread) => main(thread.process, kernel),
  };
}

function* main(process: Process, kernel: NetlinkKernel): Wait {
  try {
    const text = yield* runNftCommand(parseNftCommand(sourceOf(process)), kernel);
    yield* print(process, 1, text);
    return 0;
  } catch (error) {
    if (!(error instanceof NftCommandError)) throw error;
    yield* print(process, 2, `${error.message}\n`);
    return error.exitCode;
  }
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

function* print(process: Process, fd: number, text: string): Wait<void> {
  if (text === "") return;
  const written: number | Blocked | undefined = process.files.get(fd)?.write(encoder.encode(text));
  if (typeof written === "object") yield written;
}
