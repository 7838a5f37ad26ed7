import { CommanderError } from "commander";
import type { CommandOutput } from "./command-output.ts";
import { describeError, exitCodeOf, messageOf } from "./exit-codes.ts";

/**
 * Tells why there is no report: people on stderr, programs that asked for JSON with one object on
 * stdout, `{ error: { exit, name, message } }`.
 * @returns the exit code.
 */
export function reportFailure(error: unknown, asJson: boolean, output: CommandOutput): number {
  const exit = exitCodeOf(error);
  // Commander has printed its own message.
  if (!(error instanceof CommanderError)) output.err(`${describeError(error)}\n`);
  if (asJson) {
    const name = error instanceof Error ? error.name : typeof error;
    output.out(`${JSON.stringify({ error: { exit, name, message: messageOf(error) } })}\n`);
  }
  return exit;
}

/** Whether arguments ask for JSON: known before they are parsed, so that ones that make no sense are answered in JSON. */
export function wantsJson(args: readonly string[]): boolean {
  const end = args.indexOf("--");
  return (end < 0 ? args : args.slice(0, end)).includes("--json");
}
