import type { Wait } from "@dcejs/lkl-kernel";
import { IFLA, IFLA_INFO, type NetlinkWriter, RTM } from "@dcejs/net-stack";
import {
  IFF_MULTICAST,
  IFF_NOARP,
  IFF_PROMISC,
  IFF_UP,
  type LinkRecord,
  NLM_F_CREATE,
  NLM_F_EXCL,
} from "../kernel/rtnl-request.ts";
import type { RtnlClient } from "../netlink/rtnetlink-client.ts";
import {
  garbage,
  type IpArguments,
  invalidArgument,
  isShortFor,
  unsignedArgument,
} from "./ip-arguments.ts";
import { IpCommandError } from "./ip-command-error.ts";
import { type KindData, parseKindData } from "./ip-link-kinds.ts";
import { lladdrArgument } from "./ip-values.ts";
import { dumpLinks, talk, talkMessages } from "./rtnl-client.ts";

/** What `ip link set` changes. */
export interface LinkSet {
  readonly device: string;
  readonly flags: number;
  readonly flagsMask: number;
  readonly mtu?: number;
  readonly address?: Uint8Array;
  readonly txQueueLength?: number;
  readonly name?: string;
  /** Name of the bridge or the like; null: of none any more. */
  readonly master?: string | null;
  readonly kind?: string;
  readonly data?: KindData;
}

/** What `ip link add` makes. */
export interface NewLink extends Omit<LinkSet, "device"> {
  readonly kind: string;
  /** The device that it stands on. */
  readonly lower?: string;
  readonly ifindex?: number;
}

type Mutable<T> = { -readonly [K in keyof T]?: T[K] };
type Words = Mutable<NewLink> & { flags: number; flagsMask: number; device?: string };

export function parseLinkSet(args: IpArguments): LinkSet {
  const words: Words = { flags: 0, flagsMask: 0 };
  while (!args.isEmpty) linkWord(words, args.take(), args, false);
  const { device, lower: _lower, ifindex: _ifindex, ...rest } = words;
  if (device === undefined) {
    throw new IpCommandError('Not enough information: "dev" argument is required.', 255);
  }
  return { device, ...rest };
}

export function parseNewLink(args: IpArguments): NewLink {
  const words: Words = { flags: 0, flagsMask: 0 };
  while (!args.isEmpty) linkWord(words, args.take(), args, true);
  const { device, kind, name, ...rest } = words;
  if (kind === undefined) {
    throw new IpCommandError('Not enough information: "type" argument is required', 255);
  }
  if (name !== undefined && device !== undefined) {
    throw new IpCommandError('both "name" and "dev" cannot be used when creating devices.', 255);
  }
  const chosen = name ?? (device === undefined ? undefined : interfaceName(device));
  return { ...rest, kind, ...(chosen === undefined ? {} : { name: chosen }) };
}

export function parseLinkDelete(args: IpArguments): { device: string; kind?: string } {
  const words: { device?: string; kind?: string } = {};
  while (!args.isEmpty) {
    const word = args.take();
    if (word === "type") words.kind = args.take();
    else words.device = word === "dev" ? args.take() : word;
  }
  const { device, ...rest } = words;
  if (device === undefined) {
    throw new IpCommandError('Not enough information: "dev" argument is required.', 255);
  }
  return { device, ...rest };
}

/** Keywords in the order of iproute2's `iplink_parse`, which decides what an abbreviation means. */
function linkWord(words: Words, word: string, args: IpArguments, isNew: boolean): void {
  if (word === "up") setFlag(words, IFF_UP, true);
  else if (word === "down") setFlag(words, IFF_UP, false);
  else if (word === "name") words.name = interfaceName(args.take());
  else if (word === "index") words.ifindex = unsignedArgument(args.take(), 'Invalid "index" value');
  else if (word === "link" && isNew) words.lower = args.take();
  else if (isShortFor(word, "address")) words.address = lladdrArgument(args.take());
  else if (word === "txqueuelen" || word === "qlen" || isShortFor(word, "txqlen")) {
    words.txQueueLength = unsignedArgument(args.take(), 'Invalid "txqueuelen" value');
  } else if (word === "mtu") words.mtu = unsignedArgument(args.take(), 'Invalid "mtu" value');
  else if (word === "multicast") setFlag(words, IFF_MULTICAST, onOff("multicast", args.take()));
  else if (word === "promisc") setFlag(words, IFF_PROMISC, onOff("promisc", args.take()));
  else if (word === "arp") setFlag(words, IFF_NOARP, !onOff("arp", args.take()));
  else if (word === "master") words.master = args.take();
  else if (word === "nomaster") words.master = null;
  else if (word === "type") {
    words.kind = args.take();
    const data = parseKindData(words.kind, args);
    if (data !== undefined) words.data = data;
  } else {
    const device = word === "dev" ? args.take() : word;
    if (words.device !== undefined) throw garbage("dev", device);
    words.device = device;
  }
}

