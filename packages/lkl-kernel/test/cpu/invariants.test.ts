import { LklKernel, WaitQueueHead, wait_event_interruptible_timeout } from "@dcejs/lkl-kernel";
import type { Wait } from "@dcejs/lkl-kernel";
import fc from "fast-check";
import { expect, test } from "vitest";
import { GeneratorHost } from "../host/generator-host.ts";
import { inKernel, join, start, syscall } from "../host/kernel-fixture.ts";

type Step =
  | { kind: "getpid" }
  | { kind: "nanosleep"; ns: number }
  | { kind: "wait"; jiffies: number }
  | { kind: "wake" }
  | { kind: "yield" }
  | { kind: "schedYield" }
  | { kind: "irq"; delay: number }
  | { kind: "work"; ns: number }
  | { kind: "masked" };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.constant<Step>({ kind: "getpid" }),
  fc.nat(3_000_000).map((ns): Step => ({ kind: "nanosleep", ns })),
  fc.nat(5).map((jiffies): Step => ({ kind: "wait", jiffies })),
  fc.constant<Step>({ kind: "wake" }),
  fc.constant<Step>({ kind: "yield" }),
  fc.constant<Step>({ kind: "schedYield" }),
  fc.nat(2_000_000).map((delay): Step => ({ kind: "irq", delay })),
  fc.nat(1_000_000).map((ns): Step => ({ kind: "work", ns })),
  fc.constant<Step>({ kind: "masked" }),
);

const programs = fc.array(fc.array(step, { maxLength: 12 }), { minLength: 1, maxLength: 6 });

/** One world: programs that do random things in one kernel. Gives a trace of what happened. */
class World {
  readonly host = new GeneratorHost();
  readonly trace: string[] = [];
  readonly #queue = new WaitQueueHead();
  readonly #broken: string[] = [];
  #irq = 0;
  #inHandler = 0;

  run(plan: readonly (readonly Step[])[]): void {
    this.host.runProgram(() => this.#main(plan));
    expect(this.#broken).toEqual([]);
    expect(this.host.run()).toEqual([]);
    expect(this.host.counts).toEqual({ threads: 0, sems: 0, mutexes: 0, timers: 0, tlsKeys: 0 });
  }

  *#main(plan: readonly (readonly Step[])[]): Wait<void> {
    const { host } = this;
    const kernel: LklKernel = new LklKernel({
      tracepoint: (name) => ({
        name,
        isEnabled: name === "sched:sched_switch",
        emit: (...args) => {
          if (kernel.cpu.count !== 1) this.#broken.push("I3: count is not 1 at a switch");
          this.trace.push(`${host.now} ${args.join(" ")}`);
        },
      }),
    });
    yield* start(host, kernel);
    this.#irq = kernel.lkl_get_free_irq("test");
    kernel.request_irq(this.#irq, "test", () => this.#handler(kernel));
    const threads = plan.map((steps, i) =>
      host.start(() => this.#program(kernel, steps), `program${i}`),
    );
    for (const thread of threads) yield* join(host, thread);
    this.#check(kernel);
    yield* kernel.lkl_sys_halt();
    // I7: nobody enters any more.
    expect(kernel.cpu.get()).toBeLessThan(0);
    kernel.lkl_cleanup();
  }

  /** I6: masked, not nested, never with interrupts off in the interrupted code. */
  #handler(kernel: LklKernel): void {
    if (!kernel.current.irqsDisabled) this.#broken.push("I6: handler runs unmasked");
    if (this.#inHandler++ > 0) this.#broken.push("I6: handler interrupted itself");
    this.#queue.wakeUp();
    kernel.raise_softirq(3);
    this.#inHandler--;
  }

  #check(kernel: LklKernel): void {
    this.#broken.push(...kernel.cpu.checkInvariants());
    // I5: whoever is asleep is not queued, and one task is current.
    const { current } = kernel;
    for (const task of kernel.tasks) {
      if (task !== current && task.isOnRq !== (task.state === 0)) {
        this.#broken.push(`I5: ${task.comm} in state ${task.state}, queued ${task.isOnRq}`);
      }
    }
  }

  *#program(kernel: LklKernel, steps: readonly Step[]): Wait<void> {
    for (const each of steps) {
      yield* this.#step(kernel, each);
      this.#check(kernel);
    }
  }

  *#step(kernel: LklKernel, each: Step): Wait<void> {
    const { host } = this;
    switch (each.kind) {
      case "getpid":
        expect(yield* syscall(kernel, "getpid")).toBe(1);
        return;
      case "nanosleep": {
        const due = host.now + each.ns;
        yield* syscall(kernel, "nanosleep", { tv_sec: 0, tv_nsec: each.ns });
        // Nothing here takes time but sleeping, so it is exact whatever else goes on.
        expect(host.now).toBe(due);
        return;
      }
      case "wait": {
        const wait = (): Wait =>
          wait_event_interruptible_timeout(kernel, this.#queue, () => false, each.jiffies);
        expect(yield* inKernel(kernel, wait)).toBe(0);
        return;
      }
      case "wake":
        yield* inKernel(kernel, () => {
          this.#queue.wakeUp();
          return 0;
        });
        return;
      case "yield":
        yield host.yieldThread();
        return;
      case "schedYield":
        expect(yield* syscall(kernel, "sched_yield")).toBe(0);
        return;
      case "irq":
        host.schedule(each.delay, () => {
          kernel.lkl_trigger_irq(this.#irq);
          this.#check(kernel);
        });
        return;
      case "work":
        yield* this.#kthread(kernel, each.ns);
        return;
      case "masked":
        yield* inKernel(kernel, () => {
          const flags = kernel.local_irq_save();
          kernel.lkl_trigger_irq(this.#irq);
          const isPending = kernel.cpu.irqs_pending;
          kernel.local_irq_restore(flags);
          return isPending && !kernel.cpu.irqs_pending ? 0 : -1;
        });
    }
  }

  *#kthread(kernel: LklKernel, ns: number): Wait<void> {
    yield* inKernel(kernel, () => {
      kernel.kthread_run(function* () {
        kernel.current.state = 1;
        yield* kernel.schedule_hrtimeout(ns);
      }, "random");
      return 0;
    });
  }
}

test("I1 to I7 hold over random interleavings, and nothing is left behind", () => {
  fc.assert(
    fc.property(programs, (plan) => {
      new World().run(plan);
    }),
    { numRuns: 300 },
  );
});

test("the same programs make the same switches at the same times", () => {
  fc.assert(
    fc.property(programs, (plan) => {
      const [a, b] = [new World(), new World()];
      a.run(plan);
      b.run(plan);
      expect(a.trace).toEqual(b.trace);
    }),
    { numRuns: 50 },
  );
});
