/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What moved between the releases that this port serves. Where the kernel itself can be asked (a header that is
 * there or not, a macro that is defined or not), the place that needs it asks; only functions that changed are here.
 */
#ifndef _ASM_WASM_RELEASE_H
#define _ASM_WASM_RELEASE_H

#include <linux/version.h>

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 12, 0)
#define WASM_HAS_FAIR_SERVER
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(7, 0, 0)
/* The architecture sets up the zones and hands memory over to the page allocator. */
#define WASM_HAS_OWN_MEM_INIT
#define WASM_HAS_OWN_ZERO_PAGE
#else
#define dev_get_flags netif_get_flags
#endif

#endif
