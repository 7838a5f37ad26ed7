// SPDX-License-Identifier: GPL-2.0
/*
 * Interrupts: bits of one word. The host raises them with wasm_irq(), between two stacks; what it raises while kernel
 * code runs (a card that loops a frame back) is taken when the code enables interrupts.
 */
#include <linux/hardirq.h>
#include <linux/interrupt.h>
#include <linux/irq.h>
#include <linux/seq_file.h>
#include <asm/host.h>
#include <asm/irq_regs.h>

unsigned long wasm_irq_enabled;
unsigned long wasm_irq_pending;

void wasm_timer_interrupt(void);

static struct pt_regs no_registers;

void wasm_take_irqs(void)
{
	while (wasm_irq_pending) {
		unsigned long pending = wasm_irq_pending;
		struct pt_regs *old = set_irq_regs(&no_registers);
		unsigned int irq;

		wasm_irq_pending = 0;
		wasm_irq_enabled = 0;
		irq_enter();
		for (irq = 0; pending; irq++, pending >>= 1) {
			if (!(pending & 1))
				continue;
			if (irq == WASM_IRQ_TIMER)
				wasm_timer_interrupt();
			else
				generic_handle_irq(irq);
		}
		irq_exit();
		set_irq_regs(old);
		wasm_irq_enabled = 1;
	}
}

/*
 * Raises interrupts and runs them with their softirqs, as a plain call on behalf of whoever is current. In the middle
 * of a switch they stay pending until the next task has finished it. Returns wasm_cpu_is_busy().
 */
bool wasm_irq(unsigned long mask)
{
	wasm_irq_pending |= mask;
	if (wasm_has_switched)
		return true;
	wasm_take_irqs();
	return wasm_idle_again();
}

static void nothing(struct irq_data *data)
{
}

static struct irq_chip wasm_chip = {
	.name = "wasm",
	.irq_mask = nothing,
	.irq_unmask = nothing,
	.irq_enable = nothing,
	.irq_disable = nothing,
	.irq_ack = nothing,
};

void __init init_IRQ(void)
{
	unsigned int irq;

	for (irq = 0; irq < NR_IRQS; irq++)
		irq_set_chip_and_handler(irq, &wasm_chip, handle_simple_irq);
}

int arch_show_interrupts(struct seq_file *file, int precision)
{
	return 0;
}
