/** What Linux 6.18 answers, octet by octet where the state is the same; as recorded from a host with a veth pair. */
import { Errno } from "@dcejs/lkl-kernel";
import type { Wait } from "@dcejs/lkl-kernel";
import { expect, test } from "vitest";
import type { NetDevice } from "../../src/index.ts";
import { NETLINK_GET_STRICT_CHK, netlinkMessages } from "../../src/netlink/netlink.ts";
import type { NetlinkMessage } from "../../src/netlink/netlink.ts";
import { NetlinkAttributes } from "../../src/netlink/netlink-attributes.ts";
import { IFLA, RTM } from "../../src/rtnl/rtnetlink-numbers.ts";
import { ip, type Node, withNetwork } from "../host/network.ts";
import {
  attribute,
  attributesOf,
  joined,
  DUMPED,
  headerOf,
  hex,
  ifinfomsg,
  request,
  RouteSocket,
  toHex,
} from "./route-socket.ts";

const NLMSG_DONE = 3;
const NLM_F_DUMP_INTR = 0x10;
const IFADDRMSG = hex("02000000 00000000");
const RTMSG = hex("02000000 00000000 00000000");
const NDMSG = hex("02000000 00000000 00000000");

/** A host with lo and eth0, 10.0.0.1/24, and routes to remember. */
function onHost(body: (a: Node, dev: NetDevice) => Wait<void>): void {
  withNetwork(function* (network) {
    const a = yield* network.node("a");
    const [dev] = yield* network.wire(a, yield* network.node("b"));
    yield* a.address(dev, "10.0.0.1/24");
    yield* body(a, dev);
  });
}

function* addRoutes(a: Node): Wait<void> {
  const { rtnl } = a.net;
  yield* a.do(() => {
    rtnl.route_add({
      destination: ip("10.5.0.0"),
      prefixLength: 16,
      gateway: ip("10.0.0.254"),
      metric: 7,
      metrics: { ...NO_METRICS, mtu: 1300, mtuIsLocked: true, advmss: 900 },
    });
    rtnl.route_add({ destination: ip("10.9.0.0"), prefixLength: 16, routeType: 6 });
    rtnl.route_add({ destination: ip("10.0.0.0"), prefixLength: 16, ifindex: 2, table: 300 });
    return 0;
  });
}

const NO_METRICS = {
  mtu: 0,
  mtuIsLocked: false,
  advmss: 0,
  window: 0,
  initcwnd: 0,
  initrwnd: 0,
  rto_min: 0,
  hoplimit: 0,
  quickack: 0,
};

function text({ type, flags, payload }: NetlinkMessage): string {
  return `${type} 0x${flags.toString(16)} ${toHex(payload)}`;
}

test("RTM_GETLINK: attributes in Linux's order", () => {
  onHost(function* (a) {
    const socket = yield* RouteSocket.openExtended(a);
    const datagrams = yield* socket.talk(request(RTM.GETLINK, DUMPED, ifinfomsg(0)));
    const messages = datagrams.map((datagram) => [...netlinkMessages(datagram)]);
    // NLMSG_DONE has a datagram of its own.
    expect(messages.map((inOne) => inOne.map(({ type, flags }) => [type, flags]))).toEqual([
      [
        [16, 2],
        [16, 2],
      ],
      [[NLMSG_DONE, 2]],
    ]);
    const [lo, eth0] = messages[0] ?? [];
    if (lo === undefined || eth0 === undefined) throw new Error("two links");
    expect(headerOf(lo, 16)).toBe("00000403010000004900010000000000");
    expect(headerOf(eth0, 16)).toBe("00000100020000004310010000000000");
    const order = [...new NetlinkAttributes(eth0.payload.subarray(16)).types()];
    expect(order).toEqual([
      3, 13, 16, 17, 4, 50, 51, 27, 30, 61, 31, 40, 41, 58, 63, 64, 59, 60, 32, 33, 35, 47, 48, 39,
      1, 2, 23, 7, 43, 6, 26, 14,
    ]);
    const attributes = attributesOf(lo, 16);
    expect(attributes.slice(0, 14)).toEqual([
      "3=6c6f00",
      "13=e8030000",
      "16=00",
      "17=00",
      "4=00000100",
      "50=00000000",
      "51=00000000",
      "27=00000000",
      "30=00000000",
      "61=00000000",
      "31=01000000",
      "40=ffff0000",
      "41=00000100",
      "58=00000100",
    ]);
    expect(attributes).toContain("43=0500020000000000");
    expect(attributes).toContain("6=6e6f717565756500");
    expect(attributes).toContain(`14=${"00".repeat(32)}`);
    expect(attributes).toContain("1=000000000000");
    const ethernet = attributesOf(eth0, 16);
    expect(ethernet).toContain("1=020000000001");
    expect(ethernet).toContain("2=ffffffffffff");
    expect(ethernet).toContain("16=06");
    expect(ethernet).toContain("33=01");
  });
});

