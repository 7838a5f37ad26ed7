/** What listeners hear, in Linux's order; recorded from Linux 6.18 with the commands that the tests name. */
import type { Wait } from "@dcejs/lkl-kernel";
import { expect, test } from "vitest";
import { IFF_UP, netif_carrier_off, netif_carrier_on, type NetDevice } from "../../src/index.ts";
import { AF_NETLINK, netlinkMessages } from "../../src/netlink/netlink.ts";
import { IFLA, RTM } from "../../src/rtnl/rtnetlink-numbers.ts";
import { NetlinkAttributes } from "../../src/netlink/netlink-attributes.ts";
import { ip, type Node, withNetwork } from "../host/network.ts";
import { joined, attribute, hex, ifinfomsg, request, RouteSocket, toHex } from "./route-socket.ts";

/** Legacy bits of LINK, NEIGH, IPV4_IFADDR and IPV4_ROUTE. */
const GROUPS = 1 | 4 | 0x10 | 0x40;
const NEW_ROUTE = 0x600;
const ACKED_NEW = 0x605;
const ECHOED_NEW = 0x60d;

interface Ears {
  readonly a: Node;
  readonly dev: NetDevice;
  /** Sends requests. */
  readonly mouth: RouteSocket;
  /** What was heard since the last call: group, type, flags, header, attributes. */
  readonly heard: () => Wait<string[]>;
}

function onHost(body: (ears: Ears) => Wait<void>): void {
  withNetwork(function* (network) {
    const a = yield* network.node("a");
    const [dev] = yield* network.wire(a, yield* network.node("b"));
    const listener = yield* RouteSocket.open(a);
    const mouth = yield* RouteSocket.open(a);
    const address = new Uint8Array(12);
    new DataView(address.buffer).setUint16(0, AF_NETLINK, true);
    new DataView(address.buffer).setUint32(8, GROUPS, true);
    yield* a.do(() => listener.socket.bind(address));
    yield* a.do(() => mouth.socket.bind(hex("100000004d01000000000000")));
    const heard = function* (): Wait<string[]> {
      const texts: string[] = [];
      const from = new Uint8Array(12);
      for (let next = yield* listener.receive(from); next; next = yield* listener.receive(from)) {
        const group = new DataView(from.buffer).getUint32(8, true);
        for (const message of netlinkMessages(next)) texts.push(describe(group, message));
      }
      return texts;
    };
    yield* body({ a, dev, mouth, heard });
  });
}

type Message = ReturnType<typeof netlinkMessages> extends Generator<infer T> ? T : never;

function describe(group: number, { type, flags, seq, portid, payload }: Message): string {
  const who = `${seq === 0 ? "" : ` seq ${seq}`}${portid === 0 ? "" : ` port ${portid}`}`;
  const start = `${group} ${type} 0x${flags.toString(16)}${who}`;
  if (type !== RTM.NEWLINK && type !== RTM.DELLINK) return `${start} ${toHex(payload)}`;
  const link = new NetlinkAttributes(payload.subarray(16));
  const about = `${link.text(IFLA.IFNAME)} mtu ${link.u32(IFLA.MTU)} oper ${link.u8(IFLA.OPERSTATE)}`;
  return `${start} ${toHex(payload.subarray(8, 16))} ${about}`;
}

/** ip addr add 10.0.0.1/24 dev eth0, on a device that is up */
const ADDRESS = joined(
  hex("0218000002000000"),
  attribute(2, hex("0a000001")),
  attribute(1, hex("0a000001")),
);
const LOCAL_10_0_0_1 =
  "02200000ff02fe020000000008000f00ff000000080001000a000001080007000a0000010800040002000000";
const SUBNET =
  "02180000fe02fd010000000008000f00fe000000080001000a000000080007000a0000010800040002000000";
const BROADCAST =
  "02200000ff02fd030000000008000f00ff000000080001000a0000ff080007000a0000010800040002000000";

function addressText(address: string, flags: string): string {
  return `0218${flags}0002000000 08000100${address} 08000200${address} 0900030065746830 00000000 08000800${flags}000000`.replaceAll(
    " ",
    "",
  );
}

