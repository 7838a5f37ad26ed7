import { Errno } from "@dcejs/lkl-kernel";
import { expect, test } from "vitest";
import { SOCK_DGRAM, SOCK_RAW, SOCK_STREAM } from "../../src/index.ts";
import type { Socket } from "../../src/index.ts";
import { at, int, withNetwork } from "../host/network.ts";
import type { Node } from "../host/network.ts";

const SOL_SOCKET = 1;
const IPPROTO_ICMP = 1;
const USER = { uid: 1000, gid: 100, euid: 1000, egid: 100 };
const ROOT = { uid: 0, gid: 0, euid: 0, egid: 0 };

/** Calls of a task that is the user's. */
function asUser(
  body: (node: Node, socket: (type: number, protocol?: number) => Socket) => void,
): void {
  withNetwork(function* (network) {
    const node = yield* network.node("a");
    const made: Socket[] = [];
    yield* node.do(() => {
      const { current } = node.kernel;
      current.cred = USER;
      body(node, (type, protocol = 0) => {
        const socket = node.net.sock_create(2, type, protocol);
        if (typeof socket === "number") throw new Error(`socket: ${socket}`);
        made.push(socket);
        return socket;
      });
      current.cred = ROOT;
    });
    for (const socket of made) yield* node.close(socket);
  });
}

test("ports below ip_unprivileged_port_start are root's: EACCES, after what is wrong with the address", () => {
  asUser((node, socket) => {
    for (const type of [SOCK_STREAM, SOCK_DGRAM]) {
      const one = socket(type);
      expect(one.bind(at("0.0.0.0", 1023))).toBe(-Errno.EACCES);
      expect(one.bind(at("10.9.9.9", 1023))).toBe(-Errno.EADDRNOTAVAIL);
      expect(one.bind(at("0.0.0.0", 1024))).toBe(0);
      // The right is asked for before the state of the socket.
      expect(one.bind(at("0.0.0.0", 1023))).toBe(-Errno.EACCES);
      expect(one.bind(at("0.0.0.0", 1025))).toBe(-Errno.EINVAL);
      expect(socket(type).bind(at("0.0.0.0", 0))).toBe(0);
    }
    node.sysctl.set("net.ipv4.ip_unprivileged_port_start", 80);
    expect(socket(SOCK_STREAM).bind(at("0.0.0.0", 79))).toBe(-Errno.EACCES);
    expect(socket(SOCK_STREAM).bind(at("0.0.0.0", 80))).toBe(0);
  });
});

test("raw sockets are root's: EPERM, but first what is unknown", () => {
  asUser(({ net }) => {
    expect(net.sock_create(2, SOCK_RAW, 17)).toBe(-Errno.EPERM);
    expect(net.sock_create(2, SOCK_RAW, 0)).toBe(-Errno.EPROTONOSUPPORT);
  });
});

test("ping sockets are for the groups of ping_group_range, and their identifiers for all", () => {
  asUser((node, socket) => {
    node.sysctl.set("net.ipv4.ping_group_range", "0 99");
    expect(node.net.sock_create(2, SOCK_DGRAM, IPPROTO_ICMP)).toBe(-Errno.EACCES);
    node.sysctl.set("net.ipv4.ping_group_range", "0 100");
    expect(socket(SOCK_DGRAM, IPPROTO_ICMP).bind(at("127.0.0.1", 7))).toBe(0);
  });
});

test("options for administrators are refused to others", () => {
  asUser((node, socket) => {
    const one = socket(SOCK_DGRAM);
    const set = (name: number, value: number): number =>
      one.setsockopt(SOL_SOCKET, name, int(value));
    const SO = { DEBUG: 1, PRIORITY: 12, SNDBUFFORCE: 32, RCVBUFFORCE: 33, MARK: 36, IFINDEX: 62 };
    expect(set(SO.DEBUG, 1)).toBe(-Errno.EACCES);
    expect(set(SO.DEBUG, 0)).toBe(0);
    expect([set(SO.PRIORITY, 6), set(SO.PRIORITY, 7)]).toEqual([0, -Errno.EPERM]);
    for (const name of [SO.SNDBUFFORCE, SO.RCVBUFFORCE, SO.MARK]) {
      expect(set(name, 1)).toBe(-Errno.EPERM);
    }
    expect([set(SO.IFINDEX, 1), set(SO.IFINDEX, 0)]).toEqual([0, -Errno.EPERM]);
    expect(one.setsockopt(0, 19, int(1))).toBe(-Errno.EPERM);
    node.kernel.current.cred = ROOT;
    for (const name of [SO.DEBUG, SO.SNDBUFFORCE, SO.RCVBUFFORCE, SO.MARK]) {
      expect(set(name, 1)).toBe(0);
    }
  });
});
