import type { Wait } from "@dcejs/lkl-kernel";
import {
  type AddressRecord,
  familyOf,
  type IpAddress,
  type LinkRecord,
  NLM_F_CREATE,
  NLM_F_EXCL,
  NLM_F_REPLACE,
  RT_SCOPE_HOST,
  type RtnlRequest,
} from "../kernel/rtnl-request.ts";
import type { RtnlClient } from "../netlink/rtnetlink-client.ts";
import {
  garbage,
  type IpArguments,
  isShortFor,
  isShortForAny,
  lookUp,
  unsignedArgument,
} from "./ip-arguments.ts";
import { IpCommandError } from "./ip-command-error.ts";
import { briefStart, linkLine, linkObject, linkText, selectLinks } from "./ip-link.ts";
import { type IpOutput, jsonText } from "./ip-output.ts";
import {
  addressArgument,
  familyNumber,
  type FamilyWord,
  ipToText,
  isInside,
  type Prefix,
  prefixArgument,
  scopeArgument,
  scopeToText,
} from "./ip-values.ts";
import { dumpLinks, findDevice, talk } from "./rtnl-client.ts";

/** `ip address …`, parsed. */
export type AddressCommand =
  | ModifyCommand
  | ({ readonly action: "show" | "flush" } & AddressFilter);

type ModifyCommand = { readonly action: "add" | "replace" | "delete" } & AddressWords;

interface AddressWords {
  readonly device: string;
  readonly local: Prefix;
  /** Written without a length. */
  readonly isWildcard?: true;
  readonly peer?: Prefix;
  readonly broadcast?: IpAddress;
  readonly scope?: number;
  readonly label?: string;
  readonly metric?: number;
  readonly addressFlags?: number;
}

interface AddressFilter {
  readonly family: FamilyWord;
  readonly device?: string;
  readonly prefix?: Prefix;
  readonly scope?: number;
  readonly label?: string;
  readonly onlyUp?: boolean;
}

type Mutable<T> = { -readonly [K in keyof T]?: T[K] };

const ACTIONS: readonly (readonly [string, AddressCommand["action"]])[] = [
  ["add", "add"],
  ["change", "replace"],
  ["chg", "replace"],
  ["replace", "replace"],
  ["delete", "delete"],
  ["show", "show"],
  ["lst", "show"],
  ["list", "show"],
  ["flush", "flush"],
];

export function parseAddressCommand(args: IpArguments, family: FamilyWord): AddressCommand {
  const word = args.isEmpty ? "show" : args.take();
  const action = lookUp(word, ACTIONS);
  switch (action) {
    case "add":
    case "replace":
    case "delete":
      return parseModify(action, args, family);
    case "show":
      return { action, ...parseFilter(args, family) };
    case "flush":
      if (args.isEmpty) throw new IpCommandError("Flush requires arguments.", 1);
      return { action, ...parseFilter(args, family) };
    case undefined:
      throw new IpCommandError(`Command "${word}" is unknown, try "ip address help".`, 255);
    default:
      return action satisfies never;
  }
}

function parseModify(
  action: "add" | "replace" | "delete",
  args: IpArguments,
  family: FamilyWord,
): AddressCommand {
  const words: Mutable<Omit<AddressWords, "broadcast">> & { broadcast?: string } = {};
  while (!args.isEmpty) modifyOne(words, args.take(), args, family);
  const { device, local, broadcast, ...rest } = words;
  if (device === undefined) {
    throw new IpCommandError('Not enough information: "dev" argument is required.', 1);
  }
  if (local === undefined) {
    throw new IpCommandError("RTNETLINK answers: Operation not supported", 2);
  }
  const octets = broadcast === undefined ? undefined : broadcastOf(broadcast, local, family);
  return {
    action,
    device,
    local,
    ...rest,
    ...(octets === undefined ? {} : { broadcast: octets }),
  };
}

/** IFA_F_* by their keywords; iproute2's order of printing. */
const ADDRESS_FLAGS: readonly (readonly [string, number])[] = [
  ["secondary", 0x01],
  ["nodad", 0x02],
  ["optimistic", 0x04],
  ["dadfailed", 0x08],
  ["home", 0x10],
  ["deprecated", 0x20],
  ["tentative", 0x40],
  ["mngtmpaddr", 0x100],
  ["noprefixroute", 0x200],
  ["autojoin", 0x400],
  ["stable-privacy", 0x800],
];
const SETTABLE = new Set(["nodad", "home", "mngtmpaddr", "noprefixroute", "autojoin"]);
const IFA_F_PERMANENT = 0x80;

