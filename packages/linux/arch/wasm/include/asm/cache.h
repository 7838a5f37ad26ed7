/* SPDX-License-Identifier: GPL-2.0 */
/* Alignment that saves memory: there are no cache lines to share with another processor. */
#ifndef _ASM_WASM_CACHE_H
#define _ASM_WASM_CACHE_H

#define L1_CACHE_SHIFT 4
#define L1_CACHE_BYTES (1 << L1_CACHE_SHIFT)

#endif
