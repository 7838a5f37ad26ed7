import { HrTimer, TimerList } from "@dcejs/lkl-kernel";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { inKernel, withKernel } from "../host/kernel-fixture.ts";

const MS = 1_000_000;

test("a timer never fires early, and at most one granule of its wheel level late", () => {
  fc.assert(
    fc.property(fc.constantFrom(100, 250, 1000), fc.nat(100_000), fc.nat(999), (hz, delay, at) => {
      const late = withKernel(
        function* (kernel, host) {
          yield host.sleep(at * 1000);
          let fired = -1;
          const timer = new TimerList(() => {
            fired = kernel.jiffies;
          });
          const expires = kernel.jiffies + delay;
          kernel.mod_timer(timer, expires);
          yield host.sleep((delay + 40_000) * (1e9 / kernel.HZ));
          return fired - expires;
        },
        { hz: hz === 100 ? 100 : hz === 250 ? 250 : 1000 },
      );
      const granules = [63, 504, 4032, 32_256, 258_048].findIndex((start) => delay < start);
      expect(late).toBeGreaterThan(0);
      expect(late).toBeLessThanOrEqual(8 ** granules);
    }),
    { numRuns: 60 },
  );
});

test("timers are rounded as Linux's wheel rounds them", () => {
  withKernel(function* (kernel, host) {
    const fired: [number, number][] = [];
    for (const delay of [1, 63, 200, 1000]) {
      const timer = new TimerList(() => fired.push([delay, kernel.jiffies]));
      kernel.mod_timer(timer, kernel.jiffies + delay);
    }
    yield host.sleep(2000 * MS);
    // Level 0: the next jiffy. Levels 1 and 2: the next multiple of 8 and of 64 jiffies.
    expect(fired).toEqual([
      [1, 2],
      [63, 64],
      [200, 208],
      [1000, 1024],
    ]);
  });
});

test("mod_timer_pending moves a pending timer and does not arm another", () => {
  withKernel(function* (kernel, host) {
    let fired = 0;
    const timer = new TimerList(() => fired++);
    expect(kernel.mod_timer_pending(timer, kernel.jiffies + 5)).toBe(false);
    expect(kernel.timer_pending(timer)).toBe(false);
    expect(kernel.mod_timer(timer, kernel.jiffies + 5)).toBe(false);
    expect(kernel.mod_timer_pending(timer, kernel.jiffies + 20)).toBe(true);
    yield host.sleep(10 * MS);
    expect(fired).toBe(0);
    yield host.sleep(20 * MS);
    expect(fired).toBe(1);
    expect(kernel.mod_timer_pending(timer, kernel.jiffies + 5)).toBe(false);
  });
});

test("del_timer tells whether the timer was pending, and it does not fire", () => {
  withKernel(function* (kernel, host) {
    let fired = 0;
    const timer = new TimerList(() => fired++);
    kernel.mod_timer(timer, kernel.jiffies + 5);
    expect(kernel.mod_timer(timer, kernel.jiffies + 6)).toBe(true);
    expect(kernel.del_timer(timer)).toBe(true);
    expect(kernel.del_timer(timer)).toBe(false);
    yield host.sleep(50 * MS);
    expect(fired).toBe(0);
  });
});

test("a timer runs in softirq context and may arm itself again", () => {
  withKernel(function* (kernel, host) {
    const times: number[] = [];
    const timer = new TimerList((self) => {
      expect(kernel.in_interrupt()).toBe(true);
      expect(kernel.in_hardirq()).toBe(false);
      times.push(host.now / MS);
      if (times.length < 3) kernel.mod_timer(self, kernel.jiffies + 10);
    });
    kernel.mod_timer(timer, kernel.jiffies + 10);
    yield host.sleep(100 * MS);
    expect(times).toEqual([11, 22, 33]);
  });
});

