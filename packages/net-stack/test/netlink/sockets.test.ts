import { Errno } from "@dcejs/lkl-kernel";
import type { Wait } from "@dcejs/lkl-kernel";
import { expect, test } from "vitest";
import { SOCK_DGRAM, SOCK_NONBLOCK, SOCK_RAW, SOCK_STREAM, Socket } from "../../src/index.ts";
import {
  AF_NETLINK,
  NETLINK_ADD_MEMBERSHIP,
  NETLINK_DROP_MEMBERSHIP,
  NETLINK_EXT_ACK,
  NETLINK_LIST_MEMBERSHIPS,
  NETLINK_NO_ENOBUFS,
  NETLINK_PKTINFO,
  NETLINK_ROUTE,
  netlinkMessages,
  SOL_NETLINK,
} from "../../src/netlink/netlink.ts";
import { int, type Network, type Node, withNetwork } from "../host/network.ts";
import { ACKED, hex, ifinfomsg, request, RouteSocket, toHex } from "./route-socket.ts";

const RTM_GETLINK = 18;
const RTM_SETLINK = 19;
const RTNLGRP_LINK = 1;
const RTNLGRP_IPV4_ROUTE = 7;
const MSG_PEEK = 2;
const MSG_TRUNC = 0x20;
const MSG_DONTWAIT = 0x40;
const SOL_SOCKET = 1;
const SO_RCVBUF = 8;
const EPOLLIN = 1;
const EPOLLOUT = 4;
const EPOLLERR = 8;

function sockaddrNl(portid: number, groups = 0): Uint8Array {
  const out = new Uint8Array(12);
  const view = new DataView(out.buffer);
  view.setUint16(0, AF_NETLINK, true);
  view.setUint32(4, portid, true);
  view.setUint32(8, groups, true);
  return out;
}

function nameOf(socket: Socket, peer: 0 | 1 = 0): string {
  const out = new Uint8Array(12);
  expect(socket.getname(peer, out)).toBe(12);
  return toHex(out);
}

function onHost(body: (a: Node, network: Network) => Wait<void>): void {
  withNetwork(function* (network) {
    const a = yield* network.node("a");
    yield* network.wire(a, yield* network.node("b"));
    yield* body(a, network);
  });
}

test("only raw and datagram sockets of the route family can be made", () => {
  onHost(function* (a) {
    const create = (type: number, protocol: number): Wait<Socket | number> =>
      a.do(() => a.net.sock_create(AF_NETLINK, type, protocol));
    expect(yield* create(SOCK_STREAM, NETLINK_ROUTE)).toBe(-Errno.ESOCKTNOSUPPORT);
    expect(yield* create(SOCK_RAW, 2)).toBe(-Errno.EPROTONOSUPPORT);
    expect(yield* create(SOCK_RAW, -1)).toBe(-Errno.EPROTONOSUPPORT);
    expect(yield* create(SOCK_DGRAM, NETLINK_ROUTE)).toBeInstanceOf(Socket);
  });
});

test("bind takes a port or chooses one, and a port belongs to one socket", () => {
  onHost(function* (a) {
    const one = (yield* RouteSocket.open(a)).socket;
    const two = (yield* RouteSocket.open(a)).socket;
    const three = (yield* RouteSocket.open(a)).socket;
    yield* a.do(() => {
      expect(nameOf(one)).toBe("100000000000000000000000");
      expect(one.bind(hex("1000"))).toBe(-Errno.EINVAL);
      expect(one.bind(new Uint8Array(12))).toBe(-Errno.EINVAL);
      expect(one.bind(sockaddrNl(77, 0x41))).toBe(0);
      expect(nameOf(one)).toBe("100000004d00000041000000");
      expect(two.bind(sockaddrNl(77))).toBe(-Errno.EADDRINUSE);
      expect(one.bind(sockaddrNl(78))).toBe(-Errno.EINVAL);
      expect(one.bind(sockaddrNl(77, 1))).toBe(0);
      expect(nameOf(one)).toBe("100000004d00000001000000");
      expect(two.bind(sockaddrNl(0))).toBe(0);
      expect(three.bind(sockaddrNl(0))).toBe(0);
      expect(nameOf(two)).not.toBe(nameOf(three));
      expect(one.release()).toBe(0);
      return 0;
    });
    const four = (yield* RouteSocket.open(a)).socket;
    expect(yield* a.do(() => four.bind(sockaddrNl(77)))).toBe(0);
  });
});

