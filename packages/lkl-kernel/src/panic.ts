/** The kernel has panicked: it is in an unknown state and must not be used again. */
export class KernelPanicError extends Error {
  override readonly name: string = "KernelPanicError";
  /** The last lines of the kernel's log. */
  readonly log: string;

  constructor(message: string, log: string) {
    super(`Kernel panic - not syncing: ${message}`);
    this.log = log;
  }
}

/** lkl_bug: the host used the kernel, or the kernel its cpu lock, against the rules. */
export class LklBugError extends Error {
  override readonly name: string = "LklBugError";
  /** The last lines of the kernel's log. */
  readonly log: string;

  constructor(message: string, log: string) {
    super(message);
    this.log = log;
  }
}

/**
 * Thrown in a host thread that sleeps in the kernel when the kernel halts, so that its call unwinds.
 * lkl_syscall and lkl_run_as_host_task turn it into -ESHUTDOWN.
 */
export class KernelHaltedError extends Error {
  override readonly name: string = "KernelHaltedError";
}
