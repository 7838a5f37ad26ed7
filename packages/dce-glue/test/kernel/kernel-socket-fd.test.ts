import { describe, expect, test } from "vitest";
import {
  AF_INET,
  EPOLL_CTL_ADD,
  EPOLLET,
  MSG_DONTWAIT,
  POLLHUP,
  POLLIN,
  POLLOUT,
  type Posix,
  SIGALRM,
  SIGTERM,
  SO_ERROR,
  SO_TYPE,
  SOCK_DGRAM,
  SOCK_NONBLOCK,
  SOCK_STREAM,
  SOL_SOCKET,
} from "../../src/posix/index.ts";
import { runScenario } from "../../src/scenario/run-scenario.ts";
import { simulation } from "../../src/scenario/simulation.ts";
import { onOneHost as onHost } from "./one-host.ts";
import { registerSlowKernel, slowCalls } from "./slow-kernel.ts";

const MS = 1_000_000;
const FIONREAD = 0x541b;
const SERVER = { address: "127.0.0.1", port: 7 };
const decoder = new TextDecoder();

/** The kernel that may answer at once, and one that makes every call wait: programs see no difference. */
const KERNELS = ["emulated", registerSlowKernel()];

/** A kernel that takes microseconds does the same in the same millisecond. */
function ms(posix: Posix): number {
  return Math.round(posix.now() / MS);
}

async function codeOf(call: () => unknown): Promise<string> {
  try {
    await call();
    return "no error";
  } catch (error) {
    return error instanceof Error && "code" in error ? String(error.code) : String(error);
  }
}

async function listening(posix: Posix): Promise<number> {
  const listener = await posix.socket(AF_INET, SOCK_STREAM);
  await posix.bind(listener, SERVER);
  await posix.listen(listener, 5);
  return listener;
}

async function receiver(posix: Posix): Promise<number> {
  const socket = await posix.socket(AF_INET, SOCK_DGRAM);
  await posix.bind(socket, SERVER);
  return socket;
}

async function sends(posix: Posix, ...texts: string[]): Promise<void> {
  const socket = await posix.socket(AF_INET, SOCK_DGRAM);
  for (const text of texts) await posix.sendto(socket, text, SERVER);
}

async function accepts(posix: Posix): Promise<void> {
  await posix.accept(await listening(posix));
}

async function receives(posix: Posix): Promise<void> {
  const socket = await posix.socket(AF_INET, SOCK_DGRAM);
  await posix.recv(socket, new Uint8Array(1));
}

