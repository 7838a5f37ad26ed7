import { Errno } from "@dcejs/lkl-kernel";
import { O_RDONLY } from "../fd/open-flags.ts";
import { logFolder } from "../process/process-log.ts";
import type { InterfaceAddress } from "../process/node-context.ts";
import { hashStart } from "../process/process-trace.ts";
import { ExecRequest, type ProgramImage, type ProgramResult } from "../process/program-image.ts";
import { DEFAULT_SIGNAL_ACTION, SignalSet } from "../process/signals.ts";
import type { Thread } from "../process/thread.ts";
import { breakOff } from "../process/thread-return.ts";
import { spawnProcess, type SpawnOptions } from "../process/spawn.ts";
import { findHost, type ResolvedAddress } from "./host-names.ts";
import type { MaybePromise } from "./posix-core.ts";
import { runExitHandlers } from "./exit-handlers.ts";
import { ExitRequest } from "./posix-processes.ts";
import { PosixThreads } from "./posix-threads.ts";
import { SyscallError } from "./syscall-error.ts";

export type { MaybePromise } from "./posix-core.ts";

/**
 * What a TypeScript program sees of its host. A call gives its value at once when it did not block,
 * and a promise when it did: `await` it always. Errors are thrown as SyscallError.
 */
export class Posix extends PosixThreads {
  /**
   * posix_spawn(): starts a child with a copy of the environment and the open descriptors.
   * @param program a function, an image, or the name of a registered program.
   * @returns its pid. @throws {SyscallError} ENOENT, EAGAIN, EBADF.
   */
  spawn(program: Main | ProgramImage | string, options: SpawnOptions = {}): number {
    const { process } = this.thread;
    const image = this.#imageOf(program, "posix_spawn");
    const child = spawnProcess(process, image, options);
    if (typeof child === "number") throw SyscallError.of(child, "posix_spawn");
    return child.pid;
  }

  /**
   * execve(): this process goes on with another program. Never returns. Handlers become SIG_DFL,
   * descriptors with FD_CLOEXEC are closed, other threads end.
   */
  async execve(
    program: Main | ProgramImage | string,
    argv?: readonly string[],
    env?: Readonly<Record<string, string>>,
  ): Promise<never> {
    const image = this.#imageOf(program, "execve");
    const { process } = this.thread;
    await this.#endOtherThreads();
    for (const file of process.files.removeCloseOnExec()) {
      const closing = file.release();
      // oxlint-disable-next-line no-await-in-loop -- in the order of the descriptors
      if (typeof closing !== "number") await this.thread.park(closing);
    }
    for (const [signo, { handler }] of process.signalActions) {
      if (handler !== "SIG_IGN") process.signalActions.set(signo, DEFAULT_SIGNAL_ACTION);
    }
    process.exitHandlers.length = 0;
    process.name = image.name;
    process.argv = argv ?? [image.name];
    if (env !== undefined) {
      process.env.clear();
      for (const [name, value] of Object.entries(env)) process.env.set(name, value);
    }
    hashStart(process);
    throw new ExecRequest(image);
  }

  /**
   * getaddrinfo() without DNS: addresses as text, then /etc/hosts.
   * @throws {SyscallError} ENOENT: no such name.
   */
  getaddrinfo(host: string): Promise<ResolvedAddress[]> {
    return this.several(() => this.#getaddrinfo(host));
  }

  async #getaddrinfo(host: string): Promise<ResolvedAddress[]> {
    let hosts = "";
    try {
      hosts = await this.readTextFile("/etc/hosts");
    } catch (error) {
      if (!(error instanceof SyscallError) || error.code !== "ENOENT") throw error;
    }
    const found = findHost(host, hosts);
    if (found.length === 0) throw SyscallError.of(-Errno.ENOENT, "getaddrinfo", host);
    return found;
  }

  /** Addresses of all interfaces, from the node's kernel. */
  getifaddrs(): readonly InterfaceAddress[] {
    return this.node.kernelFiles?.interfaces() ?? [];
  }

  /** A line for the process' own syslog file, stamped with the virtual time. */
  syslog(priority: number, message: string): void {
    const { pid, name } = this.thread.process;
    const path = `${logFolder(pid)}/syslog`;
    const { files } = this.node;
    const old = files.exists(path) ? files.readText(path) : "";
    files.write(
      path,
      `${old}<${priority}>${(this.now() / 1e9).toFixed(9)} ${name}[${pid}]: ${message}\n`,
    );
  }

  /** Opens a file for reading: short for open(path, O_RDONLY). */
  openForReading(path: string): MaybePromise<number> {
    return this.open(path, O_RDONLY);
  }

  #imageOf(program: Main | ProgramImage | string, syscall: string): ProgramImage {
    if (typeof program === "function") return programImage(program);
    if (typeof program !== "string") return program;
    const image = this.node.programs?.find(program);
    if (image === undefined) throw SyscallError.of(-Errno.ENOENT, syscall, program);
    return image;
  }

  /** de_thread: the caller goes on alone. */
  async #endOtherThreads(): Promise<void> {
    const { process } = this;
    const self = this.thread;
    for (const other of process.threads) {
      if (other === self) continue;
      other.mustEnd = true;
      other.updateWork();
      other.interrupt();
    }
    for (const other of process.threads) {
      // oxlint-disable-next-line no-await-in-loop -- all of them have to be gone
      if (other !== self) await this.joinForExec(other);
    }
  }
}

/** A set of signals for sigprocmask(), ppoll() and sigsuspend(). */
export function signalSet(signals: Iterable<number>): SignalSet {
  return new SignalSet(signals);
}

/** A TypeScript program. What it returns is its exit code (nothing = 0). */
export type Main = (posix: Posix) => number | void | Promise<number | void>;

/** Makes a TypeScript function a program that a node can start. @param name what `ps` shows. */
export function programImage(main: Main, name: string = main.name || "main"): ProgramImage {
  return {
    name,
    run: (thread: Thread) => runMain(main, thread),
  };
}

async function runMain(main: Main, thread: Thread): Promise<ProgramResult> {
  const { process } = thread;
  const posix = new Posix(process);
  let code: number | void;
  try {
    code = await main(posix);
  } catch (error) {
    if (!(error instanceof ExitRequest)) throw error;
    code = error.code;
  }
  await breakOff(thread);
  await runExitHandlers(process);
  return code;
}
