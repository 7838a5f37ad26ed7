import { LklKernel, WaitQueueHead, wait_event_interruptible_timeout } from "@dcejs/lkl-kernel";
import type { Wait } from "@dcejs/lkl-kernel";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { GeneratorHost } from "@dcejs/lkl-kernel";
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

  /** @returns what was broken, in words */
  run(plan: readonly (readonly Step[])[]): string[] {
    this.host.runProgram(() => this.#main(plan));
    this.#broken.push(...this.host.run());
    for (const [kind, count] of Object.entries(this.host.counts)) {
      this.#must(count === 0, `${count} ${kind} are left behind`);
    }
    return this.#broken;
  }

  #must(holds: boolean, text: string): void {
    if (!holds) this.#broken.push(text);
  }

  *#main(plan: readonly (readonly Step[])[]): Wait<void> {
    const { host } = this;
    const kernel: LklKernel = new LklKernel({
      tracepoint: (name) => ({
        name,
        isEnabled: name === "sched:sched_switch",
        emit: (...args) => {
          this.#must(kernel.cpu.count === 1, "I3: count is 1 at a switch");
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
    this.#must(kernel.cpu.get() === -2, "I7: nobody enters after the halt");
    kernel.lkl_cleanup();
  }

  /** I6: masked, not nested, never with interrupts off in the interrupted code. */
  #handler(kernel: LklKernel): void {
    this.#must(kernel.current.irqsDisabled, "I6: handlers run masked");
    this.#must(this.#inHandler++ === 0, "I6: no handler interrupts itself");
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
        this.#must((yield* syscall(kernel, "getpid")) === 1, "getpid is 1");
        return;
      case "nanosleep": {
        const due = host.now + each.ns;
        yield* syscall(kernel, "nanosleep", { tv_sec: 0, tv_nsec: each.ns });
        // Nothing here takes time but sleeping, so it is exact whatever else goes on.
        this.#must(host.now === due, `nanosleep: ${host.now} is not ${due}`);
        return;
      }
      case "wait": {
        const wait = (): Wait =>
          wait_event_interruptible_timeout(kernel, this.#queue, () => false, each.jiffies);
        this.#must((yield* inKernel(kernel, wait)) === 0, "a wait for nothing runs out");
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
        yield* syscall(kernel, "sched_yield");
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
        this.#must(
          (yield* inKernel(kernel, () => {
            const flags = kernel.local_irq_save();
            kernel.lkl_trigger_irq(this.#irq);
            const isPending = kernel.cpu.irqs_pending;
            kernel.local_irq_restore(flags);
            return isPending && !kernel.cpu.irqs_pending ? 0 : -1;
          })) === 0,
          "a masked interrupt waits for its unmasking",
        );
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
      expect(new World().run(plan)).toEqual([]);
    }),
    { numRuns: 300 },
  );
});

test("the same programs make the same switches at the same times", () => {
  fc.assert(
    fc.property(programs, (plan) => {
      const [a, b] = [new World(), new World()];
      expect([...a.run(plan), ...b.run(plan)]).toEqual([]);
      expect(a.trace).toEqual(b.trace);
    }),
    { numRuns: 50 },
  );
});
