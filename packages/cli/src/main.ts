import { readFileSync } from "node:fs";
import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import { type CommandOutput, PROCESS_OUTPUT } from "./command-output.ts";
import { EXIT_OK } from "./exit-codes.ts";
import { reportFailure, wantsJson } from "./failure.ts";
import { listScenarios } from "./list-command.ts";
import { type RunFlags, runCommand, scenarioHelp } from "./run-command.ts";
import { UsageError } from "./usage-error.ts";

/**
 * Runs one `dce` command.
 * @param args Arguments after the command's own name.
 * @returns The exit code: 0 all as expected, 1 not, 2 bad usage or scenario, 3 deadlock.
 */
export async function main(
  args: readonly string[],
  output: CommandOutput = PROCESS_OUTPUT,
): Promise<number> {
  let exitCode = EXIT_OK;
  const asJson = wantsJson(args);
  const release = asJson ? output.guardOut?.() : undefined;
  const program = createProgram(output, (code) => {
    exitCode = code;
  });
  try {
    await program.parseAsync(args, { from: "user" });
    return exitCode;
  } catch (error) {
    // --help and --version end here as well.
    if (error instanceof CommanderError && error.exitCode === 0) return EXIT_OK;
    return reportFailure(error, asJson, output);
  } finally {
    release?.();
  }
}

function createProgram(output: CommandOutput, finish: (code: number) => void): Command {
  const program = new Command("dce")
    .description("Runs real programs on simulated Linux hosts, in virtual time.")
    .version(version())
    .exitOverride()
    .configureOutput({ writeOut: output.out, writeErr: output.err })
    .showHelpAfterError("(dce --help lists the commands)");
  program
    .command("run")
    .description("run a scenario: a name that `dce list` shows, or a file")
    .argument("[scenario]", "name or path of a .ts, .mts, .js or .mjs file")
    .argument("[options...]", "the scenario's own options: --rate 10Mbps …")
    .option("--seed <n>", "seed of all randomness", parseSeed)
    .option("--kernel <name>", "kernel of every node")
    .addOption(
      new Option("--stacks <kind>", "how real Linux parks its stacks").choices(["jspi", "wasmfx"]),
    )
    .option("--until <time>", "virtual time at which the run ends at the latest: 10s, 500ms")
    .option("--pcap <dir>", "write a pcapng file per interface and a merged one")
    .option("--files <dir>", "write each node's files as files-N")
    .option("--json", "print one JSON object and nothing else")
    .option("--trace <patterns>", "print tracepoints: tcp:*,sched:*")
    .allowUnknownOption()
    .helpOption(false)
    .option("--help", "show this, and the scenario's own options when one is named")
    .addHelpText(
      "after",
      "\nOptions that dce does not know go to the scenario, as do all after --.",
    )
    .action(
      async (scenario: string | undefined, rest: string[], flags: RunFlags, command: Command) => {
        if (flags.help === true) {
          const own = scenario === undefined ? "" : await scenarioHelp(scenario);
          output.out(`${command.helpInformation()}${own}`);
          return;
        }
        if (scenario === undefined) throw new UsageError("run needs a scenario; see dce list");
        finish(await runCommand(scenario, rest, flags, output));
      },
    );
  program
    .command("list")
    .description("list the scenarios of this project")
    .argument("[folder]", 'default: "dce.scenarios" of the nearest package.json')
    .option("--json", "as JSON")
    .action(async (folder: string | undefined, flags: { json?: boolean }) => {
      output.out(await listScenarios(folder, flags.json === true));
    });
  return program;
}

function parseSeed(text: string): number {
  const seed = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!(seed <= 0xffffffff)) {
    throw new InvalidArgumentError("a seed is an integer in 0..4294967295.");
  }
  return seed;
}

function version(): string {
  const manifest: unknown = JSON.parse(
    readFileSync(new URL("../package.json", import.meta.url), "utf8"),
  );
  const hasVersion = typeof manifest === "object" && manifest !== null && "version" in manifest;
  return hasVersion ? String(manifest.version) : "unknown";
}
