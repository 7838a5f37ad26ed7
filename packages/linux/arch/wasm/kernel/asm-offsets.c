// SPDX-License-Identifier: GPL-2.0
/* Newer releases generate headers from here that must not be included while they are made. */
#define COMPILE_OFFSETS
#include <linux/kbuild.h>
#include <linux/sched.h>

int main(void);
int main(void)
{
	DEFINE(TASK_SIZE_OF_STRUCT, sizeof(struct task_struct));
	return 0;
}
