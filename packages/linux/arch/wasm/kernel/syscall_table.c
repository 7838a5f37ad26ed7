// SPDX-License-Identifier: GPL-2.0
/* The table of system calls; one that is not configured is a weak reference to nothing. */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/unistd.h>
#include <asm/host.h>

#if __has_include(<asm/syscall_table_32.h>)
#define SYSCALL_TABLE <asm/syscall_table_32.h>
#else
#define SYSCALL_TABLE <asm/unistd.h>
#endif

typedef long (*wasm_syscall_t)(const long long *slots);

#define sys_ni_syscall wasm_ni_syscall
/* A task of the host has no memory of its own (current->mm) that they could change. */
#define sys_mmap wasm_ni_syscall
#define sys_mmap2 wasm_ni_syscall
#define sys_mremap wasm_ni_syscall
#define sys_munmap wasm_ni_syscall

#define __SYSCALL(nr, call) long call(const long long *slots) __attribute__((weak));
#define __SYSCALL_WITH_COMPAT(nr, native, compat) __SYSCALL(nr, native)
#include SYSCALL_TABLE
#undef __SYSCALL

#define __SYSCALL(nr, call) [nr] = (call),
static const wasm_syscall_t table[__NR_syscalls] = {
#include SYSCALL_TABLE
};

long wasm_do_syscall(unsigned int nr, const long long *args)
{
	if (nr >= __NR_syscalls || !table[nr])
		return -ENOSYS;
	return table[nr](args);
}
