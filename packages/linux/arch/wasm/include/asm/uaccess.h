/* SPDX-License-Identifier: GPL-2.0 */
/*
 * "User" memory is kernel memory that the host has allocated for its arguments. A pointer into the zero page and the
 * boot stack, or past the end, is the caller's mistake and gives -EFAULT instead of a trap. Nothing may be anywhere.
 */
#ifndef _ASM_WASM_UACCESS_H
#define _ASM_WASM_UACCESS_H

#define WASM_USER_MIN 65536UL

extern unsigned long wasm_memory_end;

static inline int __access_ok(const void *pointer, unsigned long size)
{
	unsigned long address = (unsigned long)pointer;

	return size == 0 || (address >= WASM_USER_MIN && size <= wasm_memory_end && address <= wasm_memory_end - size);
}
#define __access_ok __access_ok

#include <asm-generic/uaccess.h>

#endif
