// SPDX-License-Identifier: GPL-2.0
/* What start_kernel() asks of the architecture: memory, command line, console, entropy. */
#include <linux/console.h>
#include <linux/init.h>
#include <linux/kernel.h>
#include <linux/memblock.h>
#include <linux/mm.h>
#include <linux/random.h>
#include <linux/seq_file.h>
#include <linux/start_kernel.h>
#include <linux/string.h>
#include <asm/release.h>
#include <asm/host.h>
#include <asm/setup.h>

struct wasm_machine wasm_machine = { .deadline_ns = ~0ULL };
unsigned long wasm_memory_end;
char wasm_command_line[COMMAND_LINE_SIZE];

/* Where the linker's data ends. */
extern char __heap_base[];

static void write_console(struct console *console, const char *text, unsigned int length)
{
	host_print(text, length);
}

static struct console host_console = {
	.name = "host",
	.write = write_console,
	.flags = CON_PRINTBUFFER | CON_ENABLED | CON_ANYTIME,
	.index = -1,
};

/* Not before the command line has said how loud the console is; what was printed until then comes out here. */
static int __init register_host_console(void)
{
	register_console(&host_console);
	return 0;
}
console_initcall(register_host_console);

static void __init set_up_memory(void)
{
	wasm_memory_end = __builtin_wasm_memory_size(0) * 65536UL;
	memblock_add(0, wasm_memory_end);
	memblock_reserve(0, PAGE_ALIGN((unsigned long)__heap_base));
	min_low_pfn = 0;
	max_low_pfn = wasm_memory_end >> PAGE_SHIFT;
	max_pfn = max_low_pfn;
	high_memory = (void *)wasm_memory_end;
}

#ifdef WASM_HAS_OWN_MEM_INIT
static void __init set_up_zones(void)
{
	unsigned long zones[MAX_NR_ZONES] = { [ZONE_NORMAL] = max_low_pfn };

	free_area_init(zones);
}

void __init mem_init(void)
{
	memblock_free_all();
}
#else
static void __init set_up_zones(void)
{
}

void __init arch_zone_limits_init(unsigned long *max_zone_pfns)
{
	max_zone_pfns[ZONE_NORMAL] = max_low_pfn;
}
#endif

#ifdef WASM_HAS_OWN_ZERO_PAGE
char empty_zero_page[PAGE_SIZE] __aligned(PAGE_SIZE);
#endif

void __init setup_arch(char **cmdline_p)
{
	strscpy(boot_command_line, wasm_command_line, COMMAND_LINE_SIZE);
	*cmdline_p = boot_command_line;
	set_up_memory();
	set_up_zones();
	add_bootloader_randomness(wasm_machine.seed, sizeof(wasm_machine.seed));
	memzero_explicit(wasm_machine.seed, sizeof(wasm_machine.seed));
}

/* .init memory is not given back: a clone starts from a copy of memory as it is, and the linker mixes it with the rest. */
void free_initmem(void)
{
}

unsigned int wasm_interface(void);
unsigned int wasm_interface(void)
{
	return HOST_INTERFACE;
}

void *wasm_machine_address(void);
void *wasm_machine_address(void)
{
	return &wasm_machine;
}

void *wasm_command_line_address(void);
void *wasm_command_line_address(void)
{
	return wasm_command_line;
}

/* /proc/cpuinfo */
static void *cpuinfo_start(struct seq_file *file, loff_t *position)
{
	return *position == 0 ? (void *)1 : NULL;
}

static void *cpuinfo_next(struct seq_file *file, void *item, loff_t *position)
{
	++*position;
	return NULL;
}

static void cpuinfo_stop(struct seq_file *file, void *item)
{
}

static int cpuinfo_show(struct seq_file *file, void *item)
{
	seq_puts(file, "processor\t: 0\nmodel name\t: wasm32\n");
	return 0;
}

const struct seq_operations cpuinfo_op = {
	.start = cpuinfo_start,
	.next = cpuinfo_next,
	.stop = cpuinfo_stop,
	.show = cpuinfo_show,
};
