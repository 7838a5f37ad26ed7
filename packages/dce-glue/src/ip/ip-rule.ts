import type { Wait } from "@dcejs/lkl-kernel";
import {
  FRA,
  NetlinkAttributes,
  type NetlinkMessage,
  type NetlinkWriter,
  NLM_F_DUMP,
  RTM,
} from "@dcejs/net-stack";
import {
  addressFromOctets,
  addressOctets,
  familyOf,
  type IpAddress,
  NLM_F_CREATE,
  NLM_F_EXCL,
  RT_TABLE_MAIN,
} from "../kernel/rtnl-request.ts";
import type { NetlinkTalker } from "../netlink/netlink-client.ts";
import { AF_INET, AF_INET6 } from "../posix/socket-address.ts";
import {
  type IpArguments,
  invalidArgument,
  isShortFor,
  isShortForAny,
  lookUp,
  unsignedArgument,
} from "./ip-arguments.ts";
import { IpCommandError } from "./ip-command-error.ts";
import type { IpOutput } from "./ip-output.ts";
import { showRules } from "./ip-rule-show.ts";
import {
  type FamilyWord,
  familyNumber,
  type Prefix,
  prefixArgument,
  tableNumber,
} from "./ip-values.ts";
import { talkMessages } from "./rtnl-client.ts";

/** FR_ACT_* */
export const FR_ACT_TO_TBL = 1;
export const FR_ACT_GOTO = 2;
export const FR_ACT_NOP = 3;
const FR_ACT_BLACKHOLE = 6;
const FR_ACT_UNREACHABLE = 7;
const FR_ACT_PROHIBIT = 8;
const FIB_RULE_INVERT = 2;

/** A policy rule: what it asks of a packet, and what becomes of those that fit. */
export interface Rule {
  readonly family: number;
  readonly source?: Prefix;
  readonly destination?: Prefix;
  readonly isInverted: boolean;
  readonly tos: number;
  readonly priority?: number;
  readonly mark?: number;
  readonly markMask?: number;
  readonly inputDevice?: string;
  readonly outputDevice?: string;
  readonly ipProtocol?: number;
  readonly sourcePorts?: readonly [number, number];
  readonly destinationPorts?: readonly [number, number];
  readonly action: number;
  readonly table?: number;
  readonly target?: number;
  readonly suppressPrefixLength?: number;
}

export type RuleCommand =
  | { readonly action: "add" | "delete"; readonly rule: Rule }
  | { readonly action: "flush"; readonly family: number }
  | { readonly action: "show"; readonly filter: Rule };

const COMMANDS: readonly (readonly [string, RuleCommand["action"]])[] = [
  ["list", "show"],
  ["lst", "show"],
  ["show", "show"],
  ["add", "add"],
  ["delete", "delete"],
  ["flush", "flush"],
];

export function parseRuleCommand(args: IpArguments, family: FamilyWord): RuleCommand {
  const word = args.isEmpty ? "show" : args.take();
  const action = lookUp(word, COMMANDS);
  switch (action) {
    case "add":
    case "delete":
      if (args.isEmpty) throw new IpCommandError(`"ip rule ${word}" requires arguments.`, 255);
      return { action, rule: parseRule(args, family) };
    case "flush":
      return { action, family: familyNumber(family) || AF_INET };
    case "show":
      return { action, filter: parseRule(args, family) };
    case undefined:
      throw new IpCommandError(`Command "${word}" is unknown, try "ip rule help".`, 255);
    default:
      return action satisfies never;
  }
}

type Words = { -readonly [K in keyof Rule]: Rule[K] };

function parseRule(args: IpArguments, family: FamilyWord): Rule {
  const words: Words = {
    family: familyNumber(family),
    isInverted: false,
    tos: 0,
    action: FR_ACT_TO_TBL,
  };
  while (!args.isEmpty) ruleWord(words, args.take(), args, family);
  const address = words.source?.address ?? words.destination?.address;
  if (words.family === 0) words.family = address === undefined ? AF_INET : familyOf(address);
  return words;
}

