import {
  CT_DIRECTION,
  CT_STATE,
  CT_STATUS,
  ETHER_TYPE,
  ICMP_TYPE,
  ICMPV6_TYPE,
  IFNAME,
  INET_PROTO,
  INET_SERVICE,
  integerType,
  IPV4,
  IPV6,
  MARK,
  NF_PROTO,
  type NftType,
  PKT_TYPE,
  TCP_FLAG,
} from "./nft-types.ts";

export const NFPROTO_IPV4 = 2;
export const NFPROTO_IPV6 = 10;
export const PAYLOAD_NETWORK = 1;
const PAYLOAD_TRANSPORT = 2;

/** Where the kernel takes a field from. */
export type NftLoad =
  | {
      readonly from: "payload";
      readonly base: number;
      readonly offset: number;
      readonly octets: number;
    }
  | { readonly from: "meta" | "ct"; readonly key: number };

/** The left side of a match: "ip saddr", "tcp dport", "iifname", "ct state". */
export interface NftField {
  readonly text: string;
  readonly type: NftType;
  readonly load: NftLoad;
  /** The network protocol (NFPROTO_*) that has such a field. */
  readonly network?: number;
  /** The transport protocol (IPPROTO_*) that has such a field. */
  readonly transport?: number;
}

const BYTE = integerType(1);
const SHORT = integerType(2);

function headerField(
  header: string,
  base: number,
  needs: Pick<NftField, "network" | "transport">,
  fields: readonly (readonly [name: string, offset: number, type: NftType])[],
): NftField[] {
  return fields.map(([name, offset, type]) => ({
    text: `${header} ${name}`,
    type,
    load: { from: "payload", base, offset, octets: type.octets },
    ...needs,
  }));
}

const PORTS = [
  ["sport", 0, INET_SERVICE],
  ["dport", 2, INET_SERVICE],
] as const;

const NETWORK_FIELDS: readonly NftField[] = [
  ...headerField("ip", PAYLOAD_NETWORK, { network: NFPROTO_IPV4 }, [
    ["length", 2, SHORT],
    ["id", 4, SHORT],
    ["ttl", 8, BYTE],
    ["protocol", 9, INET_PROTO],
    ["saddr", 12, IPV4],
    ["daddr", 16, IPV4],
  ]),
  ...headerField("ip6", PAYLOAD_NETWORK, { network: NFPROTO_IPV6 }, [
    ["length", 4, SHORT],
    ["nexthdr", 6, INET_PROTO],
    ["hoplimit", 7, BYTE],
    ["saddr", 8, IPV6],
    ["daddr", 24, IPV6],
  ]),
];

const TRANSPORT_FIELDS: readonly NftField[] = [
  ...headerField("tcp", PAYLOAD_TRANSPORT, { transport: 6 }, [...PORTS, ["flags", 13, TCP_FLAG]]),
  ...headerField("udp", PAYLOAD_TRANSPORT, { transport: 17 }, [...PORTS, ["length", 4, SHORT]]),
  ...headerField("sctp", PAYLOAD_TRANSPORT, { transport: 132 }, PORTS),
  ...headerField("dccp", PAYLOAD_TRANSPORT, { transport: 33 }, PORTS),
  ...headerField("icmp", PAYLOAD_TRANSPORT, { network: NFPROTO_IPV4, transport: 1 }, [
    ["type", 0, ICMP_TYPE],
    ["code", 1, BYTE],
  ]),
  ...headerField("icmpv6", PAYLOAD_TRANSPORT, { network: NFPROTO_IPV6, transport: 58 }, [
    ["type", 0, ICMPV6_TYPE],
    ["code", 1, BYTE],
  ]),
  // Ports of whatever transport has them there.
  ...headerField("th", PAYLOAD_TRANSPORT, {}, PORTS),
];

function meta(text: string, key: number, type: NftType): NftField {
  return { text, type, load: { from: "meta", key } };
}

const META_FIELDS: readonly NftField[] = [
  meta("meta protocol", 1, ETHER_TYPE),
  meta("meta mark", 3, MARK),
  meta("iifname", 6, IFNAME),
  meta("oifname", 7, IFNAME),
  meta("meta nfproto", 15, NF_PROTO),
  meta("meta l4proto", 16, INET_PROTO),
  meta("meta pkttype", 19, PKT_TYPE),
];

function ct(name: string, key: number, type: NftType): NftField {
  return { text: `ct ${name}`, type, load: { from: "ct", key } };
}

const CT_FIELDS: readonly NftField[] = [
  ct("state", 0, CT_STATE),
  ct("direction", 1, CT_DIRECTION),
  ct("status", 2, CT_STATUS),
  ct("mark", 3, MARK),
];

const FIELDS: readonly NftField[] = [
  ...NETWORK_FIELDS,
  ...TRANSPORT_FIELDS,
  ...META_FIELDS,
  ...CT_FIELDS,
];

/** First words of matches that have two. */
const GROUPS = new Set(FIELDS.map(({ text }) => text.split(" ")[0] ?? ""));

export function isFieldGroup(word: string): boolean {
  return GROUPS.has(word);
}

export function fieldNamed(text: string): NftField | undefined {
  return FIELDS.find((field) => field.text === text || field.text === text.replace("meta ", ""));
}

export const META_NFPROTO: NftField = meta("meta nfproto", 15, NF_PROTO);
export const META_L4PROTO: NftField = meta("meta l4proto", 16, INET_PROTO);

export function metaOrCtField(from: "meta" | "ct", key: number): NftField | undefined {
  return FIELDS.find(({ load }) => load.from === from && load.key === key);
}

/** The field of a header that begins there and has so many octets, or more: a prefix of an address has fewer. */
export function payloadField(
  base: number,
  offset: number,
  octets: number,
  network: number | undefined,
  transport: number | undefined,
): NftField | undefined {
  return FIELDS.find(
    ({ load, network: wantsNetwork, transport: wantsTransport }) =>
      load.from === "payload" &&
      load.base === base &&
      load.offset === offset &&
      load.octets >= octets &&
      (wantsNetwork === undefined || wantsNetwork === network) &&
      (wantsTransport === undefined || wantsTransport === transport),
  );
}
