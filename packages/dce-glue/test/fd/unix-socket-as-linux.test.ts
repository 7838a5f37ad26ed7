/** Poll masks and errors of AF_UNIX sockets as measured on Linux 6.18. */
import { expect, test } from "vitest";
import type { Posix } from "../../src/posix/posix.ts";
import * as linux from "../../src/posix/constants.ts";
import { errorOf, inProgram } from "../process/test-host.ts";

const { SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET } = linux;

async function mask(posix: Posix, fd: number): Promise<string> {
  const element = { fd, events: 0x3fff, revents: 0 };
  await posix.poll([element], 0);
  return `0x${element.revents.toString(16)}`;
}

/** Errno name, or the result, of a receive and a send that do not wait. */
async function recv(posix: Posix, fd: number): Promise<string | number> {
  let count = 0;
  const error = await errorOf(async () => {
    count = await posix.recv(fd, new Uint8Array(10), linux.MSG_DONTWAIT);
  });
  return error === "" ? count : error;
}

function send(posix: Posix, fd: number): Promise<string> {
  return errorOf(() => posix.send(fd, "x", linux.MSG_DONTWAIT | linux.MSG_NOSIGNAL));
}

test.each([
  [SOCK_STREAM, "0x314", "EINVAL", "EINVAL"],
  [SOCK_DGRAM, "0x304", "EAGAIN", "EOPNOTSUPP"],
  [SOCK_SEQPACKET, "0x314", "ENOTCONN", "EINVAL"],
])(
  "a new socket of type %i is %s, recv gives %s, listen %s",
  async (type, poll, received, listen) => {
    await inProgram(async (posix) => {
      const fd = await posix.socket(linux.AF_UNIX, type);
      expect(await mask(posix, fd)).toBe(poll);
      expect(await recv(posix, fd)).toBe(received);
      expect(await send(posix, fd)).toBe("ENOTCONN");
      expect(await errorOf(() => posix.getpeername(fd))).toBe("ENOTCONN");
      expect(await errorOf(() => posix.listen(fd, 1))).toBe(listen);
      expect(await posix.shutdown(fd, linux.SHUT_RDWR)).toBe(0);
    });
  },
);

test.each([SOCK_STREAM, SOCK_SEQPACKET])("a listener of type %i and its clients", async (type) => {
  await inProgram(async (posix) => {
    const server = await posix.socket(linux.AF_UNIX, type);
    const name = { path: "\0name" };
    await posix.bind(server, name);
    await posix.listen(server, 1);
    expect(await mask(posix, server)).toBe("0x0");
    expect(await send(posix, server)).toBe("ENOTCONN");
    const clients: number[] = [];
    const results: string[] = [];
    for (let i = 0; i < 3; i++) {
      const client = await posix.socket(linux.AF_UNIX, type | linux.SOCK_NONBLOCK);
      results.push(await errorOf(() => posix.connect(client, name)));
      clients.push(client);
    }
    expect(results).toEqual(["", "", "EAGAIN"]);
    const [first = -1] = clients;
    expect(await mask(posix, first)).toBe("0x304");
    expect(await mask(posix, server)).toBe("0x41");
    expect(await errorOf(() => posix.connect(first, name))).toBe("EAGAIN");
    await posix.close(server);
    expect(await mask(posix, first)).toBe("0x235d");
    expect([await recv(posix, first), await recv(posix, first)]).toEqual(["ECONNRESET", 0]);
  });
});

test.each([
  [SOCK_STREAM, "0x2355", "0x2355", 0, "EPIPE"],
  [SOCK_DGRAM, "0x345", "0x304", "EAGAIN", "ECONNREFUSED"],
  [SOCK_SEQPACKET, "0x2355", "0x2355", 0, "EPIPE"],
])("a pair of type %i whose peer closed", async (type, withData, without, received, sent) => {
  await inProgram(async (posix) => {
    const [a, b] = await posix.socketpair(linux.AF_UNIX, type);
    expect(await mask(posix, a)).toBe("0x304");
    await posix.send(a, "abc");
    expect(await mask(posix, b)).toBe("0x345");
    await posix.close(a);
    expect(await mask(posix, b)).toBe(withData);
    expect([await recv(posix, b), await recv(posix, b)]).toEqual([3, received]);
    expect(await mask(posix, b)).toBe(without);
    expect(await send(posix, b)).toBe(sent);
    const isConnected = (await errorOf(() => posix.getpeername(b))) === "";
    expect(isConnected).toBe(type !== SOCK_DGRAM);
  });
});

test.each([
  [SOCK_STREAM, "0x235d", ["EPIPE", "ECONNRESET", 0, "EPIPE"]],
  [SOCK_DGRAM, "0x304", ["ECONNREFUSED", "EAGAIN", "EAGAIN", "ENOTCONN"]],
  [SOCK_SEQPACKET, "0x235d", ["ECONNRESET", 0, 0, "EPIPE"]],
])("a pair of type %i whose peer closed without reading", async (type, poll, results) => {
  await inProgram(async (posix) => {
    const [a, b] = await posix.socketpair(linux.AF_UNIX, type);
    await posix.send(a, "unread");
    await posix.close(b);
    expect(await mask(posix, a)).toBe(poll);
    const first = await send(posix, a);
    const received = [await recv(posix, a), await recv(posix, a)];
    expect([first, ...received, await send(posix, a)]).toEqual(results);
  });
});

test.each([
  [SOCK_STREAM, "0x2345"],
  [SOCK_DGRAM, "0x304"],
  [SOCK_SEQPACKET, "0x2345"],
])("shutdown(SHUT_WR) of one of a pair of type %i shows as %s at the other", async (type, poll) => {
  await inProgram(async (posix) => {
    const [a, b] = await posix.socketpair(linux.AF_UNIX, type);
    await posix.send(b, "zz");
    await posix.shutdown(a, linux.SHUT_WR);
    expect(await mask(posix, a)).toBe("0x345");
    expect(await mask(posix, b)).toBe(poll);
  });
});
