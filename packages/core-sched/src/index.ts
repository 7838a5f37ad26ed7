/**
 * Discrete-event simulator core: virtual time in whole nanoseconds, an event queue, DCE's
 * TaskManager with its fibers, seeded random streams, tracepoints and a trace hash.
 *
 * @packageDocumentation
 */
export { type Blocked, BlockedCall, type Wait } from "./blocked.ts";
export { DeadlockError, type WaitReport } from "./deadlock.ts";
export {
  ForeignAwaitError,
  LivelockError,
  SyncRunError,
  TaskError,
  TaskExit,
  TaskKilled,
  TaskStateError,
} from "./errors.ts";
export { type EventHandler, type EventId, EventQueue, NO_EVENT } from "./event-queue.ts";
export {
  DefaultFiberManager,
  type Fiber,
  type FiberManager,
  type SliceOutcome,
  type TaskBody,
} from "./fiber-manager.ts";
export { invariant, InvariantError } from "./invariant.ts";
export {
  ConstantProcessDelayModel,
  type ProcessDelayModel,
  RandomProcessDelayModel,
} from "./process-delay-model.ts";
export { RandomStream } from "./random-stream.ts";
export { NO_CONTEXT } from "./run-loop.ts";
export { Simulator, type SimulatorOptions } from "./simulator.ts";
export { type SwitchType, Task, type TaskState, type WaitDescription } from "./task.ts";
export { type StartOptions, TaskManager, type TaskManagerOptions } from "./task-manager.ts";
export { RrTaskScheduler, type TaskScheduler } from "./task-scheduler.ts";
export {
  after,
  type Brand,
  elapsed,
  formatDuration,
  type Instant,
  instant,
  type Nanoseconds,
  nanoseconds,
  NSEC_PER_MSEC,
  NSEC_PER_SEC,
  NSEC_PER_USEC,
  parseDuration,
} from "./time.ts";
export { TraceHash } from "./trace-hash.ts";
export {
  type TraceClock,
  type Tracepoint,
  Tracer,
  type TraceRecord,
  type TraceValue,
} from "./tracer.ts";
