/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Interrupts come only from the host, and the host cannot run while kernel code does; so "disabled" is one word,
 * and an interrupt is taken when it becomes enabled again or when the host calls wasm_irq().
 */
#ifndef _ASM_WASM_IRQFLAGS_H
#define _ASM_WASM_IRQFLAGS_H

extern unsigned long wasm_irq_enabled;
extern unsigned long wasm_irq_pending;
void wasm_take_irqs(void);

static inline unsigned long arch_local_save_flags(void)
{
	return wasm_irq_enabled;
}
#define arch_local_save_flags arch_local_save_flags

static inline void arch_local_irq_restore(unsigned long flags)
{
	wasm_irq_enabled = flags;
	if (flags && __builtin_expect(wasm_irq_pending, 0))
		wasm_take_irqs();
}
#define arch_local_irq_restore arch_local_irq_restore

static inline void arch_local_irq_disable(void)
{
	wasm_irq_enabled = 0;
}
#define arch_local_irq_disable arch_local_irq_disable

static inline unsigned long arch_local_irq_save(void)
{
	unsigned long flags = wasm_irq_enabled;

	wasm_irq_enabled = 0;
	return flags;
}
#define arch_local_irq_save arch_local_irq_save

#include <asm-generic/irqflags.h>

#endif
