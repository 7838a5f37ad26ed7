/* SPDX-License-Identifier: GPL-2.0 */
/* The processor is infinitely fast and time moves only between events: a busy wait takes none. */
#ifndef _ASM_WASM_DELAY_H
#define _ASM_WASM_DELAY_H

void __const_udelay(unsigned long xloops);

static inline void __udelay(unsigned long usecs)
{
}

static inline void udelay(unsigned long usecs)
{
}
#define udelay udelay

static inline void ndelay(unsigned long nsecs)
{
}
#define ndelay ndelay

#endif
