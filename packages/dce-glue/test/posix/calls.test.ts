import { LivelockError, type TraceRecord } from "@dcejs/core-sched";
import { expect, test } from "vitest";
import * as linux from "../../src/posix/constants.ts";
import { SyscallError } from "../../src/posix/syscall-error.ts";
import { errorOf, inProgram, runProgram, TestHost } from "../process/test-host.ts";

test("an error has the shape of Node's system errors", async () => {
  await inProgram(async (posix) => {
    const error: unknown = await Promise.resolve()
      .then(() => posix.open("/none"))
      .catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(SyscallError);
    expect(error).toMatchObject({ code: "ENOENT", errno: -2, syscall: "open", path: "/none" });
  });
});

test("a call that does not block gives its value, not a promise", async () => {
  await inProgram(async (posix) => {
    const [reader, writer] = await posix.pipe();
    expect(posix.write(writer, "abc")).toBe(3);
    expect(posix.read(reader, new Uint8Array(8))).toBe(3);
    posix.createThread(() => posix.write(writer, "de"));
    const reading = posix.read(reader, new Uint8Array(8));
    expect(reading).toBeInstanceOf(Promise);
    expect(await reading).toBe(2);
  });
});

test("a program that polls the clock moves it", async () => {
  await inProgram(async (posix) => {
    let time = await posix.clockGettime(linux.CLOCK_MONOTONIC);
    while (time.nsec < 50_000) time = await posix.clockGettime(linux.CLOCK_MONOTONIC);
    const cpu = await posix.clockGettime(linux.CLOCK_PROCESS_CPUTIME_ID);
    expect(cpu.nsec).toBeGreaterThan(0);
  });
});

test("a program that polls and never awaits is told to await", async () => {
  const { process, status } = await runProgram((posix) => {
    for (;;) void posix.poll([], 0);
  });
  expect(status).toBe(1 << 8);
  expect(String(process.error)).toContain("await each call");
});

test("a program that only asks for the time is a livelock, and is reported", async () => {
  const { process } = await runProgram((posix) => {
    while (posix.now() < 1000);
  });
  expect(process.error).toBeInstanceOf(LivelockError);
});

test("a call from outside of its program is refused", async () => {
  const host = new TestHost();
  let leaked: (() => unknown) | undefined;
  host.start((posix) => {
    leaked = () => posix.getpid();
  });
  await host.simulator.run();
  expect(() => leaked?.()).toThrow("while another task was running");
});

test("calls are traced as strace shows them", async () => {
  const host = new TestHost();
  const records: TraceRecord[] = [];
  host.simulator.tracer.onRecord((record) => records.push(record));
  host.simulator.tracer.enable("raw_syscalls:*");
  host.start(async (posix) => {
    const fd = await posix.open("/dev/null", linux.O_WRONLY);
    await posix.write(fd, "abc");
  });
  await host.simulator.run();
  const lines = records.map((record) => JSON.stringify(record));
  expect(lines).toHaveLength(4);
  expect(lines[0]).toContain("/dev/null");
  expect(lines[2]).toContain("[3 octets]");
  expect(lines[3]).toContain("write");
});

test("getrandom is the node's own and the same for the same seed", async () => {
  expect(await randomBytes(1)).toBe(await randomBytes(1));
  expect(await randomBytes(1)).not.toBe(await randomBytes(2));
});

test("the same seed gives the same calls at the same times", async () => {
  expect(await traceOf(3)).toBe(await traceOf(3));
  expect(await traceOf(3)).not.toBe(await traceOf(4));
});

