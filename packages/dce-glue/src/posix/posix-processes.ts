import { Errno } from "@dcejs/lkl-kernel";
import { currentThread } from "../fd/waiter.ts";
import { type WaitedChild, waitForChild, waitForId } from "../process/children.ts";
import { exitedStatus } from "../process/exit-status.ts";
import type { UtsName } from "../process/node-context.ts";
import { type Rlimit } from "../process/rlimits.ts";
import {
  DEFAULT_SIGNAL_ACTION,
  type SignalAction,
  type SignalHandler,
  SignalSet,
} from "../process/signals.ts";
import { THREAD_EXIT } from "../process/thread.ts";
import * as processes from "./calls/process-calls.ts";
import { type MaybePromise, mapResult } from "./posix-core.ts";
import { PosixEvents } from "./posix-events.ts";
import { SyscallError } from "./syscall-error.ts";

const NS_PER_SEC = 1_000_000_000;

/** SIG_BLOCK, SIG_UNBLOCK, SIG_SETMASK under their asm-generic numbers. */
export const SIG_BLOCK = 0;
export const SIG_UNBLOCK = 1;
export const SIG_SETMASK = 2;

/** What sigaction() is given; flags and mask default to nothing. */
export interface SignalActionRequest {
  readonly handler: SignalHandler | "SIG_DFL" | "SIG_IGN";
  /** SA_* */
  readonly flags?: number;
  /** Signals blocked while the handler runs. */
  readonly mask?: Iterable<number>;
}

/** struct itimerval in nanoseconds. */
export interface IntervalTimer {
  readonly valueNs: number;
  readonly intervalNs: number;
}

/** Thrown by exit() when functions of atexit() have to run first. */
export class ExitRequest extends Error {
  override readonly name = "ExitRequest";
  readonly code: number;

  constructor(code: number) {
    super(`exit(${code})`);
    this.code = code;
  }
}

/** Processes, users, signals and the environment. */
export abstract class PosixProcesses extends PosixEvents {
  get argv(): readonly string[] {
    return this.process.argv;
  }

  getpid(): number {
    return this.thread.process.pid;
  }

  getppid(): number {
    return this.thread.process.ppid;
  }

  gettid(): number {
    return this.thread.tid;
  }

  getuid(): number {
    return this.thread.process.uid;
  }

  geteuid(): number {
    return this.thread.process.euid;
  }

  getgid(): number {
    return this.thread.process.gid;
  }

  getegid(): number {
    return this.thread.process.egid;
  }

  setuid(uid: number): MaybePromise<number> {
    return this.call("setuid", processes.sysSetuid, uid, 0, 0, 0);
  }

  setgid(gid: number): MaybePromise<number> {
    return this.call("setgid", processes.sysSetgid, gid, 0, 0, 0);
  }

  seteuid(euid: number): MaybePromise<number> {
    return this.call("setresuid", processes.sysSeteuid, euid, 0, 0, 0);
  }

  setegid(egid: number): MaybePromise<number> {
    return this.call("setresgid", processes.sysSetegid, egid, 0, 0, 0);
  }

  getgroups(): readonly number[] {
    return this.thread.process.groups;
  }

  /** @throws {SyscallError} EPERM: not root. */
  setgroups(groups: readonly number[]): void {
    const { process } = this.thread;
    if (process.euid !== 0) throw SyscallError.of(-Errno.EPERM, "setgroups");
    process.groups = [...groups];
  }

  getpgrp(): number {
    return this.thread.process.pgid;
  }

  /** @param pid 0: oneself. */
  getpgid(pid: number): number {
    const { process } = this.thread;
    const target = pid === 0 ? process : this.node.processes.get(pid);
    if (target === undefined) throw SyscallError.of(-Errno.ESRCH, "getpgid");
    return target.pgid;
  }

  setpgid(pid: number, pgid: number): MaybePromise<number> {
    return this.call("setpgid", processes.sysSetpgid, pid, pgid, 0, 0);
  }

