import { AF_INET, AF_INET6 } from "../posix/socket-address.ts";

/**
 * Configuration of a kernel's network as typed records: what an rtnetlink message says, without
 * its bytes. The `ip` language makes them, and the client turns each into one message. Names and
 * meanings are rtnetlink(7)'s.
 */

/** IPv4: an unsigned number, 0x0a000001 = 10.0.0.1. IPv6: 16 octets. */
export type IpAddress = number | Uint8Array;

export function familyOf(address: IpAddress): number {
  return typeof address === "number" ? AF_INET : AF_INET6;
}

/** In network order: 4 octets, or 16. */
export function addressOctets(address: IpAddress): Uint8Array {
  if (typeof address !== "number") return address;
  return Uint8Array.of(address >>> 24, address >>> 16, address >>> 8, address);
}

/** From 4 octets in network order a number; 16 octets stay what they are. */
export function addressFromOctets(octets: Uint8Array): IpAddress {
  if (octets.length !== 4) return octets;
  return new DataView(octets.buffer, octets.byteOffset, 4).getUint32(0);
}

export function isSameAddress(a: IpAddress | undefined, b: IpAddress | undefined): boolean {
  if (typeof a !== "object" || typeof b !== "object") return a === b;
  return a.every((octet, index) => octet === b[index]);
}

export const NLM_F_REPLACE = 0x100;
export const NLM_F_EXCL = 0x200;
export const NLM_F_CREATE = 0x400;
export const NLM_F_APPEND = 0x800;

/** rtm_scope, ifa_scope */
export const RT_SCOPE_UNIVERSE = 0;
export const RT_SCOPE_SITE = 200;
export const RT_SCOPE_LINK = 253;
export const RT_SCOPE_HOST = 254;
export const RT_SCOPE_NOWHERE = 255;

/** rtm_table */
export const RT_TABLE_UNSPEC = 0;
export const RT_TABLE_DEFAULT = 253;
export const RT_TABLE_MAIN = 254;
export const RT_TABLE_LOCAL = 255;

/** rtm_type */
export const RTN_UNICAST = 1;
export const RTN_LOCAL = 2;
export const RTN_BROADCAST = 3;
export const RTN_ANYCAST = 4;
export const RTN_MULTICAST = 5;
export const RTN_BLACKHOLE = 6;
export const RTN_UNREACHABLE = 7;
export const RTN_PROHIBIT = 8;

/** rtm_protocol */
export const RTPROT_KERNEL = 2;
export const RTPROT_BOOT = 3;
export const RTPROT_STATIC = 4;

/** ndm_state */
export const NUD_INCOMPLETE = 0x01;
export const NUD_REACHABLE = 0x02;
export const NUD_STALE = 0x04;
export const NUD_DELAY = 0x08;
export const NUD_PROBE = 0x10;
export const NUD_FAILED = 0x20;
export const NUD_NOARP = 0x40;
export const NUD_PERMANENT = 0x80;

/** ifi_flags (netdevice(7)) */
export const IFF_UP = 0x1;
export const IFF_BROADCAST = 0x2;
export const IFF_LOOPBACK = 0x8;
export const IFF_POINTOPOINT = 0x10;
export const IFF_RUNNING = 0x40;
export const IFF_NOARP = 0x80;
export const IFF_PROMISC = 0x100;
export const IFF_MULTICAST = 0x1000;
export const IFF_LOWER_UP = 0x10000;

export interface LinkRecord {
  readonly ifindex: number;
  readonly name: string;
  readonly flags: number;
  readonly mtu: number;
  readonly txQueueLength: number;
  readonly address: Uint8Array;
  /** ARPHRD_ETHER 1, ARPHRD_LOOPBACK 772 */
  readonly type: number;
  readonly operState:
    | "UNKNOWN"
    | "NOTPRESENT"
    | "DOWN"
    | "LOWERLAYERDOWN"
    | "TESTING"
    | "DORMANT"
    | "UP";
  readonly qdisc: string;
  /** Link-layer address that all stations hear. */
  readonly broadcast?: Uint8Array;
  /** The device below it, or the other end of a veth pair. */
  readonly lower?: number;
  /** The bridge or bond that it belongs to. */
  readonly master?: number;
  /** "veth", "bridge"… for devices that software made. */
  readonly kind?: string;
  /** struct rtnl_link_stats64 */
  readonly statistics?: Uint8Array;
}

export interface AddressRecord {
  readonly ifindex: number;
  readonly local: IpAddress;
  readonly prefixLength: number;
  readonly broadcast: IpAddress | undefined;
  readonly scope: number;
  readonly label: string;
  readonly isSecondary: boolean;
  /** IFA_F_* */
  readonly flags?: number;
  /** The other end of a point-to-point link. */
  readonly peer?: IpAddress;
  readonly metric?: number;
}

