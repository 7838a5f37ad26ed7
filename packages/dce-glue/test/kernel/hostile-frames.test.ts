import { setImmediate as hostTurn } from "node:timers/promises";
import {
  type Instant,
  type RandomStream,
  Simulator,
  TaskManager,
  type Wait,
} from "@dcejs/core-sched";
import {
  completeChecksum,
  type Frame,
  FramePool,
  onesComplementSum,
  PointToPointLink,
  type Port,
  type PortClient,
} from "@dcejs/links";
import { expect, test } from "vitest";
import { parseIpCommand, runIpCommand } from "../../src/ip/ip-language.ts";
import { emulatedKernelProvider } from "../../src/kernel/emulated/emulated-kernel.ts";
import { LinuxSocketFdFactory } from "../../src/kernel/linux-socket-fd-factory.ts";
import { SimNic } from "../../src/kernel/sim-nic.ts";
import { AF_INET, SOCK_DGRAM, SOCK_STREAM } from "../../src/posix/index.ts";
import { type Posix, programImage } from "../../src/posix/posix.ts";
import { SyscallError } from "../../src/posix/syscall-error.ts";
import { DceManager } from "../../src/process/dce-manager.ts";

const FRAMES = 100_000;
const MUTANTS_PER_FRAME = 8;
const MSEC = 1e6;
const IP = 14;
const PROTOCOL = IP + 9;
const KEPT_MAX = 64;

class Host {
  readonly manager: TaskManager;
  readonly dce: DceManager;
  readonly factory: LinuxSocketFdFactory;
  readonly #commands: readonly string[];

  constructor(
    simulator: Simulator,
    id: number,
    ports: readonly Port[],
    commands: readonly string[],
  ) {
    this.manager = new TaskManager(simulator, { context: id });
    this.dce = new DceManager({ taskManager: this.manager, nodeId: id });
    const { node } = this.dce;
    this.factory = new LinuxSocketFdFactory({ node, provider: emulatedKernelProvider });
    node.sockets = this.factory;
    for (const [i, port] of ports.entries()) {
      const address = Uint8Array.of(2, 0, 0, 0, id, i);
      this.factory.addNic(new SimNic(port, `sim${i}`, address, 1500, id));
    }
    this.#commands = ["link set lo up", ...ports.map((_, i) => `link set sim${i} up`), ...commands];
    this.dce.startInternalTask("boot", () => this.#boot());
  }

  *#boot(): Wait<void> {
    yield* this.factory.initializeStack();
    for (const text of this.#commands)
      yield* runIpCommand(parseIpCommand(text), this.factory.kernel);
  }

  start(program: (posix: Posix) => Promise<void>): void {
    this.dce.start(programImage(program), { isDaemon: true });
  }

  get left(): number[] {
    const { manager, factory, dce } = this;
    const files = dce.openDescriptorCount + factory.openSocketCount;
    return [manager.liveTaskCount, factory.livePackets, factory.liveHostObjects, files];
  }

  /** Sum of the counters of that name in /proc/net/snmp and /proc/net/netstat. */
  counter(name: string): number {
    let sum = 0;
    for (const file of ["snmp", "netstat"]) {
      const lines = String(this.factory.kernel.proc_read(`/proc/net/${file}`)).split("\n");
      for (let i = 0; i + 1 < lines.length; i += 2) {
        const at = (lines[i] ?? "").split(" ").indexOf(name);
        if (at > 0) sum += Number((lines[i + 1] ?? "").split(" ")[at]);
      }
    }
    return sum;
  }
}

/** Sits on the wire, passes everything on, and adds mutants of what it has seen. */
class Attacker {
  readonly #pool = new FramePool();
  readonly #random: RandomStream;
  readonly #kept: Uint8Array[] = [];
  readonly #queue: (readonly [Port, Frame])[] = [];
  injected = 0;

