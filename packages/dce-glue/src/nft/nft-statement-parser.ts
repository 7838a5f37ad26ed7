import { errorAt } from "./nft-command-error.ts";
import { NFPROTO_IPV4, NFPROTO_IPV6 } from "./nft-fields.ts";
import {
  defaultReject,
  ICMP_CODES,
  ICMPV6_CODES,
  ICMPX_CODES,
  LIMIT_BURST_DEFAULT,
  LIMIT_UNITS,
  LOG_LEVELS,
  NAT_FLAGS,
  type NftFamily,
  type NftSpan,
  type NftStatement,
  type NftTranslation,
  type NftVerdict,
  REJECT_ICMP,
  REJECT_ICMPX,
  REJECT_TCP_RESET,
} from "./nft-rule.ts";
import type { RuleProtocols } from "./nft-rule-protocols.ts";
import { INET_SERVICE, IPV4, IPV6, MARK, type NftType } from "./nft-types.ts";
import { invalidValue } from "./nft-value-parser.ts";
import type { NftWord, NftWords } from "./nft-words.ts";

const IPPROTO_TCP = 6;
const VERDICTS: ReadonlySet<string> = new Set([
  "accept",
  "drop",
  "continue",
  "return",
  "jump",
  "goto",
]);
const TRANSLATIONS: ReadonlySet<string> = new Set(["snat", "dnat", "masquerade", "redirect"]);
const OTHERS: ReadonlySet<string> = new Set([
  "counter",
  "log",
  "limit",
  "reject",
  "notrack",
  "meta",
  "ct",
]);

export function isStatementWord(word: string): boolean {
  return isVerdict(word) || isTranslation(word) || OTHERS.has(word);
}

function isVerdict(word: string): word is NftVerdict {
  return VERDICTS.has(word);
}

function isTranslation(word: string): word is NftTranslation["action"] {
  return TRANSLATIONS.has(word);
}

/** @throws {NftCommandError} in nft's words */
export function parseStatement(
  words: NftWords,
  family: NftFamily,
  protocols: RuleProtocols,
): NftStatement {
  const word = words.take();
  const { text } = word;
  if (isVerdict(text)) return parseVerdict(words, text);
  if (isTranslation(text)) return parseTranslation(words, text, family);
  switch (text) {
    case "counter":
      return parseCounter(words);
    case "log":
      return parseLog(words);
    case "limit":
      return parseLimit(words);
    case "reject":
      return parseReject(words, family, protocols);
    case "notrack":
      return { kind: "notrack" };
    default:
      return parseMark(words, text === "ct" ? "ct" : "meta");
  }
}

function parseVerdict(words: NftWords, verdict: NftVerdict): NftStatement {
  const chain = verdict === "jump" || verdict === "goto" ? words.expectWord("string") : undefined;
  return { kind: "verdict", verdict, chain: chain?.text, place: chain?.place };
}

function number(words: NftWords): number {
  const word = words.peek();
  if (word.kind !== "word" || !/^\d+$/.test(word.text)) throw words.unexpected("number");
  return Number(words.take().text);
}

function parseCounter(words: NftWords): NftStatement {
  if (words.accept("packets") === undefined) return { kind: "counter", packets: 0, octets: 0 };
  const packets = number(words);
  words.expect("bytes");
  return { kind: "counter", packets, octets: number(words) };
}

function parseLog(words: NftWords): NftStatement {
  let prefix: string | undefined;
  let level: number | undefined;
  let group: number | undefined;
  for (;;) {
    if (words.accept("prefix") !== undefined) prefix = words.expectString().text;
    else if (words.accept("group") !== undefined) group = number(words);
    else if (words.accept("level") !== undefined) {
      const word = words.expectWord("string");
      level = LOG_LEVELS.indexOf(word.text);
      if (level < 0) throw errorAt(word.place, "invalid log level");
    } else return { kind: "log", prefix, level, group };
  }
}

/** `limit rate [over] 5/second [burst 10 packets]` */
function parseLimit(words: NftWords): NftStatement {
  words.expect("rate");
  const isOver = words.accept("over") !== undefined;
  const word = words.expectWord("number");
  const [, rate = "", unitName = ""] = /^(\d+)\/(\w+)$/.exec(word.text) ?? [];
  const unit = LIMIT_UNITS.find(([name]) => name === unitName)?.[1];
  if (unit === undefined) throw errorAt(word.place, "Wrong unit format");
  let burst = LIMIT_BURST_DEFAULT;
  if (words.accept("burst") !== undefined) {
    burst = number(words);
    words.expect("packets");
  }
  return { kind: "limit", isOver, rate: Number(rate), unit, burst };
}

