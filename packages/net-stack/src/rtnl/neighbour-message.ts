/** Requests and messages about neighbours (net/core/neighbour.c). */
import { Errno } from "@dcejs/lkl-kernel";
import {
  NEIGH_UPDATE_F_ADMIN,
  NEIGH_UPDATE_F_OVERRIDE,
  NUD_FAILED,
  NUD_VALID,
} from "../arp/neighbour.ts";
import type { Neighbour } from "../arp/neighbour.ts";
import { RTN_UNICAST } from "../ip/rtable.ts";
import { inet_addr_type } from "../ip/addr-type.ts";
import type { NetStack } from "../net-stack.ts";
import {
  NLM_F_CREATE,
  NLM_F_DUMP_FILTERED,
  NLM_F_EXCL,
  NLM_F_MULTI,
  NLM_F_REPLACE,
} from "../netlink/netlink.ts";
import { NetlinkAttributes } from "../netlink/netlink-attributes.ts";
import type { NetlinkCallback, NetlinkDump } from "../netlink/netlink-dump.ts";
import { nlmsgParse } from "../netlink/netlink-policy.ts";
import type { NetlinkPolicies } from "../netlink/netlink-policy.ts";
import { NetlinkWriter } from "../netlink/netlink-writer.ts";
import { AF_INET } from "../socket/sockaddr.ts";
import { ETH_ALEN, macBytes, macHi, macLo } from "../wire/ethernet.ts";
import type { MessageTarget } from "./link-message.ts";
import { listDump } from "./list-dump.ts";
import { headerView, reply } from "./message-context.ts";
import type { RtnlContext } from "./message-context.ts";
import { NDA, RTM } from "./rtnetlink-numbers.ts";

/** struct ndmsg */
const NDMSG_OCTETS = 12;
const NTF_USE = 0x01;
const NTF_PROXY = 0x08;
const IPV4_OCTETS = 4;
const USER_HZ = 100;
/** A running timer holds the entry. */
const NUD_IN_TIMER = 0x1b;

const U32 = { kind: "u32" } as const;
const ADDRESS = { kind: "binary", length: 32 } as const;

/** nda_policy */
const NDA_POLICY: NetlinkPolicies = {
  [NDA.DST]: ADDRESS,
  [NDA.LLADDR]: ADDRESS,
  [NDA.CACHEINFO]: { kind: "octets", length: 16 },
  [NDA.PROBES]: U32,
  [NDA.IFINDEX]: U32,
  [NDA.MASTER]: U32,
  [NDA.PROTOCOL]: { kind: "u8" },
  [NDA.FLAGS_EXT]: U32,
};

/** neigh_fill_info. @returns false: it does not fit */
export function fillNeighbour(
  writer: NetlinkWriter,
  neigh: Neighbour,
  type: number,
  target: MessageTarget,
  flags: number,
): boolean {
  const { kernel } = neigh.table;
  writer.begin(type, flags, target.seq, target.portid);
  writer.u8(AF_INET).u8(0).u16(0).u32(neigh.dev.ifindex).u16(neigh.nud_state).u8(0);
  writer.u8(neighbourType(neigh));
  writer.attributeBe32(NDA.DST, neigh.primary_key);
  if ((neigh.nud_state & NUD_VALID) !== 0) {
    writer.attribute(NDA.LLADDR, macBytes(neigh.haHi, neigh.haLo));
  }
  writer.attributeU32(NDA.PROBES, neigh.probes);
  const ago = (jiffies: number): number =>
    Math.floor(((kernel.jiffies - jiffies) * USER_HZ) / kernel.HZ) >>> 0;
  const octets = new Uint8Array(16);
  const view = new DataView(octets.buffer);
  view.setUint32(0, ago(neigh.confirmed), true);
  view.setUint32(4, ago(neigh.used), true);
  view.setUint32(8, ago(neigh.updated), true);
  view.setUint32(12, (neigh.nud_state & NUD_IN_TIMER) === 0 ? 0 : 1, true);
  writer.attribute(NDA.CACHEINFO, octets);
  return writer.end();
}

/** neigh->type: what kind of address it is. */
function neighbourType(neigh: Neighbour): number {
  const { net } = neigh.dev;
  return net === undefined ? RTN_UNICAST : inet_addr_type(net, neigh.primary_key);
}

interface NeighbourRequest {
  readonly ifindex: number;
  readonly state: number;
  readonly flags: number;
  readonly attributes: NetlinkAttributes;
}

function parseNeighbour({ message, extack }: RtnlContext): NeighbourRequest | number {
  const attributes = nlmsgParse(message, NDMSG_OCTETS, NDA.MAX, NDA_POLICY, false, extack);
  if (typeof attributes === "number") return attributes;
  const view = headerView(message);
  return {
    ifindex: view.getInt32(4, true),
    state: view.getUint16(8, true),
    flags: view.getUint8(10),
    attributes,
  };
}

