import type { TaskManager } from "@dcejs/core-sched";
import { type Blocked, Errno, type Wait } from "@dcejs/lkl-kernel";
import { AF_INET } from "../../posix/socket-address.ts";
import { type RtnlClient, rtnetlinkClient } from "../../netlink/rtnetlink-client.ts";
import type { KernelHandle } from "../kernel-handle.ts";
import type { LklHelpers } from "../lkl-helpers.ts";
import {
  addressFromOctets,
  familyOf,
  IFF_UP,
  type IpAddress,
  type LinkRecord,
  NLM_F_CREATE,
  NLM_F_EXCL,
  NLM_F_REPLACE,
  NUD_PERMANENT,
  RT_SCOPE_LINK,
  RT_SCOPE_UNIVERSE,
  type RtnlRequest,
} from "../rtnl-request.ts";

type NetHelpers = Pick<
  LklHelpers,
  | "dce_lkl_if_up"
  | "dce_lkl_if_down"
  | "dce_lkl_if_set_mtu"
  | "dce_lkl_if_set_mac"
  | "dce_lkl_if_set_ipv4"
  | "dce_lkl_if_set_ipv4_gateway"
  | "dce_lkl_if_set_ipv6"
  | "dce_lkl_if_set_ipv6_gateway"
  | "dce_lkl_if_add_ip"
  | "dce_lkl_if_del_ip"
  | "dce_lkl_if_add_linklocal"
  | "dce_lkl_if_add_gateway"
  | "dce_lkl_ifname_to_ifindex"
  | "dce_lkl_add_gateway"
  | "dce_lkl_set_ipv4_gateway"
  | "dce_lkl_set_ipv6_gateway"
  | "dce_lkl_add_neighbor"
  | "dce_lkl_netdev_get_ifindex"
>;

const IPV4_OCTETS = 4;

/** Interfaces, addresses, routes and neighbours through the kernel's own rtnetlink, as LKL's net.c does it. */
export class LinuxLklNet {
  readonly #handle: () => KernelHandle;
  readonly #manager: TaskManager;

  constructor(handle: () => KernelHandle, manager: TaskManager) {
    this.#handle = handle;
    this.#manager = manager;
  }

  get helpers(): NetHelpers {
    return {
      dce_lkl_if_up: (ifindex) => this.#setLink({ ifindex, flags: IFF_UP, flagsMask: IFF_UP }),
      dce_lkl_if_down: (ifindex) => this.#setLink({ ifindex, flags: 0, flagsMask: IFF_UP }),
      dce_lkl_if_set_mtu: (ifindex, mtu) => this.#setLink({ ifindex, mtu }),
      dce_lkl_if_set_mac: (ifindex, address) => this.#setLink({ ifindex, address }),
      dce_lkl_if_set_ipv4: (ifindex, address, length) =>
        this.#run(this.#addAddress(ifindex, address, length)),
      dce_lkl_if_set_ipv6: (ifindex, address, length) =>
        this.#run(this.#addAddress(ifindex, address, length)),
      dce_lkl_if_set_ipv4_gateway: (ifindex, address, length, gateway) =>
        this.#run(this.#addBoth(ifindex, address, length, gateway)),
      dce_lkl_if_set_ipv6_gateway: (ifindex, address, length, gateway) =>
        this.#run(this.#addBoth(ifindex, address, length, gateway)),
      dce_lkl_if_add_ip: (ifindex, family, address, length) =>
        this.#run(this.#addAddress(ifindex, ipAddress(family, address), length)),
      dce_lkl_if_add_linklocal: (ifindex, family, address, length) =>
        this.#run(this.#addAddress(ifindex, ipAddress(family, address), length, RT_SCOPE_LINK)),
      dce_lkl_if_del_ip: (ifindex, family, address, length) =>
        this.#request({
          type: "RTM_DELADDR",
          ifindex,
          local: ipAddress(family, address),
          prefixLength: length,
        }),
      dce_lkl_if_add_gateway: (ifindex, family, gateway) =>
        this.#run(this.#addGateway(ipAddress(family, gateway), ifindex)),
      dce_lkl_add_gateway: (family, gateway) =>
        this.#run(this.#addGateway(ipAddress(family, gateway))),
      dce_lkl_set_ipv4_gateway: (gateway) => this.#run(this.#addGateway(gateway)),
      dce_lkl_set_ipv6_gateway: (gateway) => this.#run(this.#addGateway(gateway)),
      dce_lkl_add_neighbor: (ifindex, family, address, lladdr) =>
        this.#request({
          type: "RTM_NEWNEIGH",
          flags: NLM_F_CREATE | NLM_F_REPLACE,
          ifindex,
          destination: ipAddress(family, address),
          lladdr,
          state: NUD_PERMANENT,
        }),
      dce_lkl_ifname_to_ifindex: (name) => this.#run(this.#ifindex(name)),
      // LKL's devices are eth<id>; simulated ones are sim<id>.
      dce_lkl_netdev_get_ifindex: (id) => this.#run(this.#ifindex(`sim${id}`)),
    };
  }

  get #client(): RtnlClient {
    return rtnetlinkClient(this.#handle());
  }

  /** In a task it may wait; elsewhere what would wait answers -EAGAIN. */
  #run(code: Wait): number | Blocked {
    if (this.#manager.currentTask() !== undefined) return this.#manager.enter(code);
    const step = code.next(0);
    if (step.done === true) return step.value;
    code.return(0);
    return -Errno.EAGAIN;
  }

  #request(request: RtnlRequest): number | Blocked {
    return this.#run(this.#client.request(request));
  }

  #setLink(change: Omit<RtnlRequest & { type: "RTM_SETLINK" }, "type">): number | Blocked {
    return this.#request({ type: "RTM_SETLINK", ...change });
  }

  #addAddress(
    ifindex: number,
    local: IpAddress,
    prefixLength: number,
    scope = RT_SCOPE_UNIVERSE,
  ): Wait {
    return this.#client.request({
      type: "RTM_NEWADDR",
      flags: NLM_F_CREATE | NLM_F_EXCL,
      ifindex,
      local,
      prefixLength,
      scope,
    });
  }

  #addGateway(gateway: IpAddress, ifindex?: number): Wait {
    return this.#client.request({
      type: "RTM_NEWROUTE",
      flags: NLM_F_CREATE | NLM_F_EXCL,
      destination: familyOf(gateway) === AF_INET ? 0 : new Uint8Array(16),
      prefixLength: 0,
      gateway,
      ...(ifindex !== undefined && { ifindex }),
    });
  }

  *#addBoth(ifindex: number, local: IpAddress, length: number, gateway: IpAddress): Wait {
    const added = yield* this.#addAddress(ifindex, local, length);
    return added < 0 ? added : yield* this.#addGateway(gateway, ifindex);
  }

  *#ifindex(name: string): Wait {
    const reply: LinkRecord[] = [];
    const status = yield* this.#client.request({ type: "RTM_GETLINK", reply });
    if (status < 0) return status;
    return reply.find((link) => link.name === name)?.ifindex ?? -Errno.ENODEV;
  }
}

/** @param octets network order; of an IPv4 address the first four count */
function ipAddress(family: number, octets: Uint8Array): IpAddress {
  return addressFromOctets(family === AF_INET ? octets.subarray(0, IPV4_OCTETS) : octets);
}