/** Keywords in the order of iproute2's `iprule_modify`. */
function ruleWord(words: Words, word: string, args: IpArguments, family: FamilyWord): void {
  if (word === "not") words.isInverted = true;
  else if (word === "from") words.source = prefixArgument(args.take(), family);
  else if (word === "to") words.destination = prefixArgument(args.take(), family);
  else if (isShortForAny(word, "preference", "order", "priority")) {
    words.priority = unsignedArgument(args.take(), "preference value is invalid");
  } else if (word === "tos" || isShortFor(word, "dsfield")) {
    words.tos = hexadecimal(args.take());
  } else if (word === "fwmark") markWord(words, args.take());
  else if (isShortFor(word, "table") || word === "lookup") words.table = tableArgument(args.take());
  else if (isShortForAny(word, "suppress_prefixlength", "sup_pl")) {
    words.suppressPrefixLength = unsignedArgument(
      args.take(),
      "suppress_prefixlength value is invalid",
    );
  } else if (word === "dev" || word === "iif") words.inputDevice = args.take();
  else if (word === "oif") words.outputDevice = args.take();
  else if (word === "ipproto") words.ipProtocol = protocolArgument(args.take());
  else if (word === "sport") words.sourcePorts = portsArgument(args.take(), "sport");
  else if (word === "dport") words.destinationPorts = portsArgument(args.take(), "dport");
  else actionWord(words, word, args);
}

const ACTIONS: Readonly<Record<string, number>> = {
  nop: FR_ACT_NOP,
  blackhole: FR_ACT_BLACKHOLE,
  unreachable: FR_ACT_UNREACHABLE,
  prohibit: FR_ACT_PROHIBIT,
};

function actionWord(words: Words, word: string, args: IpArguments): void {
  const name = word === "type" ? args.take() : word;
  if (name === "goto") {
    words.action = FR_ACT_GOTO;
    words.target = unsignedArgument(args.take(), "invalid target");
    return;
  }
  const action = Object.hasOwn(ACTIONS, name) ? ACTIONS[name] : undefined;
  if (action === undefined) throw invalidArgument("Failed to parse rule type", name);
  words.action = action;
}

function markWord(words: Words, text: string): void {
  const [mark = "", mask] = text.split("/", 2);
  words.mark = unsignedArgument(mark, "fwmark value is invalid");
  if (mask !== undefined) words.markMask = unsignedArgument(mask, "fwmask value is invalid");
}

/** iproute2 reads DSCP values as hexadecimal. */
function hexadecimal(text: string): number {
  if (!/^(0x)?[0-9a-f]{1,2}$/i.test(text)) throw invalidArgument("TOS value is invalid", text);
  return Number.parseInt(text, 16);
}

function tableArgument(text: string): number {
  const table = tableNumber(text);
  if (table === undefined) throw invalidArgument("invalid table ID", text);
  return table;
}

export const IP_PROTOCOLS: Readonly<Record<string, number>> = {
  icmp: 1,
  tcp: 6,
  udp: 17,
  "ipv6-icmp": 58,
  sctp: 132,
};

function protocolArgument(text: string): number {
  const known = Object.hasOwn(IP_PROTOCOLS, text) ? IP_PROTOCOLS[text] : undefined;
  return known ?? unsignedArgument(text, 'Invalid "ipproto" value', 255);
}

function portsArgument(text: string, keyword: string): [number, number] {
  const [from = "", to = from] = text.split("-", 2);
  const message = `invalid ${keyword} format`;
  return [unsignedArgument(from, message, 65_535), unsignedArgument(to, message, 65_535)];
}