/** RTM_NEWNEIGH. -EINVAL, -ENODEV, -EAFNOSUPPORT, -ENOENT, -EEXIST, -ENOBUFS (the table is full) */
export function neigh_add(context: RtnlContext): number {
  const { net, message, extack } = context;
  const request = parseNeighbour(context);
  if (typeof request === "number") return request;
  const { attributes, state, flags } = request;
  if (!attributes.has(NDA.DST)) {
    return extack.say("Network address not specified", -Errno.EINVAL);
  }
  const dev = net.dev_get_by_index(request.ifindex);
  if (request.ifindex !== 0 && dev === undefined) return -Errno.ENODEV;
  const lladdr = attributes.bytes(NDA.LLADDR);
  if (dev !== undefined && lladdr !== undefined && lladdr.length < ETH_ALEN) {
    return extack.say("Invalid link address", -Errno.EINVAL);
  }
  if (message.payload[0] !== AF_INET) return -Errno.EAFNOSUPPORT;
  const destination = attributes.be32(NDA.DST);
  if (destination === undefined) return extack.say("Invalid network address", -Errno.EINVAL);
  if ((flags & NTF_PROXY) !== 0) return -Errno.EOPNOTSUPP;
  if (dev === undefined) return extack.say("Device not specified", -Errno.EINVAL);
  const existing = net.ipv4.arp_tbl.lookup(dev, destination);
  if (existing === undefined && (message.flags & NLM_F_CREATE) === 0) return -Errno.ENOENT;
  if (existing !== undefined && (message.flags & NLM_F_EXCL) !== 0) return -Errno.EEXIST;
  const isKnown = existing !== undefined && (existing.nud_state & NUD_VALID) !== 0;
  if ((state & NUD_VALID) !== 0 && lladdr === undefined && !isKnown && (flags & NTF_USE) === 0) {
    return extack.say("No link layer address given", -Errno.EINVAL);
  }
  const neigh = existing ?? net.ipv4.arp_tbl.get(dev, destination);
  if (neigh === undefined) return -Errno.ENOBUFS;
  if ((flags & NTF_USE) !== 0) {
    neigh.eventSend(undefined);
    return 0;
  }
  const overrides = existing === undefined || (message.flags & NLM_F_REPLACE) !== 0;
  const address = lladdr ?? new Uint8Array(ETH_ALEN);
  neigh.update(
    macHi(address),
    macLo(address),
    lladdr !== undefined,
    state & 0xff,
    NEIGH_UPDATE_F_ADMIN | (overrides ? NEIGH_UPDATE_F_OVERRIDE : 0),
  );
  return 0;
}

/** RTM_DELNEIGH. -EINVAL, -ENODEV, -EAFNOSUPPORT, -ENOENT */
export function neigh_delete(context: RtnlContext): number {
  const { net, message, extack } = context;
  if (message.payload.length < NDMSG_OCTETS) return -Errno.EINVAL;
  const attributes = new NetlinkAttributes(message.payload.subarray(NDMSG_OCTETS));
  if (!attributes.has(NDA.DST)) {
    return extack.say("Network address not specified", -Errno.EINVAL);
  }
  const view = headerView(message);
  const ifindex = view.getInt32(4, true);
  const dev = net.dev_get_by_index(ifindex);
  if (ifindex !== 0 && dev === undefined) return -Errno.ENODEV;
  if (message.payload[0] !== AF_INET) return -Errno.EAFNOSUPPORT;
  const destination = attributes.be32(NDA.DST);
  if (destination === undefined) return extack.say("Invalid network address", -Errno.EINVAL);
  if ((view.getUint8(10) & NTF_PROXY) !== 0) return -Errno.ENOENT;
  if (dev === undefined) return -Errno.EINVAL;
  const neigh = net.ipv4.arp_tbl.lookup(dev, destination);
  if (neigh === undefined) return -Errno.ENOENT;
  neigh.update(0, 0, false, NUD_FAILED, NEIGH_UPDATE_F_OVERRIDE | NEIGH_UPDATE_F_ADMIN);
  net.ipv4.arp_tbl.remove(neigh);
  return 0;
}

