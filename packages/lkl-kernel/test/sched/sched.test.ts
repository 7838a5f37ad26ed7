import {
  Errno,
  TASK_INTERRUPTIBLE,
  TASK_KILLABLE,
  TASK_UNINTERRUPTIBLE,
  WaitQueueHead,
  kthread_should_stop,
  kthread_stop,
  wait_event,
  wait_event_interruptible,
  wait_event_interruptible_exclusive,
  wait_event_interruptible_hrtimeout,
  wait_event_interruptible_timeout,
  wait_event_killable,
  wait_event_timeout,
} from "@dcejs/lkl-kernel";
import type { LklKernel, TaskStruct, Wait } from "@dcejs/lkl-kernel";
import { expect, test } from "vitest";
import type { GeneratorHost } from "@dcejs/lkl-kernel";
import { inKernel, join, syscall, withKernel } from "../host/kernel-fixture.ts";

const MS = 1_000_000;

/** Starts a host thread that runs `fn` in the kernel; `result` is set when it is back. */
function caller(
  kernel: LklKernel,
  host: GeneratorHost,
  fn: () => number | Wait,
): { thread: number; task: TaskStruct | undefined; result: number | undefined } {
  const call: ReturnType<typeof caller> = { thread: 0, task: undefined, result: undefined };
  call.thread = host.start(function* () {
    call.result = yield* inKernel(kernel, () => {
      call.task = kernel.current;
      return fn();
    });
  }, "caller");
  return call;
}

test("schedule_timeout gives the jiffies that were left, and cancels its timer", () => {
  withKernel(function* (kernel, host) {
    const call = caller(kernel, host, () => {
      kernel.current.state = TASK_INTERRUPTIBLE;
      return kernel.schedule_timeout(100);
    });
    yield host.sleep(30 * MS);
    yield* inKernel(kernel, () => {
      if (call.task !== undefined) kernel.wake_up_process(call.task);
      return 0;
    });
    yield* join(host, call.thread);
    expect(call.result).toBe(70);
    expect(kernel.timers.size).toBe(0);
  });
});

test("schedule_timeout gives 0 when time runs out", () => {
  withKernel(function* (kernel, host) {
    const call = caller(kernel, host, () => {
      kernel.current.state = TASK_UNINTERRUPTIBLE;
      return kernel.schedule_timeout(10);
    });
    yield* join(host, call.thread);
    expect(call.result).toBe(0);
    // The end of the jiffy after the tenth: never early.
    expect(host.now).toBe(11 * MS);
  });
});

test("schedule_hrtimeout is exact, and gives the nanoseconds that were left", () => {
  withKernel(function* (kernel, host) {
    yield host.sleep(0);
    const call = caller(kernel, host, () => {
      kernel.current.state = TASK_INTERRUPTIBLE;
      return kernel.schedule_hrtimeout(1001);
    });
    yield host.sleep(400);
    // From outside of the kernel, with the cpu free.
    expect(call.task !== undefined && kernel.lkl_signal_task(call.task)).toBe(true);
    yield* join(host, call.thread);
    expect(call.result).toBe(601);
    expect(kernel.hrtimers.size).toBe(0);
  });
});

test("wait_event_interruptible ends with -ERESTARTSYS, a killable wait only when the signal kills", () => {
  withKernel(function* (kernel, host) {
    const wq = new WaitQueueHead();
    const interruptible = caller(kernel, host, () =>
      wait_event_interruptible(kernel, wq, () => false),
    );
    const killable = caller(kernel, host, () => wait_event_killable(kernel, wq, () => false));
    yield host.sleep(0);
    yield* inKernel(kernel, () => {
      for (const { task } of [interruptible, killable]) {
        if (task !== undefined) kernel.signal_wake_up(task);
      }
      return 0;
    });
    yield host.sleep(0);
    expect(interruptible.result).toBe(-Errno.ERESTARTSYS);
    expect(killable.result).toBeUndefined();
    yield* inKernel(kernel, () => {
      if (killable.task !== undefined) kernel.signal_wake_up(killable.task, true);
      return 0;
    });
    yield* join(host, killable.thread);
    expect(killable.result).toBe(-Errno.ERESTARTSYS);
    expect(wq.hasWaiters).toBe(false);
  });
});

test("wait_event takes no notice of signals", () => {
  withKernel(function* (kernel, host) {
    const wq = new WaitQueueHead();
    let isDone = false;
    const call = caller(kernel, host, () => wait_event(kernel, wq, () => isDone, "the_event"));
    yield host.sleep(0);
    yield* inKernel(kernel, () => {
      if (call.task !== undefined) kernel.signal_wake_up(call.task, true);
      return 0;
    });
    yield host.sleep(5);
    expect(call.result).toBeUndefined();
    expect(call.task?.wchan).toBe("the_event");
    yield* inKernel(kernel, () => {
      isDone = true;
      wq.wakeUp();
      return 0;
    });
    yield* join(host, call.thread);
    expect(call.result).toBe(0);
  });
});

