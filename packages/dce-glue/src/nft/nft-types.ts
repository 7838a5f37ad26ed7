import { formatIpv4, formatIpv6, parseIpv4, parseIpv6 } from "../posix/ip-text.ts";

/** What a value of the language is made of, and how it is written: nft's datatypes. */
export interface NftType {
  /** As `nft describe` says it: "IPv4 address". */
  readonly title: string;
  /** As a set names it: "ipv4_addr". */
  readonly name: string;
  /** nft's own number, which the kernel keeps with a set. */
  readonly number: number;
  readonly octets: number;
  /** Octets are in network order. */
  readonly isBigEndian: boolean;
  /** Sums of flags: "established,related". */
  readonly isBitmask: boolean;
  /** @returns undefined: not a value of this type */
  parse(text: string): Uint8Array | undefined;
  format(octets: Uint8Array): string;
}

type Names = Readonly<Record<string, number>>;

interface NumberTypeOptions {
  readonly names?: Names;
  readonly isBigEndian?: boolean;
  readonly isBitmask?: boolean;
  /** Written as 0x and eight digits. */
  readonly isHex?: boolean;
}

export function bigEndian(value: number, octets: number): Uint8Array {
  const bytes = new Uint8Array(octets);
  let rest = value;
  for (let i = octets - 1; i >= 0; i--) {
    bytes[i] = rest & 0xff;
    rest = Math.floor(rest / 256);
  }
  return bytes;
}

export function numberOf(bytes: Uint8Array, isBigEndian: boolean): number {
  const octets = isBigEndian ? bytes : bytes.toReversed();
  return octets.reduce((sum, octet) => sum * 256 + octet, 0);
}

function numberType(
  [title, name, number, octets]: readonly [string, string, number, number],
  options: NumberTypeOptions = {},
): NftType {
  const { names = {}, isBigEndian = true, isBitmask = false, isHex = false } = options;
  const toBytes = (value: number): Uint8Array => {
    const bytes = bigEndian(value, octets);
    return isBigEndian ? bytes : bytes.toReversed();
  };
  const format = (value: number): string => {
    const found = Object.keys(names).find((key) => names[key] === value);
    if (found !== undefined) return found;
    if (isHex) return `0x${value.toString(16).padStart(octets * 2, "0")}`;
    return isBitmask ? `0x${value.toString(16)}` : String(value);
  };
  return {
    title,
    name,
    number,
    octets,
    isBigEndian,
    isBitmask,
    parse: (text) => {
      const value = names[text] ?? (/^(0x[0-9a-f]+|\d+)$/i.test(text) ? Number(text) : undefined);
      return value === undefined || value >= 256 ** octets ? undefined : toBytes(value);
    },
    format: (bytes) => {
      const value = numberOf(bytes, isBigEndian);
      if (!isBitmask || value === 0) return format(value);
      const bits = Array.from({ length: octets * 8 }, (_, bit) => 2 ** bit);
      return bits
        .filter((bit) => Math.floor(value / bit) % 2 === 1)
        .map(format)
        .join(",");
    },
  };
}

export const IPV4: NftType = {
  title: "IPv4 address",
  name: "ipv4_addr",
  number: 7,
  octets: 4,
  isBigEndian: true,
  isBitmask: false,
  parse: (text) => {
    const address = parseIpv4(text);
    return address === undefined ? undefined : bigEndian(address, 4);
  },
  format: (bytes) => formatIpv4(numberOf(bytes, true)),
};

export const IPV6: NftType = {
  title: "IPv6 address",
  name: "ipv6_addr",
  number: 8,
  octets: 16,
  isBigEndian: true,
  isBitmask: false,
  parse: parseIpv6,
  format: formatIpv6,
};

const IFNAMSIZ = 16;

/** Printed in quotes; a `*` at the end is any rest, and makes fewer octets. */
export const IFNAME: NftType = {
  title: "network interface name",
  name: "ifname",
  number: 41,
  octets: IFNAMSIZ,
  isBigEndian: false,
  isBitmask: false,
  parse: (text) => {
    const octets = new TextEncoder().encode(text);
    if (octets.length === 0 || octets.length >= IFNAMSIZ) return undefined;
    if (text.endsWith("*")) return octets.subarray(0, octets.length - 1);
    const bytes = new Uint8Array(IFNAMSIZ);
    bytes.set(octets);
    return bytes;
  },
  format: (bytes) => {
    const end = bytes.indexOf(0);
    const text = new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end));
    return `"${text}${end < 0 ? "*" : ""}"`;
  },
};

