import { Errno } from "@dcejs/lkl-kernel";
import { expect, test } from "vitest";
import {
  NUD_FAILED,
  NUD_PERMANENT,
  NUD_REACHABLE,
  NUD_STALE,
  SOCK_DGRAM,
  netif_carrier_off,
} from "../../src/index.ts";
import { at, ip, withNetwork } from "../host/network.ts";
import type { Network, Node, WireOptions } from "../host/network.ts";
import type { NetDevice } from "../../src/index.ts";
import type { Wait } from "@dcejs/lkl-kernel";

function* pair(
  network: Network,
  options: WireOptions = {},
): Wait<{ a: Node; b: Node; a0: NetDevice; b0: NetDevice }> {
  const a = yield* network.node("a");
  const b = yield* network.node("b");
  const [a0, b0] = yield* network.wire(a, b, options);
  yield* a.address(a0, "10.0.0.1/24");
  yield* b.address(b0, "10.0.0.2/24");
  return { a, b, a0, b0 };
}

test("the first packet asks, both sides learn, and the entry grows stale when unused", () => {
  withNetwork(function* (network) {
    const { a, b, b0 } = yield* pair(network);
    const socket = yield* a.socket(SOCK_DGRAM);
    yield* a.send(socket, new Uint8Array(1), at("10.0.0.2", 9));
    yield* network.sleep(1e8);
    const [entry] = a.net.rtnl.neigh_dump();
    expect(entry).toMatchObject({ destination: ip("10.0.0.2"), state: NUD_REACHABLE });
    expect(entry?.lladdr).toEqual(b0.address);
    // The asked host knows the asker, but has no proof; answering made it check.
    expect(b.net.rtnl.neigh_dump()).toHaveLength(1);
    yield* network.sleep(100e9);
    expect(a.net.rtnl.neigh_dump()[0]?.state).toBe(NUD_STALE);
    expect(a.net.proc_net("arp")).toBe(
      "IP address       HW type     Flags       HW address            Mask     Device\n" +
        "10.0.0.2         0x1         0x2         02:00:00:00:00:02     *        eth0\n",
    );
    yield* a.close(socket);
  });
});

test("a neighbour that does not answer fails after three questions: EHOSTUNREACH", () => {
  let questions = 0;
  withNetwork(function* (network) {
    const { a } = yield* pair(network, { tap: () => questions++ });
    const socket = yield* a.socket(SOCK_DGRAM);
    yield* a.do(() => {
      socket.setsockopt(0, 11, Uint8Array.of(1, 0, 0, 0));
      return socket.connect(at("10.0.0.77", 9), 0);
    });
    const start = network.host.now;
    yield* a.send(socket, new Uint8Array(1));
    expect(yield* a.receive(socket, new Uint8Array(1))).toBe(-Errno.EHOSTUNREACH);
    expect(network.host.now - start).toBeGreaterThanOrEqual(3e9);
    expect(network.host.now - start).toBeLessThan(3.3e9);
    expect(questions).toBe(3);
    expect(a.net.rtnl.neigh_dump()[0]?.state).toBe(NUD_FAILED);
    yield* a.close(socket);
  });
});

test("mcast_solicit and retrans_time_ms set how long the question is asked", () => {
  let questions = 0;
  withNetwork(function* (network) {
    const { a } = yield* pair(network, { tap: () => questions++ });
    a.sysctl.set("net.ipv4.neigh.eth0.mcast_solicit", 2);
    a.sysctl.set("net.ipv4.neigh.eth0.retrans_time_ms", 100);
    const socket = yield* a.socket(SOCK_DGRAM);
    yield* a.send(socket, new Uint8Array(1), at("10.0.0.77", 9));
    yield* network.sleep(1e9);
    expect(questions).toBe(2);
    expect(a.net.rtnl.neigh_dump()[0]?.state).toBe(NUD_FAILED);
    yield* a.close(socket);
  });
});

test("unres_qlen_bytes bounds the packets that wait; the oldest go first", () => {
  withNetwork(function* (network) {
    const { a, b } = yield* pair(network);
    a.sysctl.set("net.ipv4.neigh.eth0.unres_qlen_bytes", 5000);
    const socket = yield* a.socket(SOCK_DGRAM);
    yield* a.do(() => {
      for (let i = 0; i < 10; i++) {
        const data = new Uint8Array(1000).fill(i);
        socket.sendmsg(
          {
            msg_name: at("10.0.0.2", 9),
            msg_namelen: 16,
            msg_iov: [data],
            msg_control: undefined,
            msg_controllen: 0,
            msg_flags: 0,
          },
          0,
        );
      }
    });
    yield* network.sleep(1e9);
    const { unres_discards } = a.net.ipv4.arp_tbl.stats;
    expect(unres_discards).toBe(8);
    expect(b.net.mib.udp.NoPorts).toBe(2);
    yield* a.close(socket);
  });
});

test("a permanent entry needs no question and outlives a lost carrier", () => {
  let frames = 0;
  withNetwork(function* (network) {
    const { a, a0, b0 } = yield* pair(network, { tap: () => frames++ });
    yield* a.do(() => a.net.rtnl.neigh_add(a0.ifindex, ip("10.0.0.2"), b0.address, NUD_PERMANENT));
    const socket = yield* a.socket(SOCK_DGRAM);
    yield* a.send(socket, new Uint8Array(1), at("10.0.0.2", 9));
    expect(frames).toBe(1);
    yield* a.do(() => netif_carrier_off(a0));
    expect(a.net.rtnl.neigh_dump()).toHaveLength(1);
    expect(yield* a.do(() => a.net.rtnl.neigh_del(a0.ifindex, ip("10.0.0.2")))).toBe(0);
    expect(yield* a.do(() => a.net.rtnl.neigh_del(a0.ifindex, ip("10.0.0.2")))).toBe(-Errno.ENOENT);
    yield* a.close(socket);
  });
});

test("arp_notify announces a new address", () => {
  const seen: number[] = [];
  withNetwork(function* (network) {
    const { a, a0 } = yield* pair(network, {
      tap: ({ view, offset }) =>
        seen.push(view.getUint16(offset + 12), view.getUint32(offset + 28)),
    });
    a.sysctl.set("net.ipv4.conf.eth0.arp_notify", 1);
    yield* a.do(() =>
      a.net.rtnl.addr_add({ ifindex: a0.ifindex, local: ip("10.0.0.9"), prefixLength: 24 }),
    );
  });
  expect(seen).toEqual([0x0806, ip("10.0.0.9")]);
});

test("arp_ignore 1 answers for the asked device's addresses only", () => {
  withNetwork(function* (network) {
    const { a, b } = yield* pair(network);
    yield* b.do(() =>
      b.net.rtnl.addr_add({ ifindex: 1, local: ip("10.0.0.50"), prefixLength: 32 }),
    );
    const socket = yield* a.socket(SOCK_DGRAM);
    yield* a.send(socket, new Uint8Array(1), at("10.0.0.50", 9));
    yield* network.sleep(1e8);
    expect(a.net.rtnl.neigh_dump()[0]?.state).toBe(NUD_REACHABLE);
    yield* a.do(() => a.net.rtnl.neigh_del(2, ip("10.0.0.50")));
    b.sysctl.set("net.ipv4.conf.all.arp_ignore", 1);
    yield* a.send(socket, new Uint8Array(1), at("10.0.0.50", 9));
    yield* network.sleep(5e9);
    expect(a.net.rtnl.neigh_dump()[0]?.state).toBe(NUD_FAILED);
    yield* a.close(socket);
  });
});
