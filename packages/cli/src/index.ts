/**
 * The `dce` command as a function: `await main(["run", "my-scenario.ts", "--json"])`.
 *
 * @packageDocumentation
 */
export { EXIT_DEADLOCK, EXIT_OK, EXIT_UNEXPECTED, EXIT_USAGE } from "./exit-codes.ts";
export { type CommandOutput, main } from "./main.ts";
