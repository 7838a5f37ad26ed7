import { describe, expect, test } from "vitest";
import { backEnds, whySkipped } from "../world/built.ts";
import { bootedNode } from "../world/fixture.ts";
import { AF_INET, NR, SOCK_DGRAM } from "../world/numbers.ts";

const EPOLL_CTL_ADD = 1;
const EPOLLIN = 1;
const LOCALHOST = "127.0.0.1";

describe.skipIf(whySkipped !== undefined).each(backEnds)("epoll on %s", (kind) => {
  test("epoll_pwait() tells of the socket that has something to read", async () => {
    const node = await bootedNode(kind);
    node.up("lo");
    const events = node.bytes(64);
    const results: number[] = [];
    node.start(
      (function* () {
        const epoll = yield [NR.epoll_create1, 0];
        for (const port of [1, 2]) {
          const fd = yield [NR.socket, AF_INET, SOCK_DGRAM, 0];
          yield [NR.bind, fd, node.address(LOCALHOST, port), 16];
          const interest = new Uint8Array(16);
          interest[0] = EPOLLIN;
          interest[8] = port;
          yield [NR.epoll_ctl, epoll, EPOLL_CTL_ADD, fd, node.bytes(interest)];
        }
        results.push(yield [NR.epoll_pwait, epoll, events, 4, -1, 0, 8]);
      })(),
    );
    await node.world.runTo(1e9);
    const fd = node.must(NR.socket, AF_INET, SOCK_DGRAM, 0);
    node.must(NR.sendto, fd, node.bytes("x"), 1, 0, node.address(LOCALHOST, 2), 16);
    await node.world.runPrograms();
    expect(results).toEqual([1]);
    expect([node.u32(events), node.u32(events + 8)]).toEqual([EPOLLIN, 2]);
  });

  test("a timeout lasts its milliseconds and the slack of select(): a thousandth", async () => {
    const node = await bootedNode(kind);
    const start = node.world.events.now;
    let result = -1;
    node.start(
      (function* () {
        const epoll = yield [NR.epoll_create1, 0];
        result = yield [NR.epoll_pwait, epoll, node.bytes(16), 1, 250, 0, 8];
      })(),
    );
    await node.world.runPrograms();
    expect(result).toBe(0);
    expect(node.world.events.now - start).toBe(250_250_000);
  });

  test("sockPoll() tells the host of a change, until it is freed", async () => {
    const node = await bootedNode(kind);
    node.up("lo");
    const { kernel } = node;
    const reader = node.must(NR.socket, AF_INET, SOCK_DGRAM, 0);
    node.must(NR.bind, reader, node.address(LOCALHOST, 5), 16);
    expect(kernel.sockPoll(reader, EPOLLIN, 77)).toBe(0);
    const poll = kernel.machine.out;
    const writer = node.must(NR.socket, AF_INET, SOCK_DGRAM, 0);
    const send = (): number =>
      node.must(NR.sendto, writer, node.bytes("x"), 1, 0, node.address(LOCALHOST, 5), 16);
    send();
    await node.world.runTo(1e9);
    expect(node.pollEvents).toEqual([[77, expect.any(Number)]]);
    expect(kernel.sockPoll(reader, EPOLLIN, 0)).toBe(EPOLLIN);
    kernel.sockPollFree(poll);
    send();
    await node.world.runTo(2e9);
    expect(node.pollEvents).toHaveLength(1);
  });
});
