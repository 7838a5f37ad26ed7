import type { Wait } from "@dcejs/core-sched";
import { AF_INET, AF_INET6, type Main, parseIpv6 } from "@dcejs/dce-glue";
import type { ConformanceTest } from "../conformance-test.ts";
import { holds, same } from "../expectation.ts";
import { FAIR_QUEUE, IPV6 } from "../features.ts";
import { notHere } from "../not-here.ts";
import { ping } from "../program/ping.ts";
import { connectTo, expectPattern, listenAt, receiveText, sendPattern } from "../program/stream.ts";
import {
  addressOf,
  completed,
  type Host,
  ipNow,
  ipv6Addresses,
  type Pair,
  pair,
  type Testbed,
} from "../testbed/index.ts";
import { LEFT, RIGHT } from "../testbed/topology.ts";

const LEFT6 = "fc03::1";
const RIGHT6 = "fc03::2";
const PREFIX6 = 64;
const LOOPBACK_IFINDEX = 1;
/** An address of the gateway's own, behind it. */
export const BEHIND6 = "2001:db8::1";
const PINGS = 65;
const PING_INTERVAL_NS = 10e6;
const STREAM_OCTETS = 1_000_000;
const NEIGHBOUR = "10.0.0.77";
const NEIGHBOUR_MAC = "12:34:56:78:9a:bc";
const OFFLOADS = "offload bits are virtio's; a card of the simulator has none to negotiate";
const VDE = "a VDE switch is a program of the host: switches are simulated (see links)";

export function octets6(address: string): Uint8Array {
  const octets = parseIpv6(address);
  if (octets === undefined) throw new TypeError(`${address} is no IPv6 address`);
  return octets;
}

/** @param ifindex the address of lo is one of a host alone */
export function* setIpv6(host: Host, ifindex: number, address: string): Wait<void> {
  const length = ifindex === LOOPBACK_IFINDEX ? 128 : PREFIX6;
  const status = host.kernel.dce_lkl_if_set_ipv6(ifindex, octets6(address), length);
  same(yield* completed(status), 0, "lkl_if_set_ipv6");
}

export function* setGateway6(host: Host, gateway: string): Wait<void> {
  const status = host.kernel.dce_lkl_set_ipv6_gateway(octets6(gateway));
  same(yield* completed(status), 0, "lkl_set_ipv6_gateway");
}

/** A pair with IPv6 addresses too; duplicate address detection has to be over before they are used. */
function pair6(bed: Testbed): Pair {
  const made = pair(bed);
  const ends = [
    [made.left, LEFT6],
    [made.right, RIGHT6],
  ] as const;
  for (const [host, address] of ends) {
    host.kernelTask("ipv6", () => setIpv6(host, host.ifindex(), address));
  }
  return made;
}

/** `pings` echo requests every 10 ms, as `ping -i 0.01 -c 65`. */
function pingTest(name: string, source: string, target: string, count: number): ConformanceTest {
  const isIpv6 = target.includes(":");
  return {
    name,
    source: `hijack-test.sh: ${source}`,
    ...(isIpv6 && { needs: [IPV6] }),
    run: async (bed) => {
      const { left, wire } = isIpv6 ? pair6(bed) : pair(bed);
      left.start((posix) => ping(posix, target, { count, intervalNs: PING_INTERVAL_NS }), {
        at: "5s",
      });
      await bed.run();
      const requests = wire.sent(left, (packet) =>
        isIpv6
          ? ipv6Addresses(packet)?.destination === target && packet.bytes[54] === 128
          : packet.icmp?.type === 8,
      );
      same(requests.length, count, "requests on the wire");
    },
  };
}

