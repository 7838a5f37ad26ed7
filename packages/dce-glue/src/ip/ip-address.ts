import type { Wait } from "@dcejs/lkl-kernel";
import {
  type AddressRecord,
  type LinkRecord,
  NLM_F_CREATE,
  NLM_F_EXCL,
  NLM_F_REPLACE,
  type RtnlRequest,
} from "../kernel/rtnl-request.ts";
import { garbage, type IpArguments, isShortFor, lookUp } from "./ip-arguments.ts";
import { IpCommandError } from "./ip-command-error.ts";
import { briefStart, linkObject, linkText, selectLinks } from "./ip-link.ts";
import { type IpOutput, jsonText } from "./ip-output.ts";
import {
  addressArgument,
  type FamilyWord,
  ipv4ToText,
  type Prefix,
  prefixArgument,
  scopeArgument,
  scopeToText,
} from "./ip-values.ts";
import { findDevice, type RtnlClient, talk } from "./rtnl-client.ts";

/** `ip address …`, parsed. */
export type AddressCommand =
  | {
      readonly action: "add" | "replace" | "delete";
      readonly device: string;
      readonly local: Prefix;
      readonly broadcast?: number;
      readonly scope?: number;
      readonly label?: string;
    }
  | ({ readonly action: "show" | "flush" } & AddressFilter);

interface AddressFilter {
  readonly device?: string;
  readonly prefix?: Prefix;
  readonly scope?: number;
  readonly label?: string;
  readonly onlyUp?: boolean;
}

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

interface AddressWords {
  device?: string;
  local?: Prefix;
  broadcast?: string;
  scope?: number;
  label?: string;
}

function parseModify(
  action: "add" | "replace" | "delete",
  args: IpArguments,
  family: FamilyWord,
): AddressCommand {
  const words: AddressWords = {};
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

function modifyOne(words: AddressWords, word: string, args: IpArguments, family: FamilyWord): void {
  if (isShortFor(word, "broadcast") || word === "brd") words.broadcast = args.take();
  else if (word === "scope") words.scope = scopeArgument(args.take());
  else if (word === "dev") words.device = args.take();
  else if (word === "label") words.label = args.take();
  else {
    const text = word === "local" ? args.take() : word;
    if (words.local !== undefined) throw garbage("local", text);
    words.local = prefixArgument(text, family);
  }
}

/** "+" all ones, "-" all zeros in the host's part, or an address. */
function broadcastOf(text: string, local: Prefix, family: FamilyWord): number {
  if (text !== "+" && text !== "-") return addressArgument(text, family);
  if (local.length > 30) {
    throw new IpCommandError(
      `Error: argument "${text}" is wrong: broadcast needs a host part`,
      255,
    );
  }
  const hostBits = 2 ** (32 - local.length) - 1;
  return text === "+" ? (local.address | hostBits) >>> 0 : (local.address & ~hostBits) >>> 0;
}

function parseFilter(args: IpArguments, family: FamilyWord): AddressFilter {
  const filter: {
    device?: string;
    prefix?: Prefix;
    scope?: number;
    label?: string;
    onlyUp?: boolean;
  } = {};
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
      const { action, device, local, ...rest } = command;
      const { ifindex } = yield* findDevice(client, device);
      const common = { ifindex, local: local.address, prefixLength: local.length };
      if (action === "delete") yield* talk(client, { type: "RTM_DELADDR", ...common });
      else {
        const flags = NLM_F_CREATE | (action === "add" ? NLM_F_EXCL : NLM_F_REPLACE);
        const scope = local.address >>> 24 === 127 ? { scope: 254 } : {};
        yield* talk(client, { type: "RTM_NEWADDR", flags, ...common, ...scope, ...rest });
      }
      return "";
    }
    default:
      return command satisfies never;
  }
}

function deletion(address: AddressRecord): RtnlRequest {
  const { ifindex, local, prefixLength } = address;
  return { type: "RTM_DELADDR", ifindex, local, prefixLength };
}

function* selectAddresses(client: RtnlClient, filter: AddressFilter): Wait<AddressRecord[]> {
  const request = { type: "RTM_GETADDR", reply: [] as AddressRecord[] } satisfies RtnlRequest;
  const device = filter.device === undefined ? undefined : yield* findDevice(client, filter.device);
  yield* talk(client, request);
  return request.reply.filter(
    (address) =>
      (device === undefined || device.ifindex === address.ifindex) &&
      (filter.scope === undefined || filter.scope === address.scope) &&
      (filter.label === undefined || filter.label === address.label) &&
      (filter.prefix === undefined || isInside(address.local, filter.prefix)),
  );
}

export function isInside(address: number, prefix: Prefix): boolean {
  return prefix.length === 0 || (address ^ prefix.address) >>> (32 - prefix.length) === 0;
}

function* show(filter: AddressFilter, client: RtnlClient, output: IpOutput): Wait<string> {
  const links = yield* selectLinks(client, filter.device, filter.onlyUp ?? false);
  const addresses = yield* selectAddresses(client, filter);
  const hasFilter =
    filter.scope !== undefined || filter.label !== undefined || filter.prefix !== undefined;
  const listed = links
    .map((link) => ({ link, own: addresses.filter((one) => one.ifindex === link.ifindex) }))
    .filter(({ own }) => !hasFilter || own.length > 0);
  if (output.isJson) {
    return jsonText(
      listed.map(({ link, own }) => addressesObject(link, own, output.isBrief)),
      output,
    );
  }
  if (output.isBrief) {
    return listed
      .map(({ link, own }) => {
        const texts = own.map((one) => `${ipv4ToText(one.local)}/${one.prefixLength} `);
        return `${briefStart(link)}${texts.join("")}\n`;
      })
      .join("");
  }
  return listed
    .map(({ link, own }) => linkText(link, "") + own.map((one) => addressText(one)).join(""))
    .join("");
}

function addressText(address: AddressRecord): string {
  const broadcast = address.broadcast === undefined ? "" : ` brd ${ipv4ToText(address.broadcast)}`;
  const secondary = address.isSecondary ? " secondary" : "";
  return (
    `    inet ${ipv4ToText(address.local)}/${address.prefixLength}${broadcast} ` +
    `scope ${scopeToText(address.scope)}${secondary} ${address.label}\n` +
    "       valid_lft forever preferred_lft forever\n"
  );
}

const FOREVER = 0xffffffff;

function addressesObject(
  link: LinkRecord,
  addresses: readonly AddressRecord[],
  isBrief: boolean,
): Record<string, unknown> {
  const { linkmode: _linkmode, ...about } = linkObject(link, false);
  if (isBrief) {
    return {
      ifname: link.name,
      operstate: link.operState,
      addr_info: addresses.map((one) => ({
        local: ipv4ToText(one.local),
        prefixlen: one.prefixLength,
      })),
    };
  }
  return {
    ...about,
    addr_info: addresses.map((one) => ({
      family: "inet",
      local: ipv4ToText(one.local),
      prefixlen: one.prefixLength,
      ...(one.broadcast === undefined ? {} : { broadcast: ipv4ToText(one.broadcast) }),
      scope: scopeToText(one.scope),
      ...(one.isSecondary ? { secondary: true } : {}),
      label: one.label,
      valid_life_time: FOREVER,
      preferred_life_time: FOREVER,
    })),
  };
}