test("connect names the peer; the calls of streams are not supported", () => {
  onHost(function* (a) {
    const { socket } = yield* RouteSocket.open(a);
    yield* a.do(() => {
      expect(nameOf(socket, 1)).toBe("100000000000000000000000");
      expect(socket.connect(hex("10"), 0)).toBe(-Errno.EINVAL);
      expect(socket.connect(sockaddrNl(5).subarray(0, 8), 0)).toBe(-Errno.EINVAL);
      expect(socket.connect(sockaddrNl(5, 8), 0)).toBe(0);
      expect(nameOf(socket, 1)).toBe("100000000500000008000000");
      expect(socket.connect(hex("0000"), 0)).toBe(0);
      expect(nameOf(socket, 1)).toBe("100000000000000000000000");
      expect(socket.listen(1)).toBe(-Errno.EOPNOTSUPP);
      expect(socket.accept(SOCK_NONBLOCK)).toBe(-Errno.EOPNOTSUPP);
      expect(socket.shutdown(2)).toBe(-Errno.EOPNOTSUPP);
      return 0;
    });
  });
});

test("an answer is cut to the buffer, may be peeked at, and names the kernel", () => {
  onHost(function* (a) {
    const { socket } = yield* RouteSocket.open(a);
    yield* a.send(socket, request(RTM_GETLINK, 5, ifinfomsg(1)));
    const from = new Uint8Array(12).fill(0xff);
    const small = new Uint8Array(20);
    expect(yield* a.receive(socket, small, MSG_PEEK, from)).toBe(20);
    expect(toHex(from)).toBe("100000000000000000000000");
    const whole = yield* a.receive(socket, small, MSG_PEEK | MSG_TRUNC);
    expect(whole).toBeGreaterThan(400);
    const large = new Uint8Array(4096);
    expect(yield* a.receive(socket, large)).toBe(whole);
    expect(yield* a.receive(socket, large)).toBe(36);
    expect(yield* a.receive(socket, large, MSG_DONTWAIT)).toBe(-Errno.EAGAIN);
  });
});

test("several messages in one datagram are answered one by one, up to the first that is not whole", () => {
  onHost(function* (a) {
    const socket = yield* RouteSocket.open(a);
    const getLo = request(RTM_GETLINK, ACKED, ifinfomsg(1), 7);
    const unknown = request(99, 1, new Uint8Array(8), 8);
    const cut = request(RTM_GETLINK, ACKED, ifinfomsg(1), 9).subarray(0, 30);
    const both = new Uint8Array([...getLo, ...unknown, ...cut]);
    const answers = yield* socket.talk(both);
    expect(answers.map((one) => [...netlinkMessages(one)].map((m) => [m.seq, m.type]))).toEqual([
      [[7, 16]],
      [[7, 2]],
      [[8, 2]],
    ]);
  });
});

test("an empty datagram, an address of another family and a large datagram are refused", () => {
  onHost(function* (a) {
    const { socket } = yield* RouteSocket.open(a);
    const message = request(RTM_GETLINK, 5, ifinfomsg(1));
    expect(yield* a.send(socket, new Uint8Array(0))).toBe(-Errno.ENODATA);
    expect(yield* a.send(socket, message, hex("0200"))).toBe(-Errno.EINVAL);
    expect(yield* a.send(socket, message, new Uint8Array(12))).toBe(-Errno.EINVAL);
    expect(yield* a.send(socket, new Uint8Array(300_000))).toBe(-Errno.EMSGSIZE);
    expect(yield* a.send(socket, message, sockaddrNl(4711))).toBe(-Errno.ECONNREFUSED);
    expect(yield* a.send(socket, message, sockaddrNl(0))).toBe(message.length);
  });
});

