import { Errno, type LklKernel } from "@dcejs/lkl-kernel";
import { errorText } from "../error-text.ts";
import type { LklHelpers } from "../lkl-helpers.ts";
import { setEach } from "../lkl-sysctl-text.ts";
import type { Forwarders } from "./forwarders.ts";

const encoder = new TextEncoder();

/** What the emulated kernel does not have: IPv6, disks and mounts, virtio devices, qdiscs by name. */
const ABSENT = [
  "dce_lkl_if_wait_ipv6_dad",
  "dce_lkl_if_add_linklocal",
  "dce_lkl_if_add_rule_from_saddr",
  "dce_lkl_if_set_ipv6_gateway",
  "dce_lkl_netdev_add",
  "dce_lkl_netdev_remove",
  "dce_lkl_netdev_free",
  "dce_lkl_netdev_tap_create",
  "dce_lkl_netdev_macvtap_create",
  "dce_lkl_netdev_pipe_create",
  "dce_lkl_netdev_raw_create",
  "dce_lkl_netdev_vde_create",
  "dce_lkl_netdev_dpdk_create",
  "dce_lkl_disk_add",
  "dce_lkl_disk_remove",
  "dce_lkl_get_virtio_blkdev",
  "dce_lkl_encode_dev_from_sysfs",
  "dce_lkl_mount_dev",
  "dce_lkl_mount_blkdev",
  "dce_lkl_mount_fs",
  "dce_lkl_umount_dev",
  "dce_lkl_umount_blkdev",
  "dce_lkl_umount_timeout",
  "dce_lkl_opendir",
  "dce_lkl_fdopendir",
  "dce_lkl_readdir",
  "dce_lkl_rewinddir",
  "dce_lkl_closedir",
  "dce_lkl_errdir",
  "dce_lkl_dirfd",
  "dce_lkl_register_dbg_handler",
] as const satisfies readonly (keyof LklHelpers)[];

type AbsentName = (typeof ABSENT)[number];

/** The dce_lkl_* part of the emulated kernel's KernelHandle; what it lacks answers -ENOSYS. */
export function emulatedLkl(forwarders: Forwarders): LklHelpers {
  const { kernel } = forwarders;
  return {
    ...absentHelpers(),
    ...interfaceHelpers(forwarders, kernel),
    ...parameterHelpers(forwarders, kernel),
    // The simulator counts descriptors, not the kernel.
    dce_lkl_set_fd_limit: () => 0,
    dce_lkl_strerror: errorText,
    dce_lkl_perror: (message, error) => {
      const text = `${message}: ${errorText(error)}\n`;
      kernel.ops.print?.(text, text.length);
    },
  };
}

function notHere(): number {
  return -Errno.ENOSYS;
}

function absentHelpers(): Pick<LklHelpers, AbsentName> {
  const helpers: Partial<Record<AbsentName, () => number>> = {};
  for (const name of ABSENT) helpers[name] = notHere;
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- every name was given its answer
  return helpers as Pick<LklHelpers, AbsentName>;
}

type InterfaceName =
  | "dce_lkl_if_up"
  | "dce_lkl_if_down"
  | "dce_lkl_if_set_mtu"
  | "dce_lkl_if_set_mac"
  | "dce_lkl_if_set_ipv4"
  | "dce_lkl_if_set_ipv4_gateway"
  | "dce_lkl_if_set_ipv6"
  | "dce_lkl_if_add_ip"
  | "dce_lkl_if_del_ip"
  | "dce_lkl_if_add_gateway"
  | "dce_lkl_ifname_to_ifindex"
  | "dce_lkl_add_gateway"
  | "dce_lkl_set_ipv4_gateway"
  | "dce_lkl_set_ipv6_gateway"
  | "dce_lkl_add_neighbor"
  | "dce_lkl_qdisc_add"
  | "dce_lkl_qdisc_parse_add"
  | "dce_lkl_netdev_get_ifindex";

const AF_INET = 2;

