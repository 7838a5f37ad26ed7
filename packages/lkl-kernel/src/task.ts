import type { HrTimer } from "./hrtimer.ts";
import type { LklSem } from "./host-operations.ts";
import type { LklKernel } from "./kernel.ts";
import type { Kthread } from "./kthread.ts";
import type { TimerList } from "./timer.ts";
import type { Worker } from "./worker-pool.ts";

/** Task states (include/linux/sched.h). */
export const TASK_RUNNING = 0;
export const TASK_INTERRUPTIBLE = 1;
export const TASK_UNINTERRUPTIBLE = 2;
export const TASK_DEAD = 0x80;
export const TASK_WAKEKILL = 0x100;
const TASK_NEW = 0x800;
/** Sleeps on, unless the signal is fatal. */
export const TASK_KILLABLE: number = TASK_WAKEKILL | TASK_UNINTERRUPTIBLE;
/** What wake_up_process wakes. */
export const TASK_NORMAL: number = TASK_INTERRUPTIBLE | TASK_UNINTERRUPTIBLE;

/** Thread flags (arch/lkl/include/asm/thread_info.h). */
/** The next switch away must not park the host thread: LKL's long jump out of schedule(). */
export const TIF_SCHED_JB: number = 1 << 7;
/** The task runs on whatever host thread called in. */
export const TIF_HOST_THREAD: number = 1 << 8;

/** umask, shared with CLONE_FS by all tasks that LKL makes. */
export interface FsStruct {
  umask: number;
}

/** The part of struct cred that system calls here read. Shared between tasks and never changed. */
export interface Cred {
  readonly uid: number;
  readonly gid: number;
  readonly euid: number;
  readonly egid: number;
}

export interface TaskOptions {
  readonly pid: number;
  readonly tgid: number;
  readonly ppid: number;
  readonly comm: string;
  readonly fs: FsStruct;
  readonly cred: Cred;
}

/** task_struct and LKL's thread_info in one. */
export class TaskStruct {
  readonly kernel: LklKernel;
  /** Identity (fixed for a pid's life). */
  readonly pid: number;
  readonly tgid: number;
  /** real_parent's tgid: what getppid gives. */
  readonly ppid: number;
  /** At most 15 characters, as /proc/<pid>/comm. */
  comm: string;
  readonly fs: FsStruct;
  /** Replaced as a whole, as commit_creds does. */
  cred: Cred;

  /** A TASK_* value; "sleeping" is anything but TASK_RUNNING. */
  state: number = TASK_NEW;
  /** TIF_* bits. */
  flags = 0;
  /** A signal is pending: interruptible sleeps end with -ERESTARTSYS. */
  sigpending = false;
  /** The pending signal kills: killable sleeps end too. */
  sigkill = false;
  /** What it sleeps in ("inet_csk_accept"), "" while it runs. `ps -o wchan`. */
  wchan = "";
  /** Nanoseconds at which it went to sleep. */
  sleepingSince = -0;

  /** Runqueue: counted as runnable; the current task is too. */
  isOnRq = false;
  /** Runqueue link; undefined in the last one. */
  rqNext: TaskStruct | undefined = undefined;
  /** Voluntary context switches away (nvcsw of /proc/<pid>/status). */
  switchCount = 0;

  /** The host thread that runs it, or ran it last; 0: none yet. */
  tid = 0;
  /** For host tasks, the thread whose TLS holds this task. 0: no such thread. */
  hostThread = 0;
  /** A thread that is switched away from parks here; one sem_up for each switch-in. */
  schedSem: LklSem | undefined = undefined;
  /** kill_thread was here: the thread ends instead of going on. */
  isDead = false;
  /** Interrupts are masked while this task runs. Of the task, not of the cpu: it must not leak to the next. */
  irqsDisabled = false;

  /** Set for kernel threads. */
  kthread: Kthread | undefined = undefined;
  /** Set for kworkers: the pool is told when they sleep. */
  worker: Worker | undefined = undefined;
  /** Timers of schedule_timeout and schedule_hrtimeout: a task is in one at a time. */
  sleepTimer: TimerList | undefined = undefined;
  sleepHrTimer: HrTimer | undefined = undefined;
  /** For whoever works with this task from outside: a process, a SimTask. The kernel does not look. */
  private: unknown = undefined;

  constructor(kernel: LklKernel, options: TaskOptions) {
    this.kernel = kernel;
    this.pid = options.pid;
    this.tgid = options.tgid;
    this.ppid = options.ppid;
    this.comm = options.comm;
    this.fs = options.fs;
    this.cred = options.cred;
  }

  get isHostTask(): boolean {
    return (this.flags & TIF_HOST_THREAD) !== 0;
  }
}

/** The state as a letter, as `ps` and /proc/<pid>/stat print it. */
export function taskStateLetter(task: TaskStruct): string {
  if (task.state === TASK_RUNNING) return "R";
  if ((task.state & TASK_INTERRUPTIBLE) !== 0) return "S";
  if ((task.state & TASK_UNINTERRUPTIBLE) !== 0) return "D";
  return (task.state & TASK_DEAD) !== 0 ? "X" : "I";
}

/** A signal is there that ends a sleep in `state` (signal_pending_state). */
export function isSignalPendingFor(task: TaskStruct, state: number): boolean {
  if (!task.sigpending) return false;
  if ((state & (TASK_INTERRUPTIBLE | TASK_WAKEKILL)) === 0) return false;
  return (state & TASK_INTERRUPTIBLE) !== 0 || task.sigkill;
}
