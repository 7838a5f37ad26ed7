import { IFA, IFLA, NDA, type NetlinkWriter, NLM_F_DUMP, RTA, RTM } from "@dcejs/net-stack";
import {
  addressOctets,
  familyOf,
  type IpAddress,
  type RouteSpecification,
  RT_SCOPE_UNIVERSE,
  RT_TABLE_MAIN,
  RT_TABLE_UNSPEC,
  RTN_UNICAST,
  RTPROT_BOOT,
  type RtnlRequest,
} from "../kernel/rtnl-request.ts";
import type { NetlinkRequest } from "./netlink-client.ts";

type RequestOf<T extends RtnlRequest["type"]> = Extract<RtnlRequest, { type: T }>;

/** A record as the message that rtnetlink(7) describes. */
export function encodeRequest(request: RtnlRequest): NetlinkRequest {
  switch (request.type) {
    case "RTM_GETLINK":
      return getLink(request);
    case "RTM_SETLINK":
      return { type: RTM.SETLINK, flags: 0, write: (writer) => writeLinkChange(writer, request) };
    case "RTM_GETADDR":
      return dump(RTM.GETADDR, (writer) => {
        writer
          .u8(request.family ?? 0)
          .u8(0)
          .u8(0)
          .u8(0)
          .u32(request.ifindex ?? 0);
      });
    case "RTM_NEWADDR":
      return {
        type: RTM.NEWADDR,
        flags: request.flags,
        write: (writer) => writeAddress(writer, request),
      };
    case "RTM_DELADDR":
      return { type: RTM.DELADDR, flags: 0, write: (writer) => writeAddress(writer, request) };
    case "RTM_GETROUTE":
      return getRoute(request);
    case "RTM_NEWROUTE":
      return {
        type: RTM.NEWROUTE,
        flags: request.flags,
        write: (writer) => writeRoute(writer, NEW_ROUTE, request),
      };
    case "RTM_DELROUTE":
      return {
        type: RTM.DELROUTE,
        flags: 0,
        write: (writer) => writeRoute(writer, ANY_ROUTE, request),
      };
    case "RTM_GETNEIGH":
      return dump(RTM.GETNEIGH, (writer) => {
        neighbourHeader(writer, request.family ?? 0, 0, 0);
        if (request.ifindex !== undefined) writer.attributeU32(NDA.IFINDEX, request.ifindex);
      });
    case "RTM_NEWNEIGH":
      return {
        type: RTM.NEWNEIGH,
        flags: request.flags,
        write: (writer) => writeNeighbour(writer, request),
      };
    case "RTM_DELNEIGH":
      return {
        type: RTM.DELNEIGH,
        flags: 0,
        write: (writer) => writeNeighbour(writer, { ...request, state: 0 }),
      };
    default:
      return request satisfies never;
  }
}

function dump(type: number, write: NetlinkRequest["write"]): NetlinkRequest {
  return { type, flags: NLM_F_DUMP, write };
}

/** RTEXT_FILTER_SKIP_STATS: IPv6's own counters are not wanted. */
const EXT_MASK = 8;

function getLink({ ifindex }: RequestOf<"RTM_GETLINK">): NetlinkRequest {
  const write = (writer: NetlinkWriter): void => {
    ifinfo(writer, ifindex ?? 0, 0, 0);
    writer.attributeU32(IFLA.EXT_MASK, EXT_MASK);
  };
  return ifindex === undefined ? dump(RTM.GETLINK, write) : { type: RTM.GETLINK, flags: 0, write };
}

/** struct ifinfomsg */
function ifinfo(writer: NetlinkWriter, ifindex: number, flags: number, change: number): void {
  writer.u8(0).u8(0).u16(0).u32(ifindex).u32(flags).u32(change);
}

function writeLinkChange(writer: NetlinkWriter, change: RequestOf<"RTM_SETLINK">): void {
  const { ifindex, flags, flagsMask, name, address, mtu, txQueueLength } = change;
  const mask = flags === undefined ? 0 : (flagsMask ?? 0xffff_ffff);
  ifinfo(writer, ifindex, (flags ?? 0) & mask, mask);
  if (txQueueLength !== undefined) writer.attributeU32(IFLA.TXQLEN, txQueueLength);
  if (mtu !== undefined) writer.attributeU32(IFLA.MTU, mtu);
  if (address !== undefined) writer.attribute(IFLA.ADDRESS, address);
  if (name !== undefined) writer.attributeText(IFLA.IFNAME, name);
}

/** struct ifaddrmsg and its attributes; without a peer IFA_ADDRESS is the address itself. */
function writeAddress(
  writer: NetlinkWriter,
  request: RequestOf<"RTM_NEWADDR"> | RequestOf<"RTM_DELADDR">,
): void {
  const { ifindex, local, prefixLength } = request;
  const more = request.type === "RTM_NEWADDR" ? request : undefined;
  const flags = more?.addressFlags ?? 0;
  writer
    .u8(familyOf(local))
    .u8(prefixLength)
    .u8(flags & 0xff);
  writer.u8(more?.scope ?? RT_SCOPE_UNIVERSE).u32(ifindex);
  writer.attribute(IFA.LOCAL, addressOctets(local));
  const isAnyLength = request.type === "RTM_DELADDR" && request.isAnyLength === true;
  if (!isAnyLength) writer.attribute(IFA.ADDRESS, addressOctets(request.peer ?? local));
  if (more?.broadcast !== undefined) {
    writer.attribute(IFA.BROADCAST, addressOctets(more.broadcast));
  }
  if (more?.label !== undefined) writer.attributeText(IFA.LABEL, more.label);
  if (flags > 0xff) writer.attributeU32(IFA.FLAGS, flags);
  if (more?.metric !== undefined) writer.attributeU32(IFA.RT_PRIORITY, more.metric);
}

