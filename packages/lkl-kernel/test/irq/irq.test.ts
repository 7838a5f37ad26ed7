import { Errno, NR_IRQS } from "@dcejs/lkl-kernel";
import { expect, test } from "vitest";
import { inKernel, syscall, withKernel } from "../host/kernel-fixture.ts";

test("with a free cpu the handler runs at once, in the event loop", () => {
  withKernel(function* (kernel, host) {
    let handled = 0;
    const irq = kernel.lkl_get_free_irq("nic");
    kernel.request_irq(irq, "nic", () => {
      handled++;
      expect(kernel.in_hardirq()).toBe(true);
      expect(kernel.current.irqsDisabled).toBe(true);
    });
    let result = 0;
    host.schedule(10, () => {
      result = kernel.lkl_trigger_irq(irq);
    });
    yield host.sleep(20);
    expect(handled).toBe(1);
    expect(result).toBe(1);
    expect(kernel.cpu.owner).toBe(0);
  });
});

test("while the cpu is owned interrupts are kept, merged, and run in the order of their lines", () => {
  withKernel(function* (kernel, host) {
    const order: number[] = [];
    const lines = [0, 1, 2].map((i) => kernel.lkl_get_free_irq(`line${i}`));
    for (const [i, irq] of lines.entries()) {
      kernel.request_irq(irq, `line${i}`, () => order.push(i));
    }
    yield* host.finish(kernel.host_task_enter());
    host.schedule(0, () => {
      for (const irq of [...lines, ...lines].toReversed()) {
        expect(kernel.lkl_trigger_irq(irq)).toBe(0);
      }
    });
    yield host.sleep(5);
    expect(order).toEqual([]);
    expect(kernel.cpu.irqs_pending).toBe(true);
    kernel.host_task_exit(0);
    expect(order).toEqual([0, 1, 2]);
    const rows = kernel.irq.statistics().filter((row) => row.name.startsWith("line"));
    expect(rows.map((row) => [row.handled, row.coalesced])).toEqual([
      [1, 1],
      [1, 1],
      [1, 1],
    ]);
  });
});

test("a masked interrupt waits for local_irq_restore", () => {
  withKernel(function* (kernel) {
    let handled = 0;
    const irq = kernel.lkl_get_free_irq("nic");
    kernel.request_irq(irq, "nic", () => handled++);
    yield* inKernel(kernel, () => {
      const outer = kernel.local_irq_save();
      const inner = kernel.local_irq_save();
      expect(kernel.lkl_trigger_irq(irq)).toBe(0);
      kernel.local_irq_restore(inner);
      expect(handled).toBe(0);
      kernel.local_irq_restore(outer);
      return 0;
    });
    expect(handled).toBe(1);
  });
});

test("a task that sleeps with interrupts masked masks them for nobody else", () => {
  // In LKL the mask is one variable, and stays set in the next task (lkl PR #638).
  withKernel(function* (kernel, host) {
    let handled = 0;
    const irq = kernel.lkl_get_free_irq("nic");
    kernel.request_irq(irq, "nic", () => handled++);
    host.schedule(500, () => expect(kernel.lkl_trigger_irq(irq)).toBe(1));
    yield* inKernel(kernel, function* () {
      const flags = kernel.local_irq_save();
      kernel.current.state = 1;
      yield* kernel.schedule_hrtimeout(1000);
      expect(handled).toBe(1);
      expect(kernel.current.irqsDisabled).toBe(true);
      kernel.local_irq_restore(flags);
      return 0;
    });
  });
});

test("lines that do not exist are refused, NR_IRQS among them", () => {
  withKernel(function* (kernel) {
    for (const irq of [0, -1, NR_IRQS, 1.5]) {
      expect(kernel.lkl_trigger_irq(irq)).toBe(-Errno.EINVAL);
    }
    expect(kernel.request_irq(NR_IRQS, "x", () => {})).toBe(-Errno.EINVAL);
    expect(yield* syscall(kernel, "getpid")).toBe(1);
  });
});

test("a line is given out once, and given back under its name", () => {
  withKernel(function* (kernel) {
    const irq = kernel.lkl_get_free_irq("a");
    expect(kernel.lkl_get_free_irq("b")).toBe(irq + 1);
    kernel.lkl_put_irq(irq, "wrong");
    expect(kernel.dmesg()).toContain(`lkl_put_irq: irq ${irq} belongs to a, not wrong`);
    kernel.lkl_put_irq(irq, "a");
    expect(kernel.lkl_get_free_irq("c")).toBe(irq);
    yield* syscall(kernel, "getpid");
  });
});

test("all lines taken: -EBUSY", () => {
  withKernel(function* (kernel) {
    let last = 0;
    for (let i = 0; i < NR_IRQS; i++) last = kernel.lkl_get_free_irq("x");
    expect(last).toBe(-Errno.EBUSY);
    yield* syscall(kernel, "getpid");
  });
});

test("an interrupt that nobody handles is counted", () => {
  withKernel(function* (kernel) {
    yield* syscall(kernel, "getpid");
    kernel.lkl_trigger_irq(77);
    expect(kernel.irq.spurious).toBe(1);
  });
});
