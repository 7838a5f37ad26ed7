import {
  ARCH_NET_CREATE,
  BLOCKED,
  HostTask,
  LinuxKernel,
  type LinuxKernelOptions,
  type Snapshot,
} from "../../src/index.ts";
import type { Port } from "./cable.ts";
import { AF_INET, AT_FDCWD, NR, SOCK_DGRAM } from "./numbers.ts";
import type { World } from "./world.ts";

const SIOCADDRT = 0x890b;
const SIOCSIFFLAGS = 0x8914;
const SIOCSIFADDR = 0x8916;
const SIOCSIFNETMASK = 0x891c;
const IFF_UP_RUNNING = 0x41;
const RTF_UP_GATEWAY = 3;
const BROADCAST_MULTICAST = 12;
const FILE_ROOM = 4096;

/** What a program does: it yields system calls, and is given their results. */
export type Program = Generator<readonly number[], unknown, number>;

export interface NodeOptions {
  readonly module: WebAssembly.Module;
  readonly stacks: LinuxKernelOptions["stacks"];
  readonly name?: string;
  readonly memory?: number;
  /** Begins as a copy. */
  readonly snapshot?: Snapshot;
  readonly seed?: number;
  readonly commandLine?: string;
}

/** A kernel in a World, with programs that run in it. */
export class Node {
  readonly world: World;
  readonly kernel: LinuxKernel;
  readonly ports: (Port | undefined)[] = [];
  /** Programs that have not ended. */
  running = 0;
  /** Timer interrupts so far. */
  timerCount = 0;
  /** Cookie and mask of each change of a socket that the kernel has told of. */
  readonly pollEvents: [number, number][] = [];
  readonly #commandLine: string;
  readonly #isClone: boolean;
  #timerOrder = 0;

