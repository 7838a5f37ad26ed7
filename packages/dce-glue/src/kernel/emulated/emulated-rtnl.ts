import { type Blocked, Errno } from "@dcejs/lkl-kernel";
import type { NetStack } from "@dcejs/net-stack";
import {
  NLM_F_APPEND,
  NLM_F_CREATE,
  NLM_F_EXCL,
  NLM_F_REPLACE,
  type RtnlExtack,
  type RtnlRequest,
  type RouteSpecification,
} from "../rtnl-request.ts";
import type { Forwarders } from "./forwarders.ts";

/** rtnetlink of the emulated kernel: each record is one call of the network stack. Never waits. */
export function emulatedRtnl(
  forwarders: Forwarders,
  net: () => NetStack,
): (request: RtnlRequest, extack?: RtnlExtack) => number | Blocked {
  const answer = (request: RtnlRequest): number => rtnetlink(net(), request);
  return (request, extack) => {
    const result = forwarders.now(answer, request, 0, 0, 0);
    if (result < 0 && extack !== undefined) extack.message = explain(request, result);
    return result;
  };
}

function rtnetlink(net: NetStack, request: RtnlRequest): number {
  switch (request.type) {
    case "RTM_GETLINK":
      return found(request.reply, net.rtnl.link_dump(request.ifindex));
    case "RTM_SETLINK":
      return net.rtnl.link_set(request.ifindex, request);
    case "RTM_GETADDR":
      return found(request.reply, net.rtnl.addr_dump(request.ifindex));
    case "RTM_NEWADDR":
      return addAddress(net, request);
    case "RTM_DELADDR":
      return net.rtnl.addr_del(request.ifindex, request.local, request.prefixLength);
    case "RTM_GETROUTE":
      return getRoute(net, request);
    case "RTM_NEWROUTE":
      return addRoute(net, request.flags, request);
    case "RTM_DELROUTE":
      return net.rtnl.route_del(request);
    case "RTM_GETNEIGH":
      return found(request.reply, net.rtnl.neigh_dump(request.ifindex));
    case "RTM_NEWNEIGH":
      return addNeighbour(net, request);
    case "RTM_DELNEIGH":
      return net.rtnl.neigh_del(request.ifindex, request.destination);
    default:
      return request satisfies never;
  }
}

function found<T>(reply: T[], records: readonly T[]): number {
  reply.push(...records);
  return 0;
}

/** inet_rtm_newaddr: an address that is there is an error, or with NLM_F_REPLACE keeps its place. */
function addAddress(net: NetStack, request: Extract<RtnlRequest, { type: "RTM_NEWADDR" }>): number {
  const result = net.rtnl.addr_add(request);
  const replaces = (request.flags & (NLM_F_REPLACE | NLM_F_EXCL)) === NLM_F_REPLACE;
  return result === -Errno.EEXIST && replaces ? 0 : result;
}

function getRoute(net: NetStack, request: Extract<RtnlRequest, { type: "RTM_GETROUTE" }>): number {
  if (request.destination === undefined) {
    return found(request.reply, net.rtnl.route_dump(request.table ?? 0));
  }
  const route = net.rtnl.route_get(request.destination, request.source, request.ifindex);
  if (typeof route === "number") return route;
  return found(request.reply, [route]);
}

/** inet_rtm_newroute: what NLM_F_* say about a route that is there, or is not. */
function addRoute(net: NetStack, flags: number, route: RouteSpecification): number {
  if ((flags & NLM_F_CREATE) === 0) {
    // `ip route change` changes what is there only.
    const { table = 0, destination, prefixLength, metric = 0 } = route;
    const isThere = net.rtnl
      .route_dump(table)
      .some(
        (other) =>
          other.destination === destination &&
          other.prefixLength === prefixLength &&
          other.metric === metric,
      );
    return isThere ? net.rtnl.route_replace(route) : -Errno.ENOENT;
  }
  if ((flags & NLM_F_EXCL) !== 0) return net.rtnl.route_add(route, "exclusive");
  if ((flags & NLM_F_REPLACE) !== 0) return net.rtnl.route_replace(route);
  return net.rtnl.route_add(route, (flags & NLM_F_APPEND) === 0 ? "prepend" : "append");
}

/** neigh_add */
function addNeighbour(
  net: NetStack,
  request: Extract<RtnlRequest, { type: "RTM_NEWNEIGH" }>,
): number {
  const { ifindex, destination, lladdr, state, flags } = request;
  const isThere = net.rtnl.neigh_dump(ifindex).some((one) => one.destination === destination);
  if (isThere && (flags & NLM_F_EXCL) !== 0) return -Errno.EEXIST;
  if (!isThere && (flags & NLM_F_CREATE) === 0) return -Errno.ENOENT;
  return net.rtnl.neigh_add(ifindex, destination, lladdr, state);
}

/** The words that Linux's netlink gives with some errors (NL_SET_ERR_MSG of fib_semantics.c and others). */
function explain(request: RtnlRequest, error: number): string | undefined {
  switch (request.type) {
    case "RTM_NEWROUTE":
      return explainRoute(request, error);
    case "RTM_SETLINK":
      if (error !== -Errno.EINVAL || request.mtu === undefined) return undefined;
      return request.mtu < ETH_MIN_MTU
        ? "mtu less than device minimum"
        : "mtu greater than device maximum";
    case "RTM_NEWNEIGH":
      return error === -Errno.EINVAL && request.lladdr === undefined
        ? "No link layer address given"
        : undefined;
    case "RTM_GETLINK":
    case "RTM_GETADDR":
    case "RTM_NEWADDR":
    case "RTM_DELADDR":
    case "RTM_GETROUTE":
    case "RTM_DELROUTE":
    case "RTM_GETNEIGH":
    case "RTM_DELNEIGH":
      return undefined;
    default:
      return request satisfies never;
  }
}

const ETH_MIN_MTU = 68;

function explainRoute(route: RouteSpecification, error: number): string | undefined {
  if (error === -Errno.ENETUNREACH && route.gateway !== undefined) {
    return "Nexthop has invalid gateway";
  }
  if (error === -Errno.ENETDOWN) return "Device for nexthop is not up";
  if (error !== -Errno.EINVAL) return undefined;
  const hostBits =
    route.prefixLength === 0 ? route.destination : route.destination << route.prefixLength;
  if (hostBits !== 0 && route.prefixLength < 32) return "Invalid prefix for given prefix length";
  return route.preferredSource === undefined ? undefined : "Invalid prefsrc address";
}
