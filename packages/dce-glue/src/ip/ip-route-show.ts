import type { Wait } from "@dcejs/lkl-kernel";
import {
  familyOf,
  type IpAddress,
  isSameAddress,
  type LinkRecord,
  type RouteRecord,
  RT_SCOPE_UNIVERSE,
  RT_TABLE_MAIN,
  RT_TABLE_UNSPEC,
  RTN_UNICAST,
  RTPROT_BOOT,
  type RtnlRequest,
} from "../kernel/rtnl-request.ts";
import { AF_INET, AF_INET6 } from "../posix/socket-address.ts";
import { type IpArguments, isShortFor } from "./ip-arguments.ts";
import { IpCommandError } from "./ip-command-error.ts";
import { metricsObject, metricsToText } from "./ip-metrics.ts";
import { type IpOutput, jsonText } from "./ip-output.ts";
import {
  addressArgument,
  familyNumber,
  type FamilyWord,
  ipToText,
  isInside,
  type Prefix,
  prefixArgument,
  prefixToText,
  protocolArgument,
  protocolToText,
  ROUTE_TYPES,
  routeTypeToText,
  scopeArgument,
  scopeToText,
  tableArgument,
  tableToText,
} from "./ip-values.ts";
import type { RtnlClient } from "../netlink/rtnetlink-client.ts";
import { deviceName, dumpLinks, findDevice, talk } from "./rtnl-client.ts";

/** What `ip route show` and `flush` select. */
export interface RouteFilter {
  /** RT_TABLE_UNSPEC: all. */
  readonly table: number;
  readonly device?: string;
  readonly gateway?: IpAddress;
  /** AF_INET, AF_INET6; 0: both. */
  readonly family: number;
  readonly protocol?: number;
  readonly scope?: number;
  readonly routeType?: number;
  /** "exact": this prefix; "root": inside it; "match": prefixes that hold it. */
  readonly prefix?: Prefix & { readonly relation: "exact" | "root" | "match" };
}

