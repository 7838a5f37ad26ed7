import { Errno } from "@dcejs/lkl-kernel";
import { ipToText, lladdrToText } from "../ip/ip-values.ts";
import { requestNow, rtnetlinkClient } from "../netlink/rtnetlink-client.ts";
import type { InterfaceAddress, KernelFilesProvider } from "../process/node-context.ts";
import type { LinuxSocketFdFactory } from "./linux-socket-fd-factory.ts";
import type { AddressRecord, LinkRecord, RtnlRequest } from "./rtnl-request.ts";

/** A kernel's part of a node's files and of getifaddrs(), through KernelHandle. */
export function kernelFiles(factory: LinuxSocketFdFactory): KernelFilesProvider {
  const { kernel, sysctl } = factory;
  return {
    interfaces: () => (factory.isRunning ? interfaceAddresses(factory) : []),
    procNetNames: () => {
      const names = factory.isRunning ? kernel.proc_list("/proc/net") : [];
      return typeof names === "number" ? [] : names;
    },
    procNet: (name) => {
      const text = factory.isRunning ? kernel.proc_read(`/proc/net/${name}`) : -Errno.ENOENT;
      return typeof text === "number" ? undefined : text;
    },
    sysctlPaths: () => (factory.isRunning ? sysctl.paths() : []),
    sysctlRead: (path) => {
      const value = sysctl.get(`/proc/sys/${path}`);
      return typeof value === "number" ? value : `${value}\n`;
    },
    sysctlWrite: (path, value) => sysctl.set(`/proc/sys/${path}`, value),
    sysctlMode: (path) => sysctl.mode(`/proc/sys/${path}`),
    dmesg: () => kernel.dmesg(),
  };
}

/** As getifaddrs(3): each link with its link-layer address, then the addresses. */
function interfaceAddresses(factory: LinuxSocketFdFactory): InterfaceAddress[] {
  const { links, addresses } = dumpInterfaces(factory);
  const result: InterfaceAddress[] = links.map((link) => ({
    ...aboutLink(link),
    family: "AF_PACKET",
    address: lladdrToText(link.address),
    prefixLength: 0,
    broadcast: undefined,
  }));
  for (const one of addresses) {
    const link = links.find((candidate) => candidate.ifindex === one.ifindex);
    if (link === undefined) continue;
    result.push({
      ...aboutLink(link),
      family: typeof one.local === "number" ? "AF_INET" : "AF_INET6",
      address: ipToText(one.local),
      prefixLength: one.prefixLength,
      broadcast: one.broadcast === undefined ? undefined : ipToText(one.broadcast),
    });
  }
  return result;
}

/** Links and IP addresses of a running kernel; empty where it answers with an error. */
export function dumpInterfaces(factory: LinuxSocketFdFactory): {
  links: LinkRecord[];
  addresses: AddressRecord[];
} {
  const links = { type: "RTM_GETLINK", reply: [] as LinkRecord[] } satisfies RtnlRequest;
  const addresses = { type: "RTM_GETADDR", reply: [] as AddressRecord[] } satisfies RtnlRequest;
  const client = rtnetlinkClient(factory.kernel);
  requestNow(client, links);
  requestNow(client, addresses);
  return { links: links.reply, addresses: addresses.reply };
}

function aboutLink(
  link: LinkRecord,
): Pick<InterfaceAddress, "name" | "index" | "flags" | "mtu" | "hardwareAddress"> {
  return {
    name: link.name,
    index: link.ifindex,
    flags: link.flags,
    mtu: link.mtu,
    hardwareAddress: lladdrToText(link.address),
  };
}
