/** Why a kernel has stopped for good: its log says more. */
export type StopReason = "power off" | "restart" | "panic" | "trap" | "host error";

/** A kernel has stopped: it was halted, it has panicked, or its code has trapped. */
export class LinuxStoppedError extends Error {
  override readonly name = "LinuxStoppedError";
  readonly reason: StopReason;

  constructor(reason: StopReason, message: string, options?: ErrorOptions) {
    super(message, options);
    this.reason = reason;
  }
}

/** The host calls a kernel from inside a call of that kernel. */
export class LinuxReentryError extends Error {
  override readonly name = "LinuxReentryError";
}

/** Thrown through the C frames of a WebAssembly stack that is given up. Nothing in C catches it. */
export const STACK_DROPPED: Error = new Error("a parked stack of the kernel was dropped");