/** RTM_GETNEIGH for one: always checked strictly. -EINVAL, -ENODEV, -EAFNOSUPPORT, -ENOENT */
export function neigh_get(context: RtnlContext): number {
  const { net, sk, message, extack } = context;
  const { payload } = message;
  if (payload.length < NDMSG_OCTETS) {
    return extack.say("Invalid header for neighbor get request", -Errno.EINVAL);
  }
  const view = headerView(message);
  if (hasValues(payload, 1, 4) || hasValues(payload, 8, 10) || payload[11] !== 0) {
    return extack.say("Invalid values in header for neighbor get request", -Errno.EINVAL);
  }
  if ((view.getUint8(10) & ~NTF_PROXY) !== 0) {
    return extack.say("Invalid flags in header for neighbor get request", -Errno.EINVAL);
  }
  const parsed = nlmsgParse(message, NDMSG_OCTETS, NDA.MAX, NDA_POLICY, true, extack);
  if (typeof parsed === "number") return parsed;
  if (payload[0] !== AF_INET) {
    const words = "Unsupported family in header for neighbor get request";
    return extack.say(words, -Errno.EAFNOSUPPORT);
  }
  const key = parsed.bytes(NDA.DST);
  if (key !== undefined && key.length !== IPV4_OCTETS) {
    return extack.say("Invalid network address in neighbor get request", -Errno.EINVAL);
  }
  if (parsed.types().some((type) => type !== NDA.DST)) {
    return extack.say("Unsupported attribute in neighbor get request", -Errno.EINVAL);
  }
  const ifindex = view.getInt32(4, true);
  const dev = net.dev_get_by_index(ifindex);
  if (ifindex !== 0 && dev === undefined) {
    return extack.say("Unknown device ifindex", -Errno.ENODEV);
  }
  const destination = parsed.be32(NDA.DST);
  if (destination === undefined) {
    return extack.say("Network address not specified", -Errno.EINVAL);
  }
  if ((view.getUint8(10) & NTF_PROXY) !== 0) {
    return extack.say("Proxy neighbour entry not found", -Errno.ENOENT);
  }
  if (dev === undefined) return extack.say("No device specified", -Errno.EINVAL);
  const neigh = net.ipv4.arp_tbl.lookup(dev, destination);
  if (neigh === undefined) return extack.say("Neighbour entry not found", -Errno.ENOENT);
  const writer = new NetlinkWriter();
  fillNeighbour(writer, neigh, RTM.NEWNEIGH, { portid: sk.portid, seq: message.seq }, 0);
  return reply(context, writer);
}

/** RTM_GETNEIGH with NLM_F_DUMP. */
export function neigh_dump_info({ net, sk, message }: RtnlContext): NetlinkDump {
  const family = message.payload[0] ?? 0;
  return listDump<{ readonly ifindex: number; readonly isEmpty: boolean }, Neighbour>({
    prepare: (cb) => dumpFilter(cb, sk.strictCheck, family),
    items: ({ ifindex, isEmpty }) => (isEmpty ? [] : neighboursOf(net, ifindex)),
    write: (writer, neigh, flags, cb) => {
      const target = { portid: cb.portid, seq: cb.request.seq };
      const filtered = cb.answerFlags & NLM_F_DUMP_FILTERED;
      return fillNeighbour(writer, neigh, RTM.NEWNEIGH, target, flags | NLM_F_MULTI | filtered);
    },
  });
}

/** neigh_valid_dump_req */
function dumpFilter(
  cb: NetlinkCallback,
  isStrict: boolean,
  family: number,
): { ifindex: number; isEmpty: boolean } | number {
  const { request, extack } = cb;
  const { payload } = request;
  const isProxy = payload.length >= NDMSG_OCTETS && payload[10] === NTF_PROXY;
  const isEmpty = isProxy || (family !== 0 && family !== AF_INET);
  if (isStrict) {
    if (payload.length < NDMSG_OCTETS) {
      return extack.say("Invalid header for neighbor dump request", -Errno.EINVAL);
    }
    if (hasValues(payload, 1, 10) || payload[11] !== 0) {
      return extack.say("Invalid values in header for neighbor dump request", -Errno.EINVAL);
    }
    if (((payload[10] ?? 0) & ~NTF_PROXY) !== 0) {
      return extack.say("Invalid flags in header for neighbor dump request", -Errno.EINVAL);
    }
  }
  const parsed = nlmsgParse(request, NDMSG_OCTETS, NDA.MAX, NDA_POLICY, isStrict, extack);
  if (typeof parsed === "number") return isStrict ? parsed : { ifindex: 0, isEmpty };
  if (isStrict && parsed.types().some((type) => type !== NDA.IFINDEX && type !== NDA.MASTER)) {
    return extack.say("Unsupported attribute in neighbor dump request", -Errno.EINVAL);
  }
  const ifindex = parsed.u32(NDA.IFINDEX) ?? 0;
  // Nothing here has a master.
  const isOfMaster = (parsed.u32(NDA.MASTER) ?? 0) !== 0;
  return { ifindex, isEmpty: isEmpty || isOfMaster };
}

function neighboursOf(net: NetStack, ifindex: number): Neighbour[] {
  return [...net.ipv4.arp_tbl.entries()].filter(
    (neigh) => ifindex === 0 || neigh.dev.ifindex === ifindex,
  );
}

function hasValues(octets: Uint8Array, from: number, to: number): boolean {
  return octets.subarray(from, to).some((octet) => octet !== 0);
}
