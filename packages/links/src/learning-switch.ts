import { invariant, NSEC_PER_SEC, parseDuration, type Simulator } from "@dcejs/core-sched";
import { ArrivalQueue } from "./arrival-queue.ts";
import { ETHERNET_HEADER_LENGTH, type Frame } from "./frame.ts";
import { FrameQueue } from "./frame-queue.ts";
import { PORTS_MAX } from "./limits.ts";
import { MacTable, UNKNOWN_PORT } from "./mac-table.ts";
import type { Port, PortClient } from "./port.ts";
import { parseQueueLimit, type QueueLimit } from "./units.ts";

export interface SwitchOptions {
  /** What the output queue of each port holds: "100p", "64kB". @default "100p" */
  readonly queue?: string | number | undefined;
  /** How long an address is remembered after it was seen. @default 300 s, as a Linux bridge */
  readonly agingTime?: string | number | undefined;
  /** From a frame's arrival until it is in an output queue. @default 0 */
  readonly forwardingDelay?: string | number | undefined;
}

const SOURCE = 6;
/** 01-80-C2-00-00-0x: addresses that no bridge forwards (IEEE 802.1D, table 7-10). */
const RESERVED_HIGH = 0x0180;
const RESERVED_LOW = 0xc2000000;
const DEFAULT_AGING_TIME = 300 * NSEC_PER_SEC;

/**
 * A store-and-forward Ethernet switch without spanning tree: do not connect two of them in a ring.
 * It learns where addresses are from the sources of frames, sends frames for an address that it
 * knows to one port, and all others to every port but the one they came from.
 *
 * A frame that finds an output queue full is a `queue` drop of that port; one that is shorter than a
 * header, has a group address as source or is for an address reserved for the link itself is a
 * `malformed` drop of the port where it came in, as in Linux' br_handle_frame.
 *
 * @example
 * const lan = new LearningSwitch(simulator, "lan", { queue: "64kB" });
 * for (const cable of cables) lan.connect(cable.b);
 */
export class LearningSwitch {
  readonly name: string;
  /** Frames that were sent to all ports. */
  flooded = 0;
  /** Frames for an address behind the port from which they came; they go nowhere. */
  filtered = 0;
  /** Addresses that were not learned because the table was full. */
  notLearned = 0;
  readonly #simulator: Simulator;
  readonly #queueLimit: QueueLimit;
  readonly #agingTime: number;
  readonly #forwardingDelay: number;
  readonly #table = new MacTable();
  readonly #ports: SwitchPort[] = [];
  readonly #forwarding: ArrivalQueue;

  /** @throws RangeError which names the option's text. */
  constructor(simulator: Simulator, name: string, options: SwitchOptions = {}) {
    this.name = name;
    this.#simulator = simulator;
    this.#queueLimit = parseQueueLimit(options.queue ?? "100p");
    this.#agingTime = parseDuration(options.agingTime ?? DEFAULT_AGING_TIME);
    this.#forwardingDelay = parseDuration(options.forwardingDelay ?? 0);
    this.#forwarding = new ArrivalQueue(simulator, (frame, from) => this.#forward(frame, from));
    simulator.scheduleDestroy(() => this.#discard());
  }

  /** Addresses that are in the table. */
  get addressCount(): number {
    return this.#table.size;
  }

  /** Makes the switch the client of this port, usually one end of a cable. */
  connect(port: Port): void {
    invariant(this.#ports.length < PORTS_MAX, `switch ${this.name}: at most ${PORTS_MAX} ports`);
    const index = this.#ports.length;
    const switchPort = new SwitchPort(port, this.#queueLimit, {
      receive: (frame) => this.#receive(frame, index),
      carrierLost: () => this.#table.forgetPort(index),
    });
    this.#ports.push(switchPort);
    port.attach(switchPort);
  }

  #receive(frame: Frame, from: number): void {
    if (!isForwardable(frame)) {
      this.#ports[from]?.port.drop(frame, "malformed");
      return;
    }
    const now = this.#simulator.now;
    const at = frame.offset + SOURCE;
    const high = frame.view.getUint16(at);
    const low = frame.view.getUint32(at + 2);
    if (!this.#table.learn(high, low, from, now, this.#agingTime)) this.notLearned++;
    if (this.#forwardingDelay === 0) {
      this.#forward(frame, from);
    } else if (!this.#forwarding.push(frame, now + this.#forwardingDelay, from)) {
      this.#ports[from]?.port.drop(frame, "overflow");
    }
  }

  #forward(frame: Frame, from: number): void {
    const high = frame.view.getUint16(frame.offset);
    const low = frame.view.getUint32(frame.offset + 2);
    const to = isGroup(high)
      ? UNKNOWN_PORT
      : this.#table.lookUp(high, low, this.#simulator.now, this.#agingTime);
    if (to === UNKNOWN_PORT) {
      this.#flood(frame, from);
    } else if (to === from) {
      this.filtered++;
      frame.release();
    } else {
      this.#ports[to]?.enqueue(frame);
    }
  }

  /** The last port gets the frame itself, the others clones. */
  #flood(frame: Frame, from: number): void {
    this.flooded++;
    let last: SwitchPort | undefined;
    for (let index = 0; index < this.#ports.length; index++) {
      const port = this.#ports[index];
      if (index === from || port?.port.carrier !== true) continue;
      last?.enqueue(frame.clone());
      last = port;
    }
    if (last === undefined) frame.release();
    else last.enqueue(frame);
  }

  #discard(): void {
    this.#forwarding.clear((frame) => frame.release());
    for (const port of this.#ports) port.discard();
  }
}

function isForwardable(frame: Frame): boolean {
  if (frame.length < ETHERNET_HEADER_LENGTH) return false;
  const { view, offset } = frame;
  if (isGroup(view.getUint16(offset + SOURCE))) return false;
  const isReserved =
    view.getUint16(offset) === RESERVED_HIGH &&
    view.getUint32(offset + 2) >>> 4 === RESERVED_LOW >>> 4;
  return !isReserved;
}

/** The group bit is the lowest one of the first octet. */
function isGroup(high: number): boolean {
  return (high & 0x0100) !== 0;
}

/** What a port tells its switch. */
interface SwitchSide {
  receive(frame: Frame): void;
  carrierLost(): void;
}

/** One port with its output queue. */
class SwitchPort implements PortClient {
  readonly port: Port;
  readonly #queue: FrameQueue;
  readonly #switch: SwitchSide;

  constructor(port: Port, limit: QueueLimit, switchSide: SwitchSide) {
    this.port = port;
    this.#queue = new FrameQueue(limit);
    this.#switch = switchSide;
  }

  receive(frame: Frame): void {
    this.#switch.receive(frame);
  }

  writable(): void {
    for (let frame = this.#queue.peek(); frame !== undefined; frame = this.#queue.peek()) {
      if (!this.port.send(frame)) return;
      this.#queue.shift();
    }
  }

  carrier(up: boolean): void {
    if (up) return;
    this.#switch.carrierLost();
    for (let frame = this.#queue.shift(); frame !== undefined; frame = this.#queue.shift()) {
      this.port.drop(frame, "carrier");
    }
  }

  /** Sends the frame, or queues it behind those that wait. */
  enqueue(frame: Frame): void {
    if (this.#queue.count === 0 && this.port.send(frame)) return;
    if (!this.#queue.push(frame)) this.port.drop(frame, "queue");
  }

  /** Releases what waits at the end of a simulation, without counting it. */
  discard(): void {
    for (let frame = this.#queue.shift(); frame !== undefined; frame = this.#queue.shift()) {
      frame.release();
    }
  }
}
