/* SPDX-License-Identifier: GPL-2.0 */
/*
 * WebAssembly checks the signature of an indirect call, so that all system calls have one: an array of six
 * 64-bit slots in, a long out. A 64-bit slot also holds a loff_t or a time64 argument whole.
 */
#ifndef _ASM_WASM_SYSCALL_WRAPPER_H
#define _ASM_WASM_SYSCALL_WRAPPER_H

#define SYSCALL_DEFINE0(sname)							\
	SYSCALL_METADATA(_##sname, 0);						\
	static __always_inline long __do_sys0_##sname(void);			\
	long sys_##sname(const long long *slots);				\
	long sys_##sname(const long long *slots)				\
	{									\
		return __do_sys0_##sname();					\
	}									\
	static __always_inline long __do_sys0_##sname(void)

#define __SYSCALL_DEFINEx(x, name, ...)						\
	static inline long __do_sys##name(__MAP(x, __SC_DECL, __VA_ARGS__));	\
	static long __se_sys##name(__MAP(x, __SC_LONG, __VA_ARGS__))		\
	{									\
		long ret = __do_sys##name(__MAP(x, __SC_CAST, __VA_ARGS__));	\
										\
		__MAP(x, __SC_TEST, __VA_ARGS__);				\
		return ret;							\
	}									\
	long sys##name(const long long *slots);					\
	long sys##name(const long long *slots)					\
	{									\
		return __se_sys##name(__MAP(x, __SC_ARGS,			\
			, slots[0], , slots[1], , slots[2],			\
			, slots[3], , slots[4], , slots[5]));			\
	}									\
	static inline long __do_sys##name(__MAP(x, __SC_DECL, __VA_ARGS__))

/* The generic ones are inline assembly for ELF. */
#define COND_SYSCALL(name)							\
	long sys_##name(const long long *slots);				\
	long __weak sys_##name(const long long *slots)				\
	{									\
		return -ENOSYS;							\
	}
#define COND_SYSCALL_COMPAT(name)

#endif
