import type { Simulator } from "@dcejs/core-sched";
import type { Frame, Port, PortClient } from "@dcejs/links";

/** A frame as it arrived. */
export interface Arrived {
  readonly at: number;
  readonly bytes: Uint8Array;
  /** The first four octets, big-endian: the number that `Sender` writes there. */
  readonly number: number;
  readonly csumStart: number;
}

/** Notes what a port gives it and releases the frames. */
export class RecordingClient implements PortClient {
  readonly arrived: Arrived[] = [];
  readonly carriers: { readonly at: number; readonly up: boolean; readonly context: number }[] = [];
  writableCalls = 0;
  onWritable: (() => void) | undefined;
  readonly #simulator: Simulator;

  constructor(port: Port, context?: number) {
    this.#simulator = port.simulator;
    port.attach(this, context);
  }

  get numbers(): number[] {
    return this.arrived.map(({ number }) => number);
  }

  receive(frame: Frame): void {
    const bytes = frame.bytes.slice(frame.offset, frame.offset + frame.length);
    const number = frame.length >= 4 ? frame.view.getUint32(frame.offset) : -1;
    this.arrived.push({ at: this.#simulator.now, bytes, number, csumStart: frame.csumStart });
    frame.release();
  }

  writable(): void {
    this.writableCalls++;
    this.onWritable?.();
  }

  carrier(up: boolean): void {
    this.carriers.push({ at: this.#simulator.now, up, context: this.#simulator.context });
  }
}

/** Puts a recording client behind the port. */
export function record(port: Port, context?: number): RecordingClient {
  return new RecordingClient(port, context);
}
