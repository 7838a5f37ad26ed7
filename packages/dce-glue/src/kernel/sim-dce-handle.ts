import {
  type EventId,
  nanoseconds,
  type RandomStream,
  type Simulator,
  type Task,
  type TaskManager,
} from "@dcejs/core-sched";
import type { Blocked, Frame } from "@dcejs/lkl-kernel";
import { FramePool } from "@dcejs/links";
import { PollTable } from "../fd/poll-table.ts";
import { CoverageFiles, type WholeFiles } from "./coverage-files.ts";
import type {
  DceHandle,
  DceHandleClassic,
  DceHandleExtensions,
  DceHandleLkl,
} from "./dce-handle.ts";
import type { KernelHandle } from "./kernel-handle.ts";
import type { SimDevice, SimTask } from "./kernel-objects.ts";
import type { SimHostOperations } from "./sim-host-ops.ts";
import { SimNic } from "./sim-nic.ts";

/** What one kernel's DceHandle is made of. */
export interface SimDceHandleOptions {
  readonly manager: TaskManager;
  readonly context: number;
  readonly hostOps: SimHostOperations;
  /** The handle that `sim_init` fills; asked when a task or a device is needed. */
  readonly kernel: () => KernelHandle;
  readonly random: RandomStream;
  /** Nanoseconds since 1970 at virtual time 0. */
  readonly wallClockBase: number;
  readonly print: (text: string) => void;
  readonly files: WholeFiles;
  readonly env: ReadonlyMap<string, string>;
  /** Delivers a signal that the kernel raised. */
  readonly raiseSignal: (task: Task, signal: number) => void;
}

/** A kernel's DceHandle over the simulator, and what it owes when the kernel is destroyed. */
export interface SimDceHandle {
  readonly handle: DceHandle;
  /** Runs the atexit functions and takes back the kernel's events. */
  destroy(): void;
  readonly pendingEvents: number;
}

export function simDceHandle(options: SimDceHandleOptions): SimDceHandle {
  const exits: (() => void)[] = [];
  const events = new Set<ScheduledCall>();
  const handle: DceHandle = {
    ...memoryCalls(options, exits),
    ...fileCalls(options),
    ...timeCalls(options, events),
    ...taskCalls(options),
    ...networkCalls(options),
    ...posixCalls(options),
  };
  return {
    handle,
    get pendingEvents(): number {
      return events.size;
    },
    destroy(): void {
      for (const fn of exits.splice(0)) fn();
      for (const event of events) event.cancel();
      events.clear();
    },
  };
}

function memoryCalls(
  options: SimDceHandleOptions,
  exits: (() => void)[],
): Pick<
  DceHandleClassic,
  "vprintf" | "malloc" | "free" | "memcpy" | "memset" | "atexit" | "getenv"
> {
  const { hostOps } = options;
  return {
    vprintf: (_kernel, text) => {
      options.print(text);
      return text.length;
    },
    malloc: (_kernel, size) => hostOps.mem_alloc(size),
    free: (_kernel, memory) => hostOps.mem_free(memory),
    memcpy: (_kernel, to, from, size) => hostOps.memcpy(to, from, size),
    memset: (_kernel, to, value, size) => hostOps.memset(to, value, size),
    atexit: (_kernel, fn) => exits.push(fn),
    getenv: (_kernel, name) => options.env.get(name),
  };
}

type FileCalls = Pick<
  DceHandleClassic,
  | "access"
  | "mkdir"
  | "open"
  | "__fxstat"
  | "fseek"
  | "setbuf"
  | "fdopen"
  | "ftell"
  | "fclose"
  | "fread"
  | "fwrite"
>;

function fileCalls(options: SimDceHandleOptions): FileCalls {
  const files = new CoverageFiles(options.files);
  return {
    access: (_kernel, path) => files.access(path),
    // Folders on the way to a file are made when it is written.
    mkdir: () => 0,
    open: (_kernel, path, flags) => files.open(path, flags),
    __fxstat: (_kernel, _version, fd, stat) => {
      const size = files.size(fd);
      if (size < 0) return size;
      stat.size = size;
      return 0;
    },
    fseek: (_kernel, file, offset, whence) => files.seek(file, offset, whence),
    setbuf: () => {},
    fdopen: (_kernel, fd) => files.fdopen(fd),
    ftell: (_kernel, file) => files.tell(file),
    fclose: (_kernel, file) => files.close(file),
    fread: (_kernel, to, size, count, file) => files.read(to, size, count, file),
    fwrite: (_kernel, from, size, count, file) => files.write(from, size, count, file),
  };
}

/** One event_schedule_ns. */
class ScheduledCall {
  readonly #simulator: Simulator;
  readonly #event: EventId;

  constructor(simulator: Simulator, event: EventId) {
    this.#simulator = simulator;
    this.#event = event;
  }

  cancel(): void {
    this.#simulator.cancel(this.#event);
  }
}

type TimeCalls = Pick<
  DceHandleClassic,
  "random" | "current_ns" | "event_schedule_ns" | "event_cancel"
>;

function timeCalls(options: SimDceHandleOptions, events: Set<ScheduledCall>): TimeCalls {
  const { simulator } = options.manager;
  return {
    random: () => options.random.nextU32(),
    current_ns: () => simulator.now,
    event_schedule_ns: (_kernel, ns, fn, context, preFn) => {
      const run = (): void => {
        events.delete(call);
        preFn?.();
        fn(context);
      };
      const event = simulator.scheduleWithContext(options.context, nanoseconds(ns), run);
      const call = new ScheduledCall(simulator, event);
      events.add(call);
      return call;
    },
    event_cancel: (_kernel, event) => {
      if (!(event instanceof ScheduledCall)) throw new TypeError("not an event of this host");
      event.cancel();
      events.delete(event);
    },
  };
}

