import { GeneratorHost, type LklHostOperations, type Wait } from "@dcejs/lkl-kernel";
import { describe, expect, test } from "vitest";
import { LinuxStoppedError, LklLinux } from "../src/index.ts";
import { backEnds, image, kernelModule, whySkipped } from "./world/built.ts";
import { AF_INET, AT_FDCWD, CLOCK_MONOTONIC, Errno, NR, SOCK_STREAM } from "./world/numbers.ts";
import { socketAddress } from "./world/node.ts";

const ESHUTDOWN = 108;
const EBUSY = 16;
const NR_EXIT_GROUP = 94;
const NOTHING_LEFT = { threads: 0, sems: 0, mutexes: 0, timers: 0, tlsKeys: 0 };

function timespec(ns: number): Uint8Array {
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, Math.floor(ns / 1e9), true);
  view.setUint32(8, ns % 1e9, true);
  return bytes;
}

function without(
  ops: LklHostOperations,
  ...names: readonly (keyof LklHostOperations)[]
): LklHostOperations {
  const less = { ...ops };
  for (const name of names) Reflect.deleteProperty(less, name);
  return less;
}

interface Booted {
  readonly host: GeneratorHost;
  readonly lkl: LklLinux;
  /** A system call made whole. */
  readonly call: (nr: number, ...parameters: unknown[]) => Wait;
  readonly sleep: (ns: number) => Wait;
}

/** Boots in the first program, runs the body in it, and halts: a kernel that is left alone has timers for ever. */
async function booted<T>(stacks: "jspi" | "wasmfx", body: (booted: Booted) => Wait<T>): Promise<T> {
  const host = new GeneratorHost();
  const lkl = new LklLinux({ module: kernelModule(), stacks });
  expect(lkl.lkl_init(host.ops)).toBe(0);
  const call = (nr: number, ...parameters: unknown[]): Wait =>
    host.finish(lkl.lkl_syscall(nr, parameters));
  const sleep = (ns: number): Wait =>
    call(NR.clock_nanosleep_time64, CLOCK_MONOTONIC, 0, timespec(ns), null);
  return await host.runProgramAsync(function* () {
    expect(yield* lkl.lkl_start_kernel("loglevel=7")).toBe(0);
    expect(lkl.lkl_is_running()).toBe(true);
    yield host.sleep(10_000_000);
    const result = yield* body({ host, lkl, call, sleep });
    yield* lkl.lkl_sys_halt();
    return result;
  });
}