  constructor(random: RandomStream, sides: readonly [Port, Port]) {
    this.#random = random;
    for (const [i, port] of sides.entries()) {
      const other = sides[1 - i] ?? port;
      port.attach(this.#client(other), 9);
    }
  }

  get liveFrames(): number {
    return this.#pool.live;
  }

  #client(other: Port): PortClient {
    return {
      receive: (frame) => this.#pass(frame, other),
      writable: () => this.#drain(),
      carrier: () => {},
    };
  }

  #pass(frame: Frame, to: Port): void {
    const own = frame.copy();
    frame.release();
    completeChecksum(own);
    this.#keep(own.bytes.slice(own.offset, own.offset + own.length));
    this.#send(to, own);
    for (let i = 0; i < MUTANTS_PER_FRAME && this.injected < FRAMES; i++) {
      this.injected++;
      const mutant = this.#mutant();
      const made = this.#pool.alloc(mutant.length);
      made.bytes.set(mutant);
      this.#send(to, made);
    }
  }

  #keep(octets: Uint8Array): void {
    if (this.#kept.length < KEPT_MAX) this.#kept.push(octets);
    else this.#kept[this.#random.integer(0, KEPT_MAX - 1)] = octets;
  }

  #send(port: Port, frame: Frame): void {
    if (this.#queue.length > 0 || !port.send(frame)) this.#queue.push([port, frame]);
  }

  #drain(): void {
    for (let next = this.#queue[0]; next?.[0].send(next[1]) === true; next = this.#queue[0]) {
      this.#queue.shift();
    }
  }

  #mutant(): Uint8Array {
    const random = this.#random;
    if (random.bernoulli(0.05)) {
      const noise = new Uint8Array(random.integer(0, 1600));
      random.bytes(noise);
      return noise;
    }
    let octets = random.pick(this.#kept).slice();
    const edits = random.integer(1, 4);
    for (let i = 0; i < edits && octets.length > 0; i++) {
      const at = random.integer(0, Math.min(octets.length - 1, random.bernoulli(0.8) ? 80 : 2000));
      if (random.bernoulli(0.1)) octets = octets.slice(0, at);
      else if (random.bernoulli(0.5)) octets[at] = random.integer(0, 255);
      else octets[at] = (octets[at] ?? 0) ^ (1 << random.integer(0, 7));
    }
    // With right checksums a mutant gets deeper.
    if (random.bernoulli(0.7)) repairChecksums(octets);
    return octets;
  }
}

/** Makes the checksums of an IPv4 packet right, as far as its lengths allow. */
function repairChecksums(frame: Uint8Array): void {
  const view = new DataView(frame.buffer);
  const header = ((frame[IP] ?? 0) & 0xf) * 4;
  if (frame.length < IP + 20 || view.getUint16(12) !== 0x0800) return;
  if (header < 20 || frame.length < IP + header) return;
  view.setUint16(IP + 10, 0);
  view.setUint16(IP + 10, ~onesComplementSum(frame, IP, IP + header) & 0xffff);
  const offset = { 1: 2, 6: 16, 17: 6 }[frame[PROTOCOL] ?? 0];
  const start = IP + header;
  const end = Math.min(frame.length, IP + view.getUint16(IP + 2));
  if (offset === undefined || start + offset + 2 > end) return;
  view.setUint16(start + offset, 0);
  let sum = onesComplementSum(frame, start, end);
  if (frame[PROTOCOL] !== 1) {
    sum += onesComplementSum(frame, IP + 12, IP + 20) + (frame[PROTOCOL] ?? 0) + end - start;
  }
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  view.setUint16(start + offset, ~sum & 0xffff);
}

