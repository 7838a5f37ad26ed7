import type { Wait } from "@dcejs/lkl-kernel";
import {
  type IpAddress,
  NLM_F_APPEND,
  NLM_F_CREATE,
  NLM_F_EXCL,
  NLM_F_REPLACE,
  RT_SCOPE_HOST,
  RT_SCOPE_LINK,
  RT_SCOPE_NOWHERE,
  RT_SCOPE_UNIVERSE,
  RT_TABLE_LOCAL,
  RT_TABLE_MAIN,
  RTN_BROADCAST,
  RTN_LOCAL,
  RTN_UNICAST,
  RTPROT_BOOT,
  type RouteSpecification,
} from "../kernel/rtnl-request.ts";
import {
  garbage,
  type IpArguments,
  isShortFor,
  isShortForAny,
  lookUp,
  unsignedArgument,
} from "./ip-arguments.ts";
import { IpCommandError } from "./ip-command-error.ts";
import type { IpOutput } from "./ip-output.ts";
import { isMetricWord, metricArgument } from "./ip-metrics.ts";
import {
  getRoute,
  parseRouteFilter,
  parseRouteGet,
  type RouteFilter,
  type RouteGet,
  selectRoutes,
  showRoutes,
} from "./ip-route-show.ts";
import {
  addressArgument,
  type FamilyWord,
  type Prefix,
  prefixArgument,
  protocolArgument,
  ROUTE_TYPES,
  scopeArgument,
  tableArgument,
} from "./ip-values.ts";
import type { RtnlClient } from "../netlink/rtnetlink-client.ts";
import { findDevice, talk } from "./rtnl-client.ts";

/** `ip route …`, parsed. */
export type RouteCommand =
  | ({
      readonly action: "add" | "change" | "replace" | "prepend" | "append" | "delete";
    } & RouteWords)
  | ({ readonly action: "show" | "flush" } & RouteFilter)
  | ({ readonly action: "get" } & RouteGet);

interface RouteWords {
  readonly destination: Prefix;
  readonly device?: string;
  readonly gateway?: IpAddress;
  readonly preferredSource?: IpAddress;
  readonly metric?: number;
  readonly scope?: number;
  readonly table?: number;
  readonly routeType?: number;
  readonly protocol?: number;
  readonly isOnlink?: true;
  readonly metrics?: readonly (readonly [number, number])[];
}

const ACTIONS: readonly (readonly [string, RouteCommand["action"]])[] = [
  ["list", "show"],
  ["show", "show"],
  ["lst", "show"],
  ["get", "get"],
  ["add", "add"],
  ["change", "change"],
  ["chg", "change"],
  ["replace", "replace"],
  ["prepend", "prepend"],
  ["append", "append"],
  ["delete", "delete"],
  ["flush", "flush"],
];

export function parseRouteCommand(args: IpArguments, family: FamilyWord): RouteCommand {
  const word = args.isEmpty ? "show" : args.take();
  const action = lookUp(word, ACTIONS);
  switch (action) {
    case undefined:
      throw new IpCommandError(`Command "${word}" is unknown, try "ip route help".`, 255);
    case "show":
      return { action, ...parseRouteFilter(args, family) };
    case "flush":
      if (args.isEmpty) throw new IpCommandError('"ip route flush" requires arguments.', 1);
      return { action, ...parseRouteFilter(args, family) };
    case "get":
      return { action, ...parseRouteGet(args, family) };
    case "add":
    case "change":
    case "replace":
    case "prepend":
    case "append":
    case "delete":
      return { action, ...parseWords(args, family) };
    default:
      return action satisfies never;
  }
}

type MutableWords = { -readonly [K in keyof RouteWords]?: RouteWords[K] };

function parseWords(args: IpArguments, family: FamilyWord): RouteWords {
  const words: MutableWords = {};
  while (!args.isEmpty) wordOne(words, args.take(), args, family);
  const { destination, ...rest } = words;
  if (destination === undefined) throw new IpCommandError("RTNETLINK answers: No such device", 2);
  return { destination, ...rest };
}

/** Keywords in the order of `iproute_modify`. */
function wordOne(words: MutableWords, word: string, args: IpArguments, family: FamilyWord): void {
  if (word === "src") words.preferredSource = addressArgument(args.take(), known(words, family));
  else if (word === "via") {
    const next = args.take();
    words.gateway =
      next === "inet" || next === "inet6"
        ? addressArgument(args.take(), next)
        : addressArgument(next, known(words, family));
  } else if (isShortForAny(word, "metric", "priority", "preference")) {
    words.metric = unsignedArgument(args.take(), '"metric" value is invalid');
  } else if (word === "scope") words.scope = scopeArgument(args.take());
  else if (isShortFor(word, "protocol")) words.protocol = protocolArgument(args.take());
  else if (isShortFor(word, "table")) words.table = tableArgument(args.take());
  else if (word === "dev" || word === "oif") words.device = args.take();
  else if (word === "onlink") words.isOnlink = true;
  else if (isMetricWord(word)) words.metrics = metricArgument(words.metrics ?? [], word, args);
  else destinationWord(words, word, args, family);
}

