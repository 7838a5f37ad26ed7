// SPDX-License-Identifier: GPL-2.0
/*
 * Tasks and the switch between them. Linux expects __switch_to() to stop one task in the middle of its C frames and to
 * go on in another's. A WebAssembly stack can be parked and resumed only by the host (through JSPI or stack switching),
 * so the switch is one import; the scheduler that calls it is Linux's own.
 */
#include <linux/cpu.h>
#include <linux/export.h>
#include <linux/init_task.h>
#include <linux/kernel.h>
#include <linux/panic_notifier.h>
#include <linux/ptrace.h>
#include <linux/reboot.h>
#include <linux/sched.h>
#include <linux/sched/debug.h>
#include <linux/sched/task.h>
#include <linux/sched/task_stack.h>
#include <linux/seq_file.h>
#include <asm/host.h>
#include <asm/switch_to.h>

#define SLOTS 32768

struct task_struct *wasm_current = &init_task;
struct task_struct *wasm_last_prev;
bool wasm_is_plain_call;
bool wasm_has_switched;
unsigned long init_stack[THREAD_SIZE / sizeof(unsigned long)] __aligned(THREAD_SIZE);

/* Numbers of parked stacks: 0 is none, 1 the boot task's. */
static unsigned short free_slots[SLOTS];
static unsigned int free_slot_count;
static unsigned int slot_top = 2;

/* Where the host starts wasm_boot_entry(). */
unsigned long wasm_init_stack_top(void);
unsigned long wasm_init_stack_top(void)
{
	return (unsigned long)init_stack + THREAD_SIZE - 64;
}

static unsigned int take_slot(void)
{
	if (free_slot_count)
		return free_slots[--free_slot_count];
	return slot_top < SLOTS ? slot_top++ : 0;
}

/*
 * Between two bare tasks a switch is this assignment: the C frames of schedule() that were entered as one of them are
 * left as the other. From a bare task to one with a parked stack it is too: schedule() finishes the switch on that
 * task's behalf, and wasm_cpu_next() then asks the host to resume it. It finishes the switch once more when it returns
 * from its own __switch_to() below; with the idle task as the one that it follows that does nothing.
 */
struct task_struct *__switch_to(struct task_struct *prev, struct task_struct *next)
{
	bool is_dead = READ_ONCE(prev->__state) == TASK_DEAD;

	wasm_current = next;
	if (wasm_is_plain_call) {
		wasm_last_prev = &init_task;
		return prev;
	}
	wasm_last_prev = prev;
	wasm_has_switched = true;
	prev->thread.sp = wasm_get_sp();
	wasm_set_sp(WASM_BOOT_STACK_TOP);
	host_park(prev->thread.slot, is_dead);
	wasm_has_switched = false;
	wasm_set_sp(prev->thread.sp);
	return wasm_last_prev;
}

void wasm_thread_main(struct task_struct *me);
void wasm_thread_main(struct task_struct *me)
{
	wasm_has_switched = false;
	me->thread.has_run = true;
	schedule_tail(wasm_last_prev);
	me->thread.fn(me->thread.fn_arg);
	do_exit(0);
}

int copy_thread(struct task_struct *p, const struct kernel_clone_args *args)
{
	if (!args->fn)
		return -ENOSYS;
	p->thread.slot = take_slot();
	if (!p->thread.slot)
		return -EAGAIN;
	p->thread.fn = args->fn;
	p->thread.fn_arg = args->fn_arg;
	return 0;
}

int arch_dup_task_struct(struct task_struct *dst, struct task_struct *src)
{
	*dst = *src;
	dst->thread = (struct thread_struct){};
	return 0;
}

void arch_release_task_struct(struct task_struct *task)
{
	if (task->thread.slot > 1)
		free_slots[free_slot_count++] = task->thread.slot;
}

/*
 * Only boot comes here, once: the idle task drops the stack that start_kernel() ran on and is bare from now on.
 * wasm_cpu_next() does what the rest of do_idle() would.
 */
void arch_cpu_idle(void)
{
	init_task.thread.is_bare = true;
	wasm_irq_enabled = 1;
	wasm_set_sp(WASM_BOOT_STACK_TOP);
	host_park(init_task.thread.slot, true);
}

void show_regs(struct pt_regs *regs)
{
}

void show_stack(struct task_struct *task, unsigned long *sp, const char *log_level)
{
	if (!task || task == current)
		host_trace();
}

void machine_restart(char *command)
{
	host_halt(HOST_HALT_RESTART);
}

void machine_halt(void)
{
	host_halt(HOST_HALT_POWER_OFF);
}

void machine_power_off(void)
{
	host_halt(HOST_HALT_POWER_OFF);
}

void (*pm_power_off)(void) = machine_power_off;

/* panic() would spin for ever at its end. */
static int halt_on_panic(struct notifier_block *block, unsigned long event, void *message)
{
	host_halt(HOST_HALT_PANIC);
	return NOTIFY_DONE;
}

static struct notifier_block panic_block = { .notifier_call = halt_on_panic, .priority = INT_MIN };

static int __init register_panic_halt(void)
{
	atomic_notifier_chain_register(&panic_notifier_list, &panic_block);
	return 0;
}
early_initcall(register_panic_halt);

/* Nothing can be traced or stepped. */
long arch_ptrace(struct task_struct *child, long request, unsigned long addr, unsigned long data)
{
	return -EIO;
}

void ptrace_disable(struct task_struct *child)
{
}

void user_disable_single_step(struct task_struct *child)
{
}

/* clang calls it for 64-bit multiplications with a 128-bit result. */
void __multi3(u64 *result, u64 a_low, u64 a_high, u64 b_low, u64 b_high);
void __multi3(u64 *result, u64 a_low, u64 a_high, u64 b_low, u64 b_high)
{
	u64 a0 = (u32)a_low, a1 = a_low >> 32, b0 = (u32)b_low, b1 = b_low >> 32;
	u64 low = a0 * b0, middle1 = a0 * b1, middle2 = a1 * b0, high = a1 * b1;
	u64 carry = (low >> 32) + (u32)middle1 + (u32)middle2;

	result[0] = (carry << 32) | (u32)low;
	result[1] = high + (middle1 >> 32) + (middle2 >> 32) + (carry >> 32) + a_low * b_high + a_high * b_low;
}
