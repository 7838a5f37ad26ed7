/* SPDX-License-Identifier: GPL-2.0 */
/* No ELF program is ever run; some generic code wants the names. */
#ifndef _ASM_WASM_ELF_H
#define _ASM_WASM_ELF_H

#define ELF_CLASS ELFCLASS32
#define ELF_DATA ELFDATA2LSB
#define ELF_ARCH EM_NONE
#define elf_check_arch(x) 0
#define ELF_NGREG 1
typedef unsigned long elf_greg_t;
typedef elf_greg_t elf_gregset_t[ELF_NGREG];
typedef unsigned long elf_fpregset_t;
#define ELF_EXEC_PAGESIZE 4096
#define ELF_PLATFORM "wasm32"
#define ELF_HWCAP 0
#define ELF_ET_DYN_BASE 0
#define R_WASM_NONE 0

#endif