/** `reject [with tcp reset | with icmp [type] CODE | with icmpx …]` */
function parseReject(words: NftWords, family: NftFamily, protocols: RuleProtocols): NftStatement {
  if (words.accept("with") === undefined) return { kind: "reject", ...defaultReject(family) };
  const word = words.expectWord("string");
  if (word.text === "tcp") {
    const { place } = words.expect("reset");
    if (protocols.transport !== undefined && protocols.transport !== IPPROTO_TCP) {
      throw errorAt(place, "you cannot use tcp reset with this protocol");
    }
    return { kind: "reject", type: REJECT_TCP_RESET, code: 0 };
  }
  words.accept("type");
  const code = words.expectWord("string");
  switch (word.text) {
    case "icmp":
      return { kind: "reject", type: REJECT_ICMP, code: codeOf(code, ICMP_CODES) };
    case "icmpv6":
      return { kind: "reject", type: REJECT_ICMP, code: codeOf(code, ICMPV6_CODES) };
    case "icmpx":
      if (family === "ip" || family === "ip6") {
        throw errorAt(code.place, "abstracted ICMP unreachable not supported");
      }
      return { kind: "reject", type: REJECT_ICMPX, code: codeOf(code, ICMPX_CODES) };
    default:
      throw errorAt(word.place, "syntax error, unexpected string");
  }
}

function codeOf(word: NftWord, codes: Readonly<Record<string, number>>): number {
  const code = codes[word.text] ?? (/^\d{1,3}$/.test(word.text) ? Number(word.text) : undefined);
  if (code === undefined) throw errorAt(word.place, "Could not parse ICMP code");
  return code;
}

function parseMark(words: NftWords, of: "meta" | "ct"): NftStatement {
  words.expect("mark");
  words.expect("set");
  const word = words.expectWord();
  const octets = MARK.parse(word.text);
  if (octets === undefined) throw invalidValue(word, MARK);
  return { kind: "set mark", of, octets };
}

/** `snat [ip] to ADDRESS[:PORT] [random,persistent]`, `masquerade [to :PORT]`, `redirect [to :PORT]` */
function parseTranslation(
  words: NftWords,
  action: NftTranslation["action"],
  family: NftFamily,
): NftTranslation {
  let network = family === "ip6" ? NFPROTO_IPV6 : NFPROTO_IPV4;
  if (words.accept("ip6") !== undefined) network = NFPROTO_IPV6;
  else words.accept("ip");
  const takesAddress = action === "snat" || action === "dnat";
  let addresses: NftSpan | undefined;
  let ports: NftSpan | undefined;
  if (takesAddress ? words.expect("to") : words.accept("to")) {
    const word = words.expectWord();
    const target = /^(\[[^\]]*\]|[^:]*)(?::(.*))?$/.exec(word.text);
    const isBareIpv6 = network === NFPROTO_IPV6 && !word.text.startsWith("[");
    const address = isBareIpv6 ? word.text : (target?.[1] ?? "").replace(/^\[(.*)\]$/, "$1");
    const port = isBareIpv6 ? undefined : target?.[2];
    if (takesAddress) addresses = span(word, network === NFPROTO_IPV6 ? IPV6 : IPV4, address);
    if (port !== undefined) ports = span(word, INET_SERVICE, port);
    else if (!takesAddress) throw errorAt(word.place, "syntax error, unexpected string");
  }
  return { kind: "nat", action, family: network, addresses, ports, flags: parseFlags(words) };
}

function span(word: NftWord, type: NftType, text: string): NftSpan {
  const [low = "", high] = text.split("-");
  const from = type.parse(low);
  const to = high === undefined ? undefined : type.parse(high);
  if (from === undefined || (high !== undefined && to === undefined)) {
    throw invalidValue(word, type, text);
  }
  return { from, to };
}

function parseFlags(words: NftWords): number {
  let flags = 0;
  for (;;) {
    const found = NAT_FLAGS.find(([name]) => words.accept(name) !== undefined);
    if (found === undefined) return flags;
    flags |= found[1];
    words.accept(",");
  }
}
