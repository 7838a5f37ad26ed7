import { type ChildProcess, spawn } from "node:child_process";
import { createWriteStream } from "node:fs";
import { createInterface } from "node:readline";
import { finished } from "node:stream/promises";
import { BuildError } from "./build-error.ts";

export interface CommandOptions {
  readonly cwd?: string;
  readonly env?: Record<string, string>;
  /** Everything the command prints is appended to this file. */
  readonly logFile?: string;
  /** Called for each line of standard output. */
  readonly onLine?: (line: string) => void;
}

interface Log {
  write(text: string): unknown;
}

/** How many of a failed command's last lines are shown. */
const SHOWN_LINES_MAX = 25;

const running = new Set<ChildProcess>();
let isStopped = false;

/** Ends the commands that run, and lets no other begin: what waits for them fails, and cleans up. */
export function stopCommands(): void {
  isStopped = true;
  for (const child of running) child.kill("SIGTERM");
}

/** The environment of every command: nothing of the user's that could change what is built. */
export function cleanEnvironment(): Record<string, string> {
  const kept: Record<string, string> = {
    LC_ALL: "C",
    TZ: "UTC",
    DEBIAN_FRONTEND: "noninteractive",
  };
  for (const name of ["PATH", "HOME", "TMPDIR", "USER", "http_proxy", "https_proxy", "no_proxy"]) {
    const value = process.env[name];
    if (value !== undefined) kept[name] = value;
  }
  return kept;
}

/**
 * Runs a command to its end.
 * @returns Its standard output.
 * @throws BuildError with the last lines it printed when it cannot be started, fails or is stopped.
 */
export async function runCommand(
  command: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<string> {
  const log =
    options.logFile === undefined ? undefined : createWriteStream(options.logFile, { flags: "a" });
  log?.write(`$ ${command} ${args.join(" ")}\n`);
  try {
    return await runLogged(command, args, options, log);
  } finally {
    if (log !== undefined) {
      log.end();
      await finished(log);
    }
  }
}

async function runLogged(
  command: string,
  args: readonly string[],
  options: CommandOptions,
  log: Log | undefined,
): Promise<string> {
  if (isStopped) throw new BuildError("stopped");
  const child = spawn(command, args, {
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    env: options.env ?? cleanEnvironment(),
    stdio: ["ignore", "pipe", "pipe"],
  });
  running.add(child);
  const output: string[] = [];
  const tail: string[] = [];
  const remember = (line: string): void => {
    log?.write(`${line}\n`);
    tail.push(line);
    if (tail.length > SHOWN_LINES_MAX) tail.shift();
  };
  createInterface({ input: child.stdout }).on("line", (line) => {
    remember(line);
    if (options.onLine === undefined) output.push(line);
    else options.onLine(line);
  });
  createInterface({ input: child.stderr }).on("line", remember);
  const status = await new Promise<string | undefined>((resolve) => {
    child.on("error", (error) => resolve(error.message));
    child.on("close", (code, signal) => {
      resolve(code === 0 ? undefined : `ended with ${signal ?? `exit code ${code}`}`);
    });
  });
  running.delete(child);
  if (isStopped) throw new BuildError("stopped");
  if (status !== undefined) throw new BuildError(`${command} ${status}`, tail.join("\n"));
  return output.join("\n");
}