export interface RouteGet {
  readonly destination: Prefix;
  readonly source?: IpAddress;
  readonly device?: string;
  readonly isFibMatch?: true;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

export function parseRouteFilter(args: IpArguments, family: FamilyWord): RouteFilter {
  const filter: Mutable<RouteFilter> = { table: RT_TABLE_MAIN, family: familyNumber(family) };
  while (!args.isEmpty) filterOne(filter, args.take(), args, family);
  // One table is IPv4's unless the address of a prefix says otherwise.
  if (filter.family === 0 && filter.table !== RT_TABLE_UNSPEC) {
    filter.family = typeof filter.prefix?.address === "object" ? AF_INET6 : AF_INET;
  }
  return filter;
}

function filterOne(
  filter: Mutable<RouteFilter>,
  word: string,
  args: IpArguments,
  family: FamilyWord,
): void {
  if (isShortFor(word, "table")) {
    const table = args.take();
    filter.table = isShortFor(table, "all") ? RT_TABLE_UNSPEC : tableArgument(table);
  } else if (word === "dev" || word === "oif") filter.device = args.take();
  else if (word === "via") filter.gateway = addressArgument(args.take(), family);
  else if (isShortFor(word, "protocol")) filter.protocol = protocolArgument(args.take());
  else if (isShortFor(word, "scope")) filter.scope = scopeArgument(args.take());
  else if (isShortFor(word, "type")) filter.routeType = typeArgument(args.take());
  else {
    const text = word === "to" ? args.take() : word;
    const relation = text === "root" || text === "match" || text === "exact" ? text : undefined;
    const prefix = prefixArgument(relation === undefined ? text : args.take(), family);
    filter.prefix = { ...prefix, relation: relation ?? "exact" };
  }
}

function typeArgument(word: string): number {
  const type = Object.hasOwn(ROUTE_TYPES, word) ? ROUTE_TYPES[word] : undefined;
  if (type === undefined)
    throw new IpCommandError(`Error: argument "${word}" is wrong: node type value is invalid`, 255);
  return type;
}

export function parseRouteGet(args: IpArguments, family: FamilyWord): RouteGet {
  const get: Mutable<Partial<RouteGet>> = {};
  while (!args.isEmpty) {
    const word = args.take();
    if (word === "from") get.source = prefixArgument(args.take(), family).address;
    else if (word === "dev" || word === "oif") get.device = args.take();
    else if (word === "fibmatch") get.isFibMatch = true;
    else get.destination = prefixArgument(word === "to" ? args.take() : word, family);
  }
  const { destination, ...rest } = get;
  if (destination === undefined) throw new IpCommandError("need at least a destination address", 1);
  return { destination, ...rest };
}

export function* selectRoutes(filter: RouteFilter, client: RtnlClient): Wait<RouteRecord[]> {
  const device = filter.device === undefined ? undefined : yield* findDevice(client, filter.device);
  const request = {
    type: "RTM_GETROUTE",
    table: filter.table,
    family: filter.family,
    reply: [] as RouteRecord[],
  } satisfies RtnlRequest;
  yield* talk(client, request);
  return request.reply.filter(
    (route) =>
      (device === undefined || device.ifindex === route.ifindex) &&
      (filter.gateway === undefined || isSameAddress(filter.gateway, route.gateway)) &&
      (filter.protocol === undefined || filter.protocol === route.protocol) &&
      (filter.family === 0 || filter.family === familyOf(route.destination)) &&
      (filter.table === RT_TABLE_UNSPEC || filter.table === route.table) &&
      (filter.scope === undefined || filter.scope === route.scope) &&
      (filter.routeType === undefined || filter.routeType === route.type) &&
      (filter.prefix === undefined || prefixMatches(route, filter.prefix)),
  );
}

function prefixMatches(route: RouteRecord, wanted: NonNullable<RouteFilter["prefix"]>): boolean {
  switch (wanted.relation) {
    case "exact":
      return (
        route.prefixLength === wanted.length &&
        (wanted.isAny === true || isSameAddress(route.destination, wanted.address))
      );
    case "root":
      return route.prefixLength >= wanted.length && isInside(route.destination, wanted);
    case "match":
      return (
        route.prefixLength <= wanted.length &&
        isInside(wanted.address, { address: route.destination, length: route.prefixLength })
      );
    default:
      return wanted.relation satisfies never;
  }
}

export function* showRoutes(
  filter: RouteFilter,
  client: RtnlClient,
  output: IpOutput,
): Wait<string> {
  const routes = yield* selectRoutes(filter, client);
  const links = yield* dumpLinks(client);
  if (output.isJson) {
    return jsonText(
      routes.map((route) => routeObject(route, filter, links)),
      output,
    );
  }
  return routes.map((route) => `${textOf(routeObject(route, filter, links), route)}\n`).join("");
}

/** RTM_F_CLONED: a route for one packet, not one of a table. */
const RTM_F_CLONED = 0x200;
const PREFERENCES: Readonly<Record<number, string>> = { 0: "medium", 1: "high", 3: "low" };
const ROUTE_FLAGS: readonly (readonly [string, number])[] = [
  ["dead", 1],
  ["onlink", 4],
  ["pervasive", 2],
  ["linkdown", 16],
];

type ShownFilter = Pick<RouteFilter, "table" | "device" | "protocol" | "scope">;

/** print_route: members in iproute2's order; what a filter fixes, or a default says, is left out. */
function routeObject(
  route: RouteRecord,
  filter: ShownFilter,
  links: readonly LinkRecord[],
): Record<string, unknown> {
  const { table } = route;
  const isInet6 = typeof route.destination === "object";
  const isCloned = ((route.flags ?? 0) & RTM_F_CLONED) !== 0;
  const showsTable = filter.table === RT_TABLE_UNSPEC && table !== RT_TABLE_MAIN;
  const showsProtocol = route.protocol !== RTPROT_BOOT && filter.protocol === undefined;
  const showsScope = route.scope !== RT_SCOPE_UNIVERSE && filter.scope === undefined;
  const { metrics, preference, uid } = route;
  return {
    ...(route.type === RTN_UNICAST ? {} : { type: routeTypeToText(route.type) }),
    dst: prefixToText(route.destination, route.prefixLength),
    ...(route.source === undefined ? {} : { from: ipToText(route.source) }),
    ...(route.gateway === undefined ? {} : { gateway: ipToText(route.gateway) }),
    ...(route.ifindex === undefined || filter.device !== undefined
      ? {}
      : { dev: deviceName(links, route.ifindex) }),
    ...(showsTable && !isCloned ? { table: tableToText(table) } : {}),
    ...(showsProtocol && !isCloned ? { protocol: protocolToText(route.protocol) } : {}),
    ...(showsScope && !isCloned ? { scope: scopeToText(route.scope) } : {}),
    ...(route.preferredSource === undefined ? {} : { prefsrc: ipToText(route.preferredSource) }),
    ...(route.metric === 0 && !isInet6 ? {} : { metric: route.metric }),
    flags: flagsOf(route),
    ...(uid === undefined ? {} : { uid }),
    ...(isCloned && !isInet6 ? { cache: cacheFlags(route.flags ?? 0) } : {}),
    ...(metrics === undefined || metrics.length === 0 ? {} : { metrics: [metricsObject(metrics)] }),
    ...(preference === undefined ? {} : { pref: PREFERENCES[preference] ?? String(preference) }),
  };
}

function flagsOf(route: RouteRecord): string[] {
  const flags = (route.flags ?? 0) | (route.isLinkDown ? 16 : 0);
  return ROUTE_FLAGS.filter(([, bit]) => (flags & bit) !== 0).map(([name]) => name);
}

/** RTCF_* of a route that a packet would take. */
function cacheFlags(flags: number): string[] {
  const names: readonly (readonly [string, number])[] = [
    ["local", 0x8000_0000],
    ["reject", 0x0400_0000],
    ["mc", 0x2000_0000],
    ["brd", 0x1000_0000],
  ];
  return names.filter(([, bit]) => (flags & bit) !== 0).map(([name]) => name);
}

const WORDS: Readonly<Record<string, string>> = {
  type: "",
  dst: "",
  from: "from ",
  gateway: "via ",
  dev: "dev ",
  table: "table ",
  protocol: "proto ",
  scope: "scope ",
  prefsrc: "src ",
  metric: "metric ",
  uid: "uid ",
  pref: "pref ",
};

/** The text form of what the JSON form says. Each word is followed by a blank, as iproute2 does. */
function textOf(object: Readonly<Record<string, unknown>>, { metrics }: RouteRecord): string {
  let text = "";
  for (const [name, value] of Object.entries(object)) {
    if (name === "flags" && Array.isArray(value)) text += value.map((flag) => `${flag} `).join("");
    else if (name === "cache" && Array.isArray(value)) {
      text += `\n    cache ${value.length === 0 ? "" : `<${value.join(",")}> `}`;
    } else if (name === "metrics") text += metricsToText(metrics ?? []);
    else if (name === "pref") text += `pref ${String(value)}`;
    else if (Object.hasOwn(WORDS, name)) text += `${WORDS[name]}${String(value)} `;
  }
  return text;
}

export function* getRoute(get: RouteGet, client: RtnlClient, output: IpOutput): Wait<string> {
  const device = get.device === undefined ? undefined : yield* findDevice(client, get.device);
  const { source, isFibMatch } = get;
  const request = {
    type: "RTM_GETROUTE",
    destination: get.destination.address,
    ...(source === undefined ? {} : { source }),
    ...(device === undefined ? {} : { ifindex: device.ifindex }),
    ...(isFibMatch === undefined ? {} : { isFibMatch }),
    reply: [] as RouteRecord[],
  } satisfies RtnlRequest;
  yield* talk(client, request);
  const links = yield* dumpLinks(client);
  const filter = { table: RT_TABLE_UNSPEC };
  if (output.isJson) {
    return jsonText(
      request.reply.map((route) => routeObject(route, filter, links)),
      output,
    );
  }
  return request.reply
    .map((route) => `${textOf(routeObject(route, filter, links), route)}\n`)
    .join("");
}
