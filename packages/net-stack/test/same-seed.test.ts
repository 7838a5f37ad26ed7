import { expect, test } from "vitest";
import { SOCK_DGRAM } from "../src/index.ts";
import { at, routedNetwork, withNetwork } from "./host/network.ts";

function run(): string {
  let wire = "";
  withNetwork(function* (network) {
    const { client } = yield* routedNetwork(network, {
      tap: ({ bytes, offset, length }) => {
        wire += `${network.host.now} ${bytes.subarray(offset, offset + length).join(" ")}\n`;
      },
    });
    const socket = yield* client.socket(SOCK_DGRAM);
    for (let i = 0; i < 5; i++) {
      yield* client.send(socket, new Uint8Array(4000).fill(i), at("10.0.1.1", 9));
    }
    yield* network.sleep(60e9);
    yield* client.close(socket);
  });
  return wire;
}

test("the same run puts the same octets on the wire at the same times", () => {
  const first = run();
  expect(first.split("\n").length).toBeGreaterThan(10);
  expect(run()).toBe(first);
});
