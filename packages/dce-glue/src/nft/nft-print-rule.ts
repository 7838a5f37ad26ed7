import type { DecodedRule } from "./nft-decode-rule.ts";
import { NFPROTO_IPV6 } from "./nft-fields.ts";
import {
  defaultReject,
  ICMP_CODES,
  ICMPV6_CODES,
  ICMPX_CODES,
  LIMIT_BURST_DEFAULT,
  LIMIT_UNITS,
  LOG_LEVEL_DEFAULT,
  LOG_LEVELS,
  NAT_FLAGS,
  type NftElement,
  type NftFamily,
  type NftMatch,
  type NftSpan,
  type NftStatement,
  type NftTranslation,
  REJECT_ICMPX,
  REJECT_TCP_RESET,
} from "./nft-rule.ts";
import { INET_SERVICE, IPV4, IPV6, MARK, type NftType } from "./nft-types.ts";

/** @param isStateless without what counters have counted (`-s`) */
export function printRule(rule: DecodedRule, family: NftFamily, isStateless: boolean): string {
  if ("unknown" in rule) return `# an expression that is not known here: ${rule.unknown}`;
  const parts = rule.parts.map((part) =>
    part.kind === "match" ? printMatch(part) : printStatement(part, family, isStateless),
  );
  if (rule.comment !== undefined) parts.push(`comment "${rule.comment}"`);
  return parts.join(" ");
}

function printMatch({ field, operator, value }: NftMatch): string {
  const { type, text } = field;
  const sign = operator === "implicit" ? "" : `${operator} `;
  switch (value.kind) {
    case "set":
      return `${text} ${sign}${printElements(value.elements, type)}`;
    case "named set":
      return `${text} ${sign}@${value.name}`;
    case "masked":
      return `${text} ${sign}${type.format(value.octets)} / ${type.format(value.mask)}`;
    case "value":
    case "prefix":
    case "range":
      return `${text} ${sign}${printElement(value, type)}`;
    default:
      return value satisfies never;
  }
}

export function printElements(elements: readonly NftElement[], type: NftType): string {
  return `{ ${elements.map((element) => printElement(element, type)).join(", ")} }`;
}

function printElement(element: NftElement, type: NftType): string {
  switch (element.kind) {
    case "value":
      return type.format(element.octets);
    case "prefix":
      return `${type.format(element.octets)}/${element.bits}`;
    case "range":
      return `${type.format(element.from)}-${type.format(element.to)}`;
    default:
      return element satisfies never;
  }
}

function printStatement(statement: NftStatement, family: NftFamily, isStateless: boolean): string {
  switch (statement.kind) {
    case "verdict":
      return [statement.verdict, ...(statement.chain === undefined ? [] : [statement.chain])].join(
        " ",
      );
    case "counter":
      return isStateless
        ? "counter"
        : `counter packets ${statement.packets} bytes ${statement.octets}`;
    case "log":
      return printLog(statement);
    case "limit":
      return printLimit(statement);
    case "reject":
      return printReject(statement.type, statement.code, family);
    case "nat":
      return printTranslation(statement, family);
    case "notrack":
      return "notrack";
    case "set mark":
      return `${statement.of} mark set ${MARK.format(statement.octets)}`;
    default:
      return statement satisfies never;
  }
}

function printLog({ prefix, level, group }: Extract<NftStatement, { kind: "log" }>): string {
  const words = ["log"];
  if (prefix !== undefined) words.push(`prefix "${prefix}"`);
  if (group !== undefined) words.push(`group ${group}`);
  else if (level !== undefined && level !== LOG_LEVEL_DEFAULT) {
    words.push(`level ${LOG_LEVELS[level] ?? level}`);
  }
  return words.join(" ");
}

function printLimit({
  isOver,
  rate,
  unit,
  burst,
}: Extract<NftStatement, { kind: "limit" }>): string {
  const name = LIMIT_UNITS.find(([, seconds]) => seconds === unit)?.[0] ?? `${unit}s`;
  const more = burst === LIMIT_BURST_DEFAULT || burst === 0 ? "" : ` burst ${burst} packets`;
  return `limit rate ${isOver ? "over " : ""}${rate}/${name}${more}`;
}

function printReject(type: number, code: number, family: NftFamily): string {
  if (type === REJECT_TCP_RESET) return "reject with tcp reset";
  const plain = defaultReject(family);
  if (type === plain.type && code === plain.code) return "reject";
  const [name, codes] =
    type === REJECT_ICMPX
      ? ["icmpx", ICMPX_CODES]
      : family === "ip6"
        ? ["icmpv6", ICMPV6_CODES]
        : ["icmp", ICMP_CODES];
  const found = Object.keys(codes).find((key) => codes[key] === code);
  return `reject with ${name} ${found ?? code}`;
}

function printTranslation(translation: NftTranslation, family: NftFamily): string {
  const { action, family: network, addresses, ports, flags } = translation;
  const isIpv6 = network === NFPROTO_IPV6;
  const words: string[] = [action];
  if (addresses !== undefined && family === "inet") words.push(isIpv6 ? "ip6" : "ip");
  if (addresses !== undefined || ports !== undefined) {
    const address = addresses === undefined ? "" : printSpan(addresses, isIpv6 ? IPV6 : IPV4);
    const shown = isIpv6 && ports !== undefined && address !== "" ? `[${address}]` : address;
    const port = ports === undefined ? "" : `:${printSpan(ports, INET_SERVICE)}`;
    words.push("to", `${shown}${port}`);
  }
  const names = NAT_FLAGS.filter(([, flag]) => (flags & flag) !== 0).map(([name]) => name);
  if (names.length > 0) words.push(names.join(","));
  return words.join(" ");
}

function printSpan({ from, to }: NftSpan, type: NftType): string {
  return to === undefined ? type.format(from) : `${type.format(from)}-${type.format(to)}`;
}
