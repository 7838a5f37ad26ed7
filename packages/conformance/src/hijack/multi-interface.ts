import { AF_INET, AF_INET6 } from "@dcejs/dce-glue";
import type { ConformanceTest } from "../conformance-test.ts";
import { same } from "../expectation.ts";
import type { Feature } from "../feature.ts";
import { IPV6, POLICY_ROUTING } from "../features.ts";
import { notHere } from "../not-here.ts";
import { ping } from "../program/ping.ts";
import {
  completed,
  type Host,
  ipv6Addresses,
  pair,
  type Testbed,
  type Wire,
} from "../testbed/index.ts";
import { BEHIND6, expectShown, octets4, octets6, setGateway6, setIpv6 } from "./two-hosts.ts";

const NO_TAPS = "each test here makes cables of its own";

interface TwoCards {
  readonly host: Host;
  readonly first: Host;
  readonly second: Host;
  readonly wires: readonly [Wire, Wire];
}

const ADDRESSES = ["10.0.0.1", "10.0.1.1"] as const;
const PEERS = ["10.0.0.2", "10.0.1.2"] as const;
const ADDRESSES6 = ["fc03::1", "fc04::1"] as const;
const PEERS6 = ["fc03::2", "fc04::2"] as const;

/** A host with sim0 and sim1, each to a host of its own. */
function twoCards(bed: Testbed): TwoCards {
  const host = bed.host("host");
  const first = bed.host("first");
  const second = bed.host("second");
  const wires = [bed.link(host, first), bed.link(host, second)] as const;
  for (const [card, peer] of [first, second].entries()) {
    host.ip(`addr add ${ADDRESSES[card]}/24 dev sim${card}`);
    peer.ip(`addr add ${PEERS[card]}/24 dev sim0`);
  }
  return { host, first, second, wires };
}

function withIpv6({ host, first, second }: TwoCards): void {
  const all = [
    [host, 0, ADDRESSES6[0]],
    [host, 1, ADDRESSES6[1]],
    [first, 0, PEERS6[0]],
    [second, 0, PEERS6[1]],
  ] as const;
  for (const [each, card, address] of all) {
    each.kernelTask("ipv6", () => setIpv6(each, each.ifindex(card), address));
  }
}

function pingTest(card: 0 | 1, isIpv6: boolean): ConformanceTest {
  const target = (isIpv6 ? PEERS6 : PEERS)[card];
  return {
    name: `multi_if_ping_eth${card}${isIpv6 ? "_v6" : ""}`,
    source: `hijack-test.sh: the host behind card ${card} answers at ${target}`,
    ...(isIpv6 && { needs: [IPV6] }),
    run: async (bed) => {
      const made = twoCards(bed);
      if (isIpv6) withIpv6(made);
      made.host.start((posix) => ping(posix, target, { count: 3 }), { at: "5s" });
      await bed.run();
      const other = made.wires[1 - card];
      same(
        other?.packets.filter(({ icmp }) => icmp !== undefined).length,
        0,
        "echoes on the other wire",
      );
    },
  };
}

function neighbourTest(card: 0 | 1, isIpv6: boolean): ConformanceTest {
  const address = isIpv6 ? `fc0${card + 3}::77` : `10.0.${card}.77`;
  return {
    name: `multi_if_neigh_eth${card}${isIpv6 ? "_v6" : ""}`,
    source: `hijack-test.sh: a neighbour of card ${card} is set`,
    ...(isIpv6 && { needs: [IPV6] }),
    run: async (bed) => {
      const { host } = twoCards(bed);
      host.kernelTask("neighbour", function* () {
        const mac = Uint8Array.of(0x12, 0x34, 0x56, 0x78, 0x9a, card);
        const octets = isIpv6 ? octets6(address) : octets4(address);
        const family = isIpv6 ? AF_INET6 : AF_INET;
        const status = host.kernel.dce_lkl_add_neighbor(host.ifindex(card), family, octets, mac);
        same(yield* completed(status), 0, "lkl_add_neighbor");
        if (isIpv6) return;
        yield* expectShown(host, `neigh show dev sim${card}`, [address, `12:34:56:78:9a:0${card}`]);
      });
      await bed.run();
    },
  };
}

/** The tables that lkl_if_add_rule_from_saddr uses: twice the index of the device, and one more for IPv6. */
function ruleTest(
  name: string,
  source: string,
  isIpv6: boolean,
  needs: readonly Feature[],
): ConformanceTest {
  return {
    name,
    source: `hijack-test.sh: ${source}`,
    needs,
    run: async (bed) => {
      const { left, right, wire } = pair(bed);
      const family = isIpv6 ? AF_INET6 : AF_INET;
      const own = isIpv6 ? octets6("fc03::1") : octets4("10.0.0.1");
      const gateway = isIpv6 ? octets6("fc03::2") : octets4("10.0.0.2");
      left.kernelTask("rule", function* () {
        const { kernel } = left;
        const index = left.ifindex();
        if (isIpv6) {
          same(yield* completed(kernel.dce_lkl_if_set_ipv6(index, own, 64)), 0, "lkl_if_set_ipv6");
        }
        const rule = kernel.dce_lkl_if_add_rule_from_saddr(index, family, own);
        same(yield* completed(rule), 0, "lkl_if_add_rule_from_saddr");
        const route = kernel.dce_lkl_if_add_gateway(index, family, gateway);
        same(yield* completed(route), 0, "lkl_if_add_gateway");
      });
      if (!isIpv6) {
        right.ip("addr add 192.0.2.1/32 dev lo");
        left.start((posix) => ping(posix, "192.0.2.1", { count: 1, from: "10.0.0.1" }), {
          at: "3s",
        });
      }
      await bed.run();
      if (!isIpv6) {
        const echoes = wire.sent(left, ({ icmp }) => icmp?.type === 8);
        same(echoes.length, 1, "requests that took the route of the rule's table");
      }
    },
  };
}

