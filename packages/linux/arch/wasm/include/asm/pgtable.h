/* SPDX-License-Identifier: GPL-2.0 */
/* What generic code wants to see of page tables that do not exist. */
#ifndef _ASM_WASM_PGTABLE_H
#define _ASM_WASM_PGTABLE_H

#include <asm-generic/pgtable-nopud.h>
#include <asm/page.h>
#include <asm/release.h>

#define pgd_present(pgd) (1)
#define pgd_none(pgd) (0)
#define pgd_bad(pgd) (0)
#define pgd_clear(pgdp)
#define kern_addr_valid(address) (1)

#define PAGE_NONE __pgprot(0)
#define PAGE_SHARED __pgprot(0)
#define PAGE_COPY __pgprot(0)
#define PAGE_READONLY __pgprot(0)
#define PAGE_KERNEL __pgprot(0)
#define pgprot_noncached(x) (x)
#define pgprot_writecombine(x) (x)
#define pgprot_device(x) (x)

#define __swp_type(x) (0)
#define __swp_offset(x) (0)
#define __swp_entry(type, offset) ((swp_entry_t){ ((type) | ((offset) << 7)) })
#define __pte_to_swp_entry(pte) ((swp_entry_t){ pte_val(pte) })
#define __swp_entry_to_pte(x) ((pte_t){ (x).val })

#ifdef WASM_HAS_OWN_ZERO_PAGE
extern char empty_zero_page[];
#define ZERO_PAGE(address) (virt_to_page(empty_zero_page))
#endif

#define swapper_pg_dir ((pgd_t *)0)
#define VMALLOC_START 0
#define VMALLOC_END 0xffffffff
#define KMAP_START 0
#define KMAP_END 0xffffffff

#endif