test("links: up, mtu, address, queue, promisc, carrier, name, down", () => {
  onHost(function* ({ a, dev, heard }) {
    const { rtnl } = a.net;
    const set = (change: Parameters<typeof rtnl.link_set>[1]): Wait =>
      a.do(() => rtnl.link_set(dev.ifindex, change));
    const tells = function* (make: () => Wait<unknown>): Wait<string> {
      yield* make();
      return (yield* heard()).join("; ");
    };
    const up = { flags: IFF_UP, flagsMask: IFF_UP };
    expect(yield* tells(() => set(up))).toBe("1 16 0x0 4310010001000000 eth0 mtu 1500 oper 6");
    expect(yield* tells(() => set(up))).toBe("");
    expect(yield* tells(() => set({ mtu: 1400 }))).toBe(
      "1 16 0x0 4310010000000000 eth0 mtu 1400 oper 6",
    );
    expect(yield* tells(() => set({ mtu: 1400 }))).toBe("");
    expect(yield* tells(() => set({ address: hex("020000000007") }))).toContain("4310010000000000");
    expect(yield* tells(() => set({ txQueueLength: 50 }))).toContain("1 16 0x0 4310010000000000");
    expect(yield* tells(() => set({ flags: 0x100, flagsMask: 0x100 }))).toContain(
      "4311010000010000",
    );
    const off = (): Wait => a.do(() => done(() => netif_carrier_off(dev)));
    const on = (): Wait => a.do(() => done(() => netif_carrier_on(dev)));
    expect(yield* tells(off)).toBe("1 16 0x0 0311000000000000 eth0 mtu 1400 oper 2");
    expect(yield* tells(on)).toBe("1 16 0x0 4311010000000000 eth0 mtu 1400 oper 6");
    expect(yield* tells(() => set({ name: "wan" }))).toContain(" wan mtu 1400");
    expect(yield* tells(() => set({ flags: 0, flagsMask: IFF_UP }))).toBe(
      "1 16 0x0 0211000001000000 wan mtu 1400 oper 2",
    );
  });
});

function done(act: () => void): number {
  act();
  return 0;
}

test("an address is told before its routes, with the numbers of the request", () => {
  onHost(function* ({ a, dev, mouth, heard }) {
    yield* a.do(() => a.net.rtnl.link_set(dev.ifindex, { flags: IFF_UP, flagsMask: IFF_UP }));
    yield* heard();
    yield* mouth.talk(request(RTM.NEWADDR, ACKED_NEW, ADDRESS, 9));
    const cache = "14000600ffffffffffffffff0000000000000000";
    expect(yield* heard()).toEqual([
      `16 20 0x0 seq 9 port 333 ${addressText("0a000001", "80")}${cache}`,
      `64 24 0x${NEW_ROUTE.toString(16)} ${LOCAL_10_0_0_1}`,
      `64 24 0x600 ${SUBNET}`,
      `64 24 0x600 ${BROADCAST}`,
    ]);
    yield* a.do(() => a.net.rtnl.addr_add({ ifindex: 2, local: ip("10.0.0.2"), prefixLength: 24 }));
    yield* heard();
    yield* mouth.talk(request(RTM.DELADDR, 5, ADDRESS, 10));
    // The secondary address goes first.
    expect((yield* heard()).map((one) => one.split(" ", 2).join(" "))).toEqual([
      "16 21",
      "64 25",
      "16 21",
      "64 25",
      "64 25",
      "64 25",
    ]);
  });
});

