// SPDX-License-Identifier: GPL-2.0
/*
 * Virtual time. The host writes the time into memory before it calls, so that reading the clock is one load; the next
 * event is a word that the host reads when the kernel has returned. No clock moves while kernel code runs: code that
 * waits for one is caught after LOOKS_MAX looks at it.
 */
#include <linux/clockchips.h>
#include <linux/clocksource.h>
#include <linux/delay.h>
#include <linux/init.h>
#include <linux/panic.h>
#include <linux/sched/clock.h>
#include <linux/time64.h>
#include <linux/timekeeping.h>
#include <asm/host.h>

#define NEVER (~0ULL)
#define LOOKS_MAX 20000000

static u64 looked_at;
static unsigned int looks;

static void look(void)
{
	if (looked_at != wasm_machine.now_ns) {
		looked_at = wasm_machine.now_ns;
		looks = 0;
	} else if (++looks > LOOKS_MAX) {
		looks = 0;
		panic("the kernel waits for time to pass, which it does not while the kernel runs");
	}
}

void wasm_cpu_relax(void)
{
	look();
}

unsigned long long notrace sched_clock(void)
{
	return wasm_machine.now_ns;
}

static u64 read_clock(struct clocksource *source)
{
	look();
	return wasm_machine.now_ns;
}

static struct clocksource virtual_clock = {
	.name = "virtual",
	.rating = 499,
	.read = read_clock,
	.flags = CLOCK_SOURCE_IS_CONTINUOUS,
	.mask = CLOCKSOURCE_MASK(64),
};

static int set_next_event(unsigned long delta, struct clock_event_device *device)
{
	wasm_machine.deadline_ns = wasm_machine.now_ns + delta;
	return 0;
}

static int shut_down(struct clock_event_device *device)
{
	wasm_machine.deadline_ns = NEVER;
	return 0;
}

static struct clock_event_device virtual_timer = {
	.name = "virtual",
	.features = CLOCK_EVT_FEAT_ONESHOT,
	.rating = 499,
	.set_next_event = set_next_event,
	.set_state_shutdown = shut_down,
};

void wasm_timer_interrupt(void);
void wasm_timer_interrupt(void)
{
	virtual_timer.event_handler(&virtual_timer);
}

void read_persistent_clock64(struct timespec64 *time)
{
	*time = ns_to_timespec64(wasm_machine.wall_ns + wasm_machine.now_ns);
}

void __init time_init(void)
{
	clocksource_register_khz(&virtual_clock, USEC_PER_SEC);
	virtual_timer.cpumask = cpumask_of(0);
	clockevents_config_and_register(&virtual_timer, NSEC_PER_SEC, 1, U32_MAX);
}

/* The processor is infinitely fast; the number is for those who print it. */
void calibrate_delay(void)
{
	loops_per_jiffy = 1000000;
}

void __const_udelay(unsigned long xloops)
{
}