test("IFLA_AF_SPEC has IPv4's parameters in the order of the kernel's table", () => {
  onHost(function* (a) {
    a.sysctl.set("net.ipv4.conf.eth0.rp_filter", 2);
    const socket = yield* RouteSocket.openExtended(a);
    const [link] = yield* socket.ask(RTM.GETLINK, 1, ifinfomsg(2));
    const inet = new NetlinkAttributes(link?.payload.subarray(16) ?? hex()).nested(IFLA.AF_SPEC);
    const conf = inet?.nested(2)?.bytes(1) ?? hex();
    const view = new DataView(conf.buffer, conf.byteOffset);
    const of = (index: number): number => view.getInt32((index - 1) * 4, true);
    expect(conf).toHaveLength(33 * 4);
    // RP_FILTER 8, SHARED_MEDIA 7, IGMPV2_UNSOLICITED_REPORT_INTERVAL 27, ARP_EVICT_NOCARRIER 33
    expect([of(8), of(7), of(27), of(33)]).toEqual([2, 1, 10_000, 1]);
  });
});

test("statistics with 64 bits and with 32", () => {
  onHost(function* (a, dev) {
    dev.stats.tx_bytes = 5_000_000_000;
    dev.stats.rx_packets = 3;
    const socket = yield* RouteSocket.openExtended(a);
    const [link] = yield* socket.ask(RTM.GETLINK, 1, ifinfomsg(2));
    const attributes = new NetlinkAttributes(link?.payload.subarray(16) ?? hex());
    const wide = attributes.bytes(IFLA.STATS64) ?? hex();
    const narrow = attributes.bytes(IFLA.STATS) ?? hex();
    expect([wide.length, narrow.length]).toEqual([200, 96]);
    expect(toHex(wide.subarray(0, 8))).toBe("0300000000000000");
    expect(toHex(wide.subarray(24, 32))).toBe("00f2052a01000000");
    expect(toHex(narrow.subarray(12, 16))).toBe("00f2052a");
  });
});

test("RTM_GETADDR", () => {
  onHost(function* (a) {
    const socket = yield* RouteSocket.openExtended(a);
    const messages = yield* socket.ask(RTM.GETADDR, DUMPED, IFADDRMSG);
    expect(messages.map((message) => text(message))).toEqual([
      "20 0x2 020880fe01000000080001007f000001080002007f000001070003006c6f0000080008008000000014000600ffffffffffffffff0000000000000000",
      "20 0x2 0218800002000000080001000a000001080002000a000001080004000a0000ff090003006574683000000000080008008000000014000600ffffffffffffffff0000000000000000",
      "3 0x2 00000000",
    ]);
  });
});

test("RTM_GETROUTE: tables in the order of their hash, longest prefix first", () => {
  onHost(function* (a) {
    yield* addRoutes(a);
    const socket = yield* RouteSocket.openExtended(a);
    const messages = yield* socket.ask(RTM.GETROUTE, DUMPED, RTMSG);
    expect(messages.map((message) => text(message))).toEqual([
      "24 0x2 02100000fc03fd010000000008000f002c010000080001000a0000000800040002000000",
      "24 0x2 02180000fe02fd010000000008000f00fe000000080001000a000000080007000a0000010800040002000000",
      "24 0x2 02100000fe0300010000000008000f00fe000000080001000a05000008000600070000001c000800080001000400000008000200140500000800080084030000080005000a0000fe0800040002000000",
      "24 0x2 02100000fe0300060000000008000f00fe000000080001000a090000",
      "24 0x2 02200000ff02fe020000000008000f00ff000000080001000a000001080007000a0000010800040002000000",
      "24 0x2 02200000ff02fd030000000008000f00ff000000080001000a0000ff080007000a0000010800040002000000",
      "24 0x2 02080000ff02fe020000000008000f00ff000000080001007f000000080007007f0000010800040001000000",
      "24 0x2 02200000ff02fe020000000008000f00ff000000080001007f000001080007007f0000010800040001000000",
      "24 0x2 02200000ff02fd030000000008000f00ff000000080001007fffffff080007007f0000010800040001000000",
      "3 0x2 00000000",
    ]);
  });
});