describe.skipIf(whySkipped !== undefined).each(backEnds)("LKL's names on %s", (kind) => {
  test("a kernel boots, serves, halts, and gives everything back to its host", async () => {
    const { host, lkl } = await booted(kind, function* (kernel) {
      const { lkl: running, call } = kernel;
      expect(yield* call(NR.getpid)).toBe(1);
      expect(yield* running.lkl_sys_halt()).toBe(0);
      expect(running.lkl_is_running()).toBe(false);
      expect(running.lkl_syscall(NR.getpid, [])).toBe(-ESHUTDOWN);
      expect(yield* running.lkl_sys_halt()).toBe(-ESHUTDOWN);
      running.lkl_cleanup();
      return kernel;
    });
    expect(host.counts).toEqual(NOTHING_LEFT);
    expect(host.panics).toBe(0);
    expect(host.printed).toContain(`Linux version ${image?.version}`);
    expect(lkl.dmesg()).toContain("reboot: Power down");
  });

  test("it boots again after lkl_cleanup", async () => {
    await booted(kind, function* ({ host, lkl, call }) {
      yield* lkl.lkl_sys_halt();
      lkl.lkl_cleanup();
      expect(lkl.lkl_init(host.ops)).toBe(0);
      expect(yield* lkl.lkl_start_kernel("")).toBe(0);
      expect(yield* call(NR.getpid)).toBe(1);
    });
  });

  test("mem= is the size of memory", async () => {
    const host = new GeneratorHost();
    const lkl = new LklLinux({ module: kernelModule(), stacks: kind });
    lkl.lkl_init(host.ops);
    await host.runProgramAsync(function* () {
      yield* lkl.lkl_start_kernel("mem=12M");
      expect(lkl.kernel.machine.u8.length).toBe(12 * 1024 * 1024);
      yield* lkl.lkl_sys_halt();
    });
  });

  test("octets go into the kernel and come back, and text is a C string", async () => {
    await booted(kind, function* ({ call }) {
      const name = new Uint8Array(390);
      expect(yield* call(NR.uname, name)).toBe(0);
      expect(new TextDecoder().decode(name.subarray(0, 5))).toBe("Linux");
      expect(yield* call(NR.mkdirat, AT_FDCWD, "/proc", 0o755)).toBe(0);
      expect(yield* call(NR.mount, "proc", "/proc", "proc", 0, null)).toBe(0);
      const fd = yield* call(NR.openat, AT_FDCWD, "/proc/sys/kernel/ostype", 0, 0);
      const text = new Uint8Array(16);
      expect(yield* call(NR.read, fd, text, 16)).toBe(6);
      expect(new TextDecoder().decode(text.subarray(0, 6))).toBe("Linux\n");
    });
  });

  test("a call is refused arguments that are nothing of these", async () => {
    await booted(kind, function* ({ lkl, call }) {
      yield* call(NR.getpid);
      expect(() => lkl.lkl_syscall(NR.uname, [{}])).toThrow(TypeError);
      expect(lkl.lkl_syscall(NR.uname, [new Uint8Array(5 * 1024 * 1024)])).toBe(-Errno.ENOMEM);
      expect(lkl.lkl_syscall(NR.uname, [null])).toBe(-Errno.EFAULT);
    });
  });

  test("each thread has a task of its own, which the next thread gets when it is over", async () => {
    await booted(kind, function* ({ host, call }) {
      const ids: number[] = [];
      for (let index = 0; index < 3; index++) {
        host.start(function* () {
          ids.push(yield* call(NR.gettid));
        });
        yield host.sleep(1);
      }
      expect(ids[0]).toBeGreaterThan(1);
      expect(ids).toEqual([ids[0], ids[0], ids[0]]);
    });
  });

  test("a thread that sleeps in a call stops nobody else", async () => {
    await booted(kind, function* ({ host, lkl, call, sleep }) {
      const start = host.now;
      const ends: string[] = [];
      const server = host.start(function* () {
        const fd = yield* call(NR.socket, AF_INET, SOCK_STREAM, 0);
        yield* call(NR.bind, fd, socketAddress("127.0.0.1", 80), 16);
        yield* call(NR.listen, fd, 1);
        const connection = yield* call(NR.accept, fd, null, null);
        ends.push(`accept ${connection >= 0}`);
      });
      host.start(function* () {
        ends.push(`sleep ${yield* sleep(50_000_000)} ${host.now - start}`);
      });
      yield host.sleep(100_000_000);
      expect(ends).toEqual(["sleep 0 50050000"]);
      expect(lkl.lkl_signal_thread(server)).toBe(true);
      yield host.sleep(1);
      expect(ends).toEqual(["sleep 0 50050000", "accept false"]);
    });
  });

  test("a thread that the host kills leaves its task to others", async () => {
    await booted(kind, function* ({ host, lkl, call, sleep }) {
      const ids: number[] = [];
      const victim = host.start(function* () {
        ids.push(yield* call(NR.gettid));
        yield* sleep(60e9);
      });
      yield host.sleep(1_000_000);
      host.kill(victim);
      expect(lkl.lkl_thread_ended(victim)).toBe(true);
      expect(lkl.lkl_thread_ended(victim)).toBe(false);
      yield host.sleep(1_000_000);
      host.start(function* () {
        ids.push(yield* call(NR.gettid));
      });
      yield host.sleep(1);
      expect(ids).toEqual([ids[0], ids[0]]);
    });
  });

  test("calls that sleep when the kernel halts return -ESHUTDOWN", async () => {
    await booted(kind, function* ({ host, lkl, sleep }) {
      const results: number[] = [];
      host.start(function* () {
        results.push(yield* sleep(60e9));
      });
      yield host.sleep(1_000_000);
      expect(yield* lkl.lkl_sys_halt()).toBe(0);
      yield host.sleep(1);
      expect(results).toEqual([-ESHUTDOWN]);
    });
  });

  test("a panic is told to the host, which then gets the error", async () => {
    const panicked = booted(kind, function* ({ lkl, sleep }) {
      lkl.kernel.serve(NR_EXIT_GROUP, 1);
      return yield* sleep(60e9);
    });
    await expect(panicked).rejects.toThrow(LinuxStoppedError);
    await expect(panicked).rejects.toMatchObject({ reason: "panic" });
  });

  test("lkl_init wants all operations, and to be the first", () => {
    const host = new GeneratorHost();
    const lkl = new LklLinux({ module: kernelModule(), stacks: kind });
    expect(lkl.lkl_init(without(host.ops, "sem_up"))).toBe(-Errno.EINVAL);
    expect(lkl.dmesg()).toContain("sem_up");
    expect(lkl.lkl_init(host.ops)).toBe(0);
    expect(lkl.lkl_init(host.ops)).toBe(-EBUSY);
    expect(lkl.lkl_syscall(NR.getpid, [])).toBe(-ESHUTDOWN);
  });

  test("a host without TLS makes all calls as pid 1, one after the other", async () => {
    const host = new GeneratorHost();
    const ops = without(host.ops, "tls_alloc", "tls_free", "tls_set", "tls_get");
    const lkl = new LklLinux({ module: kernelModule(), stacks: kind });
    expect(lkl.lkl_init(ops)).toBe(0);
    const call = (nr: number, ...parameters: unknown[]): Wait =>
      host.finish(lkl.lkl_syscall(nr, parameters));
    const ids: number[] = [];
    await host.runProgramAsync(function* () {
      yield* lkl.lkl_start_kernel("");
      for (let index = 0; index < 3; index++) {
        host.start(function* () {
          yield* call(NR.clock_nanosleep_time64, CLOCK_MONOTONIC, 0, timespec(1_000_000), null);
          ids.push(yield* call(NR.gettid));
        });
      }
      yield host.sleep(1e9);
      yield* lkl.lkl_sys_halt();
    });
    expect(ids).toEqual([1, 1, 1]);
  });
});

describe.skipIf(whySkipped !== undefined || backEnds.length < 2)("both back ends", () => {
  test("resume threads in the same order at the same times", async () => {
    const [jspi, wasmfx] = [await interleaved("jspi"), await interleaved("wasmfx")];
    expect(jspi).toEqual(wasmfx);
    expect(jspi.length).toBeGreaterThan(50);
  });
});

/** Ten threads that sleep and call. @returns what each did when */
async function interleaved(kind: "jspi" | "wasmfx"): Promise<string[]> {
  const steps: string[] = [];
  await booted(kind, function* ({ host, call, sleep }) {
    for (let index = 0; index < 10; index++) {
      host.start(function* () {
        for (let round = 0; round < 6; round++) {
          yield* sleep(((index * 7 + round * 3) % 5) * 1_000_000);
          steps.push(`${host.now} ${index} ${yield* call(NR.gettid)}`);
        }
      });
    }
    yield host.sleep(1e9);
  });
  return steps;
}
