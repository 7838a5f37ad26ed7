/**
 * The `dce` command as a function: `await main(["run", "my-scenario.ts", "--json"])`.
 *
 * @packageDocumentation
 */
export { EXIT_DEADLOCK, EXIT_OK, EXIT_UNEXPECTED, EXIT_USAGE } from "./exit-codes.ts";
export type { CommandOutput } from "./command-output.ts";
export { main } from "./main.ts";
export { runProcess } from "./run-process.ts";