test.each([
  [
    "as ip route get asks",
    "022000000000000000000000",
    "080001000a050101",
    "24 0x0 02200000fe0000010002000008000f00fe000000080001000a0501010800040002000000080007000a000001080005000a0000fe1c000800080001000400000008000200140500000800080084030000080019000000000024000c000200000000000000000000000000000000000000000000000000000000000000",
  ],
  [
    "with a source",
    "022020000000000000000000",
    "080001000a050101080002000a000001",
    "24 0x0 02202000fe0000010002000008000f00fe000000080001000a050101080002000a0000010800040002000000080005000a0000fe1c000800080001000400000008000200140500000800080084030000080019000000000024000c000200000000000000000000000000000000000000000000000000000000000000",
  ],
  [
    "to the host itself, with its table",
    "022000000000000000100000",
    "080001000a000001",
    "24 0x0 02200000fe0000020002008008000f00fe000000080001000a0000010800040001000000080007000a000001080019000000000024000c000100000000000000000000000000000000000000000000000000000000000000",
  ],
  [
    "the route of the table that matches",
    "022000000000000000300000",
    "080001000a050101",
    "24 0x0 02100000fe0300010000000008000f00fe000000080001000a05000008000600070000001c000800080001000400000008000200140500000800080084030000080005000a0000fe0800040002000000",
  ],
])("RTM_GETROUTE for one destination: %s", (_name, header, attributes, answer) => {
  onHost(function* (a) {
    yield* addRoutes(a);
    const socket = yield* RouteSocket.openExtended(a);
    const messages = yield* socket.ask(RTM.GETROUTE, 1, hex(header, attributes));
    expect(messages.map((message) => text(message))).toEqual([answer]);
  });
});

test("RTM_GETNEIGH: a permanent entry, and NLMSG_DONE in the same datagram", () => {
  onHost(function* (a) {
    yield* a.do(() => a.net.rtnl.neigh_add(2, ip("10.0.0.9"), hex("020000000009"), 0x80));
    const socket = yield* RouteSocket.openExtended(a);
    const datagrams = yield* socket.talk(request(RTM.GETNEIGH, DUMPED, NDMSG));
    expect(datagrams).toHaveLength(1);
    const [entry, done] = [...netlinkMessages(datagrams[0] ?? hex())];
    expect(entry === undefined ? "" : text(entry)).toBe(
      "28 0x2 020000000200000080000001080001000a0000090a000200020000000009000008000400000000001400030000000000000000000000000000000000",
    );
    expect(done === undefined ? "" : text(done)).toBe("3 0x2 00000000");
  });
});

test("RTM_GETRULE has the three rules that every host begins with", () => {
  onHost(function* (a) {
    const socket = yield* RouteSocket.openExtended(a);
    const messages = yield* socket.ask(RTM.GETRULE, DUMPED, RTMSG);
    expect(messages.map((message) => text(message))).toEqual([
      "32 0x2 02000000ff0000010000000008000f00ff00000008000e00ffffffff0500150002000000",
      "32 0x2 02000000fe0000010000000008000f00fe00000008000e00ffffffff050015000200000008000600fe7f0000",
      "32 0x2 02000000fd0000010000000008000f00fd00000008000e00ffffffff050015000200000008000600ff7f0000",
      "3 0x2 00000000",
    ]);
  });
});

test("RTM_GETQDISC shows the queue of each device that was up", () => {
  onHost(function* (a, dev) {
    yield* a.do(() => a.net.rtnl.link_set(dev.ifindex, { txQueueLength: 50 }));
    const socket = yield* RouteSocket.openExtended(a);
    const [lo, eth0] = yield* socket.ask(RTM.GETQDISC, DUMPED, new Uint8Array(20));
    expect(lo === undefined ? "" : text(lo)).toBe(
      `36 0x2 000000000100000000000000ffffffff020000000c0001006e6f71756575650005000c000000000030000700` +
        `14000100${zeros(16)}18000300${zeros(20)}2c000300${zeros(40)}`,
    );
    const attributes = attributesOf(eth0 ?? { ...NOTHING }, 20);
    expect(attributes.slice(0, 3)).toEqual(["1=706669666f00", "2=32000000", "12=00"]);
  });
});

function zeros(count: number): string {
  return "00".repeat(count);
}

