import { AF_INET, SIM_DEV_BROADCAST, SIM_DEV_MULTICAST, SOCK_DGRAM } from "@dcejs/dce-glue";
import type { Wait } from "@dcejs/core-sched";
import type { ConformanceTest } from "../conformance-test.ts";
import { holds, same } from "../expectation.ts";
import { completed } from "../testbed/completed.ts";
import { type Host, ipNow } from "../testbed/host.ts";

const LOOPBACK_IFINDEX = 1;
const DEVICE_FLAGS = SIM_DEV_BROADCAST | SIM_DEV_MULTICAST;

/** A device as `ip -json link` shows it. */
interface ShownLink {
  readonly ifindex: number;
  readonly ifname: string;
  readonly flags: readonly string[];
  readonly mtu: number;
  /** `02:00:00:00:00:09` */
  readonly address: string;
}

/** The devices of a kernel, as its own rtnetlink tells them. */
export function* linksOf(host: Host): Wait<readonly ShownLink[]> {
  const links: readonly ShownLink[] = JSON.parse(yield* ipNow(host, "-json link show"));
  return links;
}

function isUp(link: ShownLink | undefined): boolean {
  return link?.flags.includes("UP") === true;
}

/** The kernel as a whole: how it starts, what it does with devices, how it ends. */
export const lifeCycleTests: readonly ConformanceTest[] = [
  {
    name: "start_kernel",
    source: "boot.c: lkl_start_kernel gives 0, and the log is there",
    run: async (bed) => {
      const host = bed.host("host", { commandLine: "mem=32M loglevel=8" });
      await bed.run();
      holds(host.factory.isRunning, "the kernel runs");
      holds(host.kernel.dmesg().includes("Kernel command line: "), "the log has the command line");
      holds(host.kernel.dmesg().includes("loglevel=8"), "the command line has what was given");
    },
  },
  {
    name: "lo_ifup",
    source: "boot.c: lkl_if_up(1) gives 0",
    run: async (bed) => {
      const host = bed.host("host");
      host.ip("link set lo down");
      host.kernelTask("lo_ifup", function* () {
        const down = (yield* linksOf(host)).find((link) => link.ifindex === LOOPBACK_IFINDEX);
        same(down?.ifname, "lo", "device 1");
        same(isUp(down), false, "IFF_UP before");
        same(yield* completed(host.kernel.dce_lkl_if_up(LOOPBACK_IFINDEX)), 0, "lkl_if_up(1)");
        const up = (yield* linksOf(host)).find((link) => link.ifindex === LOOPBACK_IFINDEX);
        same(isUp(up), true, "IFF_UP after");
      });
      await bed.run();
    },
  },
  {
    name: "netdev_add",
    source: "boot.c, before 2017: a network device is added, and has an index",
    run: async (bed) => {
      const host = bed.host("host");
      host.kernelTask("netdev_add", function* () {
        const { kernel } = host;
        const device = kernel.dev_create("sim%d", {}, DEVICE_FLAGS);
        kernel.dev_set_address(device, Uint8Array.of(2, 0, 0, 0, 0, 9));
        const index = kernel.dev_ifindex(device);
        holds(index > LOOPBACK_IFINDEX, "the index of the new device is larger than lo's");
        const link = (yield* linksOf(host)).find(({ ifindex }) => ifindex === index);
        same(link?.ifname, "sim0", "its name");
        same(link?.address, "02:00:00:00:00:09", "its address");
        kernel.dev_destroy(device);
        holds(!(yield* linksOf(host)).some(({ ifindex }) => ifindex === index), "it is gone");
      });
      await bed.run();
    },
  },
  {
    name: "netdev_ifup",
    source: "boot.c, before 2017: the new device is brought up by lkl_if_up",
    run: async (bed) => {
      const host = bed.host("host");
      const peer = bed.host("peer");
      bed.link(host, peer);
      host.kernelTask("netdev_ifup", function* () {
        const index = host.ifindex();
        same(yield* completed(host.kernel.dce_lkl_if_down(index)), 0, "lkl_if_down");
        same(yield* completed(host.kernel.dce_lkl_if_up(index)), 0, "lkl_if_up");
        same(host.kernel.dce_lkl_ifname_to_ifindex("sim0"), index, "lkl_ifname_to_ifindex");
        const link = (yield* linksOf(host)).find(({ ifindex }) => ifindex === index);
        same(isUp(link), true, "IFF_UP");
      });
      await bed.run();
    },
  },
  {
    name: "stop_kernel",
    source: "boot.c: lkl_sys_halt gives 0; afterwards nobody enters",
    run: async (bed) => {
      const host = bed.host("host");
      const peer = bed.host("peer");
      bed.link(host, peer);
      host.kernelTask("stop_kernel", function* () {
        const out = { value: undefined };
        same(yield* host.factory.halt(), 0, "lkl_sys_halt");
        const late = yield* completed(host.kernel.sock_socket(AF_INET, SOCK_DGRAM, 0, out));
        holds(late < 0, `socket() of a kernel that has stopped fails (${late})`);
        const again = yield* completed(host.kernel.halt_kernel());
        holds(again < 0, `a second halt fails (${again})`);
      });
      await bed.run();
    },
  },
];