export interface RouteRecord {
  readonly destination: IpAddress;
  readonly prefixLength: number;
  readonly gateway: IpAddress | undefined;
  readonly ifindex: number | undefined;
  readonly preferredSource: IpAddress | undefined;
  readonly metric: number;
  readonly scope: number;
  readonly table: number;
  readonly type: number;
  readonly protocol: number;
  /** The device has no carrier or is down: iproute2 prints `linkdown`. */
  readonly isLinkDown: boolean;
  /** rtm_flags */
  readonly flags?: number;
  /** Of a route that was asked for: the source that was said, and whose packet it would be. */
  readonly source?: IpAddress;
  readonly uid?: number;
  /** ICMPV6_ROUTER_PREF_*, IPv6 only. */
  readonly preference?: number;
  /** RTAX_* and their values. */
  readonly metrics?: readonly (readonly [number, number])[];
}

export interface NeighbourRecord {
  readonly ifindex: number;
  readonly destination: IpAddress;
  readonly lladdr: Uint8Array | undefined;
  readonly state: number;
}

/** One request. The records that a GET request is answered with go into its `reply`. */
export type RtnlRequest =
  | { readonly type: "RTM_GETLINK"; readonly ifindex?: number; reply: LinkRecord[] }
  | {
      readonly type: "RTM_SETLINK";
      readonly ifindex: number;
      /** New values of the bits in `flagsMask`. */
      readonly flags?: number;
      readonly flagsMask?: number;
      readonly mtu?: number;
      readonly address?: Uint8Array;
      readonly txQueueLength?: number;
      readonly name?: string;
    }
  | {
      readonly type: "RTM_GETADDR";
      /** @default all families */
      readonly family?: number;
      readonly ifindex?: number;
      reply: AddressRecord[];
    }
  | {
      readonly type: "RTM_NEWADDR";
      readonly flags: number;
      readonly ifindex: number;
      readonly local: IpAddress;
      readonly prefixLength: number;
      readonly peer?: IpAddress;
      readonly broadcast?: IpAddress;
      readonly scope?: number;
      readonly label?: string;
      readonly addressFlags?: number;
      readonly metric?: number;
    }
  | {
      readonly type: "RTM_DELADDR";
      readonly ifindex: number;
      readonly local: IpAddress;
      readonly prefixLength: number;
      /** Of any length. */
      readonly isAnyLength?: true;
      readonly peer?: IpAddress;
    }
  | {
      readonly type: "RTM_GETROUTE";
      /** undefined: dump `table`; else the route that a packet to it would take. */
      readonly destination?: IpAddress;
      readonly source?: IpAddress;
      readonly ifindex?: number;
      /** Of a dump; 0: all. @default AF_INET */
      readonly family?: number;
      /** For one destination: the route of the table, not what is made of it. */
      readonly isFibMatch?: true;
      /** Tables to dump; RT_TABLE_UNSPEC: all. */
      readonly table?: number;
      reply: RouteRecord[];
    }
  | ({ readonly type: "RTM_NEWROUTE"; readonly flags: number } & RouteSpecification)
  | ({ readonly type: "RTM_DELROUTE" } & RouteSpecification)
  | {
      readonly type: "RTM_GETNEIGH";
      /** @default all families */
      readonly family?: number;
      readonly ifindex?: number;
      reply: NeighbourRecord[];
    }
  | {
      readonly type: "RTM_NEWNEIGH";
      readonly flags: number;
      readonly ifindex: number;
      readonly destination: IpAddress;
      readonly lladdr?: Uint8Array;
      readonly state: number;
    }
  | { readonly type: "RTM_DELNEIGH"; readonly ifindex: number; readonly destination: IpAddress };

/** The kernel's own words about an error (NLMSGERR_ATTR_MSG), without a full stop. */
export interface RtnlExtack {
  message: string | undefined;
}

/** What identifies or makes a route; what is left out matches anything (DEL) or gets its default (NEW). */
export interface RouteSpecification {
  readonly destination: IpAddress;
  readonly prefixLength: number;
  readonly gateway?: IpAddress;
  readonly ifindex?: number;
  readonly preferredSource?: IpAddress;
  readonly metric?: number;
  readonly scope?: number;
  readonly table?: number;
  readonly routeType?: number;
  readonly protocol?: number;
  /** RTNH_F_ONLINK: the gateway is on the link, whatever the table says. */
  readonly isOnlink?: boolean;
  /** RTAX_* and their values. */
  readonly metrics?: readonly (readonly [number, number])[];
}
