/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The machine as it is wired to its host: what the kernel imports, and the words of memory that both sides
 * read and write without a call. packages/linux/src/machine.ts is the other half; change both together.
 */
#ifndef _ASM_WASM_HOST_H
#define _ASM_WASM_HOST_H

#include <linux/types.h>

struct task_struct;

/* Counts changes of what both sides must agree on: imports, exports, the layout of what they share. */
#define HOST_INTERFACE 2

#define HOST_IMPORT(name) __attribute__((import_module("host"), import_name(#name)))

/* Appends to the console. */
HOST_IMPORT(print) void host_print(const char *text, unsigned int length);
/*
 * Parks the WebAssembly stack that calls under the number `slot`, until the host resumes it; a dead one's is
 * dropped and never comes back. What runs next is for wasm_cpu_next() to say.
 */
HOST_IMPORT(park) void host_park(unsigned int slot, int is_dead);
/* The machine stops; never returns. */
HOST_IMPORT(halt) void host_halt(int why);
/* Prints the WebAssembly frames of the caller to the console. */
HOST_IMPORT(trace) void host_trace(void);
/* A frame goes out. csum_start < 0: the checksum is complete. Returns 0 when the card's ring is full. */
HOST_IMPORT(xmit) int host_xmit(unsigned int card, const void *data, unsigned int length, int csum_start,
				int csum_offset);
/* A frame on a loopback device that wasm_lo_tap() watches; the host must not keep the pointer. */
HOST_IMPORT(lo_frame) void host_lo_frame(unsigned int cookie, const void *data, unsigned int length, int csum_start,
					 int csum_offset);
/* A device was changed by the kernel's user; what: HOST_DEV_*. */
HOST_IMPORT(dev_changed) void host_dev_changed(unsigned int card, int what, unsigned int value);
/* A socket that wasm_sock_poll() watches has changed; mask: EPOLL* bits, 0: unknown. */
HOST_IMPORT(poll_event) void host_poll_event(unsigned int cookie, unsigned int mask);

enum { HOST_HALT_POWER_OFF, HOST_HALT_RESTART, HOST_HALT_PANIC };
enum { HOST_DEV_MTU = 1, HOST_DEV_FLAGS = 2, HOST_DEV_ADDRESS = 4, HOST_DEV_NAME = 8 };

/* Offsets are the host's too. */
struct wasm_machine {
	u64 now_ns;	 /*  0: monotonic virtual time, written by the host before it calls */
	u64 deadline_ns; /*  8: when the host shall raise WASM_IRQ_TIMER; all ones: never */
	u64 wall_ns;	 /* 16: ns since 1970 at now_ns == 0, read at boot */
	u32 next_slot;	 /* 24: what wasm_cpu_next() wants to run: */
	u32 next_sp;	 /* 28: shadow stack to start it on, if it is started */
	u32 next_arg;	 /* 32: and the argument */
	u32 out;	 /* 36: second result of some calls */
	u32 has_ended;	 /* 40: set by a stack that runs to its end, as opposed to one that traps */
	u8 seed[32];	 /* 44: entropy at boot */
};
extern struct wasm_machine wasm_machine;

#define WASM_IRQ_TIMER 0
#define WASM_IRQ_NET 1

/* The linker's stack, from here down to address 0: boot of the machine, and plain calls when no task's is in use. */
#define WASM_BOOT_STACK_TOP 65536UL

/* Implemented in assembly: the shadow stack pointer. */
unsigned long wasm_get_sp(void);
void wasm_set_sp(unsigned long sp);

/* Set while C code runs that was called by the host directly and not on a stack that can be parked. */
extern bool wasm_is_plain_call;
extern struct task_struct *wasm_last_prev;
/* A stack was parked or dropped, and what switch_to() owes to the next task is not done yet. */
extern bool wasm_has_switched;

/* host_task.c: the kernel task of a thread of the host */
bool wasm_has_posted_call(struct task_struct *task);
bool wasm_is_urgent(struct task_struct *task);
unsigned long wasm_posted_call(struct task_struct *task);
long wasm_arch_call(unsigned int nr, const long long *args);
long wasm_do_syscall(unsigned int nr, const long long *args);

/* cpu.c, irq.c */
bool wasm_cpu_is_busy(void);
bool wasm_idle_again(void);
bool wasm_irq(unsigned long mask);

/* clone.c */
int wasm_make_own(const u8 *seed, unsigned int size, const char *name);

/* Nothing comes before an urgent task. Task context. */
void wasm_stop_fair_server(void);

/* lo_tap.c */
int wasm_lo_tap(unsigned int cookie);

/* simnet.c */
int wasm_net_create(const char *name, const u8 *address, unsigned int flags);
int wasm_net_destroy(unsigned int card);

#endif
