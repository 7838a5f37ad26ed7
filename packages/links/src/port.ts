import { invariant, NO_CONTEXT, type Simulator } from "@dcejs/core-sched";
import type { Frame } from "./frame.ts";
import { TAPS_MAX } from "./limits.ts";
import { type DropReason, PortStats } from "./port-stats.ts";
import { type LinkTrace, linkTraceOf } from "./link-trace.ts";

/** What sits behind a port: the driver of a network card, a switch, a test. */
export interface PortClient {
  /** A frame has arrived; the client becomes its owner. */
  receive(frame: Frame): void;
  /** After `send()` has returned false: there is room again. */
  writable(): void;
  /** The cable has been plugged in or cut. */
  carrier(up: boolean): void;
}

/** The medium behind a port. Implemented by cables and buses. */
export interface Wire {
  /** Bit/s, 0 without limit. */
  readonly rate: number;
  readonly isUp: boolean;
  /** False when the transmit ring is full; the port's client is then told when it has room again. */
  admits(): boolean;
  /** Takes a frame. Called only after `admits()` was true. */
  transmit(frame: Frame): void;
}

/** Sees a frame at a port. It must not change, keep or release the frame; `clone()` keeps it. */
export type PortTap = (direction: "tx" | "rx", frame: Frame) => void;

/** The end of a cable or a station of a bus: where frames go in and come out. */
export class Port {
  readonly name: string;
  /** From 1, in the order in which the ports of this simulator were made. */
  readonly id: number;
  readonly simulator: Simulator;
  readonly stats: PortStats = new PortStats();
  /** The station's address, for captures. Set by whoever knows it; six octets. */
  macAddress: Uint8Array | undefined;
  readonly #trace: LinkTrace;
  readonly #taps: PortTap[] = [];
  #wire: Wire | undefined;
  #client: PortClient | undefined;
  #context = NO_CONTEXT;

  constructor(simulator: Simulator, name: string) {
    this.simulator = simulator;
    this.name = name;
    this.#trace = linkTraceOf(simulator);
    this.id = this.#trace.nextPortId();
  }

  /** The node that the client belongs to: its calls run as events of this node. */
  get context(): number {
    return this.#context;
  }

  /** True while a cable is plugged in and not cut. */
  get carrier(): boolean {
    return this.#wire?.isUp === true;
  }

  /** Bit/s of the medium; 0 without limit or without cable. */
  get rate(): number {
    return this.#wire?.rate ?? 0;
  }

  /**
   * Puts a client behind the port, in place of the one before. `carrier()` is called for changes
   * only: read `port.carrier` for the state at this moment.
   * @param context Id of the client's node.
   */
  attach(client: PortClient, context: number = NO_CONTEXT): void {
    this.#client = client;
    this.#context = context;
  }

  /**
   * Hands a frame to the medium, which becomes its owner.
   * @returns false when the transmit ring is full: the frame is still the caller's, and
   * `client.writable()` follows. A frame that cannot be carried (too long, no carrier) is accepted
   * and dropped, as a network card does.
   */
  send(frame: Frame): boolean {
    const wire = this.#wire;
    if (wire !== undefined && !wire.admits()) return false;
    this.#trace.xmit(this.name, frame.length);
    if (this.#taps.length > 0) this.#showToTaps("tx", frame);
    if (wire === undefined || !wire.isUp) this.drop(frame, "carrier");
    else wire.transmit(frame);
    return true;
  }

  /**
   * Shows every frame to `fn`: "tx" when `send()` has taken it, "rx" before the client gets it.
   * @returns a function that ends it.
   */
  tap(fn: PortTap): () => void {
    invariant(this.#taps.length < TAPS_MAX, `port ${this.name}: at most ${TAPS_MAX} taps`);
    this.#taps.push(fn);
    return () => {
      const index = this.#taps.indexOf(fn);
      if (index >= 0) this.#taps.splice(index, 1);
    };
  }

  /** Connects the port with a medium. Called by media. */
  plug(wire: Wire): void {
    invariant(this.#wire === undefined, `port ${this.name}: must have no cable yet`);
    this.#wire = wire;
  }

  /** A frame has come out of the medium. Called by media. */
  deliver(frame: Frame): void {
    const client = this.#client;
    if (client === undefined) {
      this.drop(frame, "unattached");
      return;
    }
    this.stats.rxPackets++;
    this.stats.rxBytes += frame.length;
    this.#trace.delivered(this, frame);
    if (this.#taps.length > 0) this.#showToTaps("rx", frame);
    client.receive(frame);
  }

  /** Counts, traces and releases a frame that ends its way at this port. */
  drop(frame: Frame, reason: DropReason): void {
    this.stats.drops[reason]++;
    this.#trace.dropped(this, frame, reason);
    frame.release();
  }

  /** The transmit ring has room again. Called by media. */
  tellWritable(): void {
    this.#client?.writable();
  }

  /** The carrier has come or gone. Called by media. */
  tellCarrier(up: boolean): void {
    this.#client?.carrier(up);
  }

  #showToTaps(direction: "tx" | "rx", frame: Frame): void {
    for (const tap of this.#taps) tap(direction, frame);
  }
}