/** TCP that answers each octet, one connection after the other; UDP that answers each datagram. */
async function server(posix: Posix): Promise<void> {
  const udp = await posix.socket(AF_INET, SOCK_DGRAM);
  await posix.bind(udp, { address: "0.0.0.0", port: 9 });
  posix.createThread(async () => {
    const buffer = new Uint8Array(9000);
    for (;;) {
      const { length, address } = await posix.recvfrom(udp, buffer);
      if (address !== undefined) {
        await tolerating(() => posix.sendto(udp, buffer.subarray(0, length), address));
      }
    }
  });
  const listener = await posix.socket(AF_INET, SOCK_STREAM);
  await posix.bind(listener, { address: "0.0.0.0", port: 80 });
  await posix.listen(listener, 4);
  const buffer = new Uint8Array(4096);
  for (;;) {
    const fd = await posix.accept(listener);
    await posix.setReceiveTimeout(fd, 200 * MSEC);
    await tolerating(async () => {
      for (;;) {
        const length = await posix.recv(fd, buffer);
        if (length === 0) return;
        await posix.send(fd, buffer.subarray(0, length));
      }
    });
    await posix.close(fd);
  }
}

async function client(posix: Posix): Promise<void> {
  const udp = await posix.socket(AF_INET, SOCK_DGRAM);
  posix.createThread(async () => {
    for (let size = 1; ; size = (size + 777) % 4000) {
      const to = { address: "10.0.0.2", port: 9 };
      await tolerating(() => posix.sendto(udp, new Uint8Array(size), to));
      await posix.usleep(700);
    }
  });
  const buffer = new Uint8Array(4096);
  for (;;) {
    const fd = await posix.socket(AF_INET, SOCK_STREAM);
    await posix.setReceiveTimeout(fd, 100 * MSEC);
    await posix.setSendTimeout(fd, 100 * MSEC);
    await tolerating(async () => {
      await posix.connect(fd, { address: "10.0.0.2", port: 80 });
      for (let i = 0; i < 10; i++) {
        await posix.send(fd, new Uint8Array(2000).fill(i));
        await posix.recv(fd, buffer);
      }
    });
    await posix.close(fd);
  }
}

async function tolerating(call: () => unknown): Promise<void> {
  try {
    await call();
  } catch (error) {
    if (!(error instanceof SyscallError)) throw error;
  }
}

test("100,000 random and mutated frames are counted and dropped, and the hosts work on", async () => {
  const simulator = new Simulator({ seed: 5 });
  const inner = new PointToPointLink(simulator, "inner", { rate: "1Gbps", delay: "20us" });
  const outer = new PointToPointLink(simulator, "outer", { rate: "1Gbps", delay: "20us" });
  const attacker = new Attacker(simulator.random("attacker"), [inner.b, outer.a]);
  const left = new Host(simulator, 0, [inner.a], ["addr add 10.0.0.1/24 dev sim0"]);
  const right = new Host(simulator, 1, [outer.b], ["addr add 10.0.0.2/24 dev sim0"]);
  await simulator.runUntil(atMs(1));
  right.factory.Set("net.ipv4.ip_forward", "1");
  right.start(server);
  left.start(client);
  for (let ms = 100; attacker.injected < FRAMES && ms < 60_000; ms += 100) {
    await simulator.runUntil(atMs(ms));
  }
  expect(attacker.injected).toBe(FRAMES);

  const counters = Object.fromEntries(
    [
      "InHdrErrors",
      "InCsumErrors",
      "InErrs",
      "InErrors",
      "OutRsts",
      "NoPorts",
      "InUnknownProtos",
    ].map((name) => [name, right.counter(name)]),
  );
  const silent = Object.keys(counters).filter((name) => counters[name] === 0);
  expect(silent).toEqual([]);

  // The attack is over: as soon as what it has left in caches is stale, connections are made again.
  const opened = right.counter("PassiveOpens");
  for (let ms = simulator.now / MSEC; right.counter("PassiveOpens") === opened; ms += 100) {
    expect(ms).toBeLessThan(120_000);
    await simulator.runUntil(atMs(ms));
  }
  for (const one of [left, right]) one.dce.dispose();
  await hostTurn();
  for (const one of [left, right]) one.factory.destroy();
  simulator.destroy();
  await hostTurn();
  const nothing = [0, 0, 0, 0];
  expect([left.left, right.left, attacker.liveFrames]).toEqual([nothing, nothing, 0]);
});

function atMs(ms: number): Instant {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- an integer above the present
  return Math.round(ms * MSEC) as Instant;
}