test("waits with a limit give what was left, 0 when it ran out, and at least 1 if the event came", () => {
  withKernel(function* (kernel, host) {
    const wq = new WaitQueueHead();
    let isDone = false;
    const waits = [
      () => wait_event_timeout(kernel, wq, () => isDone, 100),
      () => wait_event_interruptible_timeout(kernel, wq, () => isDone, 100),
      () => wait_event_timeout(kernel, wq, () => false, 50),
      () => wait_event_interruptible_hrtimeout(kernel, wq, () => isDone, 100 * MS),
      () => wait_event_interruptible_hrtimeout(kernel, wq, () => false, 100),
      () => wait_event_timeout(kernel, wq, () => true, 0),
    ];
    const calls = waits.map((wait) => caller(kernel, host, wait));
    yield host.sleep(40 * MS);
    yield* inKernel(kernel, () => {
      isDone = true;
      wq.wakeUpAll();
      return 0;
    });
    yield host.sleep(100 * MS);
    expect(calls.map((call) => call.result)).toEqual([60, 60, 0, 0, -Errno.ETIME, 1]);
    expect(wq.hasWaiters).toBe(false);
    expect(kernel.timers.size).toBe(0);
  });
});

test("a wake-up ends all ordinary waits and one exclusive one, the longest", () => {
  withKernel(function* (kernel, host) {
    const wq = new WaitQueueHead();
    let open = 0;
    const woken: string[] = [];
    const wait = (name: string, isExclusive: boolean) =>
      caller(kernel, host, function* () {
        const fn = isExclusive ? wait_event_interruptible_exclusive : wait_event_interruptible;
        yield* fn(kernel, wq, () => open > 0);
        woken.push(name);
        return 0;
      });
    for (const name of ["x1", "x2", "x3"]) wait(name, true);
    for (const name of ["a", "b"]) wait(name, false);
    yield host.sleep(0);
    open = 1;
    yield* inKernel(kernel, () => {
      wq.wakeUp();
      return 0;
    });
    yield host.sleep(0);
    expect(woken.toSorted()).toEqual(["a", "b", "x1"]);
    yield* inKernel(kernel, () => {
      wq.wakeUpNr(2);
      return 0;
    });
    yield host.sleep(0);
    expect(woken.slice(3)).toEqual(["x2", "x3"]);
  });
});

test("an entry of one's own is told the key, and an exclusive one that wakes nobody is passed over", () => {
  const wq = new WaitQueueHead();
  const told: string[] = [];
  const entry = (name: string, isExclusive: boolean, wakes: boolean) => ({
    isExclusive,
    func: (_: unknown, key: number) => {
      told.push(`${name} ${key}`);
      return wakes;
    },
  });
  const entries = [entry("x1", true, false), entry("x2", true, true), entry("x3", true, true)];
  for (const each of entries) wq.add(each);
  const ordinary = entry("poll", false, true);
  wq.add(ordinary);
  wq.add(ordinary);
  wq.wakeUp(5);
  expect(told).toEqual(["poll 5", "x1 5", "x2 5"]);
  for (const each of [...entries, ordinary]) wq.remove(each);
  wq.remove(ordinary);
  expect(wq.hasWaiters).toBe(false);
});

test("tasks run in the order in which they were woken", () => {
  withKernel(function* (kernel, host) {
    const order: number[] = [];
    yield* inKernel(kernel, () => {
      for (const i of [1, 2, 3]) {
        kernel.kthread_run(function* () {
          for (let round = 0; round < 2; round++) {
            order.push(i);
            yield* kernel.sched_yield();
          }
        }, `k${i}`);
      }
      return 0;
    });
    yield host.sleep(0);
    expect(order).toEqual([1, 2, 3, 1, 2, 3]);
  });
});

test("a kernel thread is kthreadd's child, ends with its function, and leaves nothing", () => {
  withKernel(function* (kernel, host) {
    yield* syscall(kernel, "getpid");
    yield host.sleep(0);
    const before = { ...host.counts };
    let ppid = 0;
    yield* inKernel(kernel, () => {
      kernel.kthread_run(() => {
        ppid = kernel.current.ppid;
      }, "a-name-that-is-too-long");
      return 0;
    });
    yield host.sleep(0);
    expect(ppid).toBe(2);
    expect(host.counts).toEqual(before);
    expect(kernel.describeTasks().map((task) => task.comm)).not.toContain("a-name-that-is-");
  });
});