test("routes: what became of them is in the flags", () => {
  onHost(function* ({ a, dev, mouth, heard }) {
    yield* a.address(dev, "10.0.0.1/24");
    yield* heard();
    const ask = function* (
      type: number,
      flags: number,
      header: string,
      rest: string,
    ): Wait<string[]> {
      yield* mouth.talk(request(type, flags, hex(header, rest), 3));
      return yield* heard();
    };
    const via = "02100000fe03000100000000";
    const onLink = "02100000fe03fd0100000000";
    const destination = "080001000a050000";
    const gateway = "080005000a0000fe";
    const device = "0800040002000000";
    const told = (header: string, ...rest: readonly string[]): string =>
      `${header}08000f00fe000000${destination}${rest.join("")}`;
    expect(yield* ask(24, 0x605, via, destination + gateway)).toEqual([
      `64 24 0x600 seq 3 port 333 ${told(via, gateway, device)}`,
    ]);
    expect(yield* ask(24, 0x505, onLink, destination + device)).toEqual([
      `64 24 0x100 seq 3 port 333 ${told(onLink, device)}`,
    ]);
    expect(yield* ask(24, 0xc05, via, destination + gateway)).toEqual([
      `64 24 0xc00 seq 3 port 333 ${told(via, gateway, device)}`,
    ]);
    expect(yield* ask(25, 5, "02100000fe00ff0000000000", destination)).toEqual([
      `64 25 0x0 seq 3 port 333 ${told(onLink, device)}`,
    ]);
  });
});

test("neighbours: state and address, and who asked", () => {
  onHost(function* ({ mouth, heard }) {
    const ask = function* (type: number, flags: number, body: string): Wait<string[]> {
      yield* mouth.talk(request(type, flags, hex(body), 3));
      return (yield* heard()).map((one) => one.slice(0, one.indexOf("14000300")));
    };
    const destination = "080001000a000009";
    expect(
      yield* ask(28, 0x605, `020000000200000080000000${destination}0a0002000200000000090000`),
    ).toEqual([
      `4 28 0x0 port 333 020000000200000080000001${destination}0a00020002000000000900000800040000000000`,
    ]);
    expect(
      yield* ask(28, 0x505, `020000000200000004000000${destination}0a00020002000000000a0000`),
    ).toEqual([
      `4 28 0x0 port 333 020000000200000004000001${destination}0a00020002000000000a00000800040000000000`,
    ]);
    expect(yield* ask(29, 5, `020000000200000000000000${destination}`)).toEqual([
      `4 28 0x0 port 333 020000000200000020000001${destination}0800040000000000`,
      `4 29 0x0 020000000200000020000001${destination}0800040000000000`,
    ]);
  });
});

test("NLM_F_ECHO brings the change to whoever asked, once", () => {
  onHost(function* ({ a, dev, mouth, heard }) {
    yield* a.address(dev, "10.0.0.1/24");
    yield* heard();
    const route = hex("02100000fe03fd0100000000", "080001000a050000", "0800040002000000");
    const datagrams = yield* mouth.talk(request(RTM.NEWROUTE, ECHOED_NEW, route));
    const types = datagrams.flatMap((one) => [...netlinkMessages(one)]).map(({ type }) => type);
    expect(types).toEqual([24, 2]);
    expect(yield* heard()).toHaveLength(1);
  });
});

test("what goes with a device is told before the device", () => {
  onHost(function* ({ a, dev, heard }) {
    yield* a.address(dev, "10.0.0.1/24");
    yield* heard();
    yield* a.do(() => done(() => a.net.unregister_netdevice(dev)));
    const texts = yield* heard();
    expect(texts.map((one) => one.split(" ", 2).join(" "))).toEqual([
      "1 16",
      "16 21",
      "64 25",
      "1 17",
    ]);
    expect(texts.at(-1)).toContain("02100000ffffffff eth0");
  });
});

test("a link that only listens to links hears nothing else", () => {
  onHost(function* ({ a, dev, mouth }) {
    yield* a.do(() => mouth.socket.setsockopt(270, 1, hex("01000000")));
    yield* a.address(dev, "10.0.0.1/24");
    const types = (yield* mouth.drain()).flatMap((one) => [...netlinkMessages(one)]);
    expect(types.map(({ type }) => type)).toEqual([16]);
    yield* mouth.send(request(RTM.SETLINK, 1, joined(ifinfomsg(2), attribute(4, hex("00050000")))));
    expect(yield* mouth.drain()).toHaveLength(1);
  });
});