function interfaceHelpers(
  forwarders: Forwarders,
  kernel: LklKernel,
): Pick<LklHelpers, InterfaceName> {
  const run = (fn: () => number): number => forwarders.now(call, fn, 0, 0, 0);
  const facade = (use: (net: NonNullable<LklKernel["net"]>) => number): number =>
    run(() => (kernel.net === undefined ? -Errno.ENOSYS : use(kernel.net)));
  return {
    dce_lkl_if_up: (index) => facade((net) => net.if_up(index)),
    dce_lkl_if_down: (index) => facade((net) => net.if_down(index)),
    dce_lkl_if_set_mtu: (index, mtu) => facade((net) => net.if_set_mtu(index, mtu)),
    dce_lkl_if_set_mac: (index, address) => facade((net) => net.if_set_mac(index, address)),
    dce_lkl_if_set_ipv4: (index, address, length) =>
      facade((net) => net.if_set_ipv4(index, octets(address), length)),
    dce_lkl_if_set_ipv4_gateway: (index, address, length, gateway) =>
      facade((net) => {
        const result = net.if_set_ipv4(index, octets(address), length);
        return result < 0 ? result : net.if_add_gateway(index, AF_INET, octets(gateway));
      }),
    dce_lkl_if_set_ipv6: (index, address, length) =>
      facade((net) => net.if_set_ipv6(index, address, length)),
    dce_lkl_if_add_ip: (index, family, address, length) =>
      facade((net) => net.if_add_ip(index, family, address, length)),
    dce_lkl_if_del_ip: (index, family, address, length) =>
      facade((net) => net.if_del_ip(index, family, address, length)),
    dce_lkl_if_add_gateway: (index, family, gateway) =>
      facade((net) => net.if_add_gateway(index, family, gateway)),
    dce_lkl_ifname_to_ifindex: (name) => facade((net) => net.ifname_to_ifindex(name)),
    dce_lkl_add_gateway: (family, gateway) => facade((net) => net.add_gateway(family, gateway)),
    dce_lkl_set_ipv4_gateway: (gateway) => facade((net) => net.set_ipv4_gateway(octets(gateway))),
    dce_lkl_set_ipv6_gateway: (gateway) => facade((net) => net.set_ipv6_gateway(gateway)),
    dce_lkl_add_neighbor: (index, family, address, lladdr) =>
      facade((net) => net.add_neighbor(index, family, address, lladdr)),
    dce_lkl_qdisc_add: (index, root, type) => facade((net) => net.qdisc_add(index, root, type)),
    dce_lkl_qdisc_parse_add: (index, entries) =>
      facade((net) => {
        for (const entry of entries.split(";").filter((one) => one !== "")) {
          const [root = "", type = ""] = entry.split("|");
          const result = net.qdisc_add(index, root, type);
          if (result < 0) return result;
        }
        return 0;
      }),
    // LKL's devices are eth<id>; simulated ones are sim<id>.
    dce_lkl_netdev_get_ifindex: (id) => facade((net) => net.ifname_to_ifindex(`sim${id}`)),
  };
}

type ParameterName = "dce_lkl_sysctl" | "dce_lkl_sysctl_get" | "dce_lkl_sysctl_parse_write";

function parameterHelpers(
  forwarders: Forwarders,
  kernel: LklKernel,
): Pick<LklHelpers, ParameterName> {
  const set = (path: string, value: string): number =>
    kernel.net?.sysctl(path, value) ?? -Errno.ENOSYS;
  return {
    dce_lkl_sysctl: (path, value) => forwarders.now(set, path, value, 0, 0),
    dce_lkl_sysctl_get: (path, buffer) => {
      const value = kernel.net?.sysctl_get(path) ?? -Errno.ENOSYS;
      if (typeof value === "number") return value;
      const bytes = encoder.encode(value);
      if (bytes.length > buffer.length) return -Errno.ERANGE;
      buffer.set(bytes);
      return bytes.length;
    },
    dce_lkl_sysctl_parse_write: (text) =>
      setEach(text, (path, value) => forwarders.now(set, path, value, 0, 0)),
  };
}

function call(fn: () => number): number {
  return fn();
}

function octets(address: number): Uint8Array {
  return Uint8Array.of(address >>> 24, address >>> 16, address >>> 8, address);
}
