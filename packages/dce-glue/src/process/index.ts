/** Public part of processes. */
export type { WaitedChild } from "./children.ts";
export type { Timespec } from "./clocks.ts";
export { DceManager, type StartProcessOptions } from "./dce-manager.ts";
export {
  DEFAULT_WALL_CLOCK_BASE_SECONDS,
  type InterfaceAddress,
  type KernelFilesProvider,
  NodeContext,
  type NodeContextOptions,
  type SocketFdFactory,
  type UtsName,
} from "./node-context.ts";
export { exitText, logFolder } from "./process-log.ts";
export type { ExitRecord } from "./process-table.ts";
export { Process } from "./process.ts";
export { type ProgramImage, ProgramRegistry, type ProgramResult } from "./program-image.ts";
export type { Rlimit } from "./rlimits.ts";
export { type Delivery, deliverSignals } from "./signal-delivery.ts";
export { sendToProcess, sendToThread } from "./signal-send.ts";
export {
  type SignalAction,
  type SignalHandler,
  type SignalInfo,
  kernelSignal,
  signalName,
  signalNumber,
  SignalSet,
} from "./signals.ts";
export type { SpawnFileAction, SpawnOptions } from "./spawn.ts";
export { Thread, ThreadExit } from "./thread.ts";
