import { type Blocked, type TaskBody, TaskKilled, type Wait } from "@dcejs/core-sched";
import { exitedStatus } from "./exit-status.ts";
import type { NodeContext } from "./node-context.ts";
import { ExecRequest, type ThreadBody } from "./program-image.ts";
import type { Process } from "./process.ts";
import { breakOff, leaveCall } from "./thread-return.ts";
import { Thread, ThreadExit } from "./thread.ts";
import { thrownText } from "./thrown-text.ts";

export interface RunOptions {
  readonly name: string;
  /** The result is the exit code of the process, which ends with this thread. */
  readonly isMain: boolean;
}

/** What has to be done when the last thread of a process is gone. */
export type ProcessEnd = (process: Process) => Wait<void>;

/** Runs bodies as threads of processes, and clears up behind them. */
export class ThreadRunner {
  readonly #node: NodeContext;
  readonly #processEnd: ProcessEnd;

  constructor(node: NodeContext, processEnd: ProcessEnd) {
    this.#node = node;
    this.#processEnd = processEnd;
  }

  start(process: Process, tid: number, body: ThreadBody, options: RunOptions): Thread {
    const thread = new Thread(process, tid, options.name);
    process.threads.add(thread);
    const taskBody: TaskBody = () => this.#run(thread, body, options.isMain);
    const task = this.#node.taskManager.start(taskBody, {
      name: options.name,
      context: thread,
      isDaemon: process.isDaemon,
    });
    thread.attach(task);
    return thread;
  }

  #run(thread: Thread, body: ThreadBody, isMain: boolean): Wait<unknown> | Promise<unknown> {
    let result: unknown;
    try {
      if (thread.isKilled) return this.#leave(thread);
      result = body(thread);
    } catch (error) {
      const next = this.#hasThrown(thread, error);
      return next === undefined ? this.#leave(thread) : this.#run(thread, next, true);
    }
    if (result instanceof Promise) return this.#runAsync(thread, result, isMain);
    if (isWait(result)) return this.#runGenerator(thread, result, isMain);
    this.#hasReturned(thread, result, isMain);
    return this.#leave(thread);
  }

  async #runAsync(thread: Thread, running: Promise<unknown>, isMain: boolean): Promise<unknown> {
    let next: ThreadBody | undefined;
    try {
      const result = await running;
      await breakOff(thread);
      this.#hasReturned(thread, result, isMain);
    } catch (error) {
      next = this.#hasThrown(thread, error);
      await leaveCall(thread);
    }
    return this.#drive(
      thread,
      next === undefined ? this.#leave(thread) : this.#run(thread, next, true),
    );
  }

  *#runGenerator(thread: Thread, running: Wait<unknown>, isMain: boolean): Wait<unknown> {
    try {
      this.#hasReturned(thread, yield* running, isMain);
    } catch (error) {
      const next = this.#hasThrown(thread, error);
      const work = next === undefined ? undefined : this.#run(thread, next, true);
      if (work instanceof Promise)
        throw new Error("a generator program cannot exec an async one", { cause: error });
      if (work !== undefined) return yield* work;
    }
    return yield* this.#leave(thread);
  }

  /** For async bodies: waits for each Blocked handle that the generator yields. */
  async #drive(thread: Thread, work: Wait<unknown> | Promise<unknown>): Promise<unknown> {
    if (work instanceof Promise) return work;
    let step: IteratorResult<Blocked, unknown> = work.next(0);
    while (step.done !== true) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other is the meaning
      step = work.next(await thread.park(step.value));
    }
    return step.value;
  }

  #hasReturned(thread: Thread, result: unknown, isMain: boolean): void {
    thread.exitValue = result;
    if (isMain) thread.process.beginExit(exitedStatus(exitCodeOf(result)));
  }

  /** @returns the body with which the thread goes on, after execve(). */
  #hasThrown(thread: Thread, error: unknown): ThreadBody | undefined {
    const { process } = thread;
    // dispose() has cleared up already.
    if (error instanceof TaskKilled) throw error;
    if (error instanceof ExecRequest && !process.isExiting) {
      return (self) => error.image.run(self);
    }
    if (error instanceof ThreadExit || error instanceof ExecRequest) return undefined;
    if (!process.isExiting) {
      process.error = error;
      reportUncaught(process, error);
    }
    process.beginExit(exitedStatus(1));
    return undefined;
  }

  *#leave(thread: Thread): Wait<void> {
    const { process } = thread;
    thread.hasEnded = true;
    process.threads.delete(thread);
    process.endedThreadsCpuNs += thread.cpuTimeNs;
    thread.pending.clear();
    thread.joinPoint.wakeUpAll();
    if (thread.tid !== process.pid) this.#node.processes.pids.release(thread.tid);
    if (process.threads.size === 0) yield* this.#processEnd(process);
  }
}

function exitCodeOf(result: unknown): number {
  return typeof result === "number" ? result : 0;
}

/** Writes what the program threw to its descriptor 2, if that takes it at once. */
function reportUncaught(process: Process, error: unknown): void {
  process.files.get(2)?.write(encoder.encode(`Uncaught ${thrownText(error)}\n`));
}

function isWait(value: unknown): value is Wait<unknown> {
  return typeof value === "object" && value !== null && "next" in value && Symbol.iterator in value;
}

const encoder = new TextEncoder();
