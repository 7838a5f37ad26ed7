import { BuildError, UsageError } from "./build-error.ts";
import { kernelName, type KernelTarget, provideKernel } from "./build-kernel.ts";
import { stopCommands } from "./command.ts";
import { type CommandLine, HELP, parseCommandLine } from "./command-line.ts";
import { hashOwnFiles } from "./kernel-cache.ts";
import { Progress } from "./progress.ts";
import { RELEASES } from "./release.ts";

const EXIT_FAILED = 1;
const EXIT_USAGE = 2;

async function main(args: readonly string[]): Promise<number> {
  try {
    await run(parseCommandLine(args));
    return 0;
  } catch (error) {
    if (error instanceof UsageError) {
      console.error(`${error.message} (--help tells more)`);
      return EXIT_USAGE;
    }
    if (error instanceof BuildError) {
      if (error.detail !== "") console.error(error.detail);
      console.error(error.message);
      return EXIT_FAILED;
    }
    throw error;
  }
}

async function run({ action, options }: CommandLine): Promise<void> {
  const targets: KernelTarget[] = options.releases.flatMap((release) =>
    options.profiles.map((profile) => ({ release, profile })),
  );
  switch (action) {
    case "help":
      console.log(HELP);
      return;
    case "list":
      for (const { name, sourcePackage, suites } of RELEASES) {
        console.log(`${name.padEnd(6)}${sourcePackage} of Debian ${suites.join(", ")}`);
      }
      return;
    case "print-hash":
      for (const target of targets) {
        const hash = hashOwnFiles(target.release.name, target.profile, options.archFolder);
        console.log(`${kernelName(target)} ${hash}`);
      }
      return;
    case "build": {
      const progress = new Progress();
      for (const target of targets) await provideKernel(target, options, progress);
    }
  }
}

// The first time tidily: a tree takes 400 MB.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, stopCommands);
process.exitCode = await main(process.argv.slice(2));
