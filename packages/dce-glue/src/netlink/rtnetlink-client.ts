import type { Wait } from "@dcejs/lkl-kernel";
import { NETLINK_ROUTE } from "@dcejs/net-stack";
import type { RtnlExtack, RtnlRequest } from "../kernel/rtnl-request.ts";
import {
  type NetlinkAnswer,
  NetlinkClient,
  type NetlinkKernel,
  type NetlinkRequest,
  type NetlinkTalker,
} from "./netlink-client.ts";
import { decodeInto } from "./rtnetlink-decode.ts";
import { encodeRequest } from "./rtnetlink-encode.ts";

/** Whoever answers rtnetlink's requests as records. */
export interface RtnlClient extends NetlinkTalker {
  /**
   * Asks, and waits where the kernel does.
   * @param extack gets the kernel's own words about an error
   * @returns 0 or -errno; a GET request's records are in its `reply`
   */
  request(request: RtnlRequest, extack?: RtnlExtack): Wait;
}

/** Records to bytes and back, over the kernel's own AF_NETLINK sockets. */
class RtnetlinkClient implements RtnlClient {
  readonly #netlink: NetlinkClient;

  constructor(netlink: NetlinkClient) {
    this.#netlink = netlink;
  }

  /** For messages that have no record: links of a kind, rules, queueing disciplines. */
  transact(request: NetlinkRequest): Wait<NetlinkAnswer> {
    return this.#netlink.transact(request);
  }

  *request(request: RtnlRequest, extack?: RtnlExtack): Wait {
    const answer = yield* this.#netlink.transact(encodeRequest(request));
    if (extack !== undefined) extack.message = answer.extack;
    if (answer.errno < 0) return answer.errno;
    for (const message of answer.messages) decodeInto(request, message);
    return 0;
  }
}

const clients = new WeakMap<NetlinkKernel, RtnlClient>();

/** The rtnetlink client of a kernel: always the same one, so that a node has one socket. */
export function rtnetlinkClient(kernel: NetlinkKernel): RtnlClient {
  const known = clients.get(kernel);
  if (known !== undefined) return known;
  const client = new RtnetlinkClient(new NetlinkClient(kernel, NETLINK_ROUTE));
  clients.set(kernel, client);
  return client;
}

/**
 * A request that has to be answered at once: in event context, or where nothing may wait.
 * @returns 0 or -errno
 * @throws Error when the kernel waits all the same
 */
export function requestNow(client: RtnlClient, request: RtnlRequest): number {
  const asking = client.request(request);
  const step = asking.next(0);
  if (step.done === true) return step.value;
  asking.return(0);
  const { waitChannel } = step.value;
  throw new Error(`the kernel waits (${waitChannel}) in ${request.type}, which cannot wait here`);
}
