import { Errno, LklKernel, NSEC_PER_SEC, errnoName } from "@dcejs/lkl-kernel";
import type { LklSysinfo, LklTimespec, LklUtsname } from "@dcejs/lkl-kernel";
import { expect, test } from "vitest";
import { inKernel, join, syscall, withKernel } from "../host/kernel-fixture.ts";

const WALL = 1_700_000_123 * NSEC_PER_SEC;

function timespec(tv_sec = 0, tv_nsec = 0): LklTimespec {
  return { tv_sec, tv_nsec };
}

test("a call that does not exist gives -ENOSYS and is counted", () => {
  withKernel(function* (kernel, host) {
    expect(yield* host.finish(kernel.lkl_syscall(9999, []))).toBe(-Errno.ENOSYS);
    expect(yield* host.finish(kernel.lkl_syscall(9999, []))).toBe(-Errno.ENOSYS);
    yield* syscall(kernel, "getpid");
    expect([...kernel.syscallCounts]).toEqual([
      ["sys_ni_syscall:9999", 2],
      ["getpid", 1],
    ]);
    expect(kernel.syscalls.defined.has(9999)).toBe(false);
    expect(kernel.syscalls.defined.get(172)).toBe("getpid");
  });
});

test("a kernel's own calls are its own", () => {
  withKernel(function* (kernel, host) {
    kernel.syscall_define(172, "getpid", () => 4711);
    kernel.syscall_define(500, "double", ([n]) => 2 * Number(n));
    expect(yield* syscall(kernel, "getpid")).toBe(4711);
    expect(yield* host.finish(kernel.lkl_syscall(500, [21]))).toBe(42);
    expect(new LklKernel().syscalls.defined.has(500)).toBe(false);
  });
});

test("clocks tell the host's time, the wall clock exactly to the nanosecond", () => {
  withKernel(
    function* (kernel, host) {
      yield host.sleep(2_000_000_007);
      const out = timespec();
      expect(yield* syscall(kernel, "clock_gettime", 1, out)).toBe(0);
      expect(out).toEqual(timespec(2, 7));
      yield* syscall(kernel, "clock_gettime64", 0, out);
      expect(out).toEqual(timespec(1_700_000_125, 7));
      yield* syscall(kernel, "clock_gettime", 6, out);
      expect(out).toEqual(timespec(2, 0));
      yield* syscall(kernel, "clock_gettime", 3, out);
      expect(out).toEqual(timespec(0, 0));
      expect(yield* syscall(kernel, "clock_gettime", 99, out)).toBe(-Errno.EINVAL);
      expect(yield* syscall(kernel, "clock_gettime", 1)).toBe(-Errno.EFAULT);
      yield* syscall(kernel, "clock_getres", 1, out);
      expect(out).toEqual(timespec(0, 1));
      yield* syscall(kernel, "clock_getres", 5, out);
      expect(out).toEqual(timespec(0, 1_000_000));
      const timeval = { tv_sec: 0, tv_usec: 0 };
      yield* syscall(kernel, "gettimeofday", timeval);
      expect(timeval).toEqual({ tv_sec: 1_700_000_125, tv_usec: 0 });
    },
    { wallClockBase: WALL },
  );
});

test("clock_nanosleep sleeps until an absolute time of either clock", () => {
  withKernel(
    function* (kernel, host) {
      yield* syscall(kernel, "clock_nanosleep", 1, 1, timespec(0, 500));
      expect(host.now).toBe(500);
      yield* syscall(kernel, "clock_nanosleep", 0, 1, timespec(1_700_000_124, 0));
      expect(host.now).toBe(NSEC_PER_SEC);
      // The past is over at once.
      yield* syscall(kernel, "clock_nanosleep", 1, 1, timespec(0, 1));
      expect(host.now).toBe(NSEC_PER_SEC);
      yield* syscall(kernel, "clock_nanosleep_time64", 7, 0, timespec(0, 3));
      expect(host.now).toBe(NSEC_PER_SEC + 3);
    },
    { wallClockBase: WALL },
  );
});

test("times that are none are refused", () => {
  withKernel(function* (kernel) {
    for (const bad of [timespec(-1, 0), timespec(0, NSEC_PER_SEC), timespec(0.5, 0)]) {
      expect(yield* syscall(kernel, "nanosleep", bad)).toBe(-Errno.EINVAL);
    }
    expect(yield* syscall(kernel, "nanosleep")).toBe(-Errno.EFAULT);
    expect(yield* syscall(kernel, "clock_nanosleep", 3, 0, timespec())).toBe(-Errno.EINVAL);
    expect(yield* syscall(kernel, "nanosleep", timespec())).toBe(0);
  });
});