const stepTests: readonly ConformanceTest[] = [
  {
    name: "pipe_setup",
    source: "hijack-test.sh: ip addr shows the device with its address and link-layer address",
    run: async (bed) => {
      const { left } = pair(bed);
      left.kernelTask("show", () =>
        expectShown(left, "addr show dev sim0", [`${LEFT}/24`, left.mac()]),
      );
      await bed.run();
    },
  },
  pingTest("pipe_ping", "two kernels over a cable, IPv4", RIGHT, 10),
  pingTest("pipe_ping6", "two kernels over a cable, IPv6", RIGHT6, 10),
  {
    name: "tap_setup",
    source:
      "hijack-test.sh: as pipe_setup with an IPv6 address; nothing in the log fails to be freed",
    needs: [IPV6],
    run: async (bed) => {
      const { left } = pair6(bed);
      const name = { address: LEFT6, port: 0 };
      left.start(
        async (posix) => {
          await posix.bind(await posix.socket(AF_INET6, 2), name);
        },
        { at: "3s" },
      );
      await bed.run();
      holds(!left.kernel.dmesg().includes("failed to free"), "nothing failed to be freed");
    },
  },
  pingTest("tap_ping_host", "the kernel pings the other end, IPv4", RIGHT, 1),
  pingTest("tap_ping_host6", "the kernel pings the other end, IPv6", RIGHT6, 1),
  pingTest("tap_ping_lkl", "65 requests, one each 10 ms, IPv4", RIGHT, PINGS),
  pingTest("tap_ping_lkl6", "65 requests, one each 10 ms, IPv6", RIGHT6, PINGS),
  {
    name: "tap_neighbours",
    source: "hijack-test.sh: neighbours that are set are permanent, and used without asking",
    run: async (bed) => {
      const { left, wire } = pair(bed);
      left.kernelTask("neighbours", function* () {
        const mac = Uint8Array.from(NEIGHBOUR_MAC.split(":"), (each) => Number.parseInt(each, 16));
        const address = octets4(NEIGHBOUR);
        const index = left.ifindex();
        const status = left.kernel.dce_lkl_add_neighbor(index, AF_INET, address, mac);
        same(yield* completed(status), 0, "lkl_add_neighbor");
        yield* expectShown(left, "neigh show", [NEIGHBOUR, NEIGHBOUR_MAC, "PERMANENT"]);
      });
      left.start(
        async (posix) => {
          const socket = await posix.socket(AF_INET, 2);
          await posix.sendto(socket, "x", { address: NEIGHBOUR, port: 9 });
        },
        { at: "1s" },
      );
      await bed.run();
      const [frame] = wire.sent(left, ({ udp }) => udp !== undefined);
      same(frame?.destinationMac, NEIGHBOUR_MAC, "where the frame went");
      same(
        wire.sent(left, ({ arp }) => arp?.target === NEIGHBOUR),
        [],
        "questions by ARP",
      );
    },
  },
  {
    name: "gateway",
    source: "hijack-test.sh: ip route shows the IPv4 gateway",
    run: async (bed) => {
      const { left } = pair(bed);
      left.kernelTask("gateway", function* () {
        const status = left.kernel.dce_lkl_set_ipv4_gateway(addressOf(RIGHT));
        same(yield* completed(status), 0, "lkl_set_ipv4_gateway");
        yield* expectShown(left, "route show", [`default via ${RIGHT} dev sim0`]);
      });
      await bed.run();
    },
  },
  {
    name: "gateway_v6",
    source: "hijack-test.sh: the IPv6 gateway is taken, and what lies behind it answers",
    needs: [IPV6],
    run: async (bed) => {
      const { left, right, wire } = pair6(bed);
      left.kernelTask("gateway", () => setGateway6(left, RIGHT6), "3s");
      right.kernelTask("behind", () => setIpv6(right, LOOPBACK_IFINDEX, BEHIND6));
      left.start((posix) => ping(posix, BEHIND6, { count: 2 }), { at: "4s" });
      await bed.run();
      const toBehind = wire.sent(left, (packet) => ipv6Addresses(packet)?.destination === BEHIND6);
      same(
        toBehind.map(({ destinationMac }) => destinationMac),
        [right.mac(), right.mac()],
        "way",
      );
    },
  },
  {
    name: "tap_qdisc",
    source: "hijack-test.sh: `root|fq` puts the queueing discipline fq on the device",
    needs: [FAIR_QUEUE],
    run: async (bed) => {
      const { left } = pair(bed);
      left.kernelTask("qdisc", function* () {
        const status = left.kernel.dce_lkl_qdisc_parse_add(left.ifindex(), "root|fq");
        same(yield* completed(status), 0, "lkl_qdisc_parse_add");
        yield* expectShown(left, "link show dev sim0", ["qdisc fq"]);
      });
      await bed.run();
    },
  },
];

