import type { Wait } from "@dcejs/core-sched";
import { SIM_DEV_BROADCAST, SIM_DEV_MULTICAST } from "@dcejs/dce-glue";
import { linksOf } from "../boot/life-cycle.ts";
import type { ConformanceTest, Part } from "../conformance-test.ts";
import { holds, same } from "../expectation.ts";
import { LKL_NETDEVS } from "../features.ts";
import { notHere } from "../not-here.ts";
import { ping } from "../program/ping.ts";
import {
  addressOf,
  completed,
  type Host,
  ipNow,
  type Testbed,
  type Wire,
} from "../testbed/index.ts";
import { LEFT, RIGHT } from "../testbed/topology.ts";

const MAC = Uint8Array.of(0x00, 0x01, 0x00, 0x00, 0x00, 0xab);
const DEVICE_FLAGS = SIM_DEV_BROADCAST | SIM_DEV_MULTICAST;
const PREFIX_LENGTH = 24;
const HOST_BACKEND = "a device of the host's own system: here the wire is simulated";

/** The host under test, and one on the other end of its cable; neither has an address yet. */
function cabled(bed: Testbed): { host: Host; peer: Host; wire: Wire } {
  const host = bed.host("host");
  const peer = bed.host("peer");
  return { host, peer, wire: bed.link(host, peer) };
}

function* setIpv4(host: Host, address: string): Wait<void> {
  const { kernel } = host;
  const index = host.ifindex();
  same(yield* completed(kernel.dce_lkl_if_up(index)), 0, "lkl_if_up");
  const status = kernel.dce_lkl_if_set_ipv4(index, addressOf(address), PREFIX_LENGTH);
  same(yield* completed(status), 0, "lkl_if_set_ipv4");
}

/** A test of one helper on a cabled host, in a task of it. */
function helperTest(
  name: string,
  source: string,
  body: (host: Host) => Wait<void>,
): ConformanceTest {
  return {
    name,
    source: `net-test.c: ${source}`,
    run: (bed) => {
      const { host } = cabled(bed);
      host.kernelTask(name, () => body(host));
      return bed.run();
    },
  };
}

const deviceTests: readonly ConformanceTest[] = [
  helperTest("nd_create", "a device is made", function* (host) {
    const device = host.kernel.dev_create("sim%d", {}, DEVICE_FLAGS);
    const index = host.kernel.dev_ifindex(device);
    holds(
      (yield* linksOf(host)).some(({ ifindex }) => ifindex === index),
      "it is there",
    );
    host.kernel.dev_destroy(device);
  }),
  helperTest("nd_add", "the device has the address 00:01:00:00:00:ab", function* (host) {
    const { kernel } = host;
    const device = kernel.dev_create("sim%d", {}, DEVICE_FLAGS);
    kernel.dev_set_address(device, MAC);
    const index = kernel.dev_ifindex(device);
    const link = (yield* linksOf(host)).find(({ ifindex }) => ifindex === index);
    same(link?.address, "00:01:00:00:00:ab", "address");
    kernel.dev_destroy(device);
  }),
  {
    name: "start_kernel",
    source: "net-test.c: the kernel starts with a device in place",
    run: async (bed) => {
      const { host } = cabled(bed);
      await bed.run();
      holds(host.factory.isRunning, "it runs");
    },
  },
  helperTest("nd_ifindex", "the device has an index", function* (host) {
    const index = host.ifindex();
    holds(index > 1, `${index} is larger than lo's`);
    same(
      yield* completed(host.kernel.dce_lkl_netdev_get_ifindex(0)),
      index,
      "lkl_netdev_get_ifindex(0)",
    );
  }),
  helperTest("if_up", "the device comes up", function* (host) {
    same(yield* completed(host.kernel.dce_lkl_if_up(host.ifindex())), 0, "lkl_if_up");
  }),
  helperTest("set_ipv4", "the device gets an address", function* (host) {
    yield* setIpv4(host, LEFT);
    const shown = yield* ipNow(host, "-br addr show dev sim0");
    holds(shown.includes(`${LEFT}/${PREFIX_LENGTH}`), `ip shows ${LEFT}: ${shown}`);
  }),
  helperTest("set_gateway", "the default route goes to the gateway", function* (host) {
    yield* setIpv4(host, LEFT);
    const status = host.kernel.dce_lkl_set_ipv4_gateway(addressOf(RIGHT));
    same(yield* completed(status), 0, "lkl_set_ipv4_gateway");
    const shown = yield* ipNow(host, "route show default");
    holds(shown.includes(`default via ${RIGHT}`), `ip shows the gateway: ${shown}`);
  }),
  {
    name: "sleep",
    source: "net-test.c: the test waits for its addresses; here a second of virtual time",
    run: async (bed) => {
      const { host } = cabled(bed);
      host.start(async (posix) => {
        const before = posix.now();
        await posix.sleep(1);
        same(posix.now() - before, 1e9, "nanoseconds");
      });
      await bed.run();
    },
  },
];

