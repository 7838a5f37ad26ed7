/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _ASM_WASM_IRQ_H
#define _ASM_WASM_IRQ_H

/* One bit of a word for each. */
#define NR_IRQS 32
#include <asm-generic/irq.h>

#endif