  constructor(world: World, options: NodeOptions) {
    this.world = world;
    this.#commandLine = options.commandLine ?? "loglevel=7";
    this.#isClone = options.snapshot !== undefined;
    let state = options.seed ?? 1;
    const kernelOptions: LinuxKernelOptions = {
      module: options.module,
      stacks: options.stacks,
      name: options.name ?? "node",
      now: () => world.events.now,
      random: () => {
        state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
        return state;
      },
      wantsRun: () => world.events.add(world.events.now, this.#run),
      wantsTimer: (at) => this.#setTimer(at),
      network: {
        xmit: (card, data, length, csumStart, csumOffset) =>
          this.ports[card]?.send(this.kernel.machine.u8, data, length, csumStart, csumOffset) ??
          true,
        loFrame: () => {},
        devChanged: () => {},
      },
      pollEvent: (cookie, mask) => void this.pollEvents.push([cookie, mask]),
      ...(options.memory === undefined ? {} : { memory: options.memory }),
    };
    this.kernel =
      options.snapshot === undefined
        ? new LinuxKernel(kernelOptions)
        : LinuxKernel.clone(options.snapshot, kernelOptions);
    if (this.#isClone) this.kernel.makeOwn(kernelOptions.name);
  }

  async boot(): Promise<void> {
    await this.kernel.boot(this.#commandLine);
  }

  /** A call of pid 1's that must succeed and not sleep. */
  must(nr: number, ...args: number[]): number {
    const result = this.serve(nr, ...args);
    if (result < 0) throw new Error(`${this.kernel.name}: call ${nr} returned ${result}`);
    return result;
  }

  serve(nr: number, a = 0, b = 0, c = 0, d = 0, e = 0, f = 0): number {
    return this.kernel.serve(nr, a, b, c, d, e, f);
  }

  newTask(): HostTask {
    const task = this.kernel.newTask();
    if (task instanceof HostTask) return task;
    throw new Error(`${this.kernel.name}: no task: ${task}`);
  }

  /** Runs a program, and tells the World of each call that is over. */
  start(program: Program, task: HostTask = this.newTask()): HostTask {
    this.running++;
    const { kernel, world } = this;
    const goOn = (value: number): void => {
      for (let result = value; ; ) {
        const step = program.next(result);
        if (step.done === true) {
          this.running--;
          return;
        }
        const [nr = 0, a, b, c, d, e, f] = step.value;
        result = kernel.sys(task, nr, a, b, c, d, e, f);
        if (result === BLOCKED) return;
        world.completed(nr, result);
      }
    };
    const goOnLater = (): void => goOn(task.result);
    task.onDone = (result) => {
      world.completed(task.lastCall, result);
      world.events.add(world.events.now, goOnLater);
    };
    world.events.add(world.events.now, () => goOn(0));
    return task;
  }

  /** Kernel memory that is never given back. */
  bytes(content: number | Uint8Array | string): number {
    const bytes =
      typeof content === "string"
        ? new TextEncoder().encode(`${content}\0`)
        : typeof content === "number"
          ? new Uint8Array(content)
          : content;
    const address = this.kernel.room(Math.max(8, bytes.length)) >>> 0;
    this.kernel.machine.u8.set(bytes, address);
    return address;
  }

  /** struct timespec of 64 bits. */
  timespec(ns: number): number {
    const room = this.bytes(16);
    this.kernel.machine.view.setUint32(room, Math.floor(ns / 1e9), true);
    this.kernel.machine.view.setUint32(room + 8, ns % 1e9, true);
    return room;
  }

  /** struct sockaddr_in. */
  address(ip: string, port: number): number {
    return this.bytes(socketAddress(ip, port));
  }

  u32(address: number): number {
    return this.kernel.machine.view.getUint32(address, true);
  }

  text(address: number, length: number): string {
    return this.kernel.machine.text(address, length);
  }

  /** What is written in a file, /proc/net/snmp for example. */
  file(path: string): string {
    const name = this.bytes(path);
    const room = this.bytes(FILE_ROOM);
    const fd = this.must(NR.openat, AT_FDCWD, name, 0, 0);
    let text = "";
    for (;;) {
      const length = this.must(NR.read, fd, room, FILE_ROOM);
      if (length === 0) break;
      text += this.text(room, length);
    }
    this.must(NR.close, fd);
    this.kernel.free(room);
    this.kernel.free(name);
    return text;
  }

  write(path: string, value: string): void {
    const name = this.bytes(path);
    const fd = this.must(NR.openat, AT_FDCWD, name, 1, 0);
    this.must(NR.write, fd, this.bytes(value), value.length);
    this.must(NR.close, fd);
  }

  mountProc(): void {
    const path = this.bytes("/proc");
    this.must(NR.mkdirat, AT_FDCWD, path, 0o755);
    const type = this.bytes("proc");
    this.must(NR.mount, type, path, type, 0, 0);
  }

  /** A network card with an address, plugged into a cable's end. */
  card(port: Port, name: string, ip: string, mask = "255.255.255.0"): void {
    const hardware = Uint8Array.from([2, 0, ...ip.split(".").map(Number)]);
    const card = this.must(
      ARCH_NET_CREATE,
      this.bytes(name),
      this.bytes(hardware),
      BROADCAST_MULTICAST,
    );
    this.ports[card] = port;
    port.plugInto(this.kernel, card);
    this.kernel.netCarrier(card, true);
    this.#ifreq(SIOCSIFADDR, name, socketAddress(ip, 0));
    this.#ifreq(SIOCSIFNETMASK, name, socketAddress(mask, 0));
    this.up(name);
  }

  up(name: string): void {
    this.#ifreq(SIOCSIFFLAGS, name, Uint8Array.from([IFF_UP_RUNNING, 0]));
  }

  route(to: string, mask: string, gateway: string): void {
    const entry = new Uint8Array(84);
    entry.set(socketAddress(to, 0), 4);
    entry.set(socketAddress(gateway, 0), 20);
    entry.set(socketAddress(mask, 0), 36);
    entry[52] = RTF_UP_GATEWAY;
    this.#ioctl(SIOCADDRT, entry);
  }

  #ifreq(request: number, name: string, value: Uint8Array): void {
    const ifreq = new Uint8Array(32);
    ifreq.set(new TextEncoder().encode(name));
    ifreq.set(value, 16);
    this.#ioctl(request, ifreq);
  }

  #ioctl(request: number, argument: Uint8Array): void {
    const fd = this.must(NR.socket, AF_INET, SOCK_DGRAM, 0);
    const room = this.bytes(argument);
    this.must(NR.ioctl, fd, request, room);
    this.must(NR.close, fd);
    this.kernel.free(room);
  }

  #setTimer(at: number): void {
    const order = ++this.#timerOrder;
    if (at === Infinity) return;
    this.world.events.add(at, () => {
      if (order !== this.#timerOrder) return;
      this.timerCount++;
      this.kernel.timer();
    });
  }

  readonly #run = (): void | Promise<void> => this.kernel.run();
}

export function socketAddress(ip: string, port: number): Uint8Array {
  const bytes = new Uint8Array(16);
  bytes.set([AF_INET, 0, port >> 8, port & 255, ...ip.split(".").map(Number)]);
  return bytes;
}
