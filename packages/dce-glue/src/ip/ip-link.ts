import type { Wait } from "@dcejs/lkl-kernel";
import {
  IFF_MULTICAST,
  IFF_NOARP,
  IFF_PROMISC,
  IFF_UP,
  type LinkRecord,
} from "../kernel/rtnl-request.ts";
import {
  garbage,
  type IpArguments,
  invalidArgument,
  isShortFor,
  lookUp,
  unsignedArgument,
} from "./ip-arguments.ts";
import { IpCommandError } from "./ip-command-error.ts";
import { type IpOutput, jsonText } from "./ip-output.ts";
import { linkFlagsToText, lladdrArgument, lladdrToText } from "./ip-values.ts";
import type { RtnlClient } from "../netlink/rtnetlink-client.ts";
import { deviceName, dumpLinks, findDevice, talk } from "./rtnl-client.ts";

/** `ip link …`, parsed. */
export type LinkCommand =
  | { readonly action: "show"; readonly device: string | undefined; readonly onlyUp: boolean }
  | {
      readonly action: "set";
      readonly device: string;
      readonly flags: number;
      readonly flagsMask: number;
      readonly mtu?: number;
      readonly address?: Uint8Array;
      readonly txQueueLength?: number;
      readonly name?: string;
    };

const ACTIONS: readonly (readonly [string, "set" | "show" | "unsupported"])[] = [
  ["add", "unsupported"],
  ["set", "set"],
  ["change", "set"],
  ["replace", "unsupported"],
  ["delete", "unsupported"],
  ["show", "show"],
  ["lst", "show"],
  ["list", "show"],
];

export function parseLinkCommand(args: IpArguments): LinkCommand {
  const word = args.isEmpty ? "show" : args.take();
  const action = lookUp(word, ACTIONS);
  switch (action) {
    case "set":
      return parseSet(args);
    case "show":
      return parseShow(args);
    case "unsupported":
      throw new IpCommandError(
        `"ip link ${word}" is not supported here: links are made by the scenario`,
        255,
      );
    case undefined:
      throw new IpCommandError(`Command "${word}" is unknown, try "ip link help".`, 255);
    default:
      return action satisfies never;
  }
}

function parseShow(args: IpArguments): LinkCommand {
  let device: string | undefined;
  let onlyUp = false;
  while (!args.isEmpty) {
    const word = args.take();
    if (word === "up") {
      onlyUp = true;
      continue;
    }
    if (device !== undefined) throw garbage("dev", word === "dev" ? args.take() : word);
    device = word === "dev" ? args.take() : word;
  }
  return { action: "show", device, onlyUp };
}

interface LinkSet {
  flags: number;
  flagsMask: number;
  device?: string;
  mtu?: number;
  address?: Uint8Array;
  txQueueLength?: number;
  name?: string;
}

function parseSet(args: IpArguments): LinkCommand {
  const set: LinkSet = { flags: 0, flagsMask: 0 };
  while (!args.isEmpty) setOne(set, args.take(), args);
  const { device, ...rest } = set;
  if (device === undefined) {
    throw new IpCommandError('Not enough information: "dev" argument is required.', 255);
  }
  return { action: "set", device, ...rest };
}

/** Keywords in the order of iproute2's `iplink_parse`, which decides what an abbreviation means. */
function setOne(set: LinkSet, word: string, args: IpArguments): void {
  if (word === "up") setFlag(set, IFF_UP, true);
  else if (word === "down") setFlag(set, IFF_UP, false);
  else if (word === "name") set.name = interfaceName(args.take());
  else if (isShortFor(word, "address")) set.address = lladdrArgument(args.take());
  else if (word === "txqueuelen" || word === "qlen" || isShortFor(word, "txqlen")) {
    set.txQueueLength = unsignedArgument(args.take(), 'Invalid "txqueuelen" value');
  } else if (word === "mtu") set.mtu = unsignedArgument(args.take(), 'Invalid "mtu" value');
  else if (word === "multicast") setFlag(set, IFF_MULTICAST, onOff("multicast", args.take()));
  else if (word === "promisc") setFlag(set, IFF_PROMISC, onOff("promisc", args.take()));
  else if (word === "arp") setFlag(set, IFF_NOARP, !onOff("arp", args.take()));
  else {
    const device = word === "dev" ? args.take() : word;
    if (set.device !== undefined) throw garbage("dev", device);
    set.device = device;
  }
}

