// SPDX-License-Identifier: GPL-2.0
/*
 * A kernel that starts from a copy of another one's memory. WebAssembly stacks cannot be copied, but after boot none is
 * needed: tasks of the host and the idle task have none, and every kernel thread sleeps at the bottom of a loop that
 * may as well be entered at its top. What a thread had on its shadow stack stays where it was.
 */
#include <linux/fs.h>
#include <linux/kthread.h>
#include <linux/random.h>
#include <linux/sched.h>
#include <linux/sched/task.h>
#include <linux/timekeeping.h>
#include <linux/utsname.h>
#include <asm/host.h>

void wasm_thread_again(struct task_struct *me);
void wasm_thread_again(struct task_struct *me)
{
	wasm_has_switched = false;
	schedule_tail(wasm_last_prev);
	/* kthreadd itself runs none of what it makes others run. */
	if ((me->flags & PF_KTHREAD) && kthread_func(me))
		kthread_exit(((int (*)(void *))kthread_func(me))(kthread_data(me)));
	me->thread.fn(me->thread.fn_arg);
	do_exit(0);
}

/*
 * What must differ between clones: randomness, the wall clock, the name. Runs in the call of a task of the host.
 * Entropy is mixed into the pool, and the generator is keyed from the pool anew.
 */
int wasm_make_own(const u8 *seed, unsigned int size, const char *name)
{
	struct timespec64 wall = ns_to_timespec64(wasm_machine.wall_ns + wasm_machine.now_ns);

	add_device_randomness(seed, size);
	random_fops.unlocked_ioctl(NULL, RNDRESEEDCRNG, 0);
	strscpy(utsname()->nodename, name, sizeof(utsname()->nodename));
	return do_settimeofday64(&wall);
}
