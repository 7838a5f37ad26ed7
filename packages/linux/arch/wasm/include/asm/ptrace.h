/* SPDX-License-Identifier: GPL-2.0 */
/* There are no registers to look at. */
#ifndef _ASM_WASM_PTRACE_H
#define _ASM_WASM_PTRACE_H

#include <uapi/asm/ptrace.h>

struct task_struct;
struct pt_regs {
	unsigned long unused;
};

#define user_mode(regs) 0
#define kernel_mode(regs) 1
#define profile_pc(regs) 0UL
#define instruction_pointer(regs) 0UL
#define user_stack_pointer(regs) 0UL
#define arch_has_single_step() (0)
#define current_pt_regs() ((struct pt_regs *)0)
#define task_pt_regs(task) ((struct pt_regs *)0)
#define MAX_REG_OFFSET 0

#endif
