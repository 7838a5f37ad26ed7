/* SPDX-License-Identifier: GPL-2.0 */
/* Generic code includes it; there is nothing to say. */
