import { expect, test } from "vitest";
import { SOCK_DGRAM, netif_carrier_off, netif_carrier_on } from "../../src/index.ts";
import { at, int, withNetwork } from "../host/network.ts";
import type { Network, Node, WireOptions } from "../host/network.ts";
import type { NetDevice } from "../../src/index.ts";
import type { Wait } from "@dcejs/lkl-kernel";

const NUD_PERMANENT = 0x80;

function* pair(network: Network, options: WireOptions): Wait<{ a: Node; b: Node; a0: NetDevice }> {
  const a = yield* network.node("a");
  const b = yield* network.node("b");
  const [a0, b0] = yield* network.wire(a, b, options);
  yield* a.address(a0, "10.0.0.1/24");
  yield* b.address(b0, "10.0.0.2/24");
  yield* a.do(() => a.net.rtnl.neigh_add(a0.ifindex, 0x0a000002, b0.address, NUD_PERMANENT));
  return { a, b, a0 };
}

test("a busy driver makes packets wait in order, and none is lost", () => {
  withNetwork(function* (network) {
    const { a, b, a0 } = yield* pair(network, { transmitTime: 10_000 });
    const receiver = yield* b.socket(SOCK_DGRAM);
    yield* b.do(() => receiver.bind(at("0.0.0.0", 5000)));
    const socket = yield* a.socket(SOCK_DGRAM);
    for (let i = 0; i < 50; i++) yield* a.send(socket, Uint8Array.of(i), at("10.0.0.2", 5000));
    expect(a0.qdisc?.qlen).toBe(49);
    const order = [];
    const one = new Uint8Array(1);
    for (let i = 0; i < 50; i++) {
      yield* b.receive(receiver, one);
      order.push(one[0]);
    }
    expect(order).toEqual(Array.from({ length: 50 }, (_, i) => i));
    expect(a0.qdisc?.drops).toBe(0);
    expect(a0.stats.tx_packets).toBe(50);
    yield* a.close(socket);
    yield* b.close(receiver);
  });
});

test("pfifo drops what exceeds tx_queue_len, and the sender is told SndbufErrors", () => {
  withNetwork(function* (network) {
    const { a, b, a0 } = yield* pair(network, { transmitTime: 10_000 });
    yield* a.do(() => a.net.rtnl.link_set(a0.ifindex, { txQueueLength: 10 }));
    const socket = yield* a.socket(SOCK_DGRAM);
    for (let i = 0; i < 30; i++) yield* a.send(socket, new Uint8Array(1), at("10.0.0.2", 9));
    yield* network.sleep(1e9);
    // One on the wire, ten in the queue, and an ARP reply to whom the errors come from.
    expect(a0.stats.tx_packets).toBe(12);
    expect(a0.qdisc?.drops).toBe(19);
    expect(a.net.mib.udp.SndbufErrors).toBe(19);
    expect(a.net.mib.ip.OutDiscards).toBe(19);
    expect(b.net.mib.udp.NoPorts).toBe(11);
    yield* a.close(socket);
  });
});

test("a full send buffer makes the sender sleep until the device has taken packets", () => {
  withNetwork(function* (network) {
    const { a } = yield* pair(network, { transmitTime: 1_000_000 });
    const socket = yield* a.socket(SOCK_DGRAM);
    yield* a.do(() => socket.setsockopt(1, 7, int(4000)));
    const start = network.host.now;
    for (let i = 0; i < 20; i++) yield* a.send(socket, new Uint8Array(1400), at("10.0.0.2", 9));
    // Three fit the buffer of 8000 octets; each further one waits for a transmission.
    expect(network.host.now - start).toBeGreaterThanOrEqual(15e6);
    expect(yield* a.send(socket, new Uint8Array(1400), at("10.0.0.2", 9), 0x40)).toBe(-11);
    const mask = yield* a.do(() => socket.poll());
    expect(mask & 4).toBe(0);
    yield* a.close(socket);
  });
});

test("without carrier packets are dropped and the route is marked linkdown", () => {
  withNetwork(function* (network) {
    const { a, a0 } = yield* pair(network, {});
    const socket = yield* a.socket(SOCK_DGRAM);
    yield* a.do(() => netif_carrier_off(a0));
    expect(a.net.rtnl.route_dump()[0]?.isLinkDown).toBe(true);
    expect(yield* a.send(socket, new Uint8Array(1), at("10.0.0.2", 9))).toBe(1);
    expect(a0.stats.tx_packets).toBe(0);
    expect(a0.qdisc?.drops).toBe(1);
    yield* a.do(() => netif_carrier_on(a0));
    expect(a.net.rtnl.route_dump()[0]?.isLinkDown).toBe(false);
    yield* a.send(socket, new Uint8Array(1), at("10.0.0.2", 9));
    expect(a0.stats.tx_packets).toBe(1);
    yield* a.close(socket);
  });
});

test("a device without HW_CSUM gets packets whose checksum is complete", () => {
  const starts: number[] = [];
  const tap: WireOptions["tap"] = ({ view, offset, csumStart }) => {
    if (view.getUint16(offset + 12) === 0x0800) starts.push(csumStart);
  };
  withNetwork(function* (network) {
    const { a, b } = yield* pair(network, { tap, device: { features: 0 } });
    const socket = yield* a.socket(SOCK_DGRAM);
    yield* a.send(socket, new Uint8Array(99), at("10.0.0.2", 9));
    yield* network.sleep(1e6);
    expect(b.net.mib.udp.NoPorts).toBe(1);
    expect(b.net.mib.udp.InCsumErrors).toBe(0);
    yield* a.close(socket);
  });
  expect(starts).toEqual([-1]);
});

test("netdev_max_backlog bounds what waits for the softirq", () => {
  withNetwork(function* (network) {
    const node = yield* network.node("a");
    node.sysctl.set("net.core.netdev_max_backlog", 5);
    const socket = yield* node.socket(SOCK_DGRAM);
    yield* node.do(() => {
      for (let i = 0; i < 20; i++) {
        const msg = {
          msg_name: at("127.0.0.1", 9),
          msg_namelen: 16,
          msg_iov: [new Uint8Array(1)],
          msg_control: undefined,
          msg_controllen: 0,
          msg_flags: 0,
        };
        expect(socket.sendmsg(msg, 0)).toBe(1);
      }
    });
    expect(node.net.softnet.dropped).toBe(14);
    expect(node.net.loopback.stats.rx_dropped).toBe(14);
    yield* node.close(socket);
  });
});
