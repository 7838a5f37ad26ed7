import { availableParallelism } from "node:os";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { UsageError } from "./build-error.ts";
import { linuxCacheFolder, packageFolder } from "./folders.ts";
import {
  DEFAULT_PROFILE,
  DEFAULT_RELEASE,
  PROFILES,
  type Profile,
  profileNamed,
  RELEASES,
  type Release,
  releaseNamed,
} from "./release.ts";

export interface BuildOptions {
  readonly releases: readonly Release[];
  readonly profiles: readonly Profile[];
  /** Folder that holds `wasm/`, our port of Linux. */
  readonly archFolder: string;
  readonly outputFolder: string;
  readonly cacheFolder: string;
  readonly jobs: number;
  readonly keep: boolean;
  readonly force: boolean;
  readonly update: boolean;
}

export interface CommandLine {
  readonly action: "build" | "list" | "print-hash" | "help";
  readonly options: BuildOptions;
}

const names = (list: readonly string[]): string => list.join(", ");

export const HELP: string = `Builds Linux as WebAssembly: kernels/linux-<release>-<profile>.wasm and a .json that describes it.

Usage: npm run linux -- [options]

What to build
  --release <x>   a release of Linux; may be given several times (default ${DEFAULT_RELEASE}; ${names(RELEASES.map((r) => r.name))})
  --profile <p>   net: IPv4, IPv6, TCP, UDP and what they need; full: with MPTCP, SCTP, netfilter, tc, tunnels …
                  may be given several times (default ${DEFAULT_PROFILE}; ${names(PROFILES)})
  --all           every release in every profile

How
  --arch <dir>    the port to build, a folder that holds wasm/ (default packages/linux/arch)
  --out <dir>     where the kernels go (default packages/linux/kernels)
  --cache <dir>   sources and finished kernels (default $XDG_CACHE_HOME/dcejs/linux or ~/.cache/dcejs/linux)
  --jobs <n>      compilers at a time (default: the processors of this machine)
  --keep          keep the tree, and compile only what changed the next time; such kernels are not cached
  --force         build although the kernel is in the cache
  --update        ask the archive for newer sources than those at hand

Instead of building
  --list          what is built here
  --print-hash    a hash of our own files for each kernel that is asked for, to key a cache with
  --help          this text
`;

/**
 * Reads the arguments after the program's name.
 * @throws UsageError with one line that says what is wrong.
 */
export function parseCommandLine(args: readonly string[]): CommandLine {
  const values = parseValues(args);
  const everything = values.all === true;
  if (everything && (values.release !== undefined || values.profile !== undefined)) {
    throw new UsageError("--all goes with neither --release nor --profile");
  }
  const actions = (["help", "list", "print-hash"] as const).filter((name) => values[name] === true);
  if (actions.length > 1) throw new UsageError(`--${actions.join(" and --")} exclude each other`);
  const options: BuildOptions = {
    releases: everything ? RELEASES : unique(values.release ?? [DEFAULT_RELEASE]).map(releaseNamed),
    profiles: everything ? PROFILES : unique(values.profile ?? [DEFAULT_PROFILE]).map(profileNamed),
    archFolder: resolve(values.arch ?? packageFolder("arch")),
    outputFolder: resolve(values.out ?? packageFolder("kernels")),
    cacheFolder: resolve(values.cache ?? linuxCacheFolder(process.env)),
    jobs: values.jobs === undefined ? availableParallelism() : parseJobs(values.jobs),
    keep: values.keep === true,
    force: values.force === true,
    update: values.update === true,
  };
  return { action: actions[0] ?? "build", options };
}

function parseValues(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      strict: true,
      allowPositionals: false,
      options: {
        release: { type: "string", multiple: true },
        profile: { type: "string", multiple: true },
        all: { type: "boolean" },
        arch: { type: "string" },
        out: { type: "string" },
        cache: { type: "string" },
        jobs: { type: "string" },
        keep: { type: "boolean" },
        force: { type: "boolean" },
        update: { type: "boolean" },
        list: { type: "boolean" },
        "print-hash": { type: "boolean" },
        help: { type: "boolean", short: "h" },
      },
    }).values;
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    const [firstSentence = error.message] = error.message.split(/\. |\n/);
    throw new UsageError(firstSentence);
  }
}

function parseJobs(text: string): number {
  if (!/^[1-9]\d{0,2}$/.test(text)) {
    throw new UsageError(`--jobs takes a number from 1 to 999, not "${text}"`);
  }
  return Number(text);
}

function unique(list: readonly string[]): string[] {
  return [...new Set(list)];
}