interface RouteDefaults {
  readonly type: number;
  readonly protocol: number;
  readonly scope: number;
}

/** What a route is made with, and what deletes whatever there is. */
const NEW_ROUTE: RouteDefaults = {
  type: RTN_UNICAST,
  protocol: RTPROT_BOOT,
  scope: RT_SCOPE_UNIVERSE,
};
const ANY_ROUTE: RouteDefaults = { type: 0, protocol: 0, scope: 255 };
const RTNH_F_ONLINK = 4;

function writeRoute(
  writer: NetlinkWriter,
  defaults: RouteDefaults,
  route: RouteSpecification,
): void {
  const { destination, prefixLength, gateway, preferredSource, metric } = route;
  const table = route.table ?? RT_TABLE_MAIN;
  rtmsg(writer, familyOf(destination), prefixLength, 0, table, {
    protocol: route.protocol ?? defaults.protocol,
    scope: route.scope ?? defaults.scope,
    type: route.routeType ?? defaults.type,
    flags: route.isOnlink === true ? RTNH_F_ONLINK : 0,
  });
  if (prefixLength > 0) writer.attribute(RTA.DST, addressOctets(destination));
  if (gateway !== undefined) writeGateway(writer, destination, gateway);
  if (preferredSource !== undefined) writer.attribute(RTA.PREFSRC, addressOctets(preferredSource));
  if (metric !== undefined) writer.attributeU32(RTA.PRIORITY, metric);
  if (table > 255) writer.attributeU32(RTA.TABLE, table);
  if (route.ifindex !== undefined) writer.attributeU32(RTA.OIF, route.ifindex);
  const metrics = route.metrics ?? [];
  if (metrics.length > 0) {
    writer.nest(RTA.METRICS, () => {
      for (const [type, value] of metrics) writer.attributeU32(type, value);
    });
  }
}

/** A gateway of the other family goes as RTA_VIA: family and address. */
function writeGateway(writer: NetlinkWriter, destination: IpAddress, gateway: IpAddress): void {
  const octets = addressOctets(gateway);
  if (familyOf(gateway) === familyOf(destination)) {
    writer.attribute(RTA.GATEWAY, octets);
    return;
  }
  const via = new Uint8Array(2 + octets.length);
  via[0] = familyOf(gateway);
  via.set(octets, 2);
  writer.attribute(RTA.VIA, via);
}

interface RouteHeader {
  readonly protocol: number;
  readonly scope: number;
  readonly type: number;
  readonly flags: number;
}

/** struct rtmsg; a table of more than an octet is said by RTA_TABLE alone. */
function rtmsg(
  writer: NetlinkWriter,
  family: number,
  destinationLength: number,
  sourceLength: number,
  table: number,
  { protocol, scope, type, flags }: RouteHeader,
): void {
  writer.u8(family).u8(destinationLength).u8(sourceLength).u8(0);
  writer
    .u8(table > 255 ? RT_TABLE_UNSPEC : table)
    .u8(protocol)
    .u8(scope)
    .u8(type)
    .u32(flags);
}

const PLAIN: RouteHeader = { protocol: 0, scope: 0, type: 0, flags: 0 };
const RTM_F_LOOKUP_TABLE = 0x1000;
const RTM_F_FIB_MATCH = 0x2000;
const AF_INET = 2;

function getRoute(request: RequestOf<"RTM_GETROUTE">): NetlinkRequest {
  const { destination, source, ifindex, table = RT_TABLE_UNSPEC } = request;
  if (destination === undefined) {
    return dump(RTM.GETROUTE, (writer) => {
      rtmsg(writer, request.family ?? AF_INET, 0, 0, table, PLAIN);
      if (table > 255) writer.attributeU32(RTA.TABLE, table);
    });
  }
  return {
    type: RTM.GETROUTE,
    flags: 0,
    write: (writer) => {
      const from = source === undefined ? undefined : addressOctets(source);
      const to = addressOctets(destination);
      const match = request.isFibMatch === true ? RTM_F_FIB_MATCH : 0;
      // IPv6 names the table unasked, and refuses the flag.
      const lookUp = to.length === 16 ? 0 : RTM_F_LOOKUP_TABLE;
      const header = { ...PLAIN, flags: lookUp | match };
      rtmsg(writer, familyOf(destination), to.length * 8, (from?.length ?? 0) * 8, 0, header);
      writer.attribute(RTA.DST, to);
      if (from !== undefined) writer.attribute(RTA.SRC, from);
      if (ifindex !== undefined) writer.attributeU32(RTA.OIF, ifindex);
    },
  };
}

/** struct ndmsg */
function neighbourHeader(
  writer: NetlinkWriter,
  family: number,
  ifindex: number,
  state: number,
): void {
  writer.u8(family).u8(0).u16(0).u32(ifindex).u16(state).u8(0).u8(0);
}

function writeNeighbour(
  writer: NetlinkWriter,
  neighbour: {
    readonly ifindex: number;
    readonly destination: IpAddress;
    readonly lladdr?: Uint8Array;
    readonly state: number;
  },
): void {
  const { ifindex, destination, lladdr, state } = neighbour;
  neighbourHeader(writer, familyOf(destination), ifindex, state);
  writer.attribute(NDA.DST, addressOctets(destination));
  if (lladdr !== undefined) writer.attribute(NDA.LLADDR, lladdr);
}