export const multiInterfaceTests: readonly ConformanceTest[] = [
  {
    name: "multi_if_setup",
    source: "hijack-test.sh: two devices, each with its address",
    run: async (bed) => {
      const { host } = twoCards(bed);
      host.kernelTask("show", function* () {
        yield* expectShown(host, "addr show dev sim0", [`${ADDRESSES[0]}/24`, host.mac(0)]);
        yield* expectShown(host, "addr show dev sim1", [`${ADDRESSES[1]}/24`, host.mac(1)]);
      });
      await bed.run();
    },
  },
  pingTest(0, false),
  pingTest(1, false),
  pingTest(0, true),
  pingTest(1, true),
  neighbourTest(0, false),
  neighbourTest(1, false),
  neighbourTest(0, true),
  neighbourTest(1, true),
  {
    name: "multi_if_gateway",
    source: "hijack-test.sh: the gateway is behind the second card, and used",
    run: async (bed) => {
      const { host, second, wires } = twoCards(bed);
      second.ip("addr add 192.0.2.1/32 dev lo");
      host.kernelTask("gateway", function* () {
        const status = host.kernel.dce_lkl_set_ipv4_gateway(0x0a000102);
        same(yield* completed(status), 0, "lkl_set_ipv4_gateway");
        yield* expectShown(host, "route show", ["default via 10.0.1.2 dev sim1"]);
      });
      host.start((posix) => ping(posix, "192.0.2.1", { count: 2 }), { at: "1s" });
      await bed.run();
      same(wires[1].sent(host, ({ icmp }) => icmp !== undefined).length, 2, "echoes on sim1");
    },
  },
  {
    name: "multi_if_gateway_v6",
    source: "hijack-test.sh: the IPv6 gateway is behind the second card, and used",
    needs: [IPV6],
    run: async (bed) => {
      const made = twoCards(bed);
      withIpv6(made);
      const { host, second, wires } = made;
      host.kernelTask("gateway", () => setGateway6(host, PEERS6[1]), "3s");
      second.kernelTask("behind", () => setIpv6(second, 1, BEHIND6));
      host.start((posix) => ping(posix, BEHIND6, { count: 2 }), { at: "4s" });
      await bed.run();
      const sent = wires[1].sent(host, (packet) => ipv6Addresses(packet)?.destination === BEHIND6);
      same(sent.length, 2, "echoes on sim1");
    },
  },
  notHere("multitable_setup", "hijack-test.sh: makes the taps of the next tests", NO_TAPS),
  notHere("multitable_cleanup", "hijack-test.sh: removes the taps again", NO_TAPS),
  ruleTest("multitable_ipv4_rule", "packets from an address take the table of its device", false, [
    POLICY_ROUTING,
  ]),
  ruleTest("multitable_ipv6_rule", "the same with IPv6", true, [POLICY_ROUTING, IPV6]),
  ...["multitable_table_4", "multitable_table_6"].map((name) =>
    tableTest(name, "the table 2 × index of an IPv4 device has its gateway", [POLICY_ROUTING]),
  ),
  ...["multitable_table_5", "multitable_table_7"].map((name) =>
    tableTest(name, "the table 2 × index + 1 of an IPv6 device has its gateway", [
      POLICY_ROUTING,
      IPV6,
    ]),
  ),
];

/** A gateway of the second or third device goes to the table of that device. */
function tableTest(name: string, source: string, needs: readonly Feature[]): ConformanceTest {
  return {
    name,
    source: `hijack-test.sh: ${source}`,
    needs,
    run: async (bed) => {
      const { host } = twoCards(bed);
      const table = Number(name.slice(-1));
      const isIpv6 = table % 2 === 1;
      const card = table >> 1 === 2 ? 0 : 1;
      host.kernelTask("table", function* () {
        const { kernel } = host;
        const index = host.ifindex(card);
        if (isIpv6) {
          const own = octets6(ADDRESSES6[card]);
          same(yield* completed(kernel.dce_lkl_if_set_ipv6(index, own, 64)), 0, "lkl_if_set_ipv6");
        }
        const gateway = isIpv6 ? octets6(PEERS6[card]) : octets4(PEERS[card]);
        const status = kernel.dce_lkl_if_add_gateway(index, isIpv6 ? AF_INET6 : AF_INET, gateway);
        same(yield* completed(status), 0, "lkl_if_add_gateway");
        if (isIpv6) return;
        yield* expectShown(host, `route show table ${index * 2}`, [`default via ${PEERS[card]}`]);
      });
      await bed.run();
    },
  };
}
