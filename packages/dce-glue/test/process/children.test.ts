import { expect, test } from "vitest";
import * as linux from "../../src/posix/constants.ts";
import { programImage } from "../../src/posix/posix.ts";
import { errorOf, inProgram, TestHost } from "./test-host.ts";

test("waitpid waits for a child and tells how it ended", async () => {
  await inProgram(async (posix) => {
    const pid = posix.spawn(async (child) => {
      await child.nanosleep(100);
      return 6;
    });
    expect(await posix.waitpid(pid, linux.WNOHANG)).toEqual({ pid: 0, status: 0 });
    const { status } = await posix.waitpid(-1);
    expect(linux.WIFEXITED(status)).toBe(true);
    expect(linux.WEXITSTATUS(status)).toBe(6);
    expect(posix.now()).toBe(100);
    expect(await errorOf(() => posix.waitpid(-1))).toBe("ECHILD");
  });
});

test("a child that a signal killed shows it, and SIGCHLD says who", async () => {
  await inProgram(async (posix) => {
    const seen: unknown[] = [];
    posix.sigaction(linux.SIGCHLD, {
      handler: (_, info) => void seen.push(info),
      flags: linux.SA_RESTART,
    });
    const pid = posix.spawn((child) => child.pause());
    await posix.nanosleep(10);
    await posix.kill(pid, linux.SIGTERM);
    const { status } = await posix.waitpid(pid);
    expect(linux.WIFSIGNALED(status)).toBe(true);
    expect(linux.WTERMSIG(status)).toBe(linux.SIGTERM);
    expect(seen).toMatchObject([{ signo: linux.SIGCHLD, code: 2, pid, status: linux.SIGTERM }]);
  });
});

test("a zombie keeps its pid until it is waited for", async () => {
  await inProgram(async (posix) => {
    const pid = posix.spawn(() => 1);
    await posix.nanosleep(10);
    expect(await posix.readTextFile(`/proc/${pid}/status`)).toContain("State:\tZ (zombie)");
    await posix.waitpid(pid);
    expect(await errorOf(() => posix.readTextFile(`/proc/${pid}/status`))).toBe("ENOENT");
  });
});

test("children of a parent that ignores SIGCHLD vanish", async () => {
  await inProgram(async (posix) => {
    posix.sigaction(linux.SIGCHLD, "SIG_IGN");
    const pid = posix.spawn(() => 1);
    await posix.nanosleep(10);
    expect(await errorOf(() => posix.waitpid(pid))).toBe("ECHILD");
  });
});

test("WUNTRACED and WCONTINUED report stops", async () => {
  await inProgram(async (posix) => {
    const pid = posix.spawn((child) => child.nanosleep(100));
    await posix.kill(pid, linux.SIGSTOP);
    const stopped = await posix.waitpid(pid, linux.WUNTRACED);
    expect(linux.WIFSTOPPED(stopped.status)).toBe(true);
    expect(linux.WSTOPSIG(stopped.status)).toBe(linux.SIGSTOP);
    await posix.kill(pid, linux.SIGCONT);
    expect(linux.WIFCONTINUED((await posix.waitpid(pid, linux.WCONTINUED)).status)).toBe(true);
    expect(linux.WIFEXITED((await posix.waitpid(pid)).status)).toBe(true);
  });
});

test("a child inherits descriptors, environment, ids and folder, and not handlers", async () => {
  await inProgram(
    async (posix) => {
      const [reader, writer] = await posix.pipe();
      posix.setenv("KEY", "value");
      await posix.mkdir("/tmp/d");
      await posix.chdir("/tmp/d");
      posix.umask(0o077);
      posix.sigaction(linux.SIGTERM, () => undefined);
      const pid = posix.spawn(async (child) => {
        await child.close(reader);
        const words = [child.getenv("KEY"), child.getcwd(), child.getuid(), child.umask(0)];
        await child.write(writer, words.join(" "));
        expect(child.getppid()).toBe(posix.process.pid);
        await child.raise(linux.SIGTERM);
      });
      await posix.close(writer);
      expect(new TextDecoder().decode(await posix.readFile(reader))).toBe("value /tmp/d 1000 63");
      expect((await posix.waitpid(pid)).status).toBe(linux.SIGTERM);
    },
    { uid: 1000 },
  );
});

