import type { Wait } from "@dcejs/lkl-kernel";
import {
  addressFromOctets,
  IFF_POINTOPOINT,
  IFF_UP,
  type LinkRecord,
} from "../kernel/rtnl-request.ts";
import { garbage, type IpArguments, lookUp } from "./ip-arguments.ts";
import { IpCommandError } from "./ip-command-error.ts";
import {
  addLink,
  deleteLink,
  type LinkSet,
  type NewLink,
  parseLinkDelete,
  parseLinkSet,
  parseNewLink,
  setLink,
} from "./ip-link-change.ts";
import { statisticsObject, statisticsText } from "./ip-link-statistics.ts";
import { type IpOutput, jsonText } from "./ip-output.ts";
import { ipToText, linkFlagsToText, lladdrToText } from "./ip-values.ts";
import type { RtnlClient } from "../netlink/rtnetlink-client.ts";
import { deviceName, dumpLinks } from "./rtnl-client.ts";

/** `ip link …`, parsed. */
export type LinkCommand =
  | ({ readonly action: "show" } & LinkFilter)
  | { readonly action: "set"; readonly set: LinkSet }
  | { readonly action: "add"; readonly link: NewLink }
  | { readonly action: "delete"; readonly device: string; readonly kind?: string };

interface LinkFilter {
  readonly device?: string;
  readonly onlyUp: boolean;
  readonly kind?: string;
  readonly master?: string;
}

const ACTIONS: readonly (readonly [string, LinkCommand["action"]])[] = [
  ["add", "add"],
  ["set", "set"],
  ["change", "set"],
  ["delete", "delete"],
  ["show", "show"],
  ["lst", "show"],
  ["list", "show"],
];

export function parseLinkCommand(args: IpArguments): LinkCommand {
  const word = args.isEmpty ? "show" : args.take();
  const action = lookUp(word, ACTIONS);
  switch (action) {
    case "set":
      return { action, set: parseLinkSet(args) };
    case "add":
      return { action, link: parseNewLink(args) };
    case "delete":
      return { action, ...parseLinkDelete(args) };
    case "show":
      return { action, ...parseShow(args) };
    case undefined:
      throw new IpCommandError(`Command "${word}" is unknown, try "ip link help".`, 255);
    default:
      return action satisfies never;
  }
}

function parseShow(args: IpArguments): LinkFilter {
  const filter: { -readonly [K in keyof LinkFilter]: LinkFilter[K] } = { onlyUp: false };
  while (!args.isEmpty) {
    const word = args.take();
    if (word === "up") filter.onlyUp = true;
    else if (word === "type") filter.kind = args.take();
    else if (word === "master") filter.master = args.take();
    else {
      const device = word === "dev" ? args.take() : word;
      if (filter.device !== undefined) throw garbage("dev", device);
      filter.device = device;
    }
  }
  return filter;
}

export function* runLinkCommand(
  command: LinkCommand,
  client: RtnlClient,
  output: IpOutput,
): Wait<string> {
  switch (command.action) {
    case "set":
      yield* setLink(command.set, client);
      return "";
    case "add":
      yield* addLink(command.link, client);
      return "";
    case "delete":
      yield* deleteLink(command.device, command.kind, client);
      return "";
    case "show":
      return yield* showLinks(command, client, output);
    default:
      return command satisfies never;
  }
}

function* showLinks(filter: LinkFilter, client: RtnlClient, output: IpOutput): Wait<string> {
  const all = yield* dumpLinks(client);
  const master = filter.master === undefined ? undefined : indexOf(all, filter.master);
  const links = selectLinks(all, filter.device, filter.onlyUp).filter(
    (link) =>
      (filter.kind === undefined || link.kind === filter.kind) &&
      (master === undefined || link.master === master),
  );
  if (output.isJson) {
    const objects = links.map((link) => ({
      ...linkObject(link, output.isBrief, false, all),
      ...(output.showsStatistics ? statisticsObject(link) : {}),
    }));
    return jsonText(objects, output);
  }
  if (output.isBrief) {
    return links
      .map((link) => {
        const address = link.address.length === 0 ? "" : `${hardwareText(link, link.address)} `;
        return `${briefStart(link, all)}${address}${flagText(link, all)} \n`;
      })
      .join("");
  }
  return links
    .map(
      (link) =>
        linkText(link, "mode DEFAULT ", all) + (output.showsStatistics ? statisticsText(link) : ""),
    )
    .join("");
}

function indexOf(links: readonly LinkRecord[], name: string): number {
  const link = links.find((one) => one.name === name);
  if (link === undefined)
    throw new IpCommandError(`Error: argument "${name}" is wrong: Device does not exist`, 255);
  return link.ifindex;
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
    `    link/${linkType(link)} ${hardwareText(link, link.address)}${broadcastText(link)}\n`
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
  const address = hardwareText(link, link.address);
  const lower = link.lower === undefined ? {} : { link: lowerName(link.lower, all) };
  if (isBrief) {
    const hardware = link.address.length === 0 ? {} : { address };
    return { ...lower, ifname: link.name, operstate: link.operState, ...hardware, flags };
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
      : {
          link_type: linkType(link),
          ...(link.address.length === 0 ? {} : { address }),
          ...broadcastObject(link),
        }),
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
  519: "rawip",
  768: "ipip",
  769: "tunnel6",
  772: "loopback",
  776: "sit",
  778: "gre",
  823: "gre6",
  65_534: "none",
  65_535: "void",
};

/** Their link-layer addresses are IP addresses. */
const TUNNELS: ReadonlySet<string> = new Set(["ipip", "sit", "gre", "tunnel6", "gre6"]);

function linkType(link: LinkRecord): string {
  return LINK_TYPES[link.type] ?? `[${link.type}]`;
}

/** A link-layer address; there are devices without. */
function hardwareText(link: LinkRecord, address: Uint8Array): string {
  const isIp = address.length === 4 || address.length === 16;
  return isIp && TUNNELS.has(linkType(link))
    ? ipToText(addressFromOctets(address))
    : lladdrToText(address);
}

function broadcastText(link: LinkRecord): string {
  if (link.broadcast === undefined) return "";
  const word = (link.flags & IFF_POINTOPOINT) === 0 ? "brd" : "peer";
  return ` ${word} ${hardwareText(link, link.broadcast)}`;
}

function broadcastObject(link: LinkRecord): Record<string, unknown> {
  if (link.broadcast === undefined) return {};
  const broadcast = hardwareText(link, link.broadcast);
  if ((link.flags & IFF_POINTOPOINT) === 0) return { broadcast };
  return { link_pointtopoint: true, broadcast };
}