function setFlag(set: LinkSet, flag: number, isOn: boolean): void {
  set.flagsMask |= flag;
  set.flags = isOn ? set.flags | flag : set.flags & ~flag;
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

export function* runLinkCommand(
  command: LinkCommand,
  client: RtnlClient,
  output: IpOutput,
): Wait<string> {
  if (command.action === "set") {
    const { ifindex } = yield* findDevice(client, command.device);
    const { action: _action, device: _device, ...changes } = command;
    yield* talk(client, { type: "RTM_SETLINK", ifindex, ...changes });
    return "";
  }
  const all = yield* dumpLinks(client);
  const links = selectLinks(all, command.device, command.onlyUp);
  if (output.isJson) {
    return jsonText(
      links.map((link) => linkObject(link, output.isBrief, false, all)),
      output,
    );
  }
  if (output.isBrief) {
    return links
      .map(
        (link) => `${briefStart(link, all)}${lladdrToText(link.address)} ${flagText(link, all)} \n`,
      )
      .join("");
  }
  return links.map((link) => linkText(link, "mode DEFAULT ", all)).join("");
}

/** @throws {IpCommandError} Device "sim9" does not exist. */
export function selectLinks(
  links: readonly LinkRecord[],
  device: string | undefined,
  onlyUp: boolean,
): readonly LinkRecord[] {
  const selected = links.filter((link) => device === undefined || link.name === device);
  if (device !== undefined && selected.length === 0) {
    throw new IpCommandError(`Device "${device}" does not exist.`, 1);
  }
  return onlyUp ? selected.filter((link) => (link.flags & IFF_UP) !== 0) : selected;
}

/** The two lines about a link that `ip link` and `ip addr` both print. @param all to name the device below */
export function linkText(link: LinkRecord, mode: string, all: readonly LinkRecord[]): string {
  return (
    linkLine(link, mode, all) +
    `    link/${linkType(link)} ${lladdrToText(link.address)} brd ${broadcastText(link)}\n`
  );
}

export function linkLine(link: LinkRecord, mode: string, all: readonly LinkRecord[]): string {
  const queue = link.txQueueLength === 0 ? "" : ` qlen ${link.txQueueLength}`;
  const master = link.master === undefined ? "" : `master ${deviceName(all, link.master)} `;
  return (
    `${link.ifindex}: ${fullName(link, all)}: ${flagText(link, all)} mtu ${link.mtu} ` +
    `qdisc ${link.qdisc} ${master}state ${link.operState} ${mode}group default${queue}\n`
  );
}

/** "veth0@veth1": with the device below it or beside it. */
function fullName(link: LinkRecord, all: readonly LinkRecord[]): string {
  const { lower } = link;
  if (lower === undefined) return link.name;
  return `${link.name}@${lower === 0 ? "NONE" : deviceName(all, lower)}`;
}

export function briefStart(link: LinkRecord, all: readonly LinkRecord[]): string {
  return `${fullName(link, all).padEnd(16)} ${link.operState.padEnd(14)} `;
}

export function linkObject(
  link: LinkRecord,
  isBrief: boolean,
  isWithoutAddress: boolean,
  all: readonly LinkRecord[],
): Record<string, unknown> {
  const flags = flagNames(link, all);
  const address = lladdrToText(link.address);
  const lower = link.lower === undefined ? {} : { link: lowerName(link.lower, all) };
  if (isBrief) {
    return { ...lower, ifname: link.name, operstate: link.operState, address, flags };
  }
  return {
    ifindex: link.ifindex,
    ...lower,
    ifname: link.name,
    flags,
    mtu: link.mtu,
    qdisc: link.qdisc,
    ...(link.master === undefined ? {} : { master: deviceName(all, link.master) }),
    operstate: link.operState,
    linkmode: "DEFAULT",
    group: "default",
    txqlen: link.txQueueLength,
    ...(isWithoutAddress
      ? {}
      : { link_type: linkType(link), address, broadcast: broadcastText(link) }),
  };
}

function lowerName(ifindex: number, all: readonly LinkRecord[]): string | null {
  return ifindex === 0 ? null : deviceName(all, ifindex);
}

/** A device whose lower one is down says so. */
function flagNames(link: LinkRecord, all: readonly LinkRecord[]): string[] {
  const names = linkFlagsToText(link.flags);
  const below =
    link.lower === undefined ? undefined : all.find((one) => one.ifindex === link.lower);
  return below !== undefined && (below.flags & IFF_UP) === 0 ? [...names, "M-DOWN"] : names;
}

function flagText(link: LinkRecord, all: readonly LinkRecord[]): string {
  return `<${flagNames(link, all).join(",")}>`;
}

/** ARPHRD_* in iproute2's words. */
const LINK_TYPES: Readonly<Record<number, string>> = {
  1: "ether",
  512: "ppp",
  768: "ipip",
  772: "loopback",
  776: "sit",
  778: "gre",
  823: "gre6",
  65_534: "none",
};

function linkType(link: LinkRecord): string {
  return LINK_TYPES[link.type] ?? `[${link.type}]`;
}

const ARPHRD_LOOPBACK = 772;

function broadcastText(link: LinkRecord): string {
  if (link.broadcast !== undefined) return lladdrToText(link.broadcast);
  return link.type === ARPHRD_LOOPBACK ? "00:00:00:00:00:00" : "ff:ff:ff:ff:ff:ff";
}