function modifyOne(
  words: Mutable<Omit<AddressWords, "broadcast">> & { broadcast?: string },
  word: string,
  args: IpArguments,
  family: FamilyWord,
): void {
  const flag = SETTABLE.has(word) ? ADDRESS_FLAGS.find(([name]) => name === word) : undefined;
  if (flag !== undefined) words.addressFlags = (words.addressFlags ?? 0) | flag[1];
  else if (isShortFor(word, "broadcast") || word === "brd") words.broadcast = args.take();
  else if (word === "peer" || word === "remote") words.peer = prefixArgument(args.take(), family);
  else if (word === "scope") words.scope = scopeArgument(args.take());
  else if (word === "dev") words.device = args.take();
  else if (word === "label") words.label = args.take();
  else if (isShortForAny(word, "metric", "priority", "preference")) {
    words.metric = unsignedArgument(args.take(), '"metric" value is invalid');
  } else {
    const text = word === "local" ? args.take() : word;
    if (words.local !== undefined) throw garbage("local", text);
    words.local = prefixArgument(text, family);
    if (!text.includes("/")) words.isWildcard = true;
  }
}

/** "+" all ones, "-" all zeros in the host's part, or an address. */
function broadcastOf(text: string, local: Prefix, family: FamilyWord): IpAddress {
  if (text !== "+" && text !== "-") return addressArgument(text, family);
  const { address } = local;
  if (typeof address === "object") {
    throw new IpCommandError("Broadcast can be set only for IPv4 addresses", 1);
  }
  if (local.length > 30) {
    throw new IpCommandError(
      `Error: argument "${text}" is wrong: broadcast needs a host part`,
      255,
    );
  }
  const hostBits = 2 ** (32 - local.length) - 1;
  return text === "+" ? (address | hostBits) >>> 0 : (address & ~hostBits) >>> 0;
}

function parseFilter(args: IpArguments, family: FamilyWord): AddressFilter {
  const filter: Mutable<AddressFilter> & { family: FamilyWord } = { family };
  while (!args.isEmpty) {
    const word = args.take();
    if (word === "to") filter.prefix = prefixArgument(args.take(), family);
    else if (word === "scope") filter.scope = scopeArgument(args.take());
    else if (word === "up") filter.onlyUp = true;
    else if (word === "label") filter.label = args.take();
    else {
      const device = word === "dev" ? args.take() : word;
      if (filter.device !== undefined) throw garbage("dev", device);
      filter.device = device;
    }
  }
  return filter;
}

export function* runAddressCommand(
  command: AddressCommand,
  client: RtnlClient,
  output: IpOutput,
): Wait<string> {
  switch (command.action) {
    case "show":
      return yield* show(command, client, output);
    case "flush": {
      // Secondary addresses first: they would vanish with their primary one.
      const addresses = yield* selectAddresses(client, command);
      for (const address of addresses.toReversed()) {
        yield* talk(client, deletion(address));
      }
      return "";
    }
    case "add":
    case "replace":
    case "delete": {
      yield* modify(command, client);
      return "";
    }
    default:
      return command satisfies never;
  }
}

function* modify(command: ModifyCommand, client: RtnlClient): Wait<void> {
  const { action, device, local, peer, isWildcard, ...rest } = command;
  const { ifindex } = yield* findDevice(client, device);
  const common = {
    ifindex,
    local: local.address,
    // Of two ends the other one has the length.
    prefixLength: (peer ?? local).length,
    ...(peer === undefined ? {} : { peer: peer.address }),
  };
  if (action === "delete") {
    const isAnyLength = isWildcard === true && peer === undefined && !isInet6(local.address);
    const wildcard = isAnyLength ? { isAnyLength } : {};
    yield* talk(client, { type: "RTM_DELADDR", ...common, ...wildcard });
    return;
  }
  const flags = NLM_F_CREATE | (action === "add" ? NLM_F_EXCL : NLM_F_REPLACE);
  const isLoopback = typeof local.address === "number" && local.address >>> 24 === 127;
  const scope = isLoopback ? { scope: RT_SCOPE_HOST } : {};
  yield* talk(client, { type: "RTM_NEWADDR", flags, ...common, ...scope, ...rest });
}

function isInet6(address: IpAddress): boolean {
  return typeof address === "object";
}

function deletion(address: AddressRecord): RtnlRequest {
  const { ifindex, local, prefixLength, peer } = address;
  const other = peer === undefined ? {} : { peer };
  return { type: "RTM_DELADDR", ifindex, local, prefixLength, ...other };
}

