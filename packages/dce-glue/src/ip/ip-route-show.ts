import type { Wait } from "@dcejs/lkl-kernel";
import {
  type LinkRecord,
  type RouteRecord,
  RT_SCOPE_UNIVERSE,
  RT_TABLE_MAIN,
  RT_TABLE_UNSPEC,
  RTN_LOCAL,
  RTN_UNICAST,
  RTPROT_BOOT,
  type RtnlRequest,
} from "../kernel/rtnl-request.ts";
import { type IpArguments, isShortFor } from "./ip-arguments.ts";
import { isInside } from "./ip-address.ts";
import { IpCommandError } from "./ip-command-error.ts";
import { type IpOutput, jsonText } from "./ip-output.ts";
import {
  addressArgument,
  type FamilyWord,
  ipv4ToText,
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
import { deviceName, dumpLinks, findDevice, type RtnlClient, talk } from "./rtnl-client.ts";

/** What `ip route show` and `flush` select. */
export interface RouteFilter {
  /** RT_TABLE_UNSPEC: all. */
  readonly table: number;
  readonly device?: string;
  readonly gateway?: number;
  readonly protocol?: number;
  readonly scope?: number;
  readonly routeType?: number;
  /** "exact": this prefix; "root": inside it; "match": prefixes that hold it. */
  readonly prefix?: Prefix & { readonly relation: "exact" | "root" | "match" };
}

export interface RouteGet {
  readonly destination: Prefix;
  readonly source?: number;
  readonly device?: string;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

export function parseRouteFilter(args: IpArguments, family: FamilyWord): RouteFilter {
  const filter: Mutable<RouteFilter> = { table: RT_TABLE_MAIN };
  while (!args.isEmpty) filterOne(filter, args.take(), args, family);
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
  else if (word === "via") filter.gateway = addressArgument(args.take(), "inet");
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
  const get: { destination?: Prefix; source?: number; device?: string } = {};
  while (!args.isEmpty) {
    const word = args.take();
    if (word === "from") get.source = prefixArgument(args.take(), family).address;
    else if (word === "dev" || word === "oif") get.device = args.take();
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
    reply: [] as RouteRecord[],
  } satisfies RtnlRequest;
  yield* talk(client, request);
  return request.reply.filter(
    (route) =>
      (device === undefined || device.ifindex === route.ifindex) &&
      (filter.gateway === undefined || filter.gateway === route.gateway) &&
      (filter.protocol === undefined || filter.protocol === route.protocol) &&
      (filter.scope === undefined || filter.scope === route.scope) &&
      (filter.routeType === undefined || filter.routeType === route.type) &&
      (filter.prefix === undefined || prefixMatches(route, filter.prefix)),
  );
}

function prefixMatches(route: RouteRecord, wanted: NonNullable<RouteFilter["prefix"]>): boolean {
  switch (wanted.relation) {
    case "exact":
      return route.destination === wanted.address && route.prefixLength === wanted.length;
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
  return routes.map((route) => `${textOf(routeObject(route, filter, links))}\n`).join("");
}

/** Members in iproute2's order; what a filter fixes, or a default says, is left out. */
function routeObject(
  route: RouteRecord,
  filter: RouteFilter,
  links: readonly LinkRecord[],
): Record<string, unknown> {
  const { table } = route;
  const showsTable = filter.table === RT_TABLE_UNSPEC && table !== RT_TABLE_MAIN;
  return {
    ...(route.type === RTN_UNICAST ? {} : { type: routeTypeToText(route.type) }),
    dst: prefixToText(route.destination, route.prefixLength),
    ...(route.gateway === undefined ? {} : { gateway: ipv4ToText(route.gateway) }),
    ...(route.ifindex === undefined || filter.device !== undefined
      ? {}
      : { dev: deviceName(links, route.ifindex) }),
    ...(showsTable ? { table: tableToText(table) } : {}),
    ...(route.protocol === RTPROT_BOOT || filter.protocol !== undefined
      ? {}
      : { protocol: protocolToText(route.protocol) }),
    ...(route.scope === RT_SCOPE_UNIVERSE || filter.scope !== undefined
      ? {}
      : { scope: scopeToText(route.scope) }),
    ...(route.preferredSource === undefined ? {} : { prefsrc: ipv4ToText(route.preferredSource) }),
    ...(route.metric === 0 ? {} : { metric: route.metric }),
    flags: route.isLinkDown ? ["linkdown"] : [],
  };
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
};

/** The text form of what the JSON form says. Each word is followed by a blank, as iproute2 does. */
function textOf(route: Readonly<Record<string, unknown>>): string {
  let text = "";
  for (const [name, value] of Object.entries(route)) {
    if (name === "flags" && Array.isArray(value)) text += value.map((flag) => `${flag} `).join("");
    else if (Object.hasOwn(WORDS, name)) text += `${WORDS[name]}${String(value)} `;
  }
  return text;
}

export function* getRoute(get: RouteGet, client: RtnlClient, output: IpOutput): Wait<string> {
  const device = get.device === undefined ? undefined : yield* findDevice(client, get.device);
  const { source } = get;
  const request = {
    type: "RTM_GETROUTE",
    destination: get.destination.address,
    ...(source === undefined ? {} : { source }),
    ...(device === undefined ? {} : { ifindex: device.ifindex }),
    reply: [] as RouteRecord[],
  } satisfies RtnlRequest;
  yield* talk(client, request);
  const links = yield* dumpLinks(client);
  const routes = request.reply.map((route) => ({
    ...(route.type === RTN_UNICAST ? {} : { type: routeTypeToText(route.type) }),
    dst: ipv4ToText(get.destination.address),
    ...(source === undefined ? {} : { from: ipv4ToText(source) }),
    ...(route.gateway === undefined ? {} : { gateway: ipv4ToText(route.gateway) }),
    ...(route.ifindex === undefined ? {} : { dev: deviceName(links, route.ifindex) }),
    ...(route.preferredSource === undefined || source !== undefined
      ? {}
      : { prefsrc: ipv4ToText(route.preferredSource) }),
    flags: [],
    uid: 0,
    cache: route.type === RTN_LOCAL ? ["local"] : [],
  }));
  if (output.isJson) return jsonText(routes, output);
  return routes
    .map((route) => {
      const cache = route.cache.map((flag) => `<${flag}> `).join("");
      return `${textOf(route)}\n    cache ${cache}\n`;
    })
    .join("");
}
