import { describe, expect, test } from "vitest";
import { BLOCKED, LinuxStoppedError } from "../../src/index.ts";
import { backEnds, whySkipped } from "../world/built.ts";
import { bootedNode, SETTLED, twoNodes } from "../world/fixture.ts";
import type { Node } from "../world/node.ts";
import { AF_INET, AT_FDCWD, CLOCK_MONOTONIC, Errno, NR, SOCK_DGRAM } from "../world/numbers.ts";

const NR_EXIT_GROUP = 94;
const MAGIC1 = 0xfee1_dead;
const MAGIC2 = 672_274_793;
const CMD_POWER_OFF = 0x4321_fedc;
const CMD_RESTART = 0x0123_4567;
const CMD_HALT = 0xcdef_0123;
const NO_ROOM = 8 * 1024 * 1024;

async function stopped(node: Node, run: () => void): Promise<LinuxStoppedError> {
  try {
    run();
    await node.world.runTo(node.world.events.now + 60e9);
  } catch (error) {
    if (error instanceof LinuxStoppedError) return error;
    throw error;
  }
  throw new Error("the kernel goes on");
}

describe.skipIf(whySkipped !== undefined).each(backEnds)("a pointer on %s", (kind) => {
  test.each([
    ["NULL", () => 0],
    ["below the first 64 KB", () => 0x8000],
    ["beyond the end of memory", (node: Node) => node.kernel.machine.u8.length + 4096],
    ["to a buffer that ends beyond the end", (node: Node) => node.kernel.machine.u8.length - 4],
    ["at the end of the address space", () => 0xffff_fff0],
  ])("that is %s is -EFAULT", async (_, pointer) => {
    const node = await bootedNode(kind);
    const address = pointer(node);
    const fd = node.must(NR.socket, AF_INET, SOCK_DGRAM, 0);
    expect(node.serve(NR.bind, fd, address, 16)).toBe(-Errno.EFAULT);
    expect(node.serve(NR.uname, address)).toBe(-Errno.EFAULT);
    expect(node.serve(NR.openat, AT_FDCWD, address, 0, 0)).toBe(-Errno.EFAULT);
    expect(node.serve(NR.clock_nanosleep_time64, CLOCK_MONOTONIC, 0, address, 0)).toBe(
      -Errno.EFAULT,
    );
    expect(node.serve(NR.getpid)).toBe(1);
  });
});