describe.each(KERNELS)("over the kernel %s", (kernel) => {
  const onOneHost = (programs: Parameters<typeof onHost>[0]): Promise<unknown> =>
    onHost(programs, { kernel });

  describe("blocking calls", () => {
    test("accept in one process and connect in another: the wait that stopped LKL in DCE", async () => {
      const log: string[] = [];
      await onOneHost([
        [
          0,
          async (posix) => {
            const connection = await posix.accept(await listening(posix));
            log.push(`accepted at ${ms(posix)}`);
            const buffer = new Uint8Array(10);
            log.push(decoder.decode(buffer.subarray(0, await posix.read(connection, buffer))));
            await posix.write(connection, "pong");
          },
        ],
        [
          5,
          async (posix) => {
            const connection = await posix.socket(AF_INET, SOCK_STREAM);
            await posix.connect(connection, SERVER);
            await posix.write(connection, "ping");
            const buffer = new Uint8Array(10);
            log.push(decoder.decode(buffer.subarray(0, await posix.read(connection, buffer))));
          },
        ],
      ]);
      expect(log).toEqual(["accepted at 5", "ping", "pong"]);
    });

    test("errors are the kernel's", async () => {
      await onOneHost([
        [
          0,
          async (posix) => {
            const socket = await posix.socket(AF_INET, SOCK_STREAM);
            expect(await codeOf(() => posix.connect(socket, SERVER))).toBe("ECONNREFUSED");
            const other = await posix.socket(AF_INET, SOCK_DGRAM);
            const outside = { address: "192.0.2.1", port: 1 };
            expect(await codeOf(() => posix.sendto(other, "x", outside))).toBe("ENETUNREACH");
            expect(await codeOf(() => posix.bind(other, { address: "10.9.9.9", port: 1 }))).toBe(
              "EADDRNOTAVAIL",
            );
            expect(await codeOf(() => posix.listen(other, 1))).toBe("EOPNOTSUPP");
            expect(await codeOf(() => posix.getpeername(other))).toBe("ENOTCONN");
            expect(await codeOf(() => posix.socket(10, SOCK_STREAM))).toBe("EAFNOSUPPORT");
            expect(await posix.getsockopt(other, SOL_SOCKET, SO_TYPE)).toBe(SOCK_DGRAM);
          },
        ],
      ]);
    });

    test("many threads of control wait at once, and each gets its own", async () => {
      const got: string[] = [];
      const clients = Array.from({ length: 20 }, (_, i) => {
        async function client(posix: Posix): Promise<void> {
          const connection = await posix.socket(AF_INET, SOCK_STREAM);
          await posix.connect(connection, SERVER);
          await posix.write(connection, `${i}`);
          const buffer = new Uint8Array(10);
          got.push(decoder.decode(buffer.subarray(0, await posix.read(connection, buffer))));
        }
        return [1 + i, client] as const;
      });
      await onOneHost([
        [
          0,
          async (posix) => {
            const listener = await listening(posix);
            const connections: number[] = [];
            for (let i = 0; i < 20; i++) connections.push(await posix.accept(listener));
            const buffer = new Uint8Array(10);
            for (const connection of connections.toReversed()) {
              const length = await posix.read(connection, buffer);
              await posix.write(connection, buffer.slice(0, length));
            }
          },
        ],
        ...clients,
      ]);
      expect(got).toEqual(Array.from({ length: 20 }, (_, i) => `${19 - i}`));
    });
  });

  describe("signals", () => {
    test("a handled signal ends a wait in the kernel with EINTR, and the next call works", async () => {
      const log: string[] = [];
      await onOneHost([
        [
          0,
          async (posix) => {
            const socket = await receiver(posix);
            posix.sigaction(SIGALRM, {
              handler: () => void log.push(`alarm at ${ms(posix)}`),
            });
            posix.setitimer({ valueNs: 30 * MS, intervalNs: 0 });
            const buffer = new Uint8Array(10);
            log.push(await codeOf(() => posix.recv(socket, buffer)));
            const length = await posix.recv(socket, buffer);
            log.push(`${decoder.decode(buffer.subarray(0, length))} at ${ms(posix)}`);
          },
        ],
        [50, (posix) => sends(posix, "late")],
      ]);
      expect(log).toEqual(["alarm at 30", "EINTR", "late at 50"]);
    });

    test("with SA_RESTART the call goes on", async () => {
      const log: string[] = [];
      await onOneHost([
        [
          0,
          async (posix) => {
            const socket = await receiver(posix);
            posix.sigaction(SIGALRM, { handler: () => void log.push("alarm"), flags: 0x1000_0000 });
            posix.setitimer({ valueNs: 30 * MS, intervalNs: 0 });
            const buffer = new Uint8Array(10);
            log.push(`${await codeOf(() => posix.recv(socket, buffer))} at ${ms(posix)}`);
          },
        ],
        [50, (posix) => sends(posix, "late")],
      ]);
      expect(log).toEqual(["alarm", "no error at 50"]);
    });

    test("a fatal signal ends a process that waits in accept, connect and recv, and frees what it had", async () => {
      const scenario = simulation({}, (sim) => {
        const host = sim.node("host");
        const victims = [accepts, receives].map((program) =>
          host.start(program, { expect: "SIGTERM" }),
        );
        async function killer(posix: Posix): Promise<void> {
          for (const victim of victims) await posix.kill(victim.pid ?? 0, SIGTERM);
        }
        host.start(killer, { at: "10ms" });
        return () => [
          ...victims.map((one) => Math.round((one.endNs ?? 0) / MS)),
          host.proc("/proc/net/sockstat"),
        ];
      });
      const run = await runScenario(scenario, { kernel });
      expect(run.ok).toBe(true);
      expect(run.result).toEqual([10, 10, expect.stringContaining("sockets: used 0")]);
      expect(run.leaks).toMatchObject({ fileDescriptors: 0, packets: 0, tasks: 0 });
    });

    test("after a kernel call a thread's other waits can be interrupted as before", async () => {
      const log: string[] = [];
      await onOneHost([
        [
          0,
          async (posix) => {
            const socket = await receiver(posix);
            await posix.recv(socket, new Uint8Array(1));
            posix.sigaction(SIGALRM, { handler: () => void log.push("alarm") });
            posix.setitimer({ valueNs: 30 * MS, intervalNs: 0 });
            const [readEnd] = await posix.pipe();
            log.push(await codeOf(() => posix.read(readEnd, new Uint8Array(1))));
          },
        ],
        [5, (posix) => sends(posix, "x")],
      ]);
      expect(log).toEqual(["alarm", "EINTR"]);
    });
  });

  describe("without waiting", () => {
    test("MSG_DONTWAIT and O_NONBLOCK give EAGAIN", async () => {
      await onOneHost([
        [
          0,
          async (posix) => {
            const socket = await receiver(posix);
            const buffer = new Uint8Array(1);
            expect(await codeOf(() => posix.recv(socket, buffer, MSG_DONTWAIT))).toBe("EAGAIN");
            const listener = await posix.socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK);
            await posix.bind(listener, SERVER);
            await posix.listen(listener, 1);
            expect(await codeOf(() => posix.accept(listener))).toBe("EAGAIN");
          },
        ],
      ]);
    });

    test("connect is in progress, and poll tells when it is done", async () => {
      await onOneHost([
        [
          0,
          async (posix) => {
            const connection = await posix.socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK);
            await posix.bind(connection, { address: "127.0.0.1", port: 4000 });
            const code = await codeOf(() => posix.connect(connection, SERVER));
            expect(["EINPROGRESS", "ECONNREFUSED"]).toContain(code);
            const listener = await listening(posix);
            const client = await posix.socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK);
            const second = await codeOf(() => posix.connect(client, SERVER));
            expect(["EINPROGRESS", "no error"]).toContain(second);
            const fds = [{ fd: client, events: POLLOUT, revents: 0 }];
            expect(await posix.poll(fds, 1000)).toBe(1);
            expect(fds[0]?.revents).toBe(POLLOUT);
            expect(await posix.getsockopt(client, SOL_SOCKET, SO_ERROR)).toBe(0);
            await posix.accept(listener);
          },
        ],
      ]);
    });
  });

  describe("poll and epoll on sockets of the kernel", () => {
    test("poll waits for data, its timeout, and the end of a connection", async () => {
      const log: string[] = [];
      await onOneHost([
        [
          0,
          async (posix) => {
            const connection = await posix.accept(await listening(posix));
            const fds = [{ fd: connection, events: POLLIN, revents: 0 }];
            log.push(`${await posix.poll(fds, 10)} at ${ms(posix)}`);
            log.push(`${await posix.poll(fds, -1)} at ${ms(posix)}: ${fds[0]?.revents}`);
            const buffer = new Uint8Array(10);
            await posix.read(connection, buffer);
            await posix.poll(fds, -1);
            log.push(`${(fds[0]?.revents ?? 0) & (POLLIN | POLLHUP)} at ${ms(posix)}`);
            log.push(`read ${await posix.read(connection, buffer)}`);
          },
        ],
        [
          5,
          async (posix) => {
            const connection = await posix.socket(AF_INET, SOCK_STREAM);
            await posix.connect(connection, SERVER);
            await posix.nanosleep(20 * MS);
            await posix.write(connection, "x");
            await posix.nanosleep(20 * MS);
          },
        ],
      ]);
      expect(log).toEqual(["0 at 15", `1 at 25: ${POLLIN}`, `${POLLIN} at 45`, "read 0"]);
    });

    test("epoll reports levels again and edges once, over many sockets", async () => {
      const log: string[] = [];
      await onOneHost([
        [
          0,
          async (posix) => {
            const socket = await receiver(posix);
            const level = await posix.epollCreate();
            const edge = await posix.epollCreate();
            await posix.epollCtl(level, EPOLL_CTL_ADD, socket, { events: POLLIN, data: socket });
            await posix.epollCtl(edge, EPOLL_CTL_ADD, socket, {
              events: POLLIN | EPOLLET,
              data: socket,
            });
            // A kernel that takes its time brings the second datagram later than the first.
            await posix.nanosleep(20 * MS);
            log.push(`${(await posix.epollWait(edge, 8, -1)).length} at ${ms(posix)}`);
            for (let i = 0; i < 2; i++) {
              log.push(`level ${(await posix.epollWait(level, 8, 0)).length}`);
              log.push(`edge ${(await posix.epollWait(edge, 8, 0)).length}`);
            }
            const buffer = new Uint8Array(10);
            await posix.recv(socket, buffer);
            await posix.recv(socket, buffer);
            log.push(`level ${(await posix.epollWait(level, 8, 0)).length}`);
            log.push(`edge ${(await posix.epollWait(edge, 8, -1)).length} at ${ms(posix)}`);
          },
        ],
        [10, (posix) => sends(posix, "a", "b")],
        [30, (posix) => sends(posix, "c")],
      ]);
      expect(log).toEqual([
        "1 at 20",
        "level 1",
        "edge 0",
        "level 1",
        "edge 0",
        "level 0",
        "edge 1 at 30",
      ]);
    });
  });

  test("names, options and shutdown: what is short is not lost when the call waits", async () => {
    await onOneHost([
      [
        0,
        async (posix) => {
          const { fd, address } = await posix.acceptFrom(await listening(posix));
          expect(address).toEqual({ family: "AF_INET", address: "127.0.0.1", port: 4001 });
          expect(await posix.getpeername(fd)).toEqual(address);
          expect(await posix.getsockname(fd)).toEqual({ family: "AF_INET", ...SERVER });
          const pending = new Uint8Array(4);
          expect(await posix.ioctl(fd, FIONREAD, pending)).toBe(0);
          expect(await posix.read(fd, new Uint8Array(1))).toBe(0);
          await posix.close(fd);
          expect(await codeOf(() => posix.getsockname(fd))).toBe("EBADF");
        },
      ],
      [
        5,
        async (posix) => {
          const connection = await posix.socket(AF_INET, SOCK_STREAM);
          await posix.bind(connection, { address: "127.0.0.1", port: 4001 });
          await posix.setNoDelay(connection, true);
          expect(await posix.getsockopt(connection, 6, 1)).toBe(1);
          expect(await codeOf(() => posix.getsockopt(connection, 6, 999))).toBe("ENOPROTOOPT");
          await posix.connect(connection, SERVER);
          await posix.shutdown(connection, 1);
          await posix.nanosleep(MS);
        },
      ],
    ]);
  });

  test("a process that is killed inside of socket() and accept() leaves no socket behind", async () => {
    const scenario = simulation({}, (sim) => {
      const host = sim.node("host");
      const victim = host.start(accepts, { expect: "any" });
      async function knocks(posix: Posix): Promise<void> {
        const connection = await posix.socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK);
        // The connection is there for accept() and the signal comes before its thread runs.
        await codeOf(() => posix.connect(connection, SERVER));
        await posix.kill(victim.pid ?? 0, SIGTERM);
      }
      host.start(knocks, { at: "10ms" });
      const second = host.start(accepts, { at: "20ms", expect: "SIGTERM" });
      host.start(async (posix) => void (await posix.kill(second.pid ?? 0, SIGTERM)), {
        at: "20ms",
      });
    });
    const run = await runScenario(scenario, { kernel });
    expect(run.processes.map((one) => one.asExpected)).toEqual([true, true, true, true]);
    expect(run.leaks).toMatchObject({ fileDescriptors: 0, packets: 0, tasks: 0, hostObjects: 0 });
  });
});

test("every socket call of the kernel has waited in these tests", () => {
  expect([...slowCalls.keys()].toSorted()).toEqual([
    "accept",
    "bind",
    "close",
    "connect",
    "getpeername",
    "getsockname",
    "getsockopt",
    "ioctl",
    "listen",
    "recvmsg",
    "sendmsg",
    "setsockopt",
    "shutdown",
    "socket",
  ]);
});