  getsid(): number {
    return this.thread.process.sid;
  }

  setsid(): MaybePromise<number> {
    return this.call("setsid", processes.sysSetsid, 0, 0, 0, 0);
  }

  /** Sends the signal that is asked for. @param pid as kill(2). @param signo 0: only whether one may. */
  kill(pid: number, signo: number): MaybePromise<number> {
    return this.call("kill", processes.sysKill, pid, signo, 0, 0);
  }

  raise(signo: number): MaybePromise<number> {
    return this.tgkill(this.thread.tid, signo);
  }

  /** Sends a signal to one thread of the own process. */
  tgkill(tid: number, signo: number): MaybePromise<number> {
    return this.call("tgkill", processes.sysTgkill, tid, signo, 0, 0);
  }

  /**
   * Sets what a signal does. Handlers run at the boundary of the next call, or of the call that they
   * interrupt. @returns what it did before.
   */
  sigaction(
    signo: number,
    request: SignalActionRequest | SignalHandler | "SIG_DFL" | "SIG_IGN",
  ): SignalAction {
    const { thread } = this;
    const full = typeof request === "object" ? request : { handler: request };
    const old = thread.process.signalActions.get(signo) ?? DEFAULT_SIGNAL_ACTION;
    const result = processes.sysSigaction(thread, signo, {
      handler: full.handler,
      flags: full.flags ?? 0,
      mask: new SignalSet(full.mask ?? []),
    });
    if (result < 0) throw SyscallError.of(result, "rt_sigaction");
    return old;
  }

  /** @param how SIG_BLOCK, SIG_UNBLOCK, SIG_SETMASK. @returns the mask before. */
  sigprocmask(how: number, signals: Iterable<number> = []): MaybePromise<SignalSet> {
    const old = this.thread.blocked.copy();
    const change = (): number => {
      const mask = old.copy();
      if (how === SIG_BLOCK) mask.addAll(new SignalSet(signals));
      else if (how === SIG_UNBLOCK) mask.deleteAll(new SignalSet(signals));
      else if (how === SIG_SETMASK) mask.assign(new SignalSet(signals));
      else return -Errno.EINVAL;
      this.thread.setMask(mask);
      return 0;
    };
    return mapResult(this.call("rt_sigprocmask", change, how, 0, 0, 0), () => old);
  }

  /** Signals that wait because they are blocked. */
  sigpending(): SignalSet {
    const { thread } = this;
    const set = thread.pending.set.copy();
    set.addAll(thread.process.pending.set);
    return set;
  }

  /** Waits for a signal with another mask. Always throws EINTR in the end. */
  sigsuspend(mask: Iterable<number>): MaybePromise<number> {
    const set = new SignalSet(mask);
    return this.call("rt_sigsuspend", processes.sysSigsuspend, set, 0, 0, 0);
  }

  /** Waits for a signal that has a handler. Always throws EINTR in the end. */
  pause(): MaybePromise<number> {
    return this.call("pause", processes.sysSigsuspend, undefined, 0, 0, 0);
  }

  /** SIGALRM after so many seconds; 0 calls it off. @returns seconds that were left. */
  alarm(seconds: number): number {
    const { realTimer } = this.thread.process;
    const left = Math.ceil(realTimer.leftNs / NS_PER_SEC);
    realTimer.set(seconds * NS_PER_SEC, 0);
    return left;
  }

  /** ITIMER_REAL. @returns what was set before. */
  setitimer(timer: IntervalTimer): IntervalTimer {
    const old = this.getitimer();
    if (!isTime(timer.valueNs) || !isTime(timer.intervalNs)) {
      throw SyscallError.of(-Errno.EINVAL, "setitimer");
    }
    this.process.realTimer.set(timer.valueNs, timer.intervalNs);
    return old;
  }

  getitimer(): IntervalTimer {
    const { leftNs, intervalNs } = this.thread.process.realTimer;
    return { valueNs: leftNs, intervalNs };
  }

