# SPDX-License-Identifier: GPL-2.0
# Where a WebAssembly stack begins: each entry first gives C its shadow stack. When C returns, the task is bare again
# (struct thread_struct), and plain calls run on the boot stack at the bottom of memory, whose end is address 0:
# to overrun it is a trap.
	.text
	.globaltype __stack_pointer, i32
	.functype start_kernel () -> ()
	.functype wasm_thread_main (i32) -> ()
	.functype wasm_thread_again (i32) -> ()
	.functype wasm_call_main (i32) -> ()

	.macro stack_entry name, main
	.globl \name
	.type \name,@function
\name:
	.functype \name (i32, i32) -> ()
	local.get 0
	global.set __stack_pointer
	local.get 1
	call \main
	i32.const 65536
	global.set __stack_pointer
	end_function
	.endm

	# A new kernel thread; a kernel thread of a clone, from its top; a system call.
	stack_entry wasm_thread_entry, wasm_thread_main
	stack_entry wasm_thread_reentry, wasm_thread_again
	stack_entry wasm_call_entry, wasm_call_main

	.globl wasm_boot_entry
	.type wasm_boot_entry,@function
wasm_boot_entry:
	.functype wasm_boot_entry (i32, i32) -> ()
	local.get 0
	global.set __stack_pointer
	call start_kernel
	end_function

	.globl wasm_get_sp
	.type wasm_get_sp,@function
wasm_get_sp:
	.functype wasm_get_sp () -> (i32)
	global.get __stack_pointer
	end_function

	.globl wasm_set_sp
	.type wasm_set_sp,@function
wasm_set_sp:
	.functype wasm_set_sp (i32) -> ()
	local.get 0
	global.set __stack_pointer
	end_function
