// SPDX-License-Identifier: GPL-2.0
/*
 * Host tasks, as LKL calls them: each thread of the host that makes system calls has a task of its own, so that a call
 * that sleeps stops that thread and nobody else. Between calls such a task is in "user mode": it has no kernel stack,
 * as on real hardware, and its program is the host's. All are threads of pid 1 and share its descriptors; whose
 * descriptor is whose is the host's business.
 */
#include <linux/fdtable.h>
#include <linux/kernel.h>
#include <linux/oom.h>
#include <linux/resume_user_mode.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/sched/task_stack.h>
#include <linux/slab.h>
#include <linux/vmstat.h>
#include <linux/syscalls.h>
#include <asm/host.h>

/* packages/linux/src/host-task.ts knows the offsets. */
struct host_task {
	long long args[6];	   /*  0 */
	u32 nr;			   /* 48 */
	u32 is_posted;		   /* 52 */
	s32 result;		   /* 56 */
	struct task_struct *task;  /* 60 */
	u32 slot;		   /* 64 */
	u32 stack_top;		   /* 68 */
	bool is_urgent;		   /* serves the host itself, which cannot wait */
};

/* Above the numbers of Linux: what the host asks of the architecture itself, in task context. */
enum {
	ARCH_CALL_FIRST = 0x10000,
	ARCH_NEW_TASK = ARCH_CALL_FIRST, /* (is urgent) -> struct host_task * or -errno */
	ARCH_EXIT,			 /* (): ends the task, never returns */
	ARCH_NET_CREATE,		 /* (name, address, flags) -> card number */
	ARCH_NET_DESTROY,		 /* (card) */
	ARCH_LO_TAP,			 /* (cookie): of the caller's network namespace */
	ARCH_MAKE_OWN,			 /* (seed, octets of it, node name): a clone becomes itself */
};

static struct host_task host0;

bool wasm_has_posted_call(struct task_struct *task)
{
	return task->thread.host->is_posted;
}

unsigned long wasm_posted_call(struct task_struct *task)
{
	return (unsigned long)task->thread.host;
}

/* It comes before everybody else. */
bool wasm_is_urgent(struct task_struct *task)
{
	return task->thread.host->is_urgent;
}

/* Never runs: a host task is bare from its birth, and what it does comes with its calls. */
static int no_thread(void *unused)
{
	return 0;
}

static void make_bare(struct task_struct *task, struct host_task *host)
{
	task->thread.host = host;
	task->thread.is_bare = true;
	task->thread.has_run = false;
	host->task = task;
	host->slot = task->thread.slot;
	host->stack_top = (unsigned long)task_stack_page(task) + THREAD_SIZE - 64;
}

/* It was cloned from pid 1, which is of the real-time class: it gets what every program of a user has. */
static void make_ordinary(struct task_struct *task)
{
	sched_set_normal(task, 0);
	task->default_timer_slack_ns = 50000;
	task->timer_slack_ns = 50000;
}

static long new_task(bool is_urgent)
{
	struct kernel_clone_args args = {
		.flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_UNTRACED,
		.fn = no_thread,
	};
	struct host_task *host = kzalloc(sizeof(*host), GFP_KERNEL);
	struct task_struct *task;
	pid_t pid;

	if (!host)
		return -ENOMEM;
	pid = kernel_clone(&args);
	if (pid < 0) {
		kfree(host);
		return pid;
	}
	/* It cannot have run yet: this is one processor, and nothing has slept. */
	rcu_read_lock();
	task = find_task_by_pid_ns(pid, &init_pid_ns);
	make_bare(task, host);
	rcu_read_unlock();
	host->is_urgent = is_urgent;
	if (is_urgent)
		sched_set_fifo(task);
	else
		make_ordinary(task);
	return (long)host;
}

static void end_task(struct host_task *host)
{
	current->thread.host = NULL;
	if (host != &host0)
		kfree(host);
	do_exit(0);
}

long wasm_arch_call(unsigned int nr, const long long *args)
{
	switch (nr) {
	case ARCH_NEW_TASK:
		return new_task(args[0]);
	case ARCH_NET_CREATE:
		return wasm_net_create((const char *)(unsigned long)args[0], (const u8 *)(unsigned long)args[1],
				       args[2]);
	case ARCH_NET_DESTROY:
		return wasm_net_destroy(args[0]);
	case ARCH_LO_TAP:
		return wasm_lo_tap(args[0]);
	case ARCH_MAKE_OWN:
		return wasm_make_own((const u8 *)(unsigned long)args[0], args[1],
				     (const char *)(unsigned long)args[2]);
	default:
		return -ENOSYS;
	}
}

/* What other architectures do on their way back to user mode. Signals are the host's: they only end a sleep. */
static void exit_to_user_mode(struct host_task *host)
{
	if (test_thread_flag(TIF_NOTIFY_SIGNAL))
		clear_notify_signal();
	if (signal_pending(current))
		flush_signals(current);
	if (test_thread_flag(TIF_NOTIFY_RESUME))
		resume_user_mode_work(NULL);
}

/* A posted call, on a stack of its own. */
void wasm_call_main(struct host_task *host);
void wasm_call_main(struct host_task *host)
{
	struct thread_struct *thread = &current->thread;

	host->is_posted = 0;
	thread->is_bare = false;
	thread->has_run = true;
	if (host->nr == ARCH_EXIT)
		end_task(host);
	if (host->nr >= ARCH_CALL_FIRST)
		host->result = wasm_arch_call(host->nr, host->args);
	else
		host->result = wasm_do_syscall(host->nr, host->args);
	exit_to_user_mode(host);
	thread->is_bare = true;
	thread->has_run = false;
	wasm_machine.has_ended = 1;
}

/*
 * Ends an interruptible sleep of a host task with -ERESTARTSYS or what the call makes of it. Plain call.
 */
void wasm_host_task_interrupt(struct host_task *host);
void wasm_host_task_interrupt(struct host_task *host)
{
	set_notify_signal(host->task);
}

struct host_task *wasm_host0(void);
struct host_task *wasm_host0(void)
{
	return &host0;
}

/*
 * kernel_init() calls it instead of looking for a program to run: pid 1 becomes the first task of the host, gives up
 * the stack that it booted on, and parks at the next wasm_cpu_next().
 */
void __noreturn wasm_init(void);
void __noreturn wasm_init(void)
{
	kernel_sigaction(SIGCHLD, SIG_IGN);
	/* Nobody here can be killed for his memory: who wants more than there is gets an error, and not a panic. */
	oom_killer_disable(1);
	wasm_stop_fair_server();
	host0.is_urgent = true;
	sched_set_fifo(current);
	make_bare(current, &host0);
	wasm_set_sp(WASM_BOOT_STACK_TOP);
	host_park(current->thread.slot, true);
	BUG();
}

/*
 * Memory for the arguments of the host's calls, which fail where there is none. To want more than there can ever be is a
 * mistake, and warned of. Plain calls.
 */
void *wasm_room(unsigned int size);
void *wasm_room(unsigned int size)
{
	return kmalloc(size, size > KMALLOC_MAX_SIZE ? GFP_ATOMIC : GFP_ATOMIC | __GFP_NOWARN);
}

void wasm_free(void *room);
void wasm_free(void *room)
{
	kfree(room);
}

/* Octets that the page allocator could still give. */
unsigned int wasm_memory_free(void);
unsigned int wasm_memory_free(void)
{
	return global_zone_page_state(NR_FREE_PAGES) << PAGE_SHIFT;
}
