import type { Wait } from "./blocked.ts";
import { Errno } from "./errno.ts";
import type { NetFacade } from "./net-facade.ts";

const AF_INET = 2;

/**
 * The host-side helpers of lkl.h that configure the network (tools/lkl/lib/net.c). Each runs in the
 * caller's host task, so each may have to wait for the cpu, and gives 0 or a negative errno; -ENOSYS
 * in a kernel without a network stack. Addresses are octets in network order.
 */
export abstract class NetHelpers {
  /** Set by the network stack's initcall. */
  net: NetFacade | undefined = undefined;

  abstract lkl_run_as_host_task(fn: (arg: unknown) => number | Wait, arg: unknown): number | Wait;

  lkl_if_up(ifindex: number): number | Wait {
    return this.#withNet((net) => net.if_up(ifindex));
  }

  lkl_if_down(ifindex: number): number | Wait {
    return this.#withNet((net) => net.if_down(ifindex));
  }

  lkl_if_set_mtu(ifindex: number, mtu: number): number | Wait {
    return this.#withNet((net) => net.if_set_mtu(ifindex, mtu));
  }

  /** @param mac six octets */
  lkl_if_set_mac(ifindex: number, mac: Uint8Array): number | Wait {
    return this.#withNet((net) => net.if_set_mac(ifindex, mac));
  }

  /** @param prefixLength 0…32 (old LKLs refused 31 and 32) */
  lkl_if_set_ipv4(ifindex: number, address: Uint8Array, prefixLength: number): number | Wait {
    return this.#withNet((net) => net.if_set_ipv4(ifindex, address, prefixLength));
  }

  lkl_if_set_ipv6(ifindex: number, address: Uint8Array, prefixLength: number): number | Wait {
    return this.#withNet((net) => net.if_set_ipv6(ifindex, address, prefixLength));
  }

  /** @param family AF_INET 2 or AF_INET6 10 */
  lkl_if_add_ip(
    ifindex: number,
    family: number,
    address: Uint8Array,
    prefixLength: number,
  ): number | Wait {
    return this.#withNet((net) => net.if_add_ip(ifindex, family, address, prefixLength));
  }

  lkl_if_del_ip(
    ifindex: number,
    family: number,
    address: Uint8Array,
    prefixLength: number,
  ): number | Wait {
    return this.#withNet((net) => net.if_del_ip(ifindex, family, address, prefixLength));
  }

  lkl_set_ipv4_gateway(address: Uint8Array): number | Wait {
    return this.#withNet((net) => net.set_ipv4_gateway(address));
  }

  lkl_set_ipv6_gateway(address: Uint8Array): number | Wait {
    return this.#withNet((net) => net.set_ipv6_gateway(address));
  }

  lkl_add_gateway(family: number, address: Uint8Array): number | Wait {
    return this.#withNet((net) => net.add_gateway(family, address));
  }

  lkl_if_add_gateway(ifindex: number, family: number, address: Uint8Array): number | Wait {
    return this.#withNet((net) => net.if_add_gateway(ifindex, family, address));
  }

  lkl_if_set_ipv4_gateway(ifindex: number, address: Uint8Array): number | Wait {
    return this.lkl_if_add_gateway(ifindex, AF_INET, address);
  }

  /** A permanent entry. */
  lkl_add_neighbor(
    ifindex: number,
    family: number,
    address: Uint8Array,
    mac: Uint8Array,
  ): number | Wait {
    return this.#withNet((net) => net.add_neighbor(ifindex, family, address, mac));
  }

  lkl_qdisc_add(ifindex: number, root: string, type: string): number | Wait {
    return this.#withNet((net) => net.qdisc_add(ifindex, root, type));
  }

  /** @param text "root|type;root|type" */
  lkl_qdisc_parse_add(ifindex: number, text: string): number | Wait {
    return this.#withNet((net) => {
      for (const entry of nonEmpty(text.split(";"))) {
        const [root = "", type = ""] = entry.split("|");
        const result = net.qdisc_add(ifindex, root, type);
        if (result < 0) return result;
      }
      return 0;
    });
  }

  /** @returns the index, or -ENODEV */
  lkl_ifname_to_ifindex(name: string): number | Wait {
    return this.#withNet((net) => net.ifname_to_ifindex(name));
  }

  /** @param id of lkl_netdev_add: the device's name is `eth<id>` */
  lkl_netdev_get_ifindex(id: number): number | Wait {
    return this.lkl_ifname_to_ifindex(`eth${id}`);
  }

  /** @param path "net.ipv4.tcp_wmem" */
  lkl_sysctl(path: string, value: string): number | Wait {
    return this.#withNet((net) => net.sysctl(path, value));
  }

  /** Reads one, which LKL cannot. @param out gets `value` @returns 0 or a negative errno */
  lkl_sysctl_get(path: string, out: { value: string | undefined }): number | Wait {
    return this.#withNet((net) => {
      const value = net.sysctl_get(path);
      if (typeof value === "number") return value;
      out.value = value;
      return 0;
    });
  }

  /** @param text "key=value;key=value"; stops at the first that fails */
  lkl_sysctl_parse_write(text: string): number | Wait {
    return this.#withNet((net) => {
      for (const entry of nonEmpty(text.split(";"))) {
        const equals = entry.indexOf("=");
        if (equals < 0) return -Errno.EINVAL;
        const result = net.sysctl(entry.slice(0, equals).trim(), entry.slice(equals + 1).trim());
        if (result < 0) return result;
      }
      return 0;
    });
  }

  #withNet(fn: (net: NetFacade) => number): number | Wait {
    return this.lkl_run_as_host_task(
      () => (this.net === undefined ? -Errno.ENOSYS : fn(this.net)),
      undefined,
    );
  }
}

function nonEmpty(entries: string[]): string[] {
  return entries.map((entry) => entry.trim()).filter((entry) => entry !== "");
}
