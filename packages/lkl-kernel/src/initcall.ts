import type { Wait } from "./blocked.ts";
import type { LklKernel } from "./kernel.ts";

/** Levels in the order in which kernel_init runs them (include/linux/init.h). */
export const INITCALL_LEVELS = ["core", "subsys", "fs", "device", "late"] as const;

export type InitcallLevel = (typeof INITCALL_LEVELS)[number];

/**
 * Code that a subsystem runs once at boot, in pid 1, where it may block. Within a level the order is
 * that of {@link LklKernelOptions.initcalls}.
 */
export interface Initcall {
  readonly level: InitcallLevel;
  /** For the log when `initcall_debug` is on the command line. */
  readonly name: string;
  run(kernel: LklKernel): void | Wait<void>;
}
