// SPDX-License-Identifier: GPL-2.0
/*
 * poll() of a socket for a caller that is no task and does not wait: reads the state, and hangs an entry into the
 * socket's wait queues whose wake function tells the host. Plain calls.
 */
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/list.h>
#include <linux/poll.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/wait.h>
#include <asm/host.h>

struct sock_poll_entry {
	wait_queue_entry_t wait;
	wait_queue_head_t *queue;
	struct sock_poll *poll;
	struct list_head siblings;
};

/* One wasm_sock_poll() that waits. Most files have one queue, some two. */
struct sock_poll {
	poll_table table;
	unsigned int cookie;
	struct file *file;
	struct list_head entries;
	struct sock_poll_entry first;
};

static int tell_host(wait_queue_entry_t *wait, unsigned int mode, int flags, void *key)
{
	struct sock_poll_entry *entry = container_of(wait, struct sock_poll_entry, wait);

	host_poll_event(entry->poll->cookie, (__force unsigned int)key_to_poll(key));
	return 1;
}

static void hang_into(struct file *file, wait_queue_head_t *queue, poll_table *table)
{
	struct sock_poll *poll = container_of(table, struct sock_poll, table);
	struct sock_poll_entry *entry = &poll->first;

	if (entry->queue)
		entry = kzalloc(sizeof(*entry), GFP_ATOMIC);
	if (!entry)
		return;
	entry->queue = queue;
	entry->poll = poll;
	init_waitqueue_func_entry(&entry->wait, tell_host);
	list_add_tail(&entry->siblings, &poll->entries);
	add_wait_queue(queue, &entry->wait);
}

static struct file *file_of(unsigned int fd)
{
	return fget_task(pid_task(find_pid_ns(1, &init_pid_ns), PIDTYPE_PID), fd);
}

/*
 * Returns the EPOLL* bits of `events` (and EPOLLERR, EPOLLHUP) that are true now. With a cookie, registers for those:
 * the handle for wasm_sock_poll_free() is in wasm_machine.out, 0 if there is none.
 */
unsigned int wasm_sock_poll(unsigned int fd, unsigned int events, unsigned int cookie);
unsigned int wasm_sock_poll(unsigned int fd, unsigned int events, unsigned int cookie)
{
	struct sock_poll *poll = NULL;
	unsigned int mask;
	struct file *file;

	wasm_machine.out = 0;
	rcu_read_lock();
	file = file_of(fd);
	rcu_read_unlock();
	if (!file)
		return (__force unsigned int)EPOLLNVAL;
	events |= (__force unsigned int)(EPOLLERR | EPOLLHUP);
	if (cookie)
		poll = kzalloc(sizeof(*poll), GFP_ATOMIC);
	if (poll) {
		poll->cookie = cookie;
		poll->file = file;
		INIT_LIST_HEAD(&poll->entries);
		init_poll_funcptr(&poll->table, hang_into);
		poll->table._key = (__force __poll_t)events;
	}
	mask = (__force unsigned int)vfs_poll(file, poll ? &poll->table : NULL) & events;
	if (poll)
		wasm_machine.out = (u32)(unsigned long)poll;
	else
		fput(file);
	return mask;
}

void wasm_sock_poll_free(struct sock_poll *poll);
void wasm_sock_poll_free(struct sock_poll *poll)
{
	struct sock_poll_entry *entry, *next;

	list_for_each_entry_safe(entry, next, &poll->entries, siblings) {
		remove_wait_queue(entry->queue, &entry->wait);
		if (entry != &poll->first)
			kfree(entry);
	}
	fput(poll->file);
	kfree(poll);
}
