/* SPDX-License-Identifier: GPL-2.0 */
/* One instruction each: mm/mem.S. */
#ifndef _ASM_WASM_STRING_H
#define _ASM_WASM_STRING_H

#define __HAVE_ARCH_MEMCPY
#define __HAVE_ARCH_MEMMOVE
#define __HAVE_ARCH_MEMSET
extern void *memcpy(void *to, const void *from, __kernel_size_t count);
extern void *memmove(void *to, const void *from, __kernel_size_t count);
extern void *memset(void *to, int value, __kernel_size_t count);

#endif