export function* runRuleCommand(
  command: RuleCommand,
  client: NetlinkTalker,
  output: IpOutput,
): Wait<string> {
  switch (command.action) {
    case "show": {
      const rules = yield* dumpRules(client, command.filter.family);
      return showRules(
        rules.filter((rule) => isShown(rule, command.filter)),
        output,
      );
    }
    case "add":
      yield* talkMessages(client, {
        type: RTM.NEWRULE,
        flags: NLM_F_CREATE | NLM_F_EXCL,
        write: (writer) => writeRule(writer, { table: RT_TABLE_MAIN, ...command.rule }),
      });
      return "";
    case "delete":
      yield* deleteRule(client, command.rule);
      return "";
    case "flush":
      for (const rule of yield* dumpRules(client, command.family)) {
        if ((rule.priority ?? 0) !== 0) yield* deleteRule(client, rule);
      }
      return "";
    default:
      return command satisfies never;
  }
}

function* deleteRule(client: NetlinkTalker, rule: Rule): Wait<void> {
  yield* talkMessages(client, {
    type: RTM.DELRULE,
    flags: 0,
    write: (writer) => writeRule(writer, rule, true),
  });
}

function* dumpRules(client: NetlinkTalker, family: number): Wait<Rule[]> {
  const messages = yield* talkMessages(client, {
    type: RTM.GETRULE,
    flags: NLM_F_DUMP,
    write: (writer) => writer.u8(family).u8(0).u8(0).u8(0).u32(0).u32(0),
  });
  return messages
    .map((message) => decodeRule(message))
    .filter((rule): rule is Rule => rule !== undefined && rule.family === family);
}

/** FRA_* besides those that net-stack knows. */
const FRA_DST = 1;
const FRA_SRC = 2;
const FRA_IIFNAME = 3;
const FRA_GOTO = 4;
const FRA_FWMARK = 10;
const FRA_FWMASK = 16;
const FRA_OIFNAME = 17;
const FRA_IP_PROTO = 22;
const FRA_SPORT_RANGE = 23;
const FRA_DPORT_RANGE = 24;

/** struct fib_rule_hdr and its attributes. An action of a rule to delete may be any. */
function writeRule(writer: NetlinkWriter, rule: Rule, isDelete = false): void {
  const { source, destination, table = 0, action } = rule;
  const isAny = isDelete && action === FR_ACT_TO_TBL && rule.table === undefined;
  writer
    .u8(rule.family)
    .u8(destination?.length ?? 0)
    .u8(source?.length ?? 0)
    .u8(rule.tos);
  writer
    .u8(table < 256 && action === FR_ACT_TO_TBL ? table : 0)
    .u8(0)
    .u8(0);
  writer.u8(isAny ? 0 : action).u32(rule.isInverted ? FIB_RULE_INVERT : 0);
  if (hasBits(source)) writer.attribute(FRA_SRC, addressOctets(source.address));
  if (hasBits(destination)) writer.attribute(FRA_DST, addressOctets(destination.address));
  if (rule.priority !== undefined) writer.attributeU32(FRA.PRIORITY, rule.priority);
  if (rule.mark !== undefined) writer.attributeU32(FRA_FWMARK, rule.mark);
  if (rule.markMask !== undefined) writer.attributeU32(FRA_FWMASK, rule.markMask);
  if (table >= 256) writer.attributeU32(FRA.TABLE, table);
  if (rule.suppressPrefixLength !== undefined) {
    writer.attributeU32(FRA.SUPPRESS_PREFIXLEN, rule.suppressPrefixLength);
  }
  if (rule.inputDevice !== undefined) writer.attributeText(FRA_IIFNAME, rule.inputDevice);
  if (rule.outputDevice !== undefined) writer.attributeText(FRA_OIFNAME, rule.outputDevice);
  if (rule.ipProtocol !== undefined) writer.attributeU8(FRA_IP_PROTO, rule.ipProtocol);
  if (rule.sourcePorts !== undefined) writePorts(writer, FRA_SPORT_RANGE, rule.sourcePorts);
  if (rule.destinationPorts !== undefined)
    writePorts(writer, FRA_DPORT_RANGE, rule.destinationPorts);
  if (rule.target !== undefined) writer.attributeU32(FRA_GOTO, rule.target);
}

