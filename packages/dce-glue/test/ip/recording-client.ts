import type { Wait } from "@dcejs/lkl-kernel";
import { NetlinkWriter } from "@dcejs/net-stack";
import { GenericNetlink } from "../../src/netlink/generic-netlink.ts";
import type { NetlinkAnswer, NetlinkRequest } from "../../src/netlink/netlink-client.ts";
import type { RtnlClient } from "../../src/netlink/rtnetlink-client.ts";
import type {
  AddressRecord,
  LinkRecord,
  NeighbourRecord,
  RouteRecord,
  RtnlExtack,
  RtnlRequest,
} from "../../src/kernel/rtnl-request.ts";

const LOOPBACK: LinkRecord = {
  ifindex: 1,
  name: "lo",
  flags: 0x1_0049,
  mtu: 65_536,
  txQueueLength: 1000,
  address: new Uint8Array(6),
  broadcast: new Uint8Array(6),
  type: 772,
  operState: "UNKNOWN",
  qdisc: "noqueue",
};
const ETHERNET: LinkRecord = {
  ifindex: 2,
  name: "sim0",
  flags: 0x1_1043,
  mtu: 1500,
  txQueueLength: 1000,
  address: Uint8Array.of(0, 0, 0, 0, 0, 1),
  broadcast: new Uint8Array(6).fill(0xff),
  type: 1,
  operState: "UP",
  qdisc: "pfifo_fast",
};

/** The far end of a netlink socket: answers dumps from what it is given, and notes every change. */
export class RecordingClient implements RtnlClient {
  links: LinkRecord[] = [LOOPBACK, ETHERNET];
  addresses: AddressRecord[] = [];
  routes: RouteRecord[] = [];
  neighbours: NeighbourRecord[] = [];
  /** Changes that were asked for. */
  readonly changes: RtnlRequest[] = [];
  /** Messages that have no record: type, flags, and what follows the header. */
  readonly messages: { type: number; flags: number; payload: Uint8Array }[] = [];
  /** What changes are answered with. */
  answer = 0;
  extack: string | undefined;

  // oxlint-disable-next-line require-yield -- this one never waits
  *transact(request: NetlinkRequest): Wait<NetlinkAnswer> {
    const { type, flags } = request;
    const writer = new NetlinkWriter();
    request.write(writer);
    this.messages.push({ type, flags, payload: writer.bytes() });
    return { errno: this.answer, extack: this.extack, messages: [] };
  }

  // oxlint-disable-next-line require-yield -- this one never waits
  *request(request: RtnlRequest, extack?: RtnlExtack): Wait {
    switch (request.type) {
      case "RTM_GETLINK":
        request.reply.push(...this.links);
        return 0;
      case "RTM_GETADDR":
        request.reply.push(...this.addresses);
        return 0;
      case "RTM_GETNEIGH":
        request.reply.push(...this.neighbours);
        return 0;
      case "RTM_GETROUTE":
        request.reply.push(...this.routes);
        return this.answer;
      case "RTM_SETLINK":
      case "RTM_NEWADDR":
      case "RTM_DELADDR":
      case "RTM_NEWROUTE":
      case "RTM_DELROUTE":
      case "RTM_NEWNEIGH":
      case "RTM_DELNEIGH":
        this.changes.push(request);
        if (extack !== undefined) extack.message = this.extack;
        return this.answer;
      default:
        return request satisfies never;
    }
  }
}

/** One client for both families. */
export function recorded(client: RecordingClient): [RecordingClient, GenericNetlink] {
  return [client, new GenericNetlink(client)];
}
