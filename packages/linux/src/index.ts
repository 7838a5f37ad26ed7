/**
 * Real Linux, compiled to wasm32, as a library: a kernel is an object with a memory of its own, runs in virtual
 * time, and does nothing but what its host calls.
 *
 * @packageDocumentation
 */
export { BLOCKED } from "./cpu.ts";
export type { CallArgument } from "./call-arguments.ts";
export {
  LinuxNotBuiltError,
  LinuxReentryError,
  LinuxStoppedError,
  NoJspiError,
  type StopReason,
} from "./errors.ts";
export { HostTask } from "./host-task.ts";
export { hasJspi, JspiStacks } from "./jspi-stacks.ts";
export { KernelLog, type KernelWarning } from "./kernel-log.ts";
export { LinuxImage, type LinuxImageDescription, linuxImageName } from "./linux-image.ts";
export { linuxImage, linuxImages } from "./linux-images.ts";
export {
  ARCH_NET_CREATE,
  ARCH_NET_DESTROY,
  DEFAULT_MEMORY,
  LinuxKernel,
  type LinuxKernelOptions,
  type NetworkHost,
  type OnDone,
  UPTIME_AT_START,
} from "./linux-kernel.ts";
export { LklLinux, type LklLinuxOptions } from "./lkl-linux.ts";
export { chooseStacks, makeStacks, type StacksKind } from "./make-stacks.ts";
export { Snapshot } from "./snapshot.ts";
export type { OnLeft, Stacks } from "./stacks.ts";
export { hasWasmFx, WasmFxStacks } from "./wasmfx-stacks.ts";
