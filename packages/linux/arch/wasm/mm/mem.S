# SPDX-License-Identifier: GPL-2.0
# memory.copy allows overlaps, so memcpy and memmove are one.
	.text
	.macro copies name
	.globl \name
	.type \name,@function
\name:
	.functype \name (i32, i32, i32) -> (i32)
	local.get 0
	local.get 1
	local.get 2
	memory.copy 0, 0
	local.get 0
	end_function
	.endm

	copies memcpy
	copies memmove

	.globl memset
	.type memset,@function
memset:
	.functype memset (i32, i32, i32) -> (i32)
	local.get 0
	local.get 1
	local.get 2
	memory.fill 0
	local.get 0
	end_function