test("kthread_stop asks, waits, and gives what the thread returned", () => {
  withKernel(function* (kernel) {
    yield* inKernel(kernel, function* () {
      const task = kernel.kthread_run(function* () {
        while (!kthread_should_stop(kernel)) {
          kernel.current.state = TASK_INTERRUPTIBLE;
          yield* kernel.schedule("until_stopped");
        }
        return 42;
      }, "stoppable");
      yield* kernel.msleep(3);
      expect(task.wchan).toBe("until_stopped");
      expect(yield* kthread_stop(kernel, task)).toBe(42);
      return 0;
    });
  });
});

test("describeTasks tells who sleeps in what, and since when", () => {
  withKernel(function* (kernel, host) {
    const wq = new WaitQueueHead();
    yield host.sleep(77);
    const call = caller(kernel, host, () =>
      wait_event_interruptible(kernel, wq, () => false, "inet_csk_accept"),
    );
    yield host.sleep(10);
    const row = kernel.describeTasks().find((task) => task.pid === call.task?.pid);
    expect(row).toMatchObject({
      state: "S",
      wchan: "inet_csk_accept",
      sleepingSince: 77,
      thread: call.thread,
      tgid: 1,
      isHostTask: true,
    });
    expect(kernel.describeTasks().map((task) => task.comm)).toEqual([
      "host0",
      "kthreadd",
      "ksoftirqd/0",
      "kworker/0:0",
      "idle_host_task",
      row?.comm,
    ]);
  });
});

test("a thread that is ended in its sleep leaves no task, no waiter and no timer", () => {
  withKernel(function* (kernel, host) {
    yield* syscall(kernel, "getpid");
    const before = [...kernel.tasks].length;
    const wq = new WaitQueueHead();
    const call = caller(kernel, host, () =>
      wait_event_interruptible_timeout(kernel, wq, () => false, 1000),
    );
    yield host.sleep(0);
    host.kill(call.thread);
    expect([...kernel.tasks].length).toBe(before);
    expect(wq.hasWaiters).toBe(false);
    expect(kernel.timers.size).toBe(0);
    expect(yield* syscall(kernel, "getpid")).toBe(1);
  });
});

test("a thread that is ended when it was switched in but has not run gives the cpu on", () => {
  withKernel(function* (kernel, host) {
    const wq = new WaitQueueHead();
    let isDone = false;
    const call = caller(kernel, host, () => wait_event(kernel, wq, () => isDone));
    yield host.sleep(0);
    host.schedule(5, () => {
      isDone = true;
      const irq = kernel.lkl_get_free_irq("wake");
      kernel.request_irq(irq, "wake", () => wq.wakeUp());
      kernel.lkl_trigger_irq(irq);
      expect(kernel.cpu.owner).toBe(call.thread);
      host.kill(call.thread);
      expect(kernel.cpu.owner).not.toBe(call.thread);
    });
    yield host.sleep(10);
    expect(kernel.cpu.owner).toBe(0);
    expect(yield* syscall(kernel, "getpid")).toBe(1);
  });
});

test("killable is uninterruptible for signals that do not kill", () => {
  withKernel(function* (kernel, host) {
    const call = caller(kernel, host, () => {
      kernel.current.state = TASK_KILLABLE;
      return kernel.schedule_timeout(5);
    });
    yield host.sleep(0);
    expect(call.task !== undefined && kernel.signal_wake_up(call.task)).toBe(false);
    yield* join(host, call.thread);
    expect(call.result).toBe(0);
  });
});

test("schedule() outside of the kernel is a bug", () => {
  withKernel(function* (kernel, host) {
    yield host.sleep(0);
    expect(() => kernel.sched.schedule()).toThrow("BUG: schedule() outside of the kernel");
  });
});

test("a thread that is ended outside of the kernel leaves a task until the host says so", () => {
  withKernel(function* (kernel, host) {
    yield* syscall(kernel, "getpid");
    yield host.sleep(0);
    const before = { tasks: [...kernel.tasks].length, sems: host.counts.sems };
    for (const isCurrent of [true, false]) {
      const thread = host.start(function* () {
        yield* syscall(kernel, "getpid");
        yield host.sleep(1000);
      });
      yield host.sleep(1);
      if (!isCurrent) yield* syscall(kernel, "getpid");
      expect(kernel.current.hostThread === thread).toBe(isCurrent);
      host.kill(thread);
      expect([...kernel.tasks].length).toBe(before.tasks + 1);
      expect(kernel.lkl_thread_ended(thread)).toBe(true);
      expect(kernel.lkl_thread_ended(thread)).toBe(false);
      yield host.sleep(0);
      expect({ tasks: [...kernel.tasks].length, sems: host.counts.sems }).toEqual(before);
      expect(kernel.cpu.owner).toBe(0);
      expect(kernel.cpu.checkInvariants()).toEqual([]);
      expect(yield* syscall(kernel, "getpid")).toBe(1);
    }
  });
});