test("an interrupted nanosleep gives -EINTR and what was left", () => {
  withKernel(function* (kernel, host) {
    const remaining = timespec();
    const results: number[] = [];
    const thread = host.start(function* () {
      results.push(yield* syscall(kernel, "nanosleep", timespec(5, 1), remaining));
    });
    yield host.sleep(2 * NSEC_PER_SEC);
    const task = [...kernel.tasks].find(({ wchan }) => wchan === "hrtimer_nanosleep");
    if (task !== undefined) kernel.lkl_signal_task(task);
    yield* join(host, thread);
    expect(results).toEqual([-Errno.EINTR]);
    expect(remaining).toEqual(timespec(3, 1));
  });
});

test("uname and sysinfo describe the kernel", () => {
  withKernel(
    function* (kernel, host) {
      yield host.sleep(1);
      const utsname: Partial<LklUtsname> = {};
      const sysinfo: Partial<LklSysinfo> = {};
      yield* syscall(kernel, "uname", utsname);
      yield* syscall(kernel, "sysinfo", sysinfo);
      expect(utsname).toMatchObject({ sysname: "Linux", nodename: "server" });
      expect(sysinfo).toMatchObject({ uptime: 1, totalram: 32 * 1024 * 1024, mem_unit: 1 });
      expect(yield* syscall(kernel, "uname")).toBe(-Errno.EFAULT);
      expect(yield* syscall(kernel, "sysinfo")).toBe(-Errno.EFAULT);
    },
    { name: "server" },
  );
});

test("identities: root may become anybody, and then nobody else", () => {
  withKernel(function* (kernel) {
    expect(yield* syscall(kernel, "getuid")).toBe(0);
    expect(yield* syscall(kernel, "setgid", 100)).toBe(0);
    expect(yield* syscall(kernel, "setuid", 1000)).toBe(0);
    expect(yield* syscall(kernel, "geteuid")).toBe(1000);
    expect(yield* syscall(kernel, "getegid")).toBe(100);
    expect(yield* syscall(kernel, "getgid")).toBe(100);
    expect(yield* syscall(kernel, "setuid", 0)).toBe(-Errno.EPERM);
    expect(yield* syscall(kernel, "setgid", 0)).toBe(-Errno.EPERM);
    expect(yield* syscall(kernel, "setuid", -1)).toBe(-Errno.EINVAL);
    expect(yield* syscall(kernel, "setgid", "x")).toBe(-Errno.EINVAL);
  });
});

test("sched_yield lets the others go first", () => {
  withKernel(function* (kernel) {
    const order: string[] = [];
    yield* inKernel(kernel, function* () {
      kernel.kthread_run(() => void order.push("other"), "other");
      yield* kernel.sched_yield();
      order.push("me");
      return 0;
    });
    expect(order).toEqual(["other", "me"]);
    expect(yield* syscall(kernel, "sched_yield")).toBe(0);
  });
});

test("a reboot with the wrong words is refused and the kernel goes on", () => {
  withKernel(function* (kernel) {
    expect(yield* syscall(kernel, "reboot", 1, 2, 3)).toBe(-Errno.EINVAL);
    expect(yield* syscall(kernel, "reboot", 0xfee1dead, 672274793, 0)).toBe(-Errno.EINVAL);
    expect(yield* syscall(kernel, "getpid")).toBe(1);
  });
});

test("tracepoints tell of system calls and their results", () => {
  const events: string[] = [];
  withKernel(
    function* (kernel) {
      yield* syscall(kernel, "getpid");
      yield* syscall(kernel, "nanosleep", timespec(0, 5));
    },
    {
      tracepoint: (name) => ({
        name,
        isEnabled: name.startsWith("raw_syscalls:"),
        emit: (...args) => events.push([name, ...args].join(" ")),
      }),
    },
  );
  expect(events.slice(0, 4)).toEqual([
    "raw_syscalls:sys_enter 172 getpid",
    "raw_syscalls:sys_exit 172 1",
    "raw_syscalls:sys_enter 101 nanosleep",
    "raw_syscalls:sys_exit 101 0",
  ]);
});

test("error numbers have names", () => {
  expect(errnoName(-11)).toBe("EAGAIN");
  expect(errnoName(Errno.ENOTSUP)).toBe("EOPNOTSUPP");
  expect(errnoName(999)).toBe("E999");
});

test("random numbers are 32 bits, the host's or a fixed sequence", () => {
  const [a, b] = [new LklKernel(), new LklKernel()];
  const drawn = Array.from({ length: 100 }, () => a.random_u32());
  expect(drawn).toEqual(Array.from({ length: 100 }, () => b.random_u32()));
  expect(drawn.every((n) => Number.isInteger(n) && n >= 0 && n < 2 ** 32)).toBe(true);
  expect(new Set(drawn).size).toBe(100);
  expect(new LklKernel({ random: () => 7 }).random_u32()).toBe(7);
});