test("hrtimers fire at their nanosecond, in the order in which they were started", () => {
  withKernel(function* (kernel, host) {
    const fired: string[] = [];
    const make = (name: string) => new HrTimer(kernel, () => fired.push(`${name} ${host.now}`));
    const [a, b, c] = [make("a"), make("b"), make("c")];
    b.start(1234);
    a.start(1234);
    c.start(999);
    c.start(1235);
    yield host.sleep(5000);
    expect(fired).toEqual(["b 1234", "a 1234", "c 1235"]);
  });
});

test("an hrtimer runs in interrupt context; cancel tells whether it was queued", () => {
  withKernel(function* (kernel, host) {
    let isHardirq = false;
    const timer = new HrTimer(kernel, () => {
      isHardirq = kernel.in_hardirq();
    });
    timer.start(100);
    expect(timer.isQueued).toBe(true);
    expect(timer.cancel()).toBe(true);
    expect(timer.cancel()).toBe(false);
    timer.start(200);
    yield host.sleep(300);
    expect(isHardirq).toBe(true);
    expect(timer.isQueued).toBe(false);
  });
});

test("hrtimer_forward goes past now by whole intervals", () => {
  withKernel(function* (kernel, host) {
    const times: number[] = [];
    const timer = new HrTimer(kernel, (self) => {
      times.push(host.now);
      expect(self.forward(host.now, 250)).toBe(1);
      if (times.length < 3) self.start(self.expires);
    });
    timer.start(1000);
    yield host.sleep(5000);
    expect(times).toEqual([1000, 1250, 1500]);
    expect(timer.forward(3000, 250)).toBe(6);
  });
});

test("without timers there is no tick, and a cancelled timer leaves no event", () => {
  withKernel(function* (kernel, host) {
    yield host.sleep(0);
    const before = host.eventCount;
    yield host.sleep(1000 * MS);
    expect(host.eventCount).toBe(before + 1);
    const timers = host.counts.timers;
    const early = new TimerList(() => {});
    const late = new TimerList(() => {});
    yield* inKernel(kernel, () => {
      kernel.mod_timer(early, kernel.jiffies + 10);
      kernel.mod_timer(late, kernel.jiffies + 500);
      return 0;
    });
    yield* inKernel(kernel, () => (kernel.del_timer(early) ? 0 : -1));
    yield host.sleep(400 * MS);
    // Only the end of our own sleep: the deadline of the cancelled timer was taken back.
    expect(host.eventCount).toBe(before + 2);
    yield* inKernel(kernel, () => (kernel.del_timer(late) ? 0 : -1));
    expect(host.counts.timers).toBe(timers);
  });
});

/** jiffies at 39 ms, and conversions, at one HZ. */
function ticks(hz: 100 | 250 | 1000): number[] {
  return withKernel(
    function* (kernel, host) {
      yield host.sleep(39 * MS);
      return [
        kernel.jiffies,
        kernel.msecs_to_jiffies(11),
        kernel.usecs_to_jiffies(1),
        kernel.jiffies_to_msecs(7),
      ];
    },
    { hz },
  );
}

test("jiffies follow the host's clock at the kernel's HZ; conversions round up", () => {
  expect(ticks(1000)).toEqual([39, 11, 1, 7]);
  expect(ticks(250)).toEqual([9, 3, 1, 28]);
  expect(ticks(100)).toEqual([3, 2, 1, 70]);
});

test("the wall clock is the base plus the host's time", () => {
  withKernel(
    function* (kernel, host) {
      yield host.sleep(5);
      expect(kernel.ktime_get_real()).toBe(1_000_000_005);
    },
    { wallClockBase: 1_000_000_000 },
  );
});

test("busy-waits return at once and are counted", () => {
  withKernel(function* (kernel, host) {
    const before = host.now;
    kernel.udelay(7);
    kernel.ndelay(3);
    expect(kernel.delays).toEqual({ calls: 2, nanoseconds: 7003 });
    expect(host.now).toBe(before);
    yield host.sleep(0);
  });
});
