import { silentTracepoint } from "./tracepoint.ts";
import type { Tracepoint } from "./tracepoint.ts";

/** Where this kernel can be watched; arguments are in the order of Linux's events. */
export interface KernelTracepoints {
  /** prev_comm, prev_pid, prev_wchan, next_comm, next_pid */
  readonly sched_switch: Tracepoint;
  /** comm, pid, wchan */
  readonly sched_wakeup: Tracepoint;
  /** irq, name */
  readonly irq_handler_entry: Tracepoint;
  /** vec, name */
  readonly softirq_entry: Tracepoint;
  /** jiffies, expires */
  readonly timer_expire_entry: Tracepoint;
  /** now, expires (ns) */
  readonly hrtimer_expire_entry: Tracepoint;
  /** queue, work */
  readonly workqueue_execute_start: Tracepoint;
  /** number, name */
  readonly sys_enter: Tracepoint;
  /** number, result */
  readonly sys_exit: Tracepoint;
}

/** The tracepoints of one kernel, from the tracer that its host has handed in. */
export function makeTracepoints(tracepoint: (name: string) => Tracepoint): KernelTracepoints {
  return {
    sched_switch: tracepoint("sched:sched_switch"),
    sched_wakeup: tracepoint("sched:sched_wakeup"),
    irq_handler_entry: tracepoint("irq:irq_handler_entry"),
    softirq_entry: tracepoint("irq:softirq_entry"),
    timer_expire_entry: tracepoint("timer:timer_expire_entry"),
    hrtimer_expire_entry: tracepoint("timer:hrtimer_expire_entry"),
    workqueue_execute_start: tracepoint("workqueue:workqueue_execute_start"),
    sys_enter: tracepoint("raw_syscalls:sys_enter"),
    sys_exit: tracepoint("raw_syscalls:sys_exit"),
  };
}

/** Never changed, so all kernels without a tracer share it. */
export const SILENT_TRACEPOINTS: KernelTracepoints = makeTracepoints(silentTracepoint);
