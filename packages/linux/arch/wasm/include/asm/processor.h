/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _ASM_WASM_PROCESSOR_H
#define _ASM_WASM_PROCESSOR_H

#include <asm/ptrace.h>
#include <linux/compiler.h>

struct host_task;

/*
 * Where a task stands when another one runs. A task of the host between two system calls, and the idle task
 * after boot, have no WebAssembly stack at all (`is_bare`): nothing has to be parked for them, nothing is
 * resumed, and the scheduler switches between two of them within one plain call.
 */
struct thread_struct {
	unsigned long sp;	 /* shadow stack pointer in __switch_to() */
	unsigned int slot;	 /* the host's number for the parked WebAssembly stack; 0: none yet */
	bool has_run;
	bool is_bare;
	int (*fn)(void *);	 /* what a new kernel thread runs */
	void *fn_arg;
	struct host_task *host;	 /* a thread of the host; NULL for the kernel's own */
};

/* The boot processor's first task runs on slot 1 until it becomes the idle task. */
#define INIT_THREAD { .slot = 1, .has_run = true }

#define TASK_SIZE 0xffffffffUL
#define TASK_UNMAPPED_BASE 0
#define STACK_TOP TASK_SIZE
#define STACK_TOP_MAX STACK_TOP
#define KSTK_EIP(task) (0)
#define KSTK_ESP(task) (0)

/* Time stands still in here, so whoever spins on it would spin for ever: the host's fuel ends that. */
void wasm_cpu_relax(void);
#define cpu_relax() wasm_cpu_relax()

static inline unsigned long __get_wchan(struct task_struct *task)
{
	return 0;
}

static inline void start_thread(struct pt_regs *regs, unsigned long pc, unsigned long sp)
{
}

static inline void flush_thread(void)
{
}

#endif
