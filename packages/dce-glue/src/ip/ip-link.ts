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
import { dumpLinks, findDevice, type RtnlClient, talk } from "./rtnl-client.ts";

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
  const links = yield* selectLinks(client, command.device, command.onlyUp);
  if (output.isJson) {
    return jsonText(
      links.map((link) => linkObject(link, output.isBrief)),
      output,
    );
  }
  if (output.isBrief) {
    return links
      .map((link) => `${briefStart(link)}${lladdrToText(link.address)} ${flagText(link)} \n`)
      .join("");
  }
  return links.map((link) => linkText(link, "mode DEFAULT ")).join("");
}

/** @throws {IpCommandError} Device "sim9" does not exist. */
export function* selectLinks(
  client: RtnlClient,
  device: string | undefined,
  onlyUp: boolean,
): Wait<readonly LinkRecord[]> {
  const links = yield* dumpLinks(client);
  const selected = links.filter((link) => device === undefined || link.name === device);
  if (device !== undefined && selected.length === 0) {
    throw new IpCommandError(`Device "${device}" does not exist.`, 1);
  }
  return onlyUp ? selected.filter((link) => (link.flags & IFF_UP) !== 0) : selected;
}

/** The two lines about a link that `ip link` and `ip addr` both print. */
export function linkText(link: LinkRecord, mode: string): string {
  const queue = link.txQueueLength === 0 ? "" : ` qlen ${link.txQueueLength}`;
  return (
    `${link.ifindex}: ${link.name}: ${flagText(link)} mtu ${link.mtu} qdisc ${link.qdisc} ` +
    `state ${link.operState} ${mode}group default${queue}\n` +
    `    link/${linkType(link)} ${lladdrToText(link.address)} brd ${broadcastText(link)}\n`
  );
}

export function briefStart(link: LinkRecord): string {
  return `${link.name.padEnd(16)} ${link.operState.padEnd(14)} `;
}

export function linkObject(link: LinkRecord, isBrief: boolean): Record<string, unknown> {
  const flags = linkFlagsToText(link.flags);
  const address = lladdrToText(link.address);
  if (isBrief) return { ifname: link.name, operstate: link.operState, address, flags };
  return {
    ifindex: link.ifindex,
    ifname: link.name,
    flags,
    mtu: link.mtu,
    qdisc: link.qdisc,
    operstate: link.operState,
    linkmode: "DEFAULT",
    group: "default",
    txqlen: link.txQueueLength,
    link_type: linkType(link),
    address,
    broadcast: broadcastText(link),
  };
}

function flagText(link: LinkRecord): string {
  return `<${linkFlagsToText(link.flags).join(",")}>`;
}

const ARPHRD_LOOPBACK = 772;

function linkType(link: LinkRecord): string {
  return link.type === ARPHRD_LOOPBACK ? "loopback" : "ether";
}

function broadcastText(link: LinkRecord): string {
  return link.type === ARPHRD_LOOPBACK ? "00:00:00:00:00:00" : "ff:ff:ff:ff:ff:ff";
}