/** netperf: a transfer between two kernels, octet for octet. */
function transfer(name: string, source: string, sender: "left" | "right"): ConformanceTest {
  return {
    name,
    source: `hijack-test.sh: ${source}`,
    run: async (bed) => {
      const { left, right } = pair(bed, { wire: { rate: "100Mbps" } });
      const send: Main = async (posix) => {
        const socket =
          sender === "left"
            ? await connectTo(posix, RIGHT, 5001)
            : await posix.accept(await listenAt(posix, 5001));
        await sendPattern(posix, socket, STREAM_OCTETS);
      };
      const receive: Main = async (posix) => {
        const socket =
          sender === "left"
            ? await posix.accept(await listenAt(posix, 5001))
            : await connectTo(posix, RIGHT, 5001);
        await expectPattern(posix, socket, STREAM_OCTETS);
      };
      right.start(sender === "right" ? send : receive);
      left.start(sender === "left" ? send : receive, { at: "1ms" });
      await bed.run();
    },
  };
}

const netperfTests: readonly ConformanceTest[] = [
  notHere("netperf_stream_tso_csum", "hijack-test.sh: TCP_STREAM with offload 0x883", OFFLOADS),
  notHere("netperf_maerts_csum_tso", "hijack-test.sh: TCP_MAERTS with offload 0x883", OFFLOADS),
  notHere("netperf_stream_csum_tso_mrgrxbuf", "hijack-test.sh: TCP_STREAM with 0x8803", OFFLOADS),
  {
    name: "netperf_tcp_rr",
    source: "hijack-test.sh: TCP_RR, an octet there and one back, a hundred times",
    run: async (bed) => {
      const { left, right } = pair(bed);
      right.start(async (posix) => {
        const socket = await posix.accept(await listenAt(posix, 5001));
        for (let i = 0; i < 100; i++) {
          await posix.send(socket, await receiveText(posix, socket, 1));
        }
      });
      left.start(
        async (posix) => {
          const socket = await connectTo(posix, RIGHT, 5001);
          const before = posix.now();
          for (let i = 0; i < 100; i++) {
            await posix.send(socket, "x");
            same(await receiveText(posix, socket, 1), "x", "answer");
          }
          same(posix.now() - before, 100 * 2e6, "nanoseconds of 100 round trips of 2 ms");
        },
        { at: "1ms" },
      );
      await bed.run();
    },
  },
  transfer("netperf_tcp_stream", "TCP_STREAM, to the other kernel", "left"),
  transfer("netperf_tcp_maerts", "TCP_MAERTS, from the other kernel", "right"),
];

export const twoHostTests: readonly ConformanceTest[] = [
  ...stepTests,
  ...netperfTests,
  ...["vde_setup", "vde_ping_host", "vde_ping_lkl", "vde_cleanup"].map((name) =>
    notHere(name, `hijack-test.sh: ${name}, over a VDE switch`, VDE),
  ),
];

export function* expectShown(host: Host, command: string, texts: readonly string[]): Wait<void> {
  const shown = yield* ipNow(host, command);
  for (const text of texts) holds(shown.includes(text), `ip ${command} shows "${text}": ${shown}`);
}

export function octets4(address: string): Uint8Array {
  return Uint8Array.from(address.split("."), Number);
}
