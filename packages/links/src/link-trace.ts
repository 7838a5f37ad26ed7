import type { Simulator, TraceHash, Tracepoint } from "@dcejs/core-sched";
import type { Frame } from "./frame.ts";
import { DROP_REASONS, type DropReason } from "./port-stats.ts";

/** Octets of a delivered frame that go into the trace hash. */
const HASHED_LENGTH = 64;

interface NamedPort {
  readonly id: number;
  readonly name: string;
}

/** What all ports of one simulator share: their numbers, the trace hash, the tracepoints. */
export class LinkTrace {
  readonly #simulator: Simulator;
  readonly #hash: TraceHash;
  readonly #xmit: Tracepoint;
  readonly #rx: Tracepoint;
  readonly #drop: Tracepoint;
  #ports = 0;

  constructor(simulator: Simulator) {
    this.#simulator = simulator;
    this.#hash = simulator.traceHash;
    this.#xmit = simulator.tracer.tracepoint("net:net_dev_xmit");
    this.#rx = simulator.tracer.tracepoint("net:netif_rx");
    this.#drop = simulator.tracer.tracepoint("link:drop");
  }

  nextPortId(): number {
    return ++this.#ports;
  }

  xmit(port: string, length: number): void {
    if (this.#xmit.isEnabled) this.#xmit.emit(port, length);
  }

  delivered(port: NamedPort, frame: Frame): void {
    const hash = this.#hash;
    hash.add(this.#simulator.now);
    hash.add(port.id);
    hash.add(frame.length);
    hash.addBytes(frame.bytes, frame.offset, Math.min(frame.length, HASHED_LENGTH));
    if (this.#rx.isEnabled) this.#rx.emit(port.name, frame.length);
  }

  dropped(port: NamedPort, frame: Frame, reason: DropReason): void {
    const hash = this.#hash;
    hash.add(this.#simulator.now);
    hash.add(port.id);
    hash.add(DROP_REASONS.indexOf(reason) + 1);
    if (this.#drop.isEnabled) this.#drop.emit(port.name, reason, frame.length);
  }
}

const traces = new WeakMap<Simulator, LinkTrace>();

/** The one `LinkTrace` of a simulator. */
export function linkTraceOf(simulator: Simulator): LinkTrace {
  let trace = traces.get(simulator);
  if (trace === undefined) {
    trace = new LinkTrace(simulator);
    traces.set(simulator, trace);
  }
  return trace;
}
