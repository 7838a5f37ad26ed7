import { type Simulator, nanoseconds } from "@dcejs/core-sched";
import type { SimNic } from "@dcejs/dce-glue";
import {
  completeChecksum,
  type Frame,
  FramePool,
  type LinkOptions,
  PointToPointLink,
  type Port,
} from "@dcejs/links";
import type { Host } from "./host.ts";
import { Packet } from "./packet.ts";

export interface WireOptions extends LinkOptions {
  /** Of the cards at both ends. @default 1500 */
  readonly cardMtu?: number;
}

/** A millisecond each way, so that the round trip is 2 ms. */
const DELAY_DEFAULT = "1ms";
const CARD_MTU_DEFAULT = 1500;

/** A cable between two hosts: all that goes over it is written down, and tests may lose or add frames. */
export class Wire {
  /** Every frame that one of the two cards has taken, in the order of time. */
  readonly packets: Packet[] = [];
  /** Asked of every frame when it arrives: false loses it. */
  passes: (packet: Packet) => boolean = () => true;
  readonly #simulator: Simulator;
  readonly #cable: PointToPointLink;
  readonly #pool = new FramePool();
  readonly #ends = new Map<Host, SimNic>();

  constructor(
    simulator: Simulator,
    name: string,
    hosts: readonly [Host, Host],
    macs: readonly [string, string],
    options: WireOptions,
  ) {
    const { cardMtu = CARD_MTU_DEFAULT, ...link } = options;
    this.#simulator = simulator;
    this.#cable = new PointToPointLink(simulator, name, { delay: DELAY_DEFAULT, ...link });
    const ports = [this.#cable.a, this.#cable.b];
    for (const [index, host] of hosts.entries()) {
      const port = ports[index];
      const peer = hosts[1 - index];
      const mac = macs[index];
      if (port === undefined || peer === undefined || mac === undefined) continue;
      const nic = host.plug(port, mac, cardMtu);
      this.#ends.set(host, nic);
      this.#watch(port, host, peer, nic);
    }
  }

  up(): void {
    this.#cable.setUp(true);
  }

  down(): void {
    this.#cable.setUp(false);
  }

  set(options: LinkOptions): void {
    this.#cable.set(options);
  }

  /** What a host has sent, of what `isMeant` likes. */
  sent(by: Host, isMeant: (packet: Packet) => boolean = () => true): Packet[] {
    return this.packets.filter((packet) => packet.from === by.name && isMeant(packet));
  }

  /** A frame that nobody has sent arrives at a host, now. */
  inject(to: Host, frame: Uint8Array): void {
    const nic = this.#ends.get(to);
    this.#simulator.scheduleWithContext(to.id, nanoseconds(0), () =>
      nic?.receive(this.#pool.from(frame)),
    );
  }

  #watch(port: Port, host: Host, peer: Host, nic: SimNic): void {
    port.tap((direction, frame) => {
      if (direction === "tx") this.packets.push(this.#packet(host, frame));
    });
    port.attach(
      {
        receive: (frame) => {
          if (this.passes(this.#packet(peer, frame))) nic.receive(frame);
          else frame.release();
        },
        writable: () => nic.writable(),
        carrier: (up) => nic.carrier(up),
      },
      host.id,
    );
  }

  #packet(from: Host, frame: Frame): Packet {
    const own = frame.copy();
    completeChecksum(own);
    const bytes = own.bytes.slice(own.offset, own.offset + own.length);
    own.release();
    return new Packet(this.#simulator.now, from.name, bytes);
  }
}