const NOTHING: NetlinkMessage = { type: 0, flags: 0, seq: 0, portid: 0, payload: hex() };

test("a long dump comes in datagrams that fit into what the program reads with", () => {
  onHost(function* (a, dev) {
    yield* a.do(() => {
      for (let i = 0; i < 400; i++) {
        a.net.rtnl.route_add({
          destination: 0x1400_0000 + i,
          prefixLength: 32,
          ifindex: dev.ifindex,
        });
      }
      return 0;
    });
    const socket = yield* RouteSocket.openExtended(a);
    yield* socket.send(request(RTM.GETROUTE, DUMPED, RTMSG));
    const buffer = new Uint8Array(8192);
    const lengths: number[] = [];
    const types: number[] = [];
    for (;;) {
      const length = yield* a.receive(socket.socket, buffer, 0x40);
      if (length === -Errno.EAGAIN) break;
      lengths.push(length);
      types.push(...[...netlinkMessages(buffer.slice(0, length))].map(({ type }) => type));
    }
    expect(types.filter((type) => type === 24)).toHaveLength(406);
    expect(types.at(-1)).toBe(NLMSG_DONE);
    // The first datagram is made before the program has said how much it reads.
    expect(lengths[0]).toBeLessThanOrEqual(3776);
    expect(lengths[1]).toBeGreaterThan(7900);
    expect(lengths[1]).toBeLessThanOrEqual(8192);
    // While a dump waits for its reader there can be no second one.
    yield* socket.send(request(RTM.GETROUTE, DUMPED, RTMSG));
    yield* socket.send(request(RTM.GETROUTE, DUMPED, RTMSG, 2));
    const answers = yield* socket.drain();
    const refused = answers
      .flatMap((one) => [...netlinkMessages(one)])
      .find(({ seq }) => seq === 2);
    expect(refused?.type).toBe(2);
    expect(toHex(refused?.payload.subarray(0, 4) ?? hex())).toBe("f0ffffff");
  });
});

test("a dump that is overtaken by a change says so", () => {
  onHost(function* (a, dev) {
    const address = (last: number): number =>
      a.net.rtnl.addr_add({ ifindex: dev.ifindex, local: 0x0b00_0000 + last, prefixLength: 32 });
    yield* a.do(() => {
      for (let i = 1; i <= 100; i++) address(i);
      return 0;
    });
    const socket = yield* RouteSocket.openExtended(a);
    yield* socket.send(request(RTM.GETADDR, DUMPED, IFADDRMSG));
    yield* a.do(() => address(200));
    const all = yield* socket.drain();
    const flags = all.flatMap((datagram) => [...netlinkMessages(datagram)]).map((m) => m.flags);
    expect(flags.filter((one) => (one & NLM_F_DUMP_INTR) !== 0)).toHaveLength(1);
  });
});

test("a strict dump of one device or one table is filtered, and says so", () => {
  onHost(function* (a) {
    yield* addRoutes(a);
    const socket = yield* RouteSocket.openExtended(a, NETLINK_GET_STRICT_CHK);
    const addresses = yield* socket.ask(RTM.GETADDR, DUMPED, hex("0200000002000000"));
    expect(addresses.map(({ type, flags }) => [type, flags])).toEqual([
      [20, 0x22],
      [3, 0x22],
    ]);
    const table = attribute(15, hex("2c010000"));
    const routes = yield* socket.ask(RTM.GETROUTE, DUMPED, joined(RTMSG, table));
    expect(routes.map((message) => text(message))).toEqual([
      "24 0x22 02100000fc03fd010000000008000f002c010000080001000a0000000800040002000000",
      "3 0x22 00000000",
    ]);
    const neighbours = joined(NDMSG, attribute(8, hex("02000000")));
    expect((yield* socket.ask(RTM.GETNEIGH, DUMPED, neighbours)).map(({ flags }) => flags)).toEqual(
      [2],
    );
  });
});

test("a family that the host does not have is dumped as all families, or is not supported", () => {
  onHost(function* (a) {
    const socket = yield* RouteSocket.openExtended(a);
    const inet6 = hex("0a00000000000000");
    expect((yield* socket.ask(RTM.GETADDR, DUMPED, inet6)).map(({ type }) => type)).toEqual([
      20, 20, 3,
    ]);
    const [refused] = yield* socket.ask(RTM.NEWADDR, 5, inet6);
    expect(toHex(refused?.payload.subarray(0, 4) ?? hex())).toBe("a1ffffff");
  });
});