/** The family that the words so far have settled. */
function known(words: MutableWords, family: FamilyWord): FamilyWord {
  const { destination } = words;
  if (destination === undefined || destination.isAny === true) return family;
  return typeof destination.address === "number" ? "inet" : "inet6";
}

function destinationWord(
  words: MutableWords,
  word: string,
  args: IpArguments,
  family: FamilyWord,
): void {
  let text = word === "to" ? args.take() : word;
  const type = Object.hasOwn(ROUTE_TYPES, text) ? ROUTE_TYPES[text] : undefined;
  if (type !== undefined) {
    words.routeType = type;
    text = args.take();
  }
  if (words.destination !== undefined) throw garbage("to", text);
  words.destination = prefixArgument(text, family);
}

const FLAGS = {
  add: NLM_F_CREATE | NLM_F_EXCL,
  change: NLM_F_REPLACE,
  replace: NLM_F_CREATE | NLM_F_REPLACE,
  prepend: NLM_F_CREATE,
  append: NLM_F_CREATE | NLM_F_APPEND,
} as const;

export function* runRouteCommand(
  command: RouteCommand,
  client: RtnlClient,
  output: IpOutput,
): Wait<string> {
  switch (command.action) {
    case "show":
      return yield* showRoutes(command, client, output);
    case "get":
      return yield* getRoute(command, client, output);
    case "flush": {
      for (const route of yield* selectRoutes(command, client)) {
        const { gateway, ifindex, preferredSource, type } = route;
        const { destination, prefixLength, metric, scope, table, protocol } = route;
        yield* talk(client, {
          type: "RTM_DELROUTE",
          routeType: type,
          destination,
          prefixLength,
          metric,
          scope,
          table,
          protocol,
          ...(gateway === undefined ? {} : { gateway }),
          ...(ifindex === undefined ? {} : { ifindex }),
          ...(preferredSource === undefined ? {} : { preferredSource }),
        });
      }
      return "";
    }
    case "delete":
      yield* talk(client, { type: "RTM_DELROUTE", ...(yield* specification(command, client)) });
      return "";
    case "add":
    case "change":
    case "replace":
    case "prepend":
    case "append": {
      const flags = FLAGS[command.action];
      yield* talk(client, {
        type: "RTM_NEWROUTE",
        flags,
        ...(yield* specification(command, client)),
      });
      return "";
    }
    default:
      return command satisfies never;
  }
}

/** Fills in what iproute2 fills in before it asks the kernel: type, scope, table, protocol. */
function* specification(
  command: RouteWords & { readonly action: string },
  client: RtnlClient,
): Wait<RouteSpecification> {
  const { action: _action, device, destination, ...rest } = command;
  const isDelete = command.action === "delete";
  const type = rest.routeType ?? (isDelete ? undefined : RTN_UNICAST);
  const isOwn = type === RTN_LOCAL || type === RTN_BROADCAST;
  const link = device === undefined ? undefined : yield* findDevice(client, device);
  return {
    ...rest,
    destination: destinationOf(destination, rest),
    prefixLength: destination.length,
    ...(link === undefined ? {} : { ifindex: link.ifindex }),
    ...(type === undefined ? {} : { routeType: type }),
    ...(isDelete ? {} : { protocol: rest.protocol ?? RTPROT_BOOT }),
    table: rest.table ?? (isOwn ? RT_TABLE_LOCAL : RT_TABLE_MAIN),
    scope: rest.scope ?? scopeOf(destinationOf(destination, rest), type, rest, isDelete),
  };
}

/** "default" is of the family of its gateway or source. */
function destinationOf(destination: Prefix, words: Omit<RouteWords, "destination">): IpAddress {
  const other = words.gateway ?? words.preferredSource;
  const isInet6 = destination.isAny === true && typeof other === "object";
  return isInet6 ? new Uint8Array(16) : destination.address;
}

/** IPv6 has no scopes of routes. */
function scopeOf(
  destination: IpAddress,
  type: number | undefined,
  words: Omit<RouteWords, "destination">,
  isDelete: boolean,
): number {
  if (typeof destination === "object") return RT_SCOPE_UNIVERSE;
  return defaultScope(type, words.gateway !== undefined, isDelete);
}

function defaultScope(type: number | undefined, hasGateway: boolean, isDelete: boolean): number {
  if (type === RTN_LOCAL) return RT_SCOPE_HOST;
  if (type === RTN_BROADCAST) return RT_SCOPE_LINK;
  if (isDelete) return RT_SCOPE_NOWHERE;
  return type === RTN_UNICAST && !hasGateway ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
}
