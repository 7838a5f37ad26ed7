/* SPDX-License-Identifier: GPL-2.0 */
/* No bus: what a driver maps is plain memory, and none of the drivers that are built does. */
#ifndef _ASM_WASM_IO_H
#define _ASM_WASM_IO_H

#define PCI_IOBASE ((void __iomem *)0x1000)

static inline void *ioremap(unsigned long address, unsigned long size)
{
	return (void *)address;
}
#define ioremap ioremap

static inline void iounmap(volatile void *address)
{
}
#define iounmap iounmap

#include <asm-generic/io.h>

#endif
