/** Every bound of this kernel, with its unit and the Linux or LKL value that it mirrors. */

/** Added to the cpu's shutdown gate to close it (arch/lkl/kernel/cpu.c). */
export const MAX_THREADS = 1_000_000;

/** Interrupt lines, 0 being invalid: 32 × 32 on a 32-bit LKL (arch/lkl/include/asm/irq.h). */
export const NR_IRQS = 1024;

/** Softirq rounds at one irq_exit before ksoftirqd takes over (kernel/softirq.c). */
export const MAX_SOFTIRQ_RESTART = 10;

/** Jiffies spent in softirqs at one irq_exit, in ms (MAX_SOFTIRQ_TIME). Virtual time seldom moves there. */
export const MAX_SOFTIRQ_TIME_MS = 2;

/** Number of softirqs (NR_SOFTIRQS). */
export const NR_SOFTIRQS = 10;

/** Octets of text that the log keeps (CONFIG_LOG_BUF_SHIFT = 17). */
export const LOG_BUF_LEN = 131_072;

/** Lines of the log that a panic or a bug carries. */
export const LOG_TAIL_LINES = 20;

/** Octets of a task's name with its terminating zero (TASK_COMM_LEN). */
export const TASK_COMM_LEN = 16;

/** Highest pid before numbers are used again (PID_MAX_DEFAULT). */
export const PID_MAX = 32_768;

/** Works of one queue that may run at once (WQ_DFL_ACTIVE). */
export const WQ_DFL_ACTIVE = 256;

/** Milliseconds that a work may wait for a worker to be made before the rescuer is called. */
export const MAYDAY_INITIAL_TIMEOUT_MS = 10;

/** Milliseconds between attempts to make a worker (CREATE_COOLDOWN is HZ). */
export const CREATE_COOLDOWN_MS = 1000;

/** Idle workers that stay. Linux ends the others after five minutes, here they end at once. */
export const IDLE_WORKERS_MAX = 2;

/** Characters of the command line (COMMAND_LINE_SIZE). */
export const COMMAND_LINE_SIZE = 4096;

/** Memory when the command line has no `mem=`, in octets (LKL's default). */
export const DEFAULT_MEM_BYTES = 67_108_864;

/** A timeout that never comes, in jiffies or nanoseconds (LONG_MAX in Linux). */
export const MAX_SCHEDULE_TIMEOUT: number = Number.MAX_SAFE_INTEGER;
