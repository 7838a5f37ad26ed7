import {
  IFA,
  IFLA,
  IFLA_INFO,
  NDA,
  NetlinkAttributes,
  type NetlinkMessage,
  RTA,
  RTM,
} from "@dcejs/net-stack";
import {
  type AddressRecord,
  addressFromOctets,
  type IpAddress,
  type LinkRecord,
  type NeighbourRecord,
  type RouteRecord,
  type RtnlRequest,
} from "../kernel/rtnl-request.ts";

/** Puts what a message says into the reply of the request that it answers; other messages are left out. */
export function decodeInto(request: RtnlRequest, message: NetlinkMessage): void {
  switch (request.type) {
    case "RTM_GETLINK":
      take(request.reply, message, RTM.NEWLINK, IFINFOMSG, decodeLink);
      return;
    case "RTM_GETADDR":
      take(request.reply, message, RTM.NEWADDR, IFADDRMSG, decodeAddress);
      return;
    case "RTM_GETROUTE":
      take(request.reply, message, RTM.NEWROUTE, RTMSG, decodeRoute);
      return;
    case "RTM_GETNEIGH":
      take(request.reply, message, RTM.NEWNEIGH, NDMSG, decodeNeighbour);
      return;
    case "RTM_SETLINK":
    case "RTM_NEWADDR":
    case "RTM_DELADDR":
    case "RTM_NEWROUTE":
    case "RTM_DELROUTE":
    case "RTM_NEWNEIGH":
    case "RTM_DELNEIGH":
      return;
    default:
      request satisfies never;
  }
}

/** Octets of the families' headers. */
const IFINFOMSG = 16;
const IFADDRMSG = 8;
const RTMSG = 12;
const NDMSG = 12;

const AF_INET = 2;
const AF_INET6 = 10;

function take<T>(
  reply: T[],
  { type, payload }: NetlinkMessage,
  wanted: number,
  headerLength: number,
  decode: (header: DataView, attributes: NetlinkAttributes) => T | undefined,
): void {
  if (type !== wanted || payload.length < headerLength) return;
  const header = new DataView(payload.buffer, payload.byteOffset, headerLength);
  const record = decode(header, new NetlinkAttributes(payload.subarray(headerLength)));
  if (record !== undefined) reply.push(record);
}

const OPER_STATES: readonly LinkRecord["operState"][] = [
  "UNKNOWN",
  "NOTPRESENT",
  "DOWN",
  "LOWERLAYERDOWN",
  "TESTING",
  "DORMANT",
  "UP",
];

function decodeLink(header: DataView, attributes: NetlinkAttributes): LinkRecord {
  const info = attributes.nested(IFLA.LINKINFO);
  const optional = {
    broadcast: attributes.bytes(IFLA.BROADCAST),
    lower: attributes.u32(IFLA.LINK),
    master: attributes.u32(IFLA.MASTER),
    kind: info?.text(IFLA_INFO.KIND),
    statistics: attributes.bytes(IFLA.STATS64),
  };
  return {
    ifindex: header.getInt32(4, true),
    name: attributes.text(IFLA.IFNAME) ?? "",
    flags: header.getUint32(8, true),
    mtu: attributes.u32(IFLA.MTU) ?? 0,
    txQueueLength: attributes.u32(IFLA.TXQLEN) ?? 0,
    address: attributes.bytes(IFLA.ADDRESS) ?? new Uint8Array(0),
    type: header.getUint16(2, true),
    operState: OPER_STATES[attributes.u8(IFLA.OPERSTATE) ?? 0] ?? "UNKNOWN",
    qdisc: attributes.text(IFLA.QDISC) ?? "",
    ...present(optional),
  };
}

const IFA_F_SECONDARY = 1;

function decodeAddress(header: DataView, attributes: NetlinkAttributes): AddressRecord | undefined {
  const family = header.getUint8(0);
  const peer = addressOf(family, attributes.bytes(IFA.ADDRESS));
  const local = addressOf(family, attributes.bytes(IFA.LOCAL)) ?? peer;
  if (local === undefined) return undefined;
  const flags = attributes.u32(IFA.FLAGS) ?? header.getUint8(2);
  return {
    ifindex: header.getUint32(4, true),
    local,
    prefixLength: header.getUint8(1),
    broadcast: addressOf(family, attributes.bytes(IFA.BROADCAST)),
    scope: header.getUint8(3),
    label: attributes.text(IFA.LABEL) ?? "",
    isSecondary: (flags & IFA_F_SECONDARY) !== 0,
    ...(flags === 0 ? {} : { flags }),
    ...(peer === undefined || sameAddress(peer, local) ? {} : { peer }),
    ...present({ metric: attributes.u32(IFA.RT_PRIORITY) }),
  };
}

const RTNH_F_LINKDOWN = 16;
const RTA_PREF = 20;

function decodeRoute(header: DataView, attributes: NetlinkAttributes): RouteRecord | undefined {
  const family = header.getUint8(0);
  const none: IpAddress = family === AF_INET6 ? new Uint8Array(16) : 0;
  if (family !== AF_INET && family !== AF_INET6) return undefined;
  const flags = header.getUint32(8, true);
  return {
    destination: addressOf(family, attributes.bytes(RTA.DST)) ?? none,
    prefixLength: header.getUint8(1),
    gateway: addressOf(family, attributes.bytes(RTA.GATEWAY)) ?? viaOf(attributes.bytes(RTA.VIA)),
    ifindex: attributes.u32(RTA.OIF),
    preferredSource: addressOf(family, attributes.bytes(RTA.PREFSRC)),
    metric: attributes.u32(RTA.PRIORITY) ?? 0,
    scope: header.getUint8(6),
    table: attributes.u32(RTA.TABLE) ?? header.getUint8(4),
    type: header.getUint8(7),
    protocol: header.getUint8(5),
    isLinkDown: (flags & RTNH_F_LINKDOWN) !== 0,
    flags,
    ...present({
      metrics: metricsOf(attributes.nested(RTA.METRICS)),
      source: addressOf(family, attributes.bytes(RTA.SRC)),
      uid: attributes.u32(RTA.UID),
      preference: attributes.u8(RTA_PREF),
    }),
  };
}

/** struct rtvia */
function viaOf(via: Uint8Array | undefined): IpAddress | undefined {
  return via === undefined ? undefined : addressOf(via[0] ?? 0, via.subarray(2));
}

function metricsOf(nest: NetlinkAttributes | undefined): [number, number][] | undefined {
  return nest?.types().map((type) => [type, nest.u32(type) ?? 0]);
}

function decodeNeighbour(
  header: DataView,
  attributes: NetlinkAttributes,
): NeighbourRecord | undefined {
  const destination = addressOf(header.getUint8(0), attributes.bytes(NDA.DST));
  if (destination === undefined) return undefined;
  return {
    ifindex: header.getInt32(4, true),
    destination,
    lladdr: attributes.bytes(NDA.LLADDR),
    state: header.getUint16(8, true),
  };
}

/** undefined for a family that is no IP, or octets that are no address of it. */
function addressOf(family: number, octets: Uint8Array | undefined): IpAddress | undefined {
  if (octets === undefined) return undefined;
  if (family === AF_INET && octets.length === 4) return addressFromOctets(octets);
  return family === AF_INET6 && octets.length === 16 ? addressFromOctets(octets) : undefined;
}

function sameAddress(a: IpAddress, b: IpAddress): boolean {
  if (typeof a === "number" || typeof b === "number") return a === b;
  return a.every((octet, index) => octet === b[index]);
}

/** The members that are there. */
function present<T extends object>(members: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- only members that are undefined are left out
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}
