// SPDX-License-Identifier: GPL-2.0
/* Linked last: the end of a section whose entries have no end of their own (see sections_first.c). */
char __setup_end[0] __attribute__((section(".init.setup"), aligned(4), used)) = {};
