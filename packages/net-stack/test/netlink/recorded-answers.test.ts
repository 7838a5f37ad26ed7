/**
 * Requests and the answers of Linux 6.18, recorded with our own requests in a network namespace
 * that has lo and eth0 (index 2, up, 10.0.0.1/24), and IPv6 off.
 */
import { expect, test } from "vitest";
import {
  NETLINK_CAP_ACK,
  NETLINK_EXT_ACK,
  NETLINK_GET_STRICT_CHK,
} from "../../src/netlink/netlink.ts";
import { withNetwork } from "../host/network.ts";
import recordings from "./recorded-answers.json" with { type: "json" };
import { hex, RouteSocket, toHex } from "./route-socket.ts";

const OPTIONS: Readonly<Record<string, readonly number[]>> = {
  extended: [NETLINK_EXT_ACK],
  plain: [],
  capped: [NETLINK_CAP_ACK],
  strict: [NETLINK_EXT_ACK, NETLINK_GET_STRICT_CHK],
};

test.each(recordings)("$name ($options)", ({ options, type, flags, body, answer }) => {
  withNetwork(function* (network) {
    const a = yield* network.node("a");
    const [dev] = yield* network.wire(a, yield* network.node("b"));
    yield* a.address(dev, "10.0.0.1/24");
    const socket = yield* RouteSocket.open(a, ...(OPTIONS[options] ?? []));
    const [got] = yield* socket.ask(type, flags, hex(body));
    expect(got?.seq).toBe(1);
    expect({ type: got?.type, flags: got?.flags, payload: toHex(got?.payload ?? hex()) }).toEqual(
      answer,
    );
  });
});
