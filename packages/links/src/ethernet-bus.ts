import { invariant, nanoseconds, type Simulator } from "@dcejs/core-sched";
import { ArrivalQueue } from "./arrival-queue.ts";
import { ETHERNET_HEADER_LENGTH, type Frame } from "./frame.ts";
import { FRAME_LENGTH_MAX, PORTS_MAX } from "./limits.ts";
import { type LinkOptions, type LinkSettings, readLinkOptions } from "./link-options.ts";
import { Port, type Wire } from "./port.ts";
import { Serialiser } from "./serialiser.ts";
import { TransmitRing } from "./transmit-ring.ts";

/** As the options of a cable with the same names; they hold for the whole bus. */
export type BusOptions = Pick<LinkOptions, "rate" | "delay" | "ring" | "mtu" | "overhead">;

/**
 * One medium that all stations share, as a coaxial cable or a hub: one frame at a time, and every
 * other station hears it. There are no collisions: the medium serves the stations in the order in
 * which they sent, as if each sensed the end of the frame before (ns-3's csma model in short). The
 * propagation delay is the same between any two stations.
 *
 * @example
 * const bus = new EthernetBus(simulator, "lan", { rate: "10Mbit", delay: "5us" });
 * for (const [index, card] of cards.entries()) bus.addStation(`host${index}`).attach(card);
 */
export class EthernetBus {
  readonly name: string;
  readonly #simulator: Simulator;
  readonly #settings: LinkSettings;
  readonly #serialiser = new Serialiser();
  readonly #stations: Station[] = [];
  #isUp = true;

  /** @throws RangeError which names the option and its value. */
  constructor(simulator: Simulator, name: string, options: BusOptions = {}) {
    this.name = name;
    this.#simulator = simulator;
    this.#settings = readLinkOptions(options);
    this.#serialiser.setRate(this.#settings.rate, this.#settings.overhead);
    simulator.scheduleDestroy(() => {
      for (const station of this.#stations) station.discard();
    });
  }

  get isUp(): boolean {
    return this.#isUp;
  }

  /** A new station; its port is called `<bus>:<name>`. It hears the frames sent from now on. */
  addStation(name: string): Port {
    invariant(this.#stations.length < PORTS_MAX, `bus ${this.name}: at most ${PORTS_MAX} stations`);
    const port = new Port(this.#simulator, `${this.name}:${name}`);
    const station = new Station(port, this.#settings, {
      isUp: () => this.#isUp,
      append: (frame, from) => this.#append(frame, from),
    });
    this.#stations.push(station);
    port.plug(station);
    return port;
  }

  /**
   * Cuts the bus or mends it. A frame that is under way is a `carrier` drop at each station that
   * would have heard it. The clients are told in events of their own nodes at this instant.
   */
  setUp(up: boolean): void {
    if (up === this.#isUp) return;
    this.#isUp = up;
    if (!up) this.#serialiser.reset();
    for (const station of this.#stations) station.setUp(up);
  }

  /** Puts a frame behind those of all stations; gives the instant at which it has left. */
  #append(frame: Frame, from: Station): number {
    const left = this.#serialiser.append(this.#simulator.now, frame.length);
    const at = left + this.#settings.delay;
    let last: Station | undefined;
    for (const station of this.#stations) {
      if (station === from) continue;
      last?.hear(frame.clone(), at);
      last = station;
    }
    if (last === undefined) frame.release();
    else last.hear(frame, at);
    return left;
  }
}

/** What a station asks of its bus. */
interface Medium {
  isUp(): boolean;
  append(frame: Frame, from: Station): number;
}

/** One station's way into the medium and out of it. */
class Station implements Wire {
  readonly port: Port;
  readonly rate: number;
  readonly #medium: Medium;
  readonly #lengthMax: number;
  readonly #ring: TransmitRing;
  readonly #heard: ArrivalQueue;
  readonly #tellCarrier = (up: number): void => this.port.tellCarrier(up === 1);
  readonly #dropCut = (frame: Frame): void => this.port.drop(frame, "carrier");

  constructor(port: Port, settings: LinkSettings, medium: Medium) {
    const { rate, mtu, ring } = settings;
    this.port = port;
    this.rate = rate;
    this.#medium = medium;
    this.#lengthMax = mtu === 0 ? FRAME_LENGTH_MAX : mtu + ETHERNET_HEADER_LENGTH;
    this.#ring = new TransmitRing(port, ring);
    this.#heard = new ArrivalQueue(port.simulator, (frame) => this.port.deliver(frame));
  }

  get isUp(): boolean {
    return this.#medium.isUp();
  }

  admits(): boolean {
    return this.#ring.admits();
  }

  transmit(frame: Frame): void {
    const { length } = frame;
    if (length > this.#lengthMax) {
      this.port.drop(frame, "oversize");
      return;
    }
    this.port.stats.txPackets++;
    this.port.stats.txBytes += length;
    this.#ring.add(this.#medium.append(frame, this));
  }

  /** A frame of another station arrives here at the instant `at`. */
  hear(frame: Frame, at: number): void {
    this.#heard.context = this.port.context;
    if (!this.#heard.push(frame, at)) this.port.drop(frame, "overflow");
  }

  setUp(up: boolean): void {
    const { simulator, context } = this.port;
    simulator.scheduleWithContext(context, nanoseconds(0), this.#tellCarrier, up ? 1 : 0);
    if (up) return;
    this.#heard.clear(this.#dropCut);
    this.#ring.clear();
  }

  /** Releases what is under way at the end of a simulation, without counting it. */
  discard(): void {
    this.#heard.clear(release);
  }
}

function release(frame: Frame): void {
  frame.release();
}
