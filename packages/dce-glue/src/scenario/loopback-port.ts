import type { Simulator } from "@dcejs/core-sched";
import { type Frame, Port, type PortClient } from "@dcejs/links";

/** Sees frames that stay their kernel's. */
const WATCHER: PortClient = {
  receive: () => {},
  writable: () => {},
  carrier: () => {},
};

/**
 * A host's loopback device, as captures and the trace hash see it: a port that leads nowhere and gets
 * every frame of lo once.
 */
export class LoopbackPort {
  readonly port: Port;

  constructor(simulator: Simulator, name: string) {
    this.port = new Port(simulator, name);
    this.port.attach(WATCHER);
  }

  /** Whether lo has carried anything. */
  get isUsed(): boolean {
    return this.port.stats.rxPackets > 0;
  }

  /** For `KernelHandle.lo_tap`. */
  readonly see = (frame: Frame): void => this.port.deliver(frame);
}