const icmpTests: readonly ConformanceTest[] = [
  {
    name: "icmp",
    source: "net-test.c: 10 raw echo requests over the device are answered, each within a second",
    run: async (bed) => {
      const { host, peer, wire } = cabled(bed);
      host.kernelTask("configure", () => setIpv4(host, LEFT));
      peer.kernelTask("configure", () => setIpv4(peer, RIGHT));
      host.start((posix) => ping(posix, RIGHT), { at: "1s" });
      await bed.run();
      same(wire.sent(host, ({ icmp }) => icmp?.type === 8).length, 10, "requests on the wire");
      same(wire.sent(peer, ({ icmp }) => icmp?.type === 0).length, 10, "replies on the wire");
    },
  },
  {
    name: "icmp_loopback",
    source: "net.sh: the same test over the loopback device",
    run: async (bed) => {
      bed.host("host").start((posix) => ping(posix, "127.0.0.1"));
      await bed.run();
    },
  },
];

const endTests: readonly ConformanceTest[] = [
  {
    name: "nd_remove",
    source: "net-test.c: the device is removed after use, its addresses and routes with it",
    run: async (bed) => {
      const { host, peer } = cabled(bed);
      host.kernelTask("configure", () => setIpv4(host, LEFT));
      peer.kernelTask("configure", () => setIpv4(peer, RIGHT));
      host.start((posix) => ping(posix, RIGHT, { count: 2 }), { at: "1s" });
      const remove = function* (): Wait<void> {
        const [nic] = host.nics;
        if (nic?.device === undefined) return;
        host.kernel.dev_destroy(nic.device);
        nic.unplug();
        holds(!(yield* linksOf(host)).some(({ ifname }) => ifname === "sim0"), "sim0 is gone");
        holds(!(yield* ipNow(host, "route show")).includes("sim0"), "its routes are gone");
      };
      host.kernelTask("nd_remove", remove, "2s");
      await bed.run();
    },
  },
  {
    name: "stop_kernel",
    source: "net-test.c: lkl_sys_halt gives 0 after traffic",
    run: async (bed) => {
      const { host, peer } = cabled(bed);
      host.kernelTask("configure", () => setIpv4(host, LEFT));
      peer.kernelTask("configure", () => setIpv4(peer, RIGHT));
      host.start((posix) => ping(posix, RIGHT, { count: 2 }), { at: "1s" });
      const stop = function* (): Wait<void> {
        same(yield* host.factory.halt(), 0, "lkl_sys_halt");
      };
      host.kernelTask("stop_kernel", stop, "2s");
      await bed.run();
    },
  },
];

const backendTests: readonly ConformanceTest[] = [
  {
    name: "pipe",
    source: "net.sh: the device is a pair of pipes",
    needs: [LKL_NETDEVS],
    run: async (bed) => bed.skip("cards are the simulator's: see icmp"),
  },
  ...["tap", "macvtap", "raw", "dpdk", "wintap"].map((name) =>
    notHere(name, `net.sh: the device is of the kind ${name}`, HOST_BACKEND),
  ),
  notHere(
    "dhcp",
    "net.sh: the address comes by ip=dhcp",
    "there is no DHCP server in the simulation",
  ),
];

export const netPart: Part = {
  title: "net-test.c",
  about:
    "LKL's tools/lkl/tests/net-test.c and net.sh. The device is a card on a simulated cable, the other end a host with the same kernel.",
  tests: [...deviceTests, ...icmpTests, ...endTests, ...backendTests],
};
