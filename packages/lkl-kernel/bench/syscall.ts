import { SyscallNumber, WaitQueueHead, wait_event } from "@dcejs/lkl-kernel";
import type { LklKernel, Wait } from "@dcejs/lkl-kernel";
import { GeneratorHost } from "@dcejs/lkl-kernel";
import { boot } from "../test/host/kernel-fixture.ts";

// Prints one JSON object: what entering the kernel, blocking in it and interrupting it cost.

const CALLS = 2_000_000;
const ROUND_TRIPS = 100_000;
const INTERRUPTS = 1_000_000;
const KERNELS = 1000;

function now(): number {
  return Number(process.hrtime.bigint());
}

function perCall(calls: number, fn: () => void): number {
  const start = now();
  fn();
  return Math.round((now() - start) / calls);
}

function enterExit(kernel: LklKernel): number {
  return perCall(CALLS, () => {
    for (let i = 0; i < CALLS; i++) {
      if (typeof kernel.host_task_enter() !== "number") throw new Error("must not wait");
      kernel.host_task_exit(0);
    }
  });
}

function getpid(kernel: LklKernel): number {
  const none: unknown[] = [];
  return perCall(CALLS, () => {
    for (let i = 0; i < CALLS; i++) {
      if (kernel.lkl_syscall(SyscallNumber.getpid, none) !== 1) throw new Error("wrong pid");
    }
  });
}

function interrupt(kernel: LklKernel): number {
  const irq = kernel.lkl_get_free_irq("bench");
  let received = 0;
  kernel.open_softirq(3, () => {
    received++;
  });
  kernel.request_irq(irq, "bench", () => kernel.raise_softirq(3));
  const ns = perCall(INTERRUPTS, () => {
    for (let i = 0; i < INTERRUPTS; i++) kernel.lkl_trigger_irq(irq);
  });
  if (received !== INTERRUPTS) throw new Error("lost interrupts");
  return ns;
}

/** Two threads that wake each other: a round trip is two blocking system calls. */
function* pingPong(kernel: LklKernel, host: GeneratorHost): Wait<{ ns: number; resumes: number }> {
  const queues = [new WaitQueueHead(), new WaitQueueHead()] as const;
  let turn = 0;
  kernel.syscall_define(900, "pass", function* ([me]): Wait {
    const other = me === 0 ? 1 : 0;
    turn = other;
    queues[other].wakeUp();
    yield* wait_event(kernel, queues[me === 0 ? 0 : 1], () => turn === me, "pass");
    return 0;
  });
  const player = (me: number) =>
    function* (): Wait<void> {
      for (let i = 0; i < ROUND_TRIPS; i++) yield* host.finish(kernel.lkl_syscall(900, [me]));
      turn = 1 - me;
      queues[me === 0 ? 1 : 0].wakeUp();
    };
  const resumes = host.resumeCount;
  const start = now();
  const first = host.start(player(0), "ping");
  host.start(player(1), "pong");
  const joined = host.ops.thread_join(first);
  if (typeof joined !== "number") yield joined;
  return {
    ns: Math.round((now() - start) / ROUND_TRIPS),
    resumes: (host.resumeCount - resumes) / ROUND_TRIPS,
  };
}

/** nanosleep: a timer interrupt, a switch to the sleeper, and back to the idle task. */
function* sleeping(kernel: LklKernel, host: GeneratorHost): Wait {
  const request = { tv_sec: 0, tv_nsec: 1000 };
  const start = now();
  for (let i = 0; i < ROUND_TRIPS; i++) {
    yield* host.finish(kernel.lkl_syscall(SyscallNumber.nanosleep, [request]));
  }
  return Math.round((now() - start) / ROUND_TRIPS);
}

function bytesPerKernel(): number {
  const collect = globalThis.gc;
  if (collect === undefined) return -1;
  collect();
  const before = process.memoryUsage().heapUsed;
  const host = new GeneratorHost();
  const kernels = host.runProgram(function* () {
    const booted: LklKernel[] = [];
    for (let i = 0; i < KERNELS; i++) booted.push(yield* boot(host, {}, "loglevel=1"));
    return booted;
  });
  collect();
  return Math.round((process.memoryUsage().heapUsed - before) / kernels.length);
}

const host = new GeneratorHost();
const report = host.runProgram(function* () {
  const kernel = yield* boot(host, {}, "loglevel=1");
  yield* host.finish(kernel.lkl_syscall(SyscallNumber.getpid, []));
  enterExit(kernel);
  const enterExitNs = enterExit(kernel);
  getpid(kernel);
  const getpidNs = getpid(kernel);
  interrupt(kernel);
  const interruptSoftirqNs = interrupt(kernel);
  const roundTrip = yield* pingPong(kernel, host);
  const nanosleepNs = yield* sleeping(kernel, host);
  return {
    node: process.version,
    enterExitNs,
    getpidNs,
    interruptSoftirqNs,
    pingPongRoundTripNs: roundTrip.ns,
    pingPongResumes: roundTrip.resumes,
    nanosleepNs,
  };
});
console.log(JSON.stringify({ ...report, bytesPerKernel: bytesPerKernel() }));
