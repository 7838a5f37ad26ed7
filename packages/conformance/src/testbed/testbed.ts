import { setImmediate as hostTurn } from "node:timers/promises";
import {
  formatDuration,
  instant,
  NO_CONTEXT,
  nanoseconds,
  parseDuration,
  Simulator,
} from "@dcejs/core-sched";
import { kernelProvider } from "@dcejs/dce-glue";
import { Mismatch, NotApplicable } from "../verdict.ts";
import { Host, type HostOptions } from "./host.ts";
import { Wire, type WireOptions } from "./wire.ts";

export interface RunOptions {
  /** Virtual time at which a program that has not ended is a failure. @default "1000s" */
  readonly until?: string;
  /** Virtual time that follows the end of the last program: closed connections say good-bye. @default "1s" */
  readonly linger?: string;
}

const SEED = 1;

/** A fresh simulation for one test: hosts with the kernel under test, and cables. */
export class Testbed {
  /** Name of the kernel under test. */
  readonly kernel: string;
  /** Name of the kernel of all hosts but the first. */
  readonly peer: string;
  readonly simulator: Simulator = new Simulator({ seed: SEED });
  readonly hosts: Host[] = [];
  readonly #open: string[] = [];
  readonly #waiting: (() => void)[] = [];
  #booting = 0;
  #isReady = false;
  #linger = 0;
  #failure: { readonly error: unknown } | undefined;
  #cables = 0;

  constructor(kernel: string, peer: string = kernel) {
    this.kernel = kernel;
    this.peer = peer;
    this.simulator.tracer.enable("printk:console");
    this.simulator.tracer.onRecord(({ context, name, args }) => {
      const host = this.hosts[context];
      if (host !== undefined && name === "printk:console") host.console += String(args[0]);
    });
  }

  /** Virtual nanoseconds. */
  get now(): number {
    return this.simulator.now;
  }

  host(name: string, options: HostOptions = {}): Host {
    const kernel = this.hosts.length === 0 ? this.kernel : this.peer;
    const host = new Host(this, this.hosts.length, name, kernel, options);
    this.hosts.push(host);
    return host;
  }

  link(a: Host, b: Host, options: WireOptions = {}): Wire {
    this.#cables++;
    const macs = [0, 1].map((end) => `02:00:00:00:${hex(this.#cables)}:${hex(end + 1)}`);
    const [first = "", second = ""] = macs;
    return new Wire(this.simulator, `cable${this.#cables}`, [a, b], [first, second], options);
  }

  /** Calls `action` so long after all hosts have booted. */
  at(time: string | number, action: () => void): void {
    this.whenReady(() => {
      const delay = nanoseconds(parseDuration(time));
      this.simulator.scheduleWithContext(NO_CONTEXT, delay, () => {
        try {
          action();
        } catch (error) {
          this.fail(error);
        }
      });
    });
  }

  /**
   * Boots the hosts and runs their programs to the end.
   * @throws what a program has thrown first; {Mismatch} a program does not end in time; {DeadlockError}
   */
  async run(options: RunOptions = {}): Promise<void> {
    const { until = "1000s", linger = "1s" } = options;
    await kernelProvider(this.kernel).prepare?.();
    if (this.peer !== this.kernel) await kernelProvider(this.peer).prepare?.();
    this.#linger = parseDuration(linger);
    this.#booting = this.hosts.length;
    for (const host of this.hosts) {
      this.simulator.scheduleWithContext(host.id, nanoseconds(0), () =>
        host.boot(() => this.#booted()),
      );
    }
    try {
      await this.simulator.runUntil(instant(parseDuration(until)));
    } catch (error) {
      if (this.#failure === undefined) throw error;
    }
    if (this.#failure !== undefined) throw this.#failure.error;
    if (this.#open.length > 0 || !this.#isReady) throw new Mismatch(this.#stuck());
  }

  /** The test makes no sense on this kernel. */
  skip(reason: string): never {
    throw new NotApplicable(reason);
  }

  /** Takes everything away. @returns what is left that should not be, in words */
  async dispose(): Promise<string[]> {
    for (const host of this.hosts) host.dce.dispose();
    await hostTurn();
    for (const host of this.hosts) host.factory.destroy();
    this.simulator.destroy();
    await hostTurn();
    return this.hosts.flatMap(({ name, leaks }) =>
      Object.entries(leaks)
        .filter(([, count]) => count !== 0)
        .map(([kind, count]) => `${name}: ${count} ${kind}`),
    );
  }

  // For hosts

  programBegins(name: string): void {
    this.#open.push(name);
  }

  programEnds(name: string): void {
    this.#open.splice(this.#open.indexOf(name), 1);
    if (this.#open.length > 0) return;
    this.simulator.scheduleWithContext(NO_CONTEXT, nanoseconds(this.#linger), () => {
      if (this.#open.length === 0) this.simulator.stop();
    });
  }

  whenReady(action: () => void): void {
    if (this.#isReady) action();
    else this.#waiting.push(action);
  }

  /** The first failure ends the run. */
  fail(error: unknown): void {
    this.#failure ??= { error };
    this.simulator.stop();
  }

  #booted(): void {
    this.#booting--;
    if (this.#booting > 0) return;
    this.#isReady = true;
    for (const action of this.#waiting.splice(0)) action();
    if (this.#open.length === 0) this.simulator.stop();
  }

  #stuck(): string {
    const waits = this.hosts.flatMap(({ name, manager }) =>
      [...manager.tasks]
        .filter((task) => !task.isDaemon)
        .map((task) => `${task.name} of ${name} in ${task.waitChannel}`),
    );
    return `still running at ${formatDuration(this.simulator.now)}: ${waits.join(", ") || this.#open.join(", ")}`;
  }
}

function hex(octet: number): string {
  return octet.toString(16).padStart(2, "0");
}