test("names come from /etc/hosts, addresses are themselves", async () => {
  const host = new TestHost();
  host.manager.node.files.write("/etc/hosts", "10.0.0.1 server www # comment\nfe80::1 server\n");
  const process = host.start(async (posix) => {
    expect(await posix.getaddrinfo("SERVER")).toEqual([
      { family: "AF_INET", address: "10.0.0.1" },
      { family: "AF_INET6", address: "fe80::1" },
    ]);
    expect(await posix.getaddrinfo("192.0.2.7")).toEqual([
      { family: "AF_INET", address: "192.0.2.7" },
    ]);
    expect(await posix.getaddrinfo("localhost")).toHaveLength(1);
    expect(await errorOf(() => posix.getaddrinfo("nobody"))).toBe("ENOENT");
  });
  await host.simulator.run();
  expect(process.error).toBeUndefined();
});

test("uname, host name and limits can be read and changed", async () => {
  await inProgram(async (posix) => {
    expect(posix.uname()).toMatchObject({ sysname: "Linux", nodename: "node-0" });
    posix.sethostname("renamed");
    expect(posix.gethostname()).toBe("renamed");
    expect(posix.getrlimit(linux.RLIMIT_NOFILE).soft).toBe(1024);
    posix.setrlimit(linux.RLIMIT_NOFILE, { soft: 4, hard: 4 });
    await posix.dup(0);
    expect(await errorOf(() => posix.dup(0))).toBe("EMFILE");
    expect(await errorOf(() => posix.pipe())).toBe("EMFILE");
  });
});

test("ids change by the rules of setuid and seteuid", async () => {
  await inProgram(
    async (posix) => {
      await posix.seteuid(1000);
      expect([posix.getuid(), posix.geteuid()]).toEqual([1000, 1000]);
      await posix.seteuid(0);
      await posix.setuid(1000);
      expect(await errorOf(() => posix.seteuid(0))).toBe("EPERM");
      expect(await errorOf(() => posix.setuid(0))).toBe("EPERM");
      expect(await errorOf(() => posix.setgroups([1]))).toBe("EPERM");
    },
    { uid: 1000, euid: 0 },
  );
});

test("who spins on schedYield is charged, so that what it waits for comes", async () => {
  const flag = { isSet: false };
  const host = new TestHost();
  const spinner = host.start(async (posix) => {
    while (!flag.isSet) await posix.schedYield();
  });
  host.start(async (posix) => {
    await posix.usleep(20);
    flag.isSet = true;
  });
  await host.simulator.run();
  expect(spinner.endTime).toBe(20_000);
});

test("schedYield lets the others run first", async () => {
  await inProgram(async (posix) => {
    const order: string[] = [];
    posix.createThread(() => void order.push("other"));
    await posix.schedYield();
    order.push("self");
    expect(order).toEqual(["other", "self"]);
  });
});

test("sockets without a kernel are only AF_UNIX", async () => {
  await inProgram(async (posix) => {
    expect(await errorOf(() => posix.socket(linux.AF_INET, linux.SOCK_STREAM))).toBe(
      "EAFNOSUPPORT",
    );
    expect(await errorOf(() => posix.socket(linux.AF_UNIX, 77))).toBe("ESOCKTNOSUPPORT");
    expect(posix.getifaddrs()).toEqual([]);
  });
});

async function randomBytes(seed: number): Promise<string> {
  const host = new TestHost(seed);
  const buffer = new Uint8Array(16);
  host.start((posix) => void posix.getrandom(buffer));
  await host.simulator.run();
  return buffer.join(" ");
}

async function traceOf(seed: number): Promise<string> {
  const host = new TestHost(seed);
  const records: TraceRecord[] = [];
  host.simulator.tracer.onRecord((record) => records.push(record));
  host.simulator.tracer.enable("raw_syscalls:*");
  host.start(async (posix) => {
    const [reader, writer] = await posix.pipe();
    for (let i = 0; i < 10; i++) {
      posix.createThread(async () => {
        await posix.nanosleep(Math.floor(posix.random() * 1000));
        await posix.write(writer, String(i));
      });
    }
    for (let i = 0; i < 10; i++) await posix.read(reader, new Uint8Array(1));
  });
  await host.simulator.run();
  return JSON.stringify(records);
}