test("programs send each other datagrams, and groups hear what is sent to them", () => {
  onHost(function* (a) {
    const one = yield* RouteSocket.open(a);
    const two = yield* RouteSocket.open(a);
    yield* a.do(() => one.socket.bind(sockaddrNl(11)));
    yield* a.do(() => two.socket.bind(sockaddrNl(22, 1)));
    expect(yield* one.send(hex("010203"), sockaddrNl(22))).toBe(3);
    const from = new Uint8Array(12);
    expect(yield* two.receive(from)).toEqual(hex("010203"));
    expect(toHex(from)).toBe(toHex(sockaddrNl(11)));
    // To the group, and to the kernel, which answers nothing to what is no message.
    expect(yield* one.send(hex("0405"), sockaddrNl(0, 1))).toBe(2);
    expect(yield* two.receive(from)).toEqual(hex("0405"));
    expect(toHex(from)).toBe(toHex(sockaddrNl(11, 1)));
    expect(yield* one.receive()).toBeUndefined();
  });
});

test("membership by option, one group at a time, and as a list", () => {
  onHost(function* (a) {
    const { socket } = yield* RouteSocket.open(a);
    yield* a.do(() => {
      const set = (name: number, value: number): number =>
        socket.setsockopt(SOL_NETLINK, name, int(value));
      expect(set(NETLINK_ADD_MEMBERSHIP, 0)).toBe(-Errno.EINVAL);
      expect(set(NETLINK_ADD_MEMBERSHIP, 37)).toBe(-Errno.EINVAL);
      expect(set(NETLINK_ADD_MEMBERSHIP, RTNLGRP_IPV4_ROUTE)).toBe(0);
      expect(set(NETLINK_ADD_MEMBERSHIP, 34)).toBe(0);
      expect(nameOf(socket)).toBe("100000000000000040000000");
      const list = new Uint8Array(8);
      expect(socket.getsockopt(SOL_NETLINK, NETLINK_LIST_MEMBERSHIPS, list)).toBe(8);
      expect(toHex(list)).toBe("4000000002000000");
      expect(set(NETLINK_DROP_MEMBERSHIP, RTNLGRP_IPV4_ROUTE)).toBe(0);
      expect(nameOf(socket)).toBe("100000000000000000000000");
      return 0;
    });
  });
});

test("options: switches are read back, others are unknown", () => {
  onHost(function* (a) {
    const { socket } = yield* RouteSocket.open(a);
    yield* a.do(() => {
      const out = new Uint8Array(4);
      expect(socket.getsockopt(SOL_NETLINK, NETLINK_EXT_ACK, out)).toBe(4);
      expect(toHex(out)).toBe("00000000");
      expect(socket.setsockopt(SOL_NETLINK, NETLINK_EXT_ACK, int(1))).toBe(0);
      expect(socket.getsockopt(SOL_NETLINK, NETLINK_EXT_ACK, out)).toBe(4);
      expect(toHex(out)).toBe("01000000");
      expect(socket.getsockopt(SOL_NETLINK, NETLINK_EXT_ACK, out.subarray(0, 2))).toBe(
        -Errno.EINVAL,
      );
      expect(socket.setsockopt(SOL_NETLINK, NETLINK_PKTINFO, int(1))).toBe(-Errno.ENOPROTOOPT);
      expect(socket.setsockopt(SOL_NETLINK, 99, int(1))).toBe(-Errno.ENOPROTOOPT);
      expect(socket.setsockopt(6, 1, int(1))).toBe(-Errno.ENOPROTOOPT);
      expect(socket.setsockopt(SOL_SOCKET, SO_RCVBUF, int(10_000))).toBe(0);
      return 0;
    });
  });
});