  getenv(name: string): string | undefined {
    return this.thread.process.env.get(name);
  }

  setenv(name: string, value: string, overwrite: boolean = true): void {
    if (name === "" || name.includes("=")) throw SyscallError.of(-Errno.EINVAL, "setenv");
    const { env } = this.thread.process;
    if (overwrite || !env.has(name)) env.set(name, value);
  }

  unsetenv(name: string): void {
    this.thread.process.env.delete(name);
  }

  get environ(): ReadonlyMap<string, string> {
    return this.process.env;
  }

  uname(): UtsName {
    return { ...this.node.uts };
  }

  gethostname(): string {
    return this.node.uts.nodename;
  }

  /** @throws {SyscallError} EPERM: not root; EINVAL: longer than 64 octets. */
  sethostname(name: string): void {
    if (this.thread.process.euid !== 0) throw SyscallError.of(-Errno.EPERM, "sethostname");
    if (name.length > 64) throw SyscallError.of(-Errno.EINVAL, "sethostname");
    this.node.uts.nodename = name;
  }

  /** Fills the buffer from the node's own seeded stream. */
  getrandom(buffer: Uint8Array): number {
    this.node.random.bytes(buffer);
    return buffer.length;
  }

  /** A number in [0,1) from the node's own seeded stream. */
  random(): number {
    return this.node.random.next();
  }

  getrlimit(resource: number): Rlimit {
    const limit = this.thread.process.limits.get(resource);
    if (typeof limit === "number") throw SyscallError.of(limit, "prlimit64");
    return limit;
  }

  setrlimit(resource: number, limit: Rlimit): void {
    const { process } = this.thread;
    const result = process.limits.set(resource, limit, process.euid === 0);
    if (result < 0) throw SyscallError.of(result, "prlimit64");
  }

  /** Runs when the process exits by return or exit(), the last one first. */
  atexit(handler: () => void | Promise<void>): void {
    this.thread.process.exitHandlers.push(handler);
  }

  /** Ends the process: never returns. Functions of atexit() run first. */
  exit(code: number = 0): never {
    const { process } = this.thread;
    if (process.exitHandlers.length > 0) throw new ExitRequest(code);
    this.exitImmediately(code);
  }

  /** Ends the process at once: _exit(2). */
  exitImmediately(code: number = 0): never {
    this.thread.process.beginExit(exitedStatus(code));
    throw THREAD_EXIT;
  }

  /**
   * Waits for a child. @param pid as waitpid(2). @param options WNOHANG, WUNTRACED, WCONTINUED.
   * @returns pid 0: none has changed (WNOHANG). @throws {SyscallError} ECHILD.
   */
  waitpid(pid: number, options: number = 0): MaybePromise<WaitedChild> {
    const out: WaitedChild = { pid: 0, status: 0 };
    return mapResult(this.call("wait4", waitForChild, pid, options, out, 0), () => out);
  }

  /**
   * waitid(). @param type P_ALL, P_PID, P_PGID. @param options WEXITED, WUNTRACED, WCONTINUED, at
   * least one of them, and WNOHANG, WNOWAIT (the child stays to be waited for).
   */
  waitid(type: number, id: number, options: number): MaybePromise<WaitedChild> {
    const out: WaitedChild = { pid: 0, status: 0 };
    return mapResult(this.call("waitid", waitForId, type, id, options, out), () => out);
  }

  /** sched_yield(2): the others run first. A program that spins on it is charged, so that time goes on. */
  async schedYield(): Promise<void> {
    const { manager } = currentThread(this.node.taskManager).task;
    const call = (): ReturnType<typeof manager.yield> =>
      manager.chargeBusyCall() ? manager.chargedYield() : manager.yield();
    await this.call("sched_yield", call, 0, 0, 0, 0);
  }
}

function isTime(ns: number): boolean {
  return Number.isSafeInteger(ns) && ns >= 0;
}