function hasBits(prefix: Prefix | undefined): prefix is Prefix {
  return prefix !== undefined && prefix.length > 0;
}

function writePorts(
  writer: NetlinkWriter,
  type: number,
  [from, to]: readonly [number, number],
): void {
  const octets = new Uint8Array(4);
  const view = new DataView(octets.buffer);
  view.setUint16(0, from, true);
  view.setUint16(2, to, true);
  writer.attribute(type, octets);
}

const HEADER_OCTETS = 12;
const NO_SUPPRESSION = 0xffff_ffff;

function decodeRule({ type, payload }: NetlinkMessage): Rule | undefined {
  if (type !== RTM.NEWRULE || payload.length < HEADER_OCTETS) return undefined;
  const header = new DataView(payload.buffer, payload.byteOffset, HEADER_OCTETS);
  const family = header.getUint8(0);
  if (family !== AF_INET && family !== AF_INET6) return undefined;
  const attributes = new NetlinkAttributes(payload.subarray(HEADER_OCTETS));
  const suppressed = attributes.u32(FRA.SUPPRESS_PREFIXLEN) ?? NO_SUPPRESSION;
  const members = {
    source: prefixOf(attributes.bytes(FRA_SRC), header.getUint8(2)),
    destination: prefixOf(attributes.bytes(FRA_DST), header.getUint8(1)),
    mark: attributes.u32(FRA_FWMARK),
    markMask: attributes.u32(FRA_FWMASK),
    inputDevice: attributes.text(FRA_IIFNAME),
    outputDevice: attributes.text(FRA_OIFNAME),
    ipProtocol: attributes.u8(FRA_IP_PROTO),
    sourcePorts: portsOf(attributes.bytes(FRA_SPORT_RANGE)),
    destinationPorts: portsOf(attributes.bytes(FRA_DPORT_RANGE)),
    target: attributes.u32(FRA_GOTO),
    suppressPrefixLength: suppressed === NO_SUPPRESSION ? undefined : suppressed,
  };
  return {
    family,
    isInverted: (header.getUint32(8, true) & FIB_RULE_INVERT) !== 0,
    tos: header.getUint8(3),
    action: header.getUint8(7),
    priority: attributes.u32(FRA.PRIORITY) ?? 0,
    table: attributes.u32(FRA.TABLE) ?? header.getUint8(4),
    ...definedOf(members),
  };
}

function definedOf(members: object): Partial<Rule> {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));
}

function prefixOf(octets: Uint8Array | undefined, length: number): Prefix | undefined {
  if (octets === undefined) return undefined;
  const address: IpAddress = addressFromOctets(octets);
  return { address, length };
}

function portsOf(octets: Uint8Array | undefined): [number, number] | undefined {
  if (octets === undefined || octets.length < 4) return undefined;
  const view = new DataView(octets.buffer, octets.byteOffset, 4);
  return [view.getUint16(0, true), view.getUint16(2, true)];
}

/** What `ip rule list SELECTOR` leaves. */
function isShown(rule: Rule, filter: Rule): boolean {
  return (
    samePrefix(rule.source, filter.source) &&
    samePrefix(rule.destination, filter.destination) &&
    same(rule.priority, filter.priority) &&
    same(rule.mark, filter.mark) &&
    same(rule.table, filter.table) &&
    same(rule.inputDevice, filter.inputDevice) &&
    same(rule.outputDevice, filter.outputDevice) &&
    same(rule.ipProtocol, filter.ipProtocol)
  );
}

function same(value: unknown, wanted: unknown): boolean {
  return wanted === undefined || value === wanted;
}

function samePrefix(prefix: Prefix | undefined, wanted: Prefix | undefined): boolean {
  if (wanted === undefined) return true;
  if (prefix === undefined || prefix.length !== wanted.length) return wanted.length === 0;
  const a = addressOctets(prefix.address);
  return addressOctets(wanted.address).every((octet, index) => octet === a[index]);
}
