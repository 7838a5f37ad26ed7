import { NET_RX_SOFTIRQ, NET_TX_SOFTIRQ, Tasklet } from "@dcejs/lkl-kernel";
import { expect, test } from "vitest";
import { inKernel, syscall, withKernel } from "../host/kernel-fixture.ts";

test("softirqs run after the handler that raised them, the lower numbers first", () => {
  withKernel(function* (kernel) {
    yield* syscall(kernel, "getpid");
    const order: string[] = [];
    kernel.open_softirq(NET_RX_SOFTIRQ, () => order.push("rx"));
    kernel.open_softirq(NET_TX_SOFTIRQ, () => order.push("tx"));
    const irq = kernel.lkl_get_free_irq("nic");
    kernel.request_irq(irq, "nic", () => {
      kernel.raise_softirq(NET_RX_SOFTIRQ);
      kernel.raise_softirq(NET_TX_SOFTIRQ);
      order.push("irq");
    });
    kernel.lkl_trigger_irq(irq);
    expect(order).toEqual(["irq", "tx", "rx"]);
  });
});

test("a softirq runs with interrupts unmasked, and an interrupt in it does not nest softirqs", () => {
  withKernel(function* (kernel) {
    yield* syscall(kernel, "getpid");
    const order: string[] = [];
    const irq = kernel.lkl_get_free_irq("nic");
    kernel.request_irq(irq, "nic", () => kernel.raise_softirq(NET_RX_SOFTIRQ));
    let depth = 0;
    let rounds = 0;
    kernel.open_softirq(NET_RX_SOFTIRQ, () => {
      expect(kernel.current.irqsDisabled).toBe(false);
      order.push(`begin ${depth++}`);
      if (rounds++ === 0) kernel.lkl_trigger_irq(irq);
      order.push(`end ${--depth}`);
    });
    kernel.lkl_trigger_irq(irq);
    expect(order).toEqual(["begin 0", "end 0", "begin 0", "end 0"]);
  });
});

test("raised by a system call, they run when it leaves the kernel", () => {
  withKernel(function* (kernel) {
    let runs = 0;
    kernel.open_softirq(NET_RX_SOFTIRQ, () => runs++);
    yield* inKernel(kernel, () => {
      kernel.raise_softirq(NET_RX_SOFTIRQ);
      expect(runs).toBe(0);
      return 0;
    });
    expect(runs).toBe(1);
  });
});

test("softirqs of an interrupt that a system call raises itself wait for its end", () => {
  withKernel(function* (kernel) {
    const order: string[] = [];
    kernel.open_softirq(NET_RX_SOFTIRQ, () => order.push("softirq"));
    const irq = kernel.lkl_get_free_irq("cable");
    kernel.request_irq(irq, "cable", () => {
      order.push("irq");
      kernel.raise_softirq(NET_RX_SOFTIRQ);
    });
    yield* inKernel(kernel, () => {
      kernel.lkl_trigger_irq(irq);
      // A pair inside of the call is no end of it.
      kernel.host_task_enter();
      kernel.host_task_exit(0);
      order.push("call");
      return 0;
    });
    expect(order).toEqual(["irq", "call", "softirq"]);
  });
});

test("raised with bottom halves disabled, they run when the outermost enables them", () => {
  withKernel(function* (kernel) {
    let runs = 0;
    kernel.open_softirq(NET_RX_SOFTIRQ, () => runs++);
    yield* inKernel(kernel, () => {
      kernel.local_bh_disable();
      kernel.local_bh_disable();
      kernel.raise_softirq(NET_RX_SOFTIRQ);
      kernel.local_bh_enable();
      expect(runs).toBe(0);
      kernel.local_bh_enable();
      expect(runs).toBe(1);
      return 0;
    });
  });
});

test("what ten rounds do not finish is ksoftirqd's, and other tasks go on", () => {
  withKernel(function* (kernel, host) {
    yield* syscall(kernel, "getpid");
    yield host.sleep(0);
    let runs = 0;
    kernel.open_softirq(NET_RX_SOFTIRQ, () => {
      if (++runs < 35) kernel.raise_softirq(NET_RX_SOFTIRQ);
    });
    const irq = kernel.lkl_get_free_irq("nic");
    kernel.request_irq(irq, "nic", () => kernel.raise_softirq(NET_RX_SOFTIRQ));
    kernel.lkl_trigger_irq(irq);
    expect(runs).toBe(10);
    yield host.sleep(0);
    expect(runs).toBe(35);
    expect(kernel.softirq.counts[NET_RX_SOFTIRQ]).toBe(35);
  });
});

test("scheduling with bottom halves disabled is a bug", () => {
  withKernel(function* (kernel) {
    yield* inKernel(kernel, () => {
      kernel.local_bh_disable();
      expect(() => kernel.sched.schedule()).toThrow(
        /^BUG: scheduling while atomic: host1\/\d+\/0x200$/,
      );
      kernel.local_bh_enable();
      return 0;
    });
  });
});

test("two tasklets of one tick both run, each once for two schedulings", () => {
  withKernel(function* (kernel) {
    const runs: string[] = [];
    const a = new Tasklet(kernel, () => runs.push("a"));
    const b = new Tasklet(kernel, () => runs.push("b"));
    const high = new Tasklet(kernel, () => runs.push("high"));
    yield* inKernel(kernel, () => {
      a.schedule();
      b.schedule();
      a.schedule();
      high.scheduleHigh();
      return 0;
    });
    expect(runs).toEqual(["high", "a", "b"]);
  });
});

test("a disabled tasklet stays scheduled and runs when it is enabled; kill waits for it", () => {
  withKernel(function* (kernel) {
    let runs = 0;
    const tasklet = new Tasklet(kernel, () => runs++);
    yield* inKernel(kernel, function* () {
      tasklet.disable();
      tasklet.schedule();
      yield* kernel.msleep(5);
      expect(runs).toBe(0);
      tasklet.enable();
      yield* tasklet.kill();
      expect(runs).toBe(1);
      return 0;
    });
  });
});
