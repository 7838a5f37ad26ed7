// SPDX-License-Identifier: GPL-2.0
/*
 * Instead of a linker script. wasm-ld lays segments out in the order in which it meets them, and joins those of one
 * name in link order. This file is linked first, so that its empty arrays fix the order of the segments whose order has
 * a meaning, and name their starts; the start of the next segment is the end of one.
 */
#define SECTION(section_name, symbol) \
	char symbol[0] __attribute__((section(section_name), aligned(4), used)) = {};

SECTION(".init.setup", __setup_start)

/* Initcalls, level by level. */
SECTION(".initcallearly.init", __initcall_start)
SECTION(".initcall0.init", __initcall0_start)
SECTION(".initcall0s.init", __wasm_initcall0s)
SECTION(".initcall1.init", __initcall1_start)
SECTION(".initcall1s.init", __wasm_initcall1s)
SECTION(".initcall2.init", __initcall2_start)
SECTION(".initcall2s.init", __wasm_initcall2s)
SECTION(".initcall3.init", __initcall3_start)
SECTION(".initcall3s.init", __wasm_initcall3s)
SECTION(".initcall4.init", __initcall4_start)
SECTION(".initcall4s.init", __wasm_initcall4s)
SECTION(".initcall5.init", __initcall5_start)
SECTION(".initcall5s.init", __wasm_initcall5s)
SECTION(".initcallrootfs.init", __initcallrootfs_start)
SECTION(".initcallrootfss.init", __wasm_initcallrootfss)
SECTION(".initcall6.init", __initcall6_start)
SECTION(".initcall6s.init", __wasm_initcall6s)
SECTION(".initcall7.init", __initcall7_start)
SECTION(".initcall7s.init", __wasm_initcall7s)
SECTION(".wasm_initcall_end", __initcall_end)
SECTION(".con_initcall.init", __con_initcall_start)
SECTION(".wasm_con_initcall_end", __con_initcall_end)

/* Scheduling classes: the address is the rank. */
SECTION("__stop_sched_class", __sched_class_highest)
SECTION("__dl_sched_class", __wasm_dl_sched_class)
SECTION("__rt_sched_class", __wasm_rt_sched_class)
SECTION("__fair_sched_class", __wasm_fair_sched_class)
SECTION("__idle_sched_class", __wasm_idle_sched_class)
SECTION("__wasm_sched_class_end", __sched_class_lowest)

SECTION(".data..once", __start_once)
SECTION(".wasm_end_once", __end_once)
SECTION("__tracepoints", __wasm_tracepoints)

/* Code has no addresses, and what is read only is not set apart: these name empty ranges. */
#define EMPTY(symbol) char symbol[0] __attribute__((aligned(4), used)) = {};

EMPTY(_stext) EMPTY(_etext) EMPTY(_sinittext) EMPTY(_einittext)
EMPTY(_sdata) EMPTY(_edata) EMPTY(__start_rodata) EMPTY(__end_rodata)
EMPTY(__init_begin) EMPTY(__init_end) EMPTY(__bss_start) EMPTY(__bss_stop)
EMPTY(__start___ex_table) EMPTY(__stop___ex_table) EMPTY(__start_notes) EMPTY(__stop_notes)
EMPTY(__sched_text_start) EMPTY(__sched_text_end) EMPTY(__cpuidle_text_start) EMPTY(__cpuidle_text_end)
EMPTY(__irqentry_text_start) EMPTY(__irqentry_text_end) EMPTY(__softirqentry_text_start) EMPTY(__softirqentry_text_end)
EMPTY(__start_builtin_fw) EMPTY(__end_builtin_fw)
