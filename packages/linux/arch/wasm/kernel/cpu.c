// SPDX-License-Identifier: GPL-2.0
/*
 * The processor as the host drives it. The host runs one stack at a time; whenever that stack has been parked or has
 * ended, it asks wasm_cpu_next() what comes now, until the answer is "idle". All functions here are plain calls: they
 * run on the boot stack, on behalf of a bare task, and never sleep.
 */
#include <linux/hardirq.h>
#include <linux/init_task.h>
#include <linux/kernel.h>
#include <linux/sched.h>
#include <linux/sched/debug.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/sched/task_stack.h>
#include <linux/tick.h>
#include <asm/host.h>

/* Internal to the scheduler and the tick; do_idle() is their only other user. */
extern void schedule_idle(void);
extern void tick_nohz_idle_enter(void);
extern void tick_nohz_idle_exit(void);

enum { CPU_HALT, CPU_RESUME, CPU_START_THREAD, CPU_START_CALL };

static bool is_in_idle_loop = true; /* boot ends in the middle of do_idle() */

static void enter_idle(void)
{
	if (!is_in_idle_loop)
		tick_nohz_idle_enter();
	is_in_idle_loop = true;
	local_irq_disable();
	tick_nohz_idle_stop_tick();
	local_irq_enable();
}

static void leave_idle(void)
{
	if (is_in_idle_loop)
		tick_nohz_idle_exit();
	is_in_idle_loop = false;
	schedule_idle();
}

/* A thread of the host that is in no call gives the processor away until it posts one. */
static void park_user(void)
{
	set_current_state(TASK_IDLE);
	schedule();
}

static unsigned int announce(struct task_struct *task)
{
	struct thread_struct *thread = &task->thread;
	unsigned long top = (unsigned long)task_stack_page(task) + THREAD_SIZE - 64;

	wasm_machine.next_slot = thread->slot;
	wasm_machine.next_arg = (unsigned long)task;
	if (thread->has_run) {
		/* A clone has no parked stack to resume: it starts the thread again below what it had in use. */
		wasm_machine.next_sp = (thread->sp - 256) & ~15UL;
		return CPU_RESUME;
	}
	wasm_machine.next_sp = top;
	if (!thread->is_bare)
		return CPU_START_THREAD;
	wasm_machine.next_arg = wasm_posted_call(task);
	return CPU_START_CALL;
}

/*
 * Finishes a switch, then schedules until a task must run on a stack of its own. Returns CPU_*; what to start or to
 * resume is in wasm_machine.
 */
unsigned int wasm_cpu_next(void);
unsigned int wasm_cpu_next(void)
{
	unsigned int next = CPU_HALT;

	wasm_is_plain_call = true;
	if (wasm_has_switched && current->thread.is_bare) {
		wasm_has_switched = false;
		schedule_tail(wasm_last_prev);
	}
	while (current->thread.is_bare) {
		if (!is_idle_task(current)) {
			if (wasm_has_posted_call(current))
				break;
			park_user();
		} else if (need_resched()) {
			leave_idle();
		} else {
			enter_idle();
			goto out;
		}
	}
	next = announce(current);
out:
	wasm_is_plain_call = false;
	return next;
}

/*
 * Makes `task`, which has a call posted, the current one if the scheduler agrees. Returns true when its call can be
 * started at once; else the host has to let the processor run (wasm_cpu_next).
 */
bool wasm_cpu_become(struct task_struct *task);
bool wasm_cpu_become(struct task_struct *task)
{
	wasm_is_plain_call = true;
	if (wasm_has_switched && wasm_is_urgent(task)) {
		/* Finished on behalf of the next task, which finishes it again, harmlessly, when it is resumed. */
		wasm_has_switched = false;
		schedule_tail(wasm_last_prev);
		wasm_last_prev = &init_task;
	}
	wake_up_state(task, TASK_IDLE);
	if (wasm_has_switched) {
		wasm_is_plain_call = false;
		return false;
	}
	if (wasm_is_urgent(task) && current != task && !current->thread.is_bare)
		schedule();
	while (current != task && current->thread.is_bare) {
		if (!is_idle_task(current)) {
			/* One that has posted a call is served first, unless the host itself wants something. */
			if (!wasm_has_posted_call(current))
				park_user();
			else if (wasm_is_urgent(task) && !wasm_is_urgent(current))
				schedule();
			else
				break;
		} else {
			set_tsk_need_resched(current);
			leave_idle();
		}
	}
	wasm_is_plain_call = false;
	return current == task;
}

/* True when the host has to let the processor run, true also while a thread of the host is on it. */
bool wasm_cpu_is_busy(void)
{
	return wasm_has_switched || !is_idle_task(current) || need_resched();
}

/*
 * Called after interrupts and whatever else may have armed a timer: as each round of the idle loop does, programs the
 * next tick anew. Returns wasm_cpu_is_busy().
 */
bool wasm_idle_again(void)
{
	if (wasm_cpu_is_busy())
		return true;
	local_irq_disable();
	tick_nohz_idle_stop_tick();
	local_irq_enable();
	return false;
}
