/* SPDX-License-Identifier: GPL-2.0 */
/* Linear memory from 0 to wasm_memory_end, and no page tables: a physical address is a pointer. */
#ifndef _ASM_WASM_PAGE_H
#define _ASM_WASM_PAGE_H

#include <linux/const.h>
#if __has_include(<vdso/page.h>)
#include <vdso/page.h>
#else
#define PAGE_SHIFT 12
#define PAGE_SIZE (1UL << PAGE_SHIFT)
#define PAGE_MASK (~(PAGE_SIZE - 1))
#endif
#include <asm/setup.h>

#ifndef __ASSEMBLY__
#define clear_page(page) memset((page), 0, PAGE_SIZE)
#define copy_page(to, from) memcpy((to), (from), PAGE_SIZE)
#define clear_user_page(page, address, pg) clear_page(page)
#define copy_user_page(to, from, address, pg) copy_page(to, from)

typedef struct {
	unsigned long pte;
} pte_t;
typedef struct {
	unsigned long pmd[1];
} pmd_t;
typedef struct {
	unsigned long pgd;
} pgd_t;
typedef struct {
	unsigned long pgprot;
} pgprot_t;
typedef struct page *pgtable_t;

#define pte_val(x) ((x).pte)
#define pmd_val(x) ((&x)->pmd[0])
#define pgd_val(x) ((x).pgd)
#define pgprot_val(x) ((x).pgprot)
#define __pte(x) ((pte_t){ (x) })
#define __pmd(x) ((pmd_t){ (x) })
#define __pgd(x) ((pgd_t){ (x) })
#define __pgprot(x) ((pgprot_t){ (x) })

#define PAGE_OFFSET 0UL
#define ARCH_PFN_OFFSET 0UL
#define __va(x) ((void *)((unsigned long)(x)))
#define __pa(x) ((unsigned long)(x))

static inline unsigned long virt_to_pfn(const void *address)
{
	return __pa(address) >> PAGE_SHIFT;
}

static inline void *pfn_to_virt(unsigned long pfn)
{
	return (void *)(pfn << PAGE_SHIFT);
}

#define virt_to_page(address) pfn_to_page(virt_to_pfn(address))
#define page_to_virt(page) pfn_to_virt(page_to_pfn(page))

extern unsigned long wasm_memory_end;
#define virt_addr_valid(address) (((unsigned long)(address)) < wasm_memory_end)
#endif

#include <asm-generic/memory_model.h>

/* Generic in newer releases. */
#ifndef __ASSEMBLY__
#ifndef pfn_valid
#define pfn_valid(pfn) ((pfn) < (wasm_memory_end >> PAGE_SHIFT))
#endif
#ifndef page_to_phys
#define page_to_phys(page) (page_to_pfn(page) << PAGE_SHIFT)
#define phys_to_page(phys) pfn_to_page((phys) >> PAGE_SHIFT)
#endif
#endif

#include <asm-generic/getorder.h>

#endif
