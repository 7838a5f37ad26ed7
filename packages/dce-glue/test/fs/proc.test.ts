import { expect, test } from "vitest";
import * as linux from "../../src/posix/constants.ts";
import { errorOf, inProgram, TestHost } from "../process/test-host.ts";

test("/proc/self shows the process as Linux does", async () => {
  await inProgram(
    async (posix) => {
      const pid = posix.getpid();
      expect(await posix.readTextFile("/proc/self/cmdline")).toBe("a.out\0-v\0");
      expect(await posix.readTextFile(`/proc/${pid}/comm`)).toBe("main\n");
      const status = await posix.readTextFile("/proc/self/status");
      expect(status).toContain(`Pid:\t${pid}\n`);
      expect(status).toContain("State:\tR (running)\n");
      expect((await posix.readTextFile("/proc/self/stat")).split(" ").slice(0, 3)).toEqual([
        String(pid),
        "(main)",
        "R",
      ]);
      expect(posix.readdir("/proc")).toContain(String(pid));
    },
    { argv: ["a.out", "-v"] },
  );
});

test("/proc/self/fd links to what is open", async () => {
  await inProgram(async (posix) => {
    const pid = posix.getpid();
    const [reader] = await posix.pipe();
    expect(posix.readdir("/proc/self/fd")).toEqual(["0", "1", "2", "3", "4"]);
    expect(posix.readlink("/proc/self/fd/0")).toBe("/dev/null");
    expect(posix.readlink("/proc/self/fd/1")).toBe(`/var/log/${pid}/stdout`);
    expect(posix.readlink(`/proc/self/fd/${reader}`)).toMatch(/^pipe:\[\d+\]$/);
  });
});

test("/proc takes no new names, and gone processes are gone", async () => {
  await inProgram(async (posix) => {
    expect(await errorOf(() => posix.mkdir("/proc/new"))).toBe("EACCES");
    expect(await errorOf(() => posix.unlink("/proc/uptime"))).toBe("EPERM");
    expect(await errorOf(() => posix.open("/proc/99999/status"))).toBe("ENOENT");
    expect(await errorOf(() => posix.rmdir("/proc"))).toBe("EBUSY");
    await posix.nanosleep(1_230_000_000);
    expect(await posix.readTextFile("/proc/uptime")).toBe("1.23 1.23\n");
  });
});

test("/proc/sys and /proc/net are the kernel's", async () => {
  const host = new TestHost();
  const values = new Map([
    ["net/ipv4/ip_forward", "0\n"],
    ["net/ipv4/conf/sim0/forwarding", "0\n"],
    ["kernel/hostname", "node-0\n"],
  ]);
  host.manager.node.kernelFiles = {
    interfaces: () => [],
    procNetNames: () => ["dev", "arp"],
    procNet: (name) => `${name} text\n`,
    sysctlPaths: () => [...values.keys()],
    sysctlRead: (path) => values.get(path) ?? -2,
    sysctlWrite: (path, value) => {
      if (value === "x") return -22;
      values.set(path, value);
      return 0;
    },
    sysctlMode: () => 0o644,
    dmesg: () => "",
  };
  const process = host.start(async (posix) => {
    expect(await posix.readTextFile("/proc/net/dev")).toBe("dev text\n");
    expect(posix.readdir("/proc/sys")).toEqual(["net", "kernel"]);
    expect(posix.readdir("/proc/sys/net/ipv4")).toEqual(["ip_forward", "conf"]);
    await posix.writeFile("/proc/sys/net/ipv4/ip_forward", "1\n");
    expect(await posix.readTextFile("/proc/sys/net/ipv4/ip_forward")).toBe("1\n");
    expect(await errorOf(() => posix.writeFile("/proc/sys/kernel/hostname", "x"))).toBe("EINVAL");
    expect(await errorOf(() => posix.open("/proc/sys/none", linux.O_RDONLY))).toBe("ENOENT");
  });
  const other = host.start(
    async (posix) => {
      const path = "/proc/sys/net/ipv4/ip_forward";
      expect(await errorOf(() => posix.open(path, linux.O_WRONLY))).toBe("EACCES");
    },
    { uid: 1000 },
  );
  await host.simulator.run();
  expect(process.error).toBeUndefined();
  expect(other.error).toBeUndefined();
});
