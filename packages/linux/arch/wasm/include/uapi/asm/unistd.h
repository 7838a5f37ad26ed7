/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/* The generic numbers of 32-bit architectures, 64-bit time only. Older releases have no table to generate from. */
#if __has_include(<asm/unistd_32.h>)
#include <asm/unistd_32.h>
#else
#define __ARCH_WANT_STAT64
#define __ARCH_WANT_SET_GET_RLIMIT
#define __ARCH_WANT_RENAMEAT
#include <asm-generic/unistd.h>
#endif
