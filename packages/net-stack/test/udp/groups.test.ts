import { Errno } from "@dcejs/lkl-kernel";
import { expect, test } from "vitest";
import { SOCK_DGRAM, SOCK_STREAM } from "../../src/index.ts";
import type { Socket } from "../../src/index.ts";
import { at, int, ip, withNetwork } from "../host/network.ts";
import type { Node } from "../host/network.ts";

const MSG_DONTWAIT = 0x40;
const IP_MULTICAST_IF = 32;
const IP_ADD_MEMBERSHIP = 35;
const IP_DROP_MEMBERSHIP = 36;
const IP_MULTICAST_ALL = 49;
const GROUP = "239.1.2.3";

/** struct ip_mreq, or ip_mreqn with an index. */
function mreq(group: string, local: string, ifindex?: number): Uint8Array {
  const bytes = new Uint8Array(ifindex === undefined ? 8 : 12);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, ip(group));
  view.setUint32(4, ip(local));
  if (ifindex !== undefined) view.setInt32(8, ifindex, true);
  return bytes;
}

function onOneHost(body: (node: Node, socket: Socket, other: Socket) => void): void {
  withNetwork(function* (network) {
    const node = yield* network.node("a");
    const [card] = yield* network.wire(node, yield* network.node("b"));
    yield* node.address(card, "10.0.0.1/24");
    const [socket, other] = [yield* node.socket(SOCK_DGRAM), yield* node.socket(SOCK_DGRAM)];
    yield* node.do(() => body(node, socket, other));
    for (const one of [socket, other]) yield* node.close(one);
    const left = node.net.ipv4.ip_check_mc(card, ip(GROUP));
    expect(left, "close() leaves all groups").toBe(false);
  });
}

test("a socket joins a group once on each interface, and leaves what it has joined", () => {
  onOneHost((node, socket, other) => {
    const join = (...of: Parameters<typeof mreq>): number =>
      socket.setsockopt(0, IP_ADD_MEMBERSHIP, mreq(...of));
    const leave = (...of: Parameters<typeof mreq>): number =>
      socket.setsockopt(0, IP_DROP_MEMBERSHIP, mreq(...of));
    const eth = node.net.ip_dev_find(ip("10.0.0.1"));
    expect(join(GROUP, "10.0.0.1")).toBe(0);
    expect(join(GROUP, "10.0.0.1")).toBe(-Errno.EADDRINUSE);
    expect(join(GROUP, "0.0.0.0", eth?.ifindex)).toBe(-Errno.EADDRINUSE);
    expect(join(GROUP, "127.0.0.1")).toBe(0);
    expect(other.setsockopt(0, IP_ADD_MEMBERSHIP, mreq(GROUP, "10.0.0.1"))).toBe(0);
    expect(leave(GROUP, "0.0.0.0", eth?.ifindex)).toBe(0);
    expect(leave(GROUP, "10.0.0.1")).toBe(-Errno.EADDRNOTAVAIL);
    expect(eth && node.net.ipv4.ip_check_mc(eth, ip(GROUP)), "the other is there").toBe(true);
  });
});

test("what is no group, no interface or no datagram socket cannot be joined", () => {
  onOneHost((node, socket) => {
    const join = (bytes: Uint8Array): number => socket.setsockopt(0, IP_ADD_MEMBERSHIP, bytes);
    expect(join(mreq("10.0.0.2", "10.0.0.1"))).toBe(-Errno.EINVAL);
    expect(join(mreq(GROUP, "10.9.9.9"))).toBe(-Errno.ENODEV);
    expect(join(mreq(GROUP, "0.0.0.0", 99))).toBe(-Errno.ENODEV);
    expect(join(mreq(GROUP, "0.0.0.0"))).toBe(-Errno.ENODEV);
    expect(join(mreq(GROUP, "10.0.0.1").subarray(0, 4))).toBe(-Errno.EINVAL);
    expect(socket.setsockopt(0, IP_DROP_MEMBERSHIP, mreq(GROUP, "0.0.0.0"))).toBe(-Errno.ENODEV);
    const stream = node.net.sock_create(2, SOCK_STREAM, 0);
    if (typeof stream === "number") throw new Error(`socket: ${stream}`);
    expect(stream.setsockopt(0, IP_ADD_MEMBERSHIP, mreq(GROUP, "10.0.0.1"))).toBe(-Errno.EPROTO);
    stream.release();
  });
});

test("a socket joins igmp_max_memberships groups at most", () => {
  onOneHost((node, socket) => {
    node.sysctl.set("net.ipv4.igmp_max_memberships", 2);
    const join = (last: number): number =>
      socket.setsockopt(0, IP_ADD_MEMBERSHIP, mreq(`239.0.0.${last}`, "10.0.0.1"));
    expect([join(1), join(2), join(3)]).toEqual([0, 0, -Errno.ENOBUFS]);
  });
});

test("IP_MULTICAST_IF without an interface gives the choice back to the routes", () => {
  onOneHost((_node, socket) => {
    const set = (bytes: Uint8Array): number => socket.setsockopt(0, IP_MULTICAST_IF, bytes);
    expect(set(Uint8Array.of(10, 0, 0, 1))).toBe(0);
    expect(socket.sk?.mc_addr).toBe(ip("10.0.0.1"));
    expect(set(mreq(GROUP, "0.0.0.0"))).toBe(0);
    expect([socket.sk?.mc_index, socket.sk?.mc_addr]).toEqual([0, 0]);
    expect(set(Uint8Array.of(10, 9, 9, 9))).toBe(-Errno.EADDRNOTAVAIL);
    expect(set(Uint8Array.of(10, 0, 0))).toBe(-Errno.EINVAL);
  });
});

test("without IP_MULTICAST_ALL a socket hears the groups alone that it has joined itself", () => {
  withNetwork(function* (network) {
    const node = yield* network.node("a");
    const [card] = yield* network.wire(node, yield* network.node("b"));
    yield* node.address(card, "10.0.0.1/24");
    const sockets: Socket[] = [];
    for (let i = 0; i < 3; i++) {
      const socket = yield* node.socket(SOCK_DGRAM);
      yield* node.do(() => {
        expect(socket.setsockopt(1, 2, int(1))).toBe(0);
        expect(socket.bind(at("0.0.0.0", 5000))).toBe(0);
      });
      sockets.push(socket);
    }
    const [member, all, own] = sockets;
    if (!member || !all || !own) throw new Error("three sockets");
    yield* node.do(() => {
      expect(member.setsockopt(0, IP_ADD_MEMBERSHIP, mreq(GROUP, "10.0.0.1"))).toBe(0);
      expect(own.setsockopt(0, IP_MULTICAST_ALL, int(0))).toBe(0);
      expect(own.setsockopt(0, IP_MULTICAST_ALL, int(2))).toBe(-Errno.EINVAL);
      expect(member.setsockopt(0, IP_MULTICAST_IF, Uint8Array.of(10, 0, 0, 1))).toBe(0);
    });
    expect(yield* node.send(member, new Uint8Array(3), at(GROUP, 5000))).toBe(3);
    const heard: number[] = [];
    for (const socket of sockets) {
      heard.push(yield* node.receive(socket, new Uint8Array(9), MSG_DONTWAIT));
    }
    expect(heard).toEqual([3, 3, -Errno.EAGAIN]);
    for (const socket of sockets) yield* node.close(socket);
  });
});