test("file actions wire a child up as a shell does", async () => {
  await inProgram(async (posix) => {
    const [reader, writer] = await posix.pipe2(linux.O_CLOEXEC);
    await posix.writeFile("/tmp/in", "some input");
    const pid = posix.spawn(
      async (child) => {
        const text = await child.readTextFile(0);
        await child.print(text.toUpperCase());
        expect(child.readdir("/proc/self/fd")).toEqual(["0", "1", "2"]);
      },
      {
        fileActions: [
          { action: "open", fd: 0, path: "/tmp/in", flags: linux.O_RDONLY },
          { action: "dup2", fd: writer, newFd: 1 },
        ],
      },
    );
    await posix.close(writer);
    expect(await posix.readTextFile(reader)).toBe("SOME INPUT");
    expect((await posix.waitpid(pid)).status).toBe(0);
    const bad = [{ action: "dup2", fd: 99, newFd: 1 }] as const;
    expect(await errorOf(() => posix.spawn(() => 0, { fileActions: bad }))).toBe("EBADF");
    expect(await errorOf(() => posix.spawn("no-such-program"))).toBe("ENOENT");
  });
});

test("execve goes on as another program with the same pid", async () => {
  const host = new TestHost();
  host.manager.programs.register(
    programImage(async (posix) => {
      expect(posix.argv).toEqual(["second", "arg"]);
      expect(posix.getenv("ONLY")).toBe("this");
      expect(posix.readdir("/proc/self/fd")).toEqual(["0", "1", "2", "3"]);
      await posix.print(`pid ${posix.getpid()}\n`);
      return 8;
    }, "second"),
  );
  const process = host.start(async (posix) => {
    const kept = await posix.open("/dev/null");
    await posix.open("/dev/null", linux.O_CLOEXEC);
    posix.createThread(() => posix.pause());
    expect(kept).toBe(3);
    await posix.execve("/usr/bin/second", ["second", "arg"], { ONLY: "this" });
  });
  await host.simulator.run();
  expect(process.error).toBeUndefined();
  expect(process.exitStatus).toBe(8 << 8);
  expect(host.stdout(process)).toBe(`pid ${process.pid}\n`);
});

test("signals reach a whole process group", async () => {
  await inProgram(async (posix) => {
    const first = posix.spawn((child) => child.pause(), { pgid: 0 });
    const second = posix.spawn((child) => child.pause(), { pgid: first });
    await posix.nanosleep(1);
    expect(posix.getpgid(second)).toBe(first);
    await posix.kill(-first, linux.SIGTERM);
    expect((await posix.waitpid(-first)).status).toBe(linux.SIGTERM);
    expect((await posix.waitpid(-first)).status).toBe(linux.SIGTERM);
    expect(await errorOf(() => posix.kill(-first, linux.SIGTERM))).toBe("ESRCH");
  });
});

test("orphans go to init and vanish when they end", async () => {
  const host = new TestHost();
  let grandchild = 0;
  host.start((posix) => {
    grandchild = posix.spawn(async (child) => {
      await child.nanosleep(10);
      expect(child.getppid()).toBe(1);
    });
  });
  await host.simulator.run();
  expect(host.manager.exitprocs.map((record) => record.status)).toEqual([0, 0]);
  expect(host.manager.getProcess(grandchild)).toBeUndefined();
});

test("waitid with WNOWAIT looks without taking, and without WEXITED sees no exits", async () => {
  await inProgram(async (posix) => {
    const pid = posix.spawn(() => 5);
    const look = linux.WEXITED | linux.WNOWAIT;
    expect(await posix.waitid(linux.P_PID, pid, look)).toEqual({ pid, status: 5 << 8 });
    const stops = linux.WUNTRACED | linux.WNOHANG;
    expect((await posix.waitid(linux.P_ALL, 0, stops)).pid).toBe(0);
    expect(await errorOf(() => posix.waitid(linux.P_ALL, 0, linux.WNOHANG))).toBe("EINVAL");
    expect((await posix.waitid(linux.P_ALL, 0, linux.WEXITED)).pid).toBe(pid);
  });
});
