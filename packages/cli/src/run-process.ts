import { PROCESS_OUTPUT } from "./command-output.ts";
import { EXIT_USAGE } from "./exit-codes.ts";
import { reportFailure, wantsJson } from "./failure.ts";
import { main } from "./main.ts";
import { UsageError } from "./usage-error.ts";

/** What a shell shows of a command that SIGPIPE has ended. */
const EXIT_BROKEN_PIPE = 141;

/**
 * The `dce` command as this process: sets its exit code. Do not await it at the top level of a module:
 * a scenario that waits for ever would end the process before it can say so.
 */
export async function runProcess(args: readonly string[]): Promise<void> {
  const nothingLeft = (): void => {
    // Node has nothing to do any more, and the command is not over.
    const error = new UsageError("the scenario waits for a promise that nothing will settle");
    process.exitCode = reportFailure(error, wantsJson(args), PROCESS_OUTPUT);
  };
  for (const stream of [process.stdout, process.stderr]) stream.on("error", endOfOutput);
  process.once("beforeExit", nothingLeft);
  process.exitCode = await main(args, PROCESS_OUTPUT);
  process.off("beforeExit", nothingLeft);
}

/** Who read our output is gone (`dce … | head`), or it cannot be written. */
function endOfOutput(error: Error): void {
  if ("code" in error && error.code === "EPIPE") process.exit(EXIT_BROKEN_PIPE);
  PROCESS_OUTPUT.err(`dce: cannot write: ${error.message}\n`);
  process.exit(EXIT_USAGE);
}