function setFlag(words: Words, flag: number, isOn: boolean): void {
  words.flagsMask |= flag;
  words.flags = isOn ? words.flags | flag : words.flags & ~flag;
}

function onOff(keyword: string, word: string): boolean {
  if (word === "on" || word === "off") return word === "on";
  throw new IpCommandError(
    `Error: argument of "${keyword}" must be one of "on" or "off", not "${word}"`,
    255,
  );
}

/** IFNAMSIZ: 15 characters, no slash, no white space. */
function interfaceName(word: string): string {
  if (word.length > 15 || word.length === 0 || word.includes("/")) {
    throw invalidArgument('"name" not a valid ifname', word);
  }
  return word;
}

export function* setLink(set: LinkSet, client: RtnlClient): Wait<void> {
  const links = yield* dumpLinks(client);
  const { device, master, kind, data, ...changes } = set;
  const ifindex = indexIn(links, device);
  if (kind === undefined && master === undefined) {
    yield* talk(client, { type: "RTM_SETLINK", ifindex, ...changes });
    return;
  }
  yield* talkMessages(client, {
    type: RTM.NEWLINK,
    flags: 0,
    write: (writer) => {
      writeLink(writer, { ...set, ifindex }, links);
      if (kind !== undefined) writeKind(writer, kind, data, links);
    },
  });
}

export function* addLink(link: NewLink, client: RtnlClient): Wait<void> {
  const links = yield* dumpLinks(client);
  const lower = link.lower === undefined ? undefined : indexIn(links, link.lower);
  yield* talkMessages(client, {
    type: RTM.NEWLINK,
    flags: NLM_F_CREATE | NLM_F_EXCL,
    write: (writer) => {
      writeLink(writer, link, links);
      if (lower !== undefined) writer.attributeU32(IFLA.LINK, lower);
      writeKind(writer, link.kind, link.data, links);
    },
  });
}

/** struct ifinfomsg, and the attributes that all kinds have. */
function writeLink(
  writer: NetlinkWriter,
  link: Partial<NewLink>,
  links: readonly LinkRecord[],
): void {
  const { ifindex = 0, flags = 0, flagsMask = 0, name, address, mtu, txQueueLength } = link;
  writer.u8(0).u8(0).u16(0).u32(ifindex).u32(flags).u32(flagsMask);
  if (name !== undefined) writer.attributeText(IFLA.IFNAME, name);
  if (txQueueLength !== undefined) writer.attributeU32(IFLA.TXQLEN, txQueueLength);
  if (mtu !== undefined) writer.attributeU32(IFLA.MTU, mtu);
  if (address !== undefined) writer.attribute(IFLA.ADDRESS, address);
  if (link.master !== undefined) {
    writer.attributeU32(IFLA.MASTER, link.master === null ? 0 : indexOrWrong(links, link.master));
  }
}

function writeKind(
  writer: NetlinkWriter,
  kind: string,
  data: KindData | undefined,
  links: readonly LinkRecord[],
): void {
  writer.nest(IFLA.LINKINFO, () => {
    writer.attribute(IFLA_INFO.KIND, kindOctets(kind));
    if (data === undefined) return;
    writer.nest(IFLA_INFO.DATA, () => data(writer, (name) => indexIn(links, name)));
  });
}

/** iproute2 leaves the zero octet out here. */
function kindOctets(kind: string): Uint8Array {
  return new TextEncoder().encode(kind);
}

/** @throws {IpCommandError} Cannot find device "sim9" */
function indexIn(links: readonly LinkRecord[], name: string): number {
  const link = links.find((candidate) => candidate.name === name);
  if (link === undefined) throw new IpCommandError(`Cannot find device "${name}"`, 1);
  return link.ifindex;
}

function indexOrWrong(links: readonly LinkRecord[], name: string): number {
  const link = links.find((candidate) => candidate.name === name);
  if (link === undefined) throw invalidArgument("Device does not exist", name);
  return link.ifindex;
}

export function* deleteLink(
  device: string,
  kind: string | undefined,
  client: RtnlClient,
): Wait<void> {
  const ifindex = indexIn(yield* dumpLinks(client), device);
  yield* talkMessages(client, {
    type: RTM.DELLINK,
    flags: 0,
    write: (writer) => {
      writer.u8(0).u8(0).u16(0).u32(ifindex).u32(0).u32(0);
      if (kind === undefined) return;
      writer.nest(IFLA.LINKINFO, () => writer.attribute(IFLA_INFO.KIND, kindOctets(kind)));
    },
  });
}
