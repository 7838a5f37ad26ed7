import { describe, expect, test } from "vitest";
import { DEFAULT_MEMORY, type StacksKind } from "../../src/index.ts";
import { backEnds, whySkipped } from "../world/built.ts";
import { bootedNode, SETTLED } from "../world/fixture.ts";
import type { Node } from "../world/node.ts";
import { AF_INET, Errno, NR, SOCK_DGRAM, SOCK_STREAM } from "../world/numbers.ts";
import { nothingReceived, tcpSink, tcpSource } from "../world/traffic.ts";

const SHUT_WR = 1;
const LOCALHOST = "127.0.0.1";

async function withLoopback(kind: StacksKind, memory: number = DEFAULT_MEMORY): Promise<Node> {
  const node = await bootedNode(kind, { memory });
  node.up("lo");
  return node;
}

describe.skipIf(whySkipped !== undefined).each(backEnds)("loopback sockets on %s", (kind) => {
  test("a datagram wakes the task that waits for it, at the same instant", async () => {
    const node = await withLoopback(kind);
    const room = node.bytes(100);
    const from = node.bytes(16);
    const size = node.bytes(Uint8Array.from([16, 0, 0, 0]));
    let got = 0;
    node.start(
      (function* () {
        const fd = yield [NR.socket, AF_INET, SOCK_DGRAM, 0];
        yield [NR.bind, fd, node.address(LOCALHOST, 7), 16];
        got = yield [NR.recvfrom, fd, room, 100, 0, from, size];
      })(),
    );
    await node.world.runTo(SETTLED + 5_000_000);
    expect(got).toBe(0);
    node.start(
      (function* () {
        const fd = yield [NR.socket, AF_INET, SOCK_DGRAM, 0];
        yield [NR.sendto, fd, node.bytes("hello"), 5, 0, node.address(LOCALHOST, 7), 16];
      })(),
    );
    await node.world.runPrograms();
    expect(got).toBe(5);
    expect(node.text(room, 5)).toBe("hello");
    expect(node.kernel.machine.u8.slice(from + 4, from + 8)).toEqual(
      Uint8Array.from([127, 0, 0, 1]),
    );
    expect(node.world.events.now).toBe(SETTLED + 5_000_000);
  });

  test("accept() sleeps in one task while others run, and connect() wakes it", async () => {
    const node = await withLoopback(kind);
    const order: string[] = [];
    const room = node.bytes(16);
    node.start(
      (function* () {
        const fd = yield [NR.socket, AF_INET, SOCK_STREAM, 0];
        yield [NR.bind, fd, node.address(LOCALHOST, 80), 16];
        yield [NR.listen, fd, 1];
        order.push("listens");
        const connection = yield [NR.accept, fd, 0, 0];
        order.push("accepted");
        yield [NR.write, connection, node.bytes("hi"), 2];
        yield [NR.close, connection];
      })(),
    );
    node.start(
      (function* () {
        const fd = yield [NR.socket, AF_INET, SOCK_STREAM, 0];
        order.push("connects");
        expect(yield [NR.connect, fd, node.address(LOCALHOST, 80), 16]).toBe(0);
        expect(yield [NR.read, fd, room, 16]).toBe(2);
        expect(yield [NR.read, fd, room, 16]).toBe(0);
        order.push("end of file");
      })(),
    );
    await node.world.runPrograms();
    expect(order).toEqual(["listens", "connects", "accepted", "end of file"]);
    expect(node.text(room, 2)).toBe("hi");
  });

  test("a connection that is closed in one direction carries data in the other", async () => {
    const node = await withLoopback(kind);
    const answers: number[] = [];
    node.start(
      (function* () {
        const room = node.bytes(16);
        const fd = yield [NR.socket, AF_INET, SOCK_STREAM, 0];
        yield [NR.bind, fd, node.address(LOCALHOST, 81), 16];
        yield [NR.listen, fd, 1];
        const connection = yield [NR.accept, fd, 0, 0];
        while ((yield [NR.read, connection, room, 16]) > 0);
        yield [NR.write, connection, node.bytes("after all"), 9];
        yield [NR.close, connection];
      })(),
    );
    node.start(
      (function* () {
        const room = node.bytes(16);
        const fd = yield [NR.socket, AF_INET, SOCK_STREAM, 0];
        yield [NR.connect, fd, node.address(LOCALHOST, 81), 16];
        yield [NR.write, fd, node.bytes("x"), 1];
        yield [NR.shutdown, fd, SHUT_WR];
        answers.push(yield [NR.read, fd, room, 16]);
        answers.push(yield [NR.read, fd, room, 16]);
      })(),
    );
    await node.world.runPrograms();
    expect(answers).toEqual([9, 0]);
  });

  test("a refused connection says so", async () => {
    const node = await withLoopback(kind);
    let result = 0;
    node.start(
      (function* () {
        const fd = yield [NR.socket, AF_INET, SOCK_STREAM, 0];
        result = yield [NR.connect, fd, node.address(LOCALHOST, 9), 16];
      })(),
    );
    await node.world.runPrograms();
    expect(result).toBe(-Errno.ECONNREFUSED);
  });

  test("ten connections at once carry a megabyte each, intact", async () => {
    // In less the kernel resets connections that were closed with much unsent (tcp_mem).
    const node = await withLoopback(kind, 32 * 1024 * 1024);
    const received = Array.from({ length: 10 }, nothingReceived);
    received.forEach((sink, index) => node.start(tcpSink(node, LOCALHOST, 100 + index, sink)));
    received.forEach((_, index) => node.start(tcpSource(node, LOCALHOST, 100 + index, 1_000_000)));
    await node.world.runPrograms(60e9);
    expect(received.map((sink) => sink.octets)).toEqual(received.map(() => 1_000_000));
    expect(received.every((sink) => sink.error === 0)).toBe(true);
    expect(node.kernel.log.warnings).toEqual([]);
  });
});