type TaskCalls = Pick<
  DceHandleClassic,
  "task_start" | "task_wait" | "task_current" | "task_wakeup" | "task_yield" | "signal_raised"
>;

function taskCalls(options: SimDceHandleOptions): TaskCalls {
  const { manager } = options;
  const simTaskOf = (task: Task): SimTask => {
    const known = task.extraContext;
    if (typeof known === "object" && known !== null) return known;
    const kernel = options.kernel();
    const made = kernel.task_create(task, pidOf(task));
    task.extraContext = made;
    task.onExit(() => {
      task.extraContext = undefined;
      kernel.task_destroy(made);
    });
    return made;
  };
  const taskOf = (simTask: SimTask): Task => asTask(options.kernel().task_get_private(simTask));
  return {
    task_start: (_kernel, callback, context) =>
      simTaskOf(manager.start(() => callback(context), { name: "kernel", isDaemon: true })),
    task_wait: (_kernel, ns) =>
      ns === undefined
        ? manager.sleep("task_wait")
        : manager.sleepFor("task_wait", nanoseconds(ns)),
    task_current: () => {
      const task = manager.currentTask();
      return task === undefined ? undefined : simTaskOf(task);
    },
    task_wakeup: (_kernel, simTask) => (manager.wakeup(taskOf(simTask)) ? 1 : 0),
    task_yield: () => manager.yield(),
    signal_raised: (_kernel, simTask, signal) => options.raiseSignal(taskOf(simTask), signal),
  };
}

/** Process id of a task: DCE's Thread hangs on its context. Kernel tasks have 0. */
function pidOf(task: Task): number {
  const { context } = task;
  if (typeof context !== "object" || context === null || !("process" in context)) return 0;
  const { process } = context;
  if (typeof process !== "object" || process === null || !("pid" in process)) return 0;
  return typeof process.pid === "number" ? process.pid : 0;
}

function asTask(priv: object): Task {
  if ("manager" in priv && "fiber" in priv) {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- task_create was given a Task
    return priv as Task;
  }
  throw new TypeError("the private part of a SimTask is a Task");
}

type NetworkCalls = Pick<DceHandleClassic, "dev_xmit" | "poll_event"> & DceHandleExtensions;

function networkCalls(options: SimDceHandleOptions): NetworkCalls {
  const frames = new FramePool();
  const nicOf = (device: SimDevice): SimNic => {
    const nic = options.kernel().dev_get_private(device);
    if (nic instanceof SimNic) return nic;
    throw new TypeError("the private part of a SimDevice is a SimNic");
  };
  return {
    dev_xmit: (_kernel, device, data, length) => {
      const frame = frames.alloc(length);
      frame.bytes.set(data.subarray(0, length), frame.offset);
      if (nicOf(device).xmit(frame)) return 0;
      frame.release();
      return 1;
    },
    dev_xmit_frame: (_kernel, device, frame: Frame) => nicOf(device).xmit(frame),
    dev_changed: (_kernel, device, what, value) => nicOf(device).changed(what, value),
    poll_event: (flag, context) => {
      if (context instanceof PollTable) context.wake(flag);
    },
  };
}

const CLOCK_REALTIME = 0;
const PTHREAD_MUTEX_RECURSIVE = 1;

function posixCalls(options: SimDceHandleOptions): DceHandleLkl {
  const { hostOps, manager } = options;
  return {
    sem_init: (_kernel, count) => hostOps.sem_alloc(count),
    sem_destroy: (_kernel, sem) => done(hostOps.sem_free(sem)),
    sem_post: (_kernel, sem) => done(hostOps.sem_up(sem)),
    sem_wait: (_kernel, sem) => hostOps.sem_down(sem),
    panic: () => hostOps.panic(),
    pthread_mutexattr_init: () => ({ type: 0 }),
    pthread_mutexattr_settype: (_kernel, attributes, type) => {
      attributes.type = type;
      return 0;
    },
    pthread_mutex_init: (_kernel, attributes) =>
      hostOps.mutex_alloc(attributes?.type === PTHREAD_MUTEX_RECURSIVE ? 1 : 0),
    pthread_mutex_destroy: (_kernel, mutex) => done(hostOps.mutex_free(mutex)),
    pthread_mutex_lock: (_kernel, mutex) => hostOps.mutex_lock(mutex),
    pthread_mutex_unlock: (_kernel, mutex) => done(hostOps.mutex_unlock(mutex)),
    pthread_create: (_kernel, fn, argument) => hostOps.thread_create(fn, argument),
    pthread_detach: () => hostOps.thread_detach(),
    pthread_exit: () => hostOps.thread_exit(),
    pthread_join: (_kernel, thread) => hostOps.thread_join(thread),
    pthread_self: () => hostOps.thread_self(),
    pthread_key_create: (_kernel, destructor) => hostOps.tls_alloc(destructor),
    pthread_key_delete: (_kernel, key) => done(hostOps.tls_free(key)),
    pthread_setspecific: (_kernel, key, value) => hostOps.tls_set(key, value),
    pthread_getspecific: (_kernel, key) => hostOps.tls_get(key),
    clock_gettime: (_kernel, clock) =>
      manager.simulator.now + (clock === CLOCK_REALTIME ? options.wallClockBase : 0),
    timer_create: (_kernel, fn) => hostOps.timer_alloc(fn),
    timer_settime: (_kernel, timer, ns) => hostOps.timer_settime(timer, ns),
    task_schedule: (): Blocked => manager.yield(),
  };
}

function done(_nothing: void): number {
  return 0;
}
