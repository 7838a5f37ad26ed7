/**
 * The Linux Kernel Library's life cycle in TypeScript: a kernel is an object that asks its host for
 * threads, semaphores, time and timers, and has Linux's scheduler, interrupts, timers, softirqs,
 * workqueues and system call entry on top of them.
 *
 * @packageDocumentation
 */
export type { Blocked, Wait } from "./blocked.ts";
export { Completion } from "./completion.ts";
export type { LklCpu } from "./cpu.ts";
export { Errno, errnoName } from "./errno.ts";
export type { Frame } from "./frame.ts";
export { GeneratorHost, type HostCounts } from "./generator-host.ts";
export { validateHostOperations } from "./host-operations.ts";
export type {
  LklHostOperations,
  LklJmpBuf,
  LklMutex,
  LklSem,
  LklThread,
  LklTimer,
  LklTlsKey,
} from "./host-operations.ts";
export { HrTimer } from "./hrtimer.ts";
export { INITCALL_LEVELS } from "./initcall.ts";
export type { Initcall, InitcallLevel } from "./initcall.ts";
export type { IrqStatistics } from "./irq.ts";
export { LklKernel } from "./kernel.ts";
export type { LklKernelOptions } from "./kernel.ts";
export type { KernelCalls } from "./kernel-calls.ts";
export type { TaskDescription } from "./kernel-calls.ts";
export { kthread_should_stop, kthread_stop } from "./kthread.ts";
export type { KthreadFunction } from "./kthread.ts";
export { MAX_SCHEDULE_TIMEOUT, MAX_THREADS, NR_IRQS } from "./limits.ts";
export { Mutex } from "./mutex.ts";
export type { NetFacade } from "./net-facade.ts";
export { KernelHaltedError, KernelPanicError, LklBugError } from "./panic.ts";
export {
  KERN_ALERT,
  KERN_CRIT,
  KERN_DEBUG,
  KERN_EMERG,
  KERN_ERR,
  KERN_INFO,
  KERN_NOTICE,
  KERN_WARNING,
} from "./printk.ts";
export type { LogRecord } from "./printk.ts";
export { Semaphore } from "./semaphore.ts";
export {
  BLOCK_SOFTIRQ,
  HI_SOFTIRQ,
  HRTIMER_SOFTIRQ,
  IRQ_POLL_SOFTIRQ,
  NET_RX_SOFTIRQ,
  NET_TX_SOFTIRQ,
  RCU_SOFTIRQ,
  SCHED_SOFTIRQ,
  SOFTIRQ_NAMES,
  TASKLET_SOFTIRQ,
  TIMER_SOFTIRQ,
} from "./softirq.ts";
export { SwaitQueue } from "./swait.ts";
export type { LklSysinfo, LklUtsname } from "./sys-info.ts";
export {
  LINUX_REBOOT_CMD_RESTART,
  LINUX_REBOOT_MAGIC1,
  LINUX_REBOOT_MAGIC2,
} from "./sys-reboot.ts";
export {
  CLOCK_BOOTTIME,
  CLOCK_MONOTONIC,
  CLOCK_MONOTONIC_COARSE,
  CLOCK_MONOTONIC_RAW,
  CLOCK_PROCESS_CPUTIME_ID,
  CLOCK_REALTIME,
  CLOCK_REALTIME_COARSE,
  CLOCK_THREAD_CPUTIME_ID,
  TIMER_ABSTIME,
} from "./sys-time.ts";
export type { LklTimespec, LklTimeval } from "./sys-time.ts";
export { SyscallNumber } from "./syscall-numbers.ts";
export type { SyscallDefinition, SyscallFunction } from "./syscalls.ts";
export {
  TASK_DEAD,
  TASK_INTERRUPTIBLE,
  TASK_KILLABLE,
  TASK_RUNNING,
  TASK_UNINTERRUPTIBLE,
  TIF_HOST_THREAD,
  TaskStruct,
  isSignalPendingFor,
  taskStateLetter,
} from "./task.ts";
export { Tasklet } from "./tasklet.ts";
export { NSEC_PER_MSEC, NSEC_PER_SEC, NSEC_PER_USEC } from "./time.ts";
export type { DelayCounters, Hz } from "./time.ts";
export { TimerList } from "./timer.ts";
export type { Tracepoint } from "./tracepoint.ts";
export {
  TaskWaitEntry,
  WaitQueueHead,
  finish_wait,
  prepare_to_wait,
  wait_event,
  wait_event_interruptible,
  wait_event_interruptible_exclusive,
  wait_event_interruptible_hrtimeout,
  wait_event_interruptible_timeout,
  wait_event_killable,
  wait_event_timeout,
} from "./wait.ts";
export type { WaitQueueEntry } from "./wait.ts";
export { DelayedWork, WorkStruct } from "./work.ts";
export type { Workqueue, WorkqueueOptions } from "./workqueue.ts";