const L4PROTO_NAMES: Names = {
  icmp: 1,
  igmp: 2,
  tcp: 6,
  udp: 17,
  dccp: 33,
  ipv6: 41,
  gre: 47,
  esp: 50,
  ah: 51,
  "ipv6-icmp": 58,
  comp: 108,
  sctp: 132,
  udplite: 136,
};

const INET_PROTO_TITLE = ["Internet protocol", "inet_proto", 12, 1] as const;
export const INET_PROTO: NftType = numberType(INET_PROTO_TITLE, { names: L4PROTO_NAMES });
const SERVICES: Names = { ssh: 22, domain: 53, http: 80, https: 443 };
const PORT_NUMBER = numberType(["internet network service", "inet_service", 13, 2]);
/** A service may be named, but is printed as a number. */
export const INET_SERVICE: NftType = {
  ...PORT_NUMBER,
  parse: (text) => PORT_NUMBER.parse(String(SERVICES[text] ?? text)),
};
export const NF_PROTO: NftType = numberType(["netfilter protocol", "nf_proto", 2, 1], {
  names: { ipv4: 2, ipv6: 10 },
});
export const ETHER_TYPE: NftType = numberType(["Ethernet protocol", "ether_type", 10, 2], {
  names: { ip: 0x0800, arp: 0x0806, ip6: 0x86dd, vlan: 0x8100 },
});
export const MARK: NftType = numberType(["packet mark", "mark", 19, 4], {
  isBigEndian: false,
  isHex: true,
});
export const CT_STATE: NftType = numberType(["conntrack state", "ct_state", 26, 4], {
  isBigEndian: false,
  isBitmask: true,
  names: { invalid: 1, established: 2, related: 4, new: 8, untracked: 64 },
});
export const CT_STATUS: NftType = numberType(["conntrack status", "ct_status", 28, 4], {
  isBigEndian: false,
  isBitmask: true,
  names: { expected: 1, "seen-reply": 2, assured: 4, confirmed: 8, snat: 16, dnat: 32, dying: 512 },
});
export const CT_DIRECTION: NftType = numberType(["conntrack direction", "ct_dir", 27, 1], {
  names: { original: 0, reply: 1 },
});
export const TCP_FLAG: NftType = numberType(["TCP flag", "tcp_flag", 15, 1], {
  isBitmask: true,
  names: { fin: 1, syn: 2, rst: 4, psh: 8, ack: 16, urg: 32, ecn: 64, cwr: 128 },
});
export const PKT_TYPE: NftType = numberType(["packet type", "pkt_type", 31, 1], {
  names: { host: 0, unicast: 0, broadcast: 1, multicast: 2, other: 3 },
});
export const ICMP_TYPE: NftType = numberType(["ICMP type", "icmp_type", 14, 1], {
  names: {
    "echo-reply": 0,
    "destination-unreachable": 3,
    "source-quench": 4,
    redirect: 5,
    "echo-request": 8,
    "router-advertisement": 9,
    "router-solicitation": 10,
    "time-exceeded": 11,
    "parameter-problem": 12,
    "timestamp-request": 13,
    "timestamp-reply": 14,
  },
});
export const ICMPV6_TYPE: NftType = numberType(["ICMPv6 type", "icmpv6_type", 29, 1], {
  names: {
    "destination-unreachable": 1,
    "packet-too-big": 2,
    "time-exceeded": 3,
    "parameter-problem": 4,
    "echo-request": 128,
    "echo-reply": 129,
    "mld-listener-query": 130,
    "mld-listener-report": 131,
    "mld-listener-done": 132,
    "nd-router-solicit": 133,
    "nd-router-advert": 134,
    "nd-neighbor-solicit": 135,
    "nd-neighbor-advert": 136,
    "nd-redirect": 137,
  },
});

/** A number of one or two octets without a name of its own. */
export function integerType(octets: number): NftType {
  return numberType(["integer", "integer", 4, octets]);
}

/** Types that a set may be declared with. */
export const SET_TYPES: readonly NftType[] = [
  IPV4,
  IPV6,
  IFNAME,
  INET_PROTO,
  INET_SERVICE,
  MARK,
  CT_STATE,
  ICMP_TYPE,
  ICMPV6_TYPE,
  ETHER_TYPE,
  NF_PROTO,
];