test("poll shows what waits; a reader sleeps until it comes", () => {
  onHost(function* (a, network) {
    const socket = yield* RouteSocket.open(a);
    expect((yield* a.do(() => socket.socket.poll())) & (EPOLLIN | EPOLLOUT)).toBe(EPOLLOUT);
    yield* a.do(() => socket.socket.bind(sockaddrNl(0, RTNLGRP_LINK)));
    network.host.schedule(5000, () => {
      a.kernel.lkl_trigger_irq(irq);
    });
    const irq = a.kernel.lkl_get_free_irq("test");
    a.kernel.request_irq(irq, "test", () => {
      a.net.rtnl.link_set(1, { mtu: 1400 });
    });
    const buffer = new Uint8Array(4096);
    expect(yield* a.receive(socket.socket, buffer)).toBeGreaterThan(400);
    expect((yield* a.do(() => socket.socket.poll())) & EPOLLIN).toBe(0);
    a.kernel.free_irq(irq);
  });
});

test("a listener that does not read loses notifications, is told once, and hears again", () => {
  onHost(function* (a) {
    const socket = yield* RouteSocket.open(a);
    yield* a.do(() => {
      socket.socket.setsockopt(SOL_SOCKET, SO_RCVBUF, int(4000));
      socket.socket.bind(sockaddrNl(0, RTNLGRP_LINK));
      for (let mtu = 1000; mtu < 1020; mtu++) a.net.rtnl.link_set(1, { mtu });
      return 0;
    });
    expect((yield* a.do(() => socket.socket.poll())) & EPOLLERR).toBe(EPOLLERR);
    const buffer = new Uint8Array(4096);
    expect(yield* a.receive(socket.socket, buffer)).toBe(-Errno.ENOBUFS);
    const heard = yield* socket.drain();
    expect(heard.length).toBeGreaterThan(0);
    expect(heard.length).toBeLessThan(10);
    yield* a.do(() => a.net.rtnl.link_set(1, { mtu: 1500 }));
    expect(yield* socket.drain()).toHaveLength(1);
  });
});

test("NETLINK_NO_ENOBUFS drops without a word", () => {
  onHost(function* (a) {
    const socket = yield* RouteSocket.open(a, NETLINK_NO_ENOBUFS);
    yield* a.do(() => {
      socket.socket.setsockopt(SOL_SOCKET, SO_RCVBUF, int(4000));
      socket.socket.bind(sockaddrNl(0, RTNLGRP_LINK));
      for (let mtu = 1000; mtu < 1020; mtu++) a.net.rtnl.link_set(1, { mtu });
      return 0;
    });
    expect((yield* socket.drain()).length).toBeLessThan(10);
  });
});

test("who is not root may ask, but changes nothing", () => {
  onHost(function* (a) {
    const socket = yield* RouteSocket.open(a);
    const answers = yield* a.do(() => {
      const { current } = a.kernel;
      const { cred } = current;
      current.cred = { ...cred, euid: 1000 };
      socket.socket.sendmsg(datagram(request(RTM_SETLINK, ACKED, ifinfomsg(1, 0, 1))), 0);
      socket.socket.sendmsg(datagram(request(RTM_GETLINK, 1, ifinfomsg(1))), 0);
      expect(socket.socket.connect(sockaddrNl(5), 0)).toBe(-Errno.EPERM);
      current.cred = cred;
      return 0;
    });
    expect(answers).toBe(0);
    expect(errnoOf(yield* socket.receive())).toBe(-Errno.EPERM);
    const link = yield* socket.receive();
    expect([...netlinkMessages(link ?? hex())].map(({ type }) => type)).toEqual([16]);
  });
});

function errnoOf(answer: Uint8Array | undefined): number | undefined {
  return answer === undefined ? undefined : new DataView(answer.buffer).getInt32(16, true);
}

function datagram(data: Uint8Array): Parameters<Socket["sendmsg"]>[0] {
  return {
    msg_name: undefined,
    msg_namelen: 0,
    msg_iov: [data],
    msg_control: undefined,
    msg_controllen: 0,
    msg_flags: 0,
  };
}