function* selectAddresses(client: RtnlClient, filter: AddressFilter): Wait<AddressRecord[]> {
  const family = familyNumber(filter.family);
  const request = {
    type: "RTM_GETADDR",
    family,
    reply: [] as AddressRecord[],
  } satisfies RtnlRequest;
  const device = filter.device === undefined ? undefined : yield* findDevice(client, filter.device);
  yield* talk(client, request);
  return request.reply.filter(
    (address) =>
      (family === 0 || family === familyOf(address.local)) &&
      (device === undefined || device.ifindex === address.ifindex) &&
      (filter.scope === undefined || filter.scope === address.scope) &&
      (filter.label === undefined || filter.label === address.label) &&
      (filter.prefix === undefined || isInside(address.local, filter.prefix)),
  );
}

function* show(filter: AddressFilter, client: RtnlClient, output: IpOutput): Wait<string> {
  const all = yield* dumpLinks(client);
  const links = selectLinks(all, filter.device, filter.onlyUp ?? false);
  const addresses = yield* selectAddresses(client, filter);
  const isOfFamily = filter.family !== "any valid";
  const hasFilter =
    isOfFamily ||
    filter.scope !== undefined ||
    filter.label !== undefined ||
    filter.prefix !== undefined;
  const listed = links
    .map((link) => ({ link, own: addresses.filter((one) => one.ifindex === link.ifindex) }))
    .filter(({ own }) => !hasFilter || own.length > 0);
  if (output.isJson) {
    return jsonText(
      listed.map(({ link, own }) =>
        addressesObject(link, own, { isBrief: output.isBrief, isOfFamily, all }),
      ),
      output,
    );
  }
  if (output.isBrief) {
    return listed
      .map(({ link, own }) => {
        const texts = own.map((one) => `${ipToText(one.local)}/${one.prefixLength} `);
        return `${briefStart(link, all)}${texts.join("")}\n`;
      })
      .join("");
  }
  return listed
    .map(({ link, own }) => {
      // The link's own address is of no IP family.
      const text = isOfFamily ? linkLine(link, "", all) : linkText(link, "", all);
      return text + own.map((one) => addressText(one)).join("");
    })
    .join("");
}

function addressText(address: AddressRecord): string {
  const { local, peer, prefixLength, broadcast, metric } = address;
  const ends = peer === undefined ? "" : ` peer ${ipToText(peer)}`;
  const flags = flagNames(address).map((name) => `${name} `);
  const weight = metric === undefined ? "" : ` metric ${metric}`;
  const all = broadcast === undefined ? "" : ` brd ${ipToText(broadcast)}`;
  return (
    `    ${familyWord(local)} ${ipToText(local)}${ends}/${prefixLength}${weight}${all} ` +
    `scope ${scopeToText(address.scope)} ${flags.join("")}${address.label}\n` +
    "       valid_lft forever preferred_lft forever\n"
  );
}

function familyWord(address: IpAddress): "inet" | "inet6" {
  return isInet6(address) ? "inet6" : "inet";
}

/** IFA_F_* in words; an address of limited life is dynamic. */
function flagNames(address: AddressRecord): string[] {
  const flags = address.flags ?? (address.isSecondary ? 1 : 0) | IFA_F_PERMANENT;
  const names = ADDRESS_FLAGS.filter(([, bit]) => (flags & bit) !== 0).map(([name]) =>
    name === "secondary" && isInet6(address.local) ? "temporary" : name,
  );
  return (flags & IFA_F_PERMANENT) === 0 ? [...names, "dynamic"] : names;
}

const FOREVER = 0xffffffff;

interface Shown {
  readonly isBrief: boolean;
  /** Only addresses of one family: the link's own is left out. */
  readonly isOfFamily: boolean;
  readonly all: readonly LinkRecord[];
}

function addressesObject(
  link: LinkRecord,
  addresses: readonly AddressRecord[],
  { isBrief, isOfFamily, all }: Shown,
): Record<string, unknown> {
  if (isBrief) {
    return {
      ifname: link.name,
      operstate: link.operState,
      addr_info: addresses.map((one) => ({
        local: ipToText(one.local),
        prefixlen: one.prefixLength,
      })),
    };
  }
  const { linkmode: _linkmode, ...about } = linkObject(link, false, isOfFamily, all);
  return { ...about, addr_info: addresses.map((one) => addressObject(one)) };
}

function addressObject(one: AddressRecord): Record<string, unknown> {
  return {
    family: familyWord(one.local),
    local: ipToText(one.local),
    ...(one.peer === undefined ? {} : { address: ipToText(one.peer) }),
    prefixlen: one.prefixLength,
    ...(one.metric === undefined ? {} : { metric: one.metric }),
    ...(one.broadcast === undefined ? {} : { broadcast: ipToText(one.broadcast) }),
    scope: scopeToText(one.scope),
    ...Object.fromEntries(flagNames(one).map((name) => [name, true])),
    ...(one.label === "" ? {} : { label: one.label }),
    valid_life_time: FOREVER,
    preferred_life_time: FOREVER,
  };
}
