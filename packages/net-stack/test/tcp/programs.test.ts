import type { Blocked, Wait } from "@dcejs/lkl-kernel";
import { expect, test } from "vitest";
import { Socket } from "../../src/socket/socket.ts";
import type { Enter, TestHost } from "./hosts.ts";
import { Pair, SERVER_ADDR, SERVER_PORT } from "./pair.ts";
import { message, sockaddr } from "./wire.ts";

function open(host: TestHost): Socket {
  const socket = host.call(() => host.net.sock_create(2, 1, 0));
  if (typeof socket === "number") throw new Error(`sock_create: ${socket}`);
  return socket;
}

/** accept() in a program: sleeps until there is a connection. */
function* accept(enter: Enter, listener: Socket): Generator<Blocked, Socket, number> {
  let accepted: Socket | undefined;
  const take = (result: Socket | number): number => {
    if (typeof result === "number") return result;
    accepted = result;
    return 0;
  };
  const error = yield* enter(() => {
    const result = listener.accept(0);
    return typeof result === "number" || result instanceof Socket
      ? take(result)
      : takeLater(result, take);
  });
  if (accepted === undefined) throw new Error(`accept: ${error}`);
  return accepted;
}

function* takeLater(waiting: Wait<Socket | number>, take: (s: Socket | number) => number): Wait {
  return take(yield* waiting);
}

function timeoutOption(seconds: number): Uint8Array {
  const bytes = new Uint8Array(16);
  new DataView(bytes.buffer).setUint32(0, seconds, true);
  return bytes;
}

test("accept, connect, send and recv sleep until they can go on", () => {
  const pair = new Pair();
  const log: string[] = [];
  const at = (what: string): void => {
    log.push(`${Math.round(pair.world.now / 1e6)} ms ${what}`);
  };
  pair.server.program("server", function* (enter) {
    const listener = open(pair.server);
    yield* enter(() => listener.bind(sockaddr(0, SERVER_PORT)));
    yield* enter(() => listener.listen(5));
    const peer = yield* accept(enter, listener);
    at("accepted");
    const buffer = new Uint8Array(100_000);
    let total = 0;
    for (;;) {
      const n = yield* enter(() => peer.recvmsg(message(buffer), 0));
      if (n === 0) break;
      expect(n).toBeGreaterThan(0);
      total += n;
    }
    at(`read ${total}`);
    yield* enter(() => peer.sendmsg(message(Uint8Array.of(1, 2, 3)), 0));
    yield* enter(() => peer.release());
    yield* enter(() => listener.release());
  });
  pair.client.program("client", function* (enter) {
    const socket = open(pair.client);
    const address = sockaddr(SERVER_ADDR, SERVER_PORT);
    expect(yield* enter(() => socket.connect(address, 0))).toBe(0);
    at("connected");
    // More than the send buffer holds: the call sleeps, and takes all.
    const data = new Uint8Array(600_000);
    expect(yield* enter(() => socket.sendmsg(message(data), 0))).toBe(600_000);
    yield* enter(() => socket.shutdown(1));
    const buffer = new Uint8Array(10);
    expect(yield* enter(() => socket.recvmsg(message(buffer), 0))).toBe(3);
    at("answered");
    yield* enter(() => socket.release());
  });
  expect(pair.runPrograms()).toEqual([]);
  expect(log.map((line) => line.replace(/^\d+ ms /, ""))).toEqual([
    "connected",
    "accepted",
    "read 600000",
    "answered",
  ]);
  expect(pair.leftovers()["skbs"]).toBe(0);
  expect(pair.leftovers()["timers"]).toBe(0);
});

test("SO_RCVTIMEO ends a read with EAGAIN, MSG_WAITALL waits for everything", () => {
  const pair = new Pair();
  const results: number[] = [];
  pair.server.program("server", function* (enter) {
    const listener = open(pair.server);
    yield* enter(() => listener.bind(sockaddr(0, SERVER_PORT)));
    yield* enter(() => listener.listen(5));
    const peer = yield* accept(enter, listener);
    yield* enter(() => peer.setsockopt(1, 20, timeoutOption(2)));
    const start = pair.world.now;
    results.push(yield* enter(() => peer.recvmsg(message(new Uint8Array(10)), 0)));
    results.push(Math.round((pair.world.now - start) / 1e9));
    yield* enter(() => peer.sendmsg(message(new Uint8Array(1)), 0));
    results.push(yield* enter(() => peer.recvmsg(message(new Uint8Array(3000)), 0x100)));
    yield* enter(() => peer.release());
    yield* enter(() => listener.release());
  });
  pair.client.program("client", function* (enter) {
    const socket = open(pair.client);
    yield* enter(() => socket.connect(sockaddr(SERVER_ADDR, SERVER_PORT), 0));
    yield* enter(() => socket.recvmsg(message(new Uint8Array(1)), 0));
    for (let i = 0; i < 3; i++) {
      yield* enter(() => socket.sendmsg(message(new Uint8Array(1000)), 0));
    }
    yield* enter(() => socket.recvmsg(message(new Uint8Array(1)), 0));
    yield* enter(() => socket.release());
  });
  expect(pair.runPrograms()).toEqual([]);
  expect(results).toEqual([-11, 2, 3000]);
});

test("SO_LINGER makes close() wait until the peer has acknowledged everything", () => {
  const pair = new Pair({ delay: 200e6 });
  let closedAfter = 0;
  pair.server.program("server", function* (enter) {
    const listener = open(pair.server);
    yield* enter(() => listener.bind(sockaddr(0, SERVER_PORT)));
    yield* enter(() => listener.listen(5));
    const peer = yield* accept(enter, listener);
    while ((yield* enter(() => peer.recvmsg(message(new Uint8Array(1000)), 0))) > 0);
    yield* enter(() => peer.release());
    yield* enter(() => listener.release());
  });
  pair.client.program("client", function* (enter) {
    const socket = open(pair.client);
    yield* enter(() => socket.connect(sockaddr(SERVER_ADDR, SERVER_PORT), 0));
    yield* enter(() => socket.setsockopt(1, 13, Uint8Array.of(1, 0, 0, 0, 10, 0, 0, 0)));
    yield* enter(() => socket.sendmsg(message(new Uint8Array(1000)), 0));
    const start = pair.world.now;
    yield* enter(() => socket.release());
    closedAfter = (pair.world.now - start) / 1e9;
  });
  expect(pair.runPrograms()).toEqual([]);
  expect(closedAfter).toBeGreaterThanOrEqual(0.4);
  expect(closedAfter).toBeLessThan(0.5);
});

test("a connection to oneself over lo works", () => {
  const pair = new Pair();
  let got = 0;
  pair.client.program("self", function* (enter) {
    const listener = open(pair.client);
    yield* enter(() => listener.bind(sockaddr(0x7f000001, 7000)));
    yield* enter(() => listener.listen(5));
    const socket = open(pair.client);
    yield* enter(() => socket.connect(sockaddr(0x7f000001, 7000), 0));
    const peer = yield* accept(enter, listener);
    yield* enter(() => socket.sendmsg(message(new Uint8Array(50_000)), 0));
    while (got < 50_000) {
      got += yield* enter(() => peer.recvmsg(message(new Uint8Array(65_536)), 0));
    }
    yield* enter(() => socket.release());
    yield* enter(() => peer.release());
    yield* enter(() => listener.release());
  });
  expect(pair.runPrograms()).toEqual([]);
  expect(got).toBe(50_000);
});
