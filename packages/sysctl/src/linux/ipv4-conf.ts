import type { DeviceEntry, DeviceFamily } from "../device-family.ts";
import type { SysctlEntry } from "../sysctl-entry.ts";
import type { Reaction } from "../sysctl-template.ts";

/** net.ipv4.conf.*: parameters of each device for IPv4 (net/ipv4/devinet.c). */
export const IPV4_CONF: DeviceFamily = {
  directory: "net.ipv4.conf",
  hasAll: true,
  follows: "until-written",
  entries: [
    int("accept_local", 0, "Accept packets whose source is an address of this host."),
    int("accept_redirects", 1, "Believe ICMP redirects."),
    int("accept_source_route", 1, "Accept packets with a source route.", { all: 0 }),
    int(
      "arp_accept",
      0,
      "Learn new neighbours from gratuitous ARP: 0 no, 1 yes, 2 from the same subnet.",
    ),
    int(
      "arp_announce",
      0,
      "Source of ARP requests: 0 any address, 1 one of the target's subnet, 2 the best.",
    ),
    int("arp_evict_nocarrier", 1, "Forget the device's neighbours when its carrier goes."),
    int("arp_filter", 0, "Answer ARP only when the route to the asker leaves by this device."),
    int(
      "arp_ignore",
      0,
      "Which ARP requests are answered: 0 for any local address, 1 this device's, 2 same subnet, 8 none.",
    ),
    int("arp_notify", 0, "Send gratuitous ARP when the device comes up or its address changes."),
    int("bc_forwarding", 0, "Forward directed broadcasts."),
    int("bootp_relay", 0, "Accept packets from 0.b.c.d that are not for this host."),
    int("disable_policy", 0, "Apply no IPsec policy on this device.", { loopback: 1 }),
    int("disable_xfrm", 0, "Do no IPsec encryption on this device.", { loopback: 1 }),
    int("drop_gratuitous_arp", 0, "Drop gratuitous ARP."),
    int(
      "drop_unicast_in_l2_multicast",
      0,
      "Drop unicast packets in multicast or broadcast frames.",
    ),
    int("force_igmp_version", 0, "Speak this version of IGMP; 0 adapts to the routers."),
    int("forwarding", 0, "Forward packets that arrive on this device.", {
      spreadsFromAll: "on-change",
    }),
    int(
      "igmpv2_unsolicited_report_interval",
      10_000,
      "Time between unasked IGMPv1 and v2 reports.",
      { unit: "ms" },
    ),
    int("igmpv3_unsolicited_report_interval", 1000, "Time between unasked IGMPv3 reports.", {
      unit: "ms",
    }),
    int("ignore_routes_with_linkdown", 0, "Routes through a device without carrier are not used."),
    int("log_martians", 0, "Log packets with impossible addresses."),
    int("mc_forwarding", 0, "Multicast routing is on; set by the routing daemon.", { mode: 0o444 }),
    int("medium_id", 0, "Number of the medium that the device is attached to; -1 is unknown."),
    int("promote_secondaries", 0, "When the primary address goes a secondary one takes its place."),
    int("proxy_arp", 0, "Answer ARP for addresses that are routed elsewhere."),
    int("proxy_arp_pvlan", 0, "Proxy ARP also back out of the same device (RFC 3069)."),
    int("route_localnet", 0, "127/8 may be routed."),
    int(
      "rp_filter",
      0,
      "Check that the source is routed back: 0 no, 1 by the same device (RFC 3704), 2 by any.",
    ),
    int("secure_redirects", 1, "Believe redirects only to known gateways."),
    int("send_redirects", 1, "Send ICMP redirects when forwarding."),
    int("shared_media", 1, "Several subnets may share the medium (RFC 1620)."),
    int("src_valid_mark", 0, "The source check looks at the firewall mark."),
    int("tag", 0, "A number for the administrator's use."),
  ],
};

const ALL_FORWARDING = "net.ipv4.conf.all.forwarding";

/** `conf.all.forwarding` by another name. */
export const IP_FORWARD: SysctlEntry = {
  path: "net.ipv4.ip_forward",
  type: "int",
  default: 0,
  description: "Forward packets between devices; a change sets all devices and resets redirects.",
  view: { of: ALL_FORWARDING, toView: same, fromView: same },
};

/**
 * When forwarding changes, `conf.all.accept_redirects` becomes its opposite (`inet_forward_change`).
 * That `default` and all devices follow is said by the parameter itself.
 */
export const FORWARDING_REACTIONS: Readonly<Record<string, Reaction>> = {
  [ALL_FORWARDING]: (kernel, value) => {
    kernel.assign("net.ipv4.conf.all.accept_redirects", value === "0" ? 1 : 0);
  },
};

function same(value: number): number {
  return value;
}

function int(
  name: string,
  initial: number,
  description: string,
  options: Partial<DeviceEntry> = {},
): DeviceEntry {
  return { type: "int", ...options, name, default: initial, description };
}
