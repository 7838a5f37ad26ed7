import { type EventId, NO_EVENT, nanoseconds, type Simulator } from "@dcejs/core-sched";
import type { LinuxKernel, NetworkHost, Snapshot } from "@dcejs/linux";
import type { KernelHost } from "../kernel-provider.ts";
import type { LinuxDevices } from "./linux-devices.ts";
import type { LinuxPackage } from "./linux-package.ts";
import { LinuxSocketPolls } from "./linux-socket-polls.ts";

/** A timer further away than the simulator's clock goes never fires. */
const TIME_MAX = Number.MAX_SAFE_INTEGER;

/** What one kind of real Linux brings to each of its kernels. */
export interface LinuxKind {
  readonly linux: LinuxPackage;
  readonly name: string;
  readonly module: WebAssembly.Module;
  readonly makeStacks: () => ReturnType<LinuxPackage["makeStacks"]>;
  /** Taken of a kernel that has booted; known once the provider is prepared. */
  readonly snapshot: () => Snapshot;
}

/** A running kernel in the simulator's time: that of one node, or the one that several share. */
export class LinuxRuntime implements NetworkHost {
  readonly kernel: LinuxKernel;
  readonly polls: LinuxSocketPolls;
  /** The node that has booted it. */
  readonly nodeId: number;
  readonly #simulator: Simulator;
  /** Whose card and whose loopback is which. */
  readonly #cards: (LinuxDevices | undefined)[] = [];
  readonly #loopbacks: LinuxDevices[] = [];
  #timer: EventId = NO_EVENT;

  /** A copy of the template is there at once: nothing has to be waited for. */
  constructor(kind: LinuxKind, host: KernelHost, name: string) {
    const { simulator, nodeId, random } = host;
    this.#simulator = simulator;
    this.nodeId = nodeId;
    const run = (): void | Promise<void> => this.kernel.run();
    const snapshot = kind.snapshot();
    this.kernel = kind.linux.LinuxKernel.clone(snapshot, {
      module: kind.module,
      stacks: kind.makeStacks(),
      name,
      now: () => simulator.now,
      wallClockBase: host.wallClockBase,
      random: () => random.nextU32(),
      print: (text) => host.hostOps.print(text, text.length),
      wantsRun: () => void simulator.scheduleWithContext(nodeId, nanoseconds(0), run),
      wantsTimer: (at) => this.#setTimer(at),
      network: this,
      pollEvent: (cookie, mask) => this.polls.event(cookie, mask),
    });
    this.polls = new LinuxSocketPolls(this.kernel);
    // What the template has printed while it booted is this kernel's boot too.
    const { text: bootLog } = snapshot.log;
    host.hostOps.print(bootLog, bootLog.length);
    this.kernel.makeOwn(host.nodeName);
  }

  addCard(card: number, devices: LinuxDevices): void {
    this.#cards[card] = devices;
  }

  removeCard(card: number): void {
    this.#cards[card] = undefined;
  }

  /** @returns the cookie of its loopback device */
  addLoopback(devices: LinuxDevices): number {
    return this.#loopbacks.push(devices) - 1;
  }

  destroy(): void {
    this.#cancelTimer();
    this.polls.clear();
    this.kernel.destroy();
  }

  xmit(card: number, data: number, length: number, csumStart: number, csumOffset: number): boolean {
    return this.#cards[card]?.xmit(card, data, length, csumStart, csumOffset) ?? true;
  }

  loFrame(
    cookie: number,
    data: number,
    length: number,
    csumStart: number,
    csumOffset: number,
  ): void {
    this.#loopbacks[cookie]?.loFrame(data, length, csumStart, csumOffset);
  }

  devChanged(card: number, what: number, value: number): void {
    this.#cards[card]?.devChanged(card, what, value);
  }

  #setTimer(at: number): void {
    this.#cancelTimer();
    if (at > TIME_MAX) return;
    const delay = nanoseconds(Math.max(0, at - this.#simulator.now));
    this.#timer = this.#simulator.scheduleWithContext(this.nodeId, delay, this.#timerIsDue);
  }

  #cancelTimer(): void {
    this.#simulator.cancel(this.#timer);
    this.#timer = NO_EVENT;
  }

  readonly #timerIsDue = (): void => {
    this.#timer = NO_EVENT;
    this.kernel.timer();
  };
}

/** The kernels of one kind that several nodes of a simulation share, each node a network namespace of it. */
export class SharedLinux {
  readonly #runtimes = new WeakMap<Simulator, { readonly runtime: LinuxRuntime; users: number }>();

  acquire(kind: LinuxKind, host: KernelHost): LinuxRuntime {
    const known = this.#runtimes.get(host.simulator);
    if (known !== undefined) {
      known.users++;
      return known.runtime;
    }
    const runtime = new LinuxRuntime(kind, host, `the shared ${kind.name}`);
    this.#runtimes.set(host.simulator, { runtime, users: 1 });
    return runtime;
  }

  release(simulator: Simulator): void {
    const known = this.#runtimes.get(simulator);
    if (known === undefined || --known.users > 0) return;
    this.#runtimes.delete(simulator);
    known.runtime.destroy();
  }
}
