import type { Simulator } from "@dcejs/core-sched";
import { type Frame, Port, type PortClient } from "@dcejs/links";

/** Sees frames that stay their kernel's. */
const WATCHER: PortClient = {
  receive: () => {},
  writable: () => {},
  carrier: () => {},
};

/**
 * The loopback device of a host without cables, as captures and the trace hash see it: a port that
 * leads nowhere and gets every frame of lo once.
 */
export class LoopbackPort {
  readonly port: Port;

  constructor(simulator: Simulator, name: string) {
    this.port = new Port(simulator, name);
    this.port.attach(WATCHER);
  }

  /** For `KernelHandle.lo_tap`. */
  readonly see = (frame: Frame): void => this.port.deliver(frame);
}