describe.skipIf(whySkipped !== undefined).each(backEnds)("a kernel that stops on %s", (kind) => {
  test("by a panic says why, when, and what its log was", async () => {
    const node = await bootedNode(kind, { name: "linux of node a" });
    await node.world.runTo(2.5e9);
    const error = await stopped(node, () => node.serve(NR_EXIT_GROUP, 3 << 8));
    expect(error.reason).toBe("panic");
    expect(error.message).toContain("linux of node a at 2.5 s: panic\n");
    expect(error.message).toContain("Kernel panic - not syncing: Attempted to kill init!");
    expect(node.kernel.stopped).toBe(error);
  });

  test.each([
    ["power off", CMD_POWER_OFF, "power off"],
    ["restart", CMD_RESTART, "restart"],
    ["halt", CMD_HALT, "power off"],
  ])("by reboot(2) to %s", async (_, command, reason) => {
    const node = await bootedNode(kind);
    const error = await stopped(node, () => {
      node.start(
        (function* () {
          yield [NR.reboot, MAGIC1, MAGIC2, command, 0];
        })(),
      );
    });
    expect(error.reason).toBe(reason);
  });

  test("does nothing any more", async () => {
    const node = await bootedNode(kind);
    await stopped(node, () => node.serve(NR_EXIT_GROUP, 0));
    expect(() => node.serve(NR.getpid)).toThrow("has stopped");
    expect(() => node.kernel.timer()).toThrow("has stopped");
    expect(node.kernel.run()).toBeUndefined();
    node.kernel.destroy();
  });

  test("by a trap in a system call lets run() say so, with the names of the C functions", async () => {
    const node = await bootedNode(kind);
    const { kernel } = node;
    // The table of descriptors of pid 1 leads nowhere.
    const task = node.newTask();
    kernel.machine.u32.fill(0xffff_fff0, kernel.host0.task >>> 2, (kernel.host0.task >>> 2) + 400);
    const error = await stopped(node, () => {
      expect(kernel.sys(task, NR.socket, AF_INET, SOCK_DGRAM, 0)).toBeTypeOf("number");
      expect(kernel.serve(NR.socket, AF_INET, SOCK_DGRAM, 0)).toBe(BLOCKED);
    });
    expect(error.reason).toBe("trap");
    expect(error.cause).toBeInstanceOf(WebAssembly.RuntimeError);
    expect(error.message).toMatch(/^ {2}in .* < wasm_cpu_become$/m);
  });

  test("by an error of its host reports that error", async () => {
    const node = await bootedNode(kind);
    const failure = new Error("the disk of the host is full");
    node.ports[0] = undefined;
    const { a, world } = await twoNodes(kind);
    const [port] = a.ports;
    if (port === undefined) throw new Error("no port");
    port.send = () => {
      throw failure;
    };
    const fd = a.must(NR.socket, AF_INET, SOCK_DGRAM, 0);
    let error: unknown;
    try {
      a.serve(NR.sendto, fd, a.bytes("x"), 1, 0, a.address("10.0.0.2", 9), 16);
      await world.runTo(10e9);
    } catch (caught) {
      error = caught;
    }
    expect(error).toBeInstanceOf(LinuxStoppedError);
    expect(error).toMatchObject({ reason: "host error", cause: failure });
  });

  test("because it waits for time to pass is found out", { timeout: 120_000 }, async () => {
    const { a, b, world } = await twoNodes(kind, { delay: 1_000_000, rate: Infinity });
    const busyPoll = b.bytes(Uint8Array.from([0x40, 0x42, 0x0f, 0]));
    b.start(
      (function* () {
        const fd = yield [NR.socket, AF_INET, SOCK_DGRAM, 0];
        yield [NR.bind, fd, b.address("10.0.0.2", 9), 16];
        yield [NR.recvfrom, fd, b.bytes(16), 16, 0, 0, 0];
        yield [NR.setsockopt, fd, 1, 46, busyPoll, 4];
        yield [NR.recvfrom, fd, b.bytes(16), 16, 0, 0, 0];
      })(),
    );
    const error = await stopped(b, () => {
      const fd = a.must(NR.socket, AF_INET, SOCK_DGRAM, 0);
      a.serve(NR.sendto, fd, a.bytes("x"), 1, 0, a.address("10.0.0.2", 9), 16);
    });
    expect(error.reason).toBe("panic");
    expect(error.message).toContain("waits for time to pass");
    await world.events.run(0);
  });
});

describe.skipIf(whySkipped !== undefined).each(backEnds)("a kernel that warns on %s", (kind) => {
  test("goes on, and the place is noted", async () => {
    const node = await bootedNode(kind);
    expect(node.kernel.machine.exports.wasm_room(NO_ROOM)).toBe(0);
    expect(node.kernel.log.warnings).toEqual([
      { at: node.world.events.now, what: expect.stringMatching(/^mm\/page_alloc\.c:\d+$/) },
    ]);
    expect(node.kernel.dmesg()).toContain("wasm_room");
    expect(node.serve(NR.getpid)).toBe(1);
  });

  test("for want of memory gives an errno, notes that, and goes on", async () => {
    const node = await bootedNode(kind);
    const { kernel } = node;
    const path = node.bytes("/big");
    const fd = node.must(NR.openat, AT_FDCWD, path, 0x42, 0o600);
    const room = node.bytes(65_536);
    const results: number[] = [];
    node.start(
      (function* () {
        do results.push(yield [NR.write, fd, room, 65_536]);
        while ((results.at(-1) ?? 0) > 0);
      })(),
    );
    await node.world.runTo(node.world.events.now + 1e9);
    expect(results.at(-1)).toBe(-Errno.ENOMEM);
    expect(kernel.log.warnings[0]?.what).toBe("page allocation failure: order:0");
    expect(kernel.stopped).toBeUndefined();
    expect(node.serve(NR.getpid)).toBe(1);
  });
});

describe.skipIf(whySkipped !== undefined)("the page at address 0", () => {
  test("holds what is no pointer, and is as it was after work", async () => {
    const { a, world } = await twoNodes("jspi");
    expect(a.kernel.machine.u32[0]).toBe(0xdead_beef);
    const fd = a.must(NR.socket, AF_INET, SOCK_DGRAM, 0);
    a.serve(NR.sendto, fd, a.bytes("x"), 1, 0, a.address("10.0.0.2", 9), 16);
    await world.runTo(SETTLED + 1e9);
    expect(a.kernel.machine.isZeroPageIntact).toBe(true);
    a.kernel.machine.u32[3] = 0;
    expect(a.kernel.machine.isZeroPageIntact).toBe(false);
  });
});
