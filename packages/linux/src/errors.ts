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

/** A kernel was asked for that is not there. */
export class LinuxNotBuiltError extends Error {
  override readonly name = "LinuxNotBuiltError";
  /** As it was asked for: "linux-6.12". */
  readonly kernel: string;

  constructor(kernel: string, built: readonly string[]) {
    super(
      `${kernel} is not built: ${howToBuild(kernel)}; built here: ${built.join(", ") || "none"}`,
    );
    this.kernel = kernel;
  }
}

function howToBuild(kernel: string): string {
  const named = /^linux-(\d+\.\d+)(?:-(\w+))?$/.exec(kernel);
  if (named === null) return 'names are like "linux-6.12" and "linux-6.12-full"';
  const profile = named[2] === undefined ? "" : ` --profile ${named[2]}`;
  return `run "npm run linux -- --release ${named[1]}${profile}"`;
}

/** This JavaScript engine cannot park WebAssembly stacks. */
export class NoJspiError extends Error {
  override readonly name = "NoJspiError";

  constructor() {
    super(
      "real Linux needs WebAssembly's JSPI: Node.js 24.21 or newer, or 26, or a browser with it",
    );
  }
}
