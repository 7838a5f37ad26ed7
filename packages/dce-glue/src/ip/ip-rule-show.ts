import { type IpOutput, jsonText } from "./ip-output.ts";
import { FR_ACT_GOTO, FR_ACT_NOP, FR_ACT_TO_TBL, IP_PROTOCOLS, type Rule } from "./ip-rule.ts";
import { ipToText, type Prefix, routeTypeToText, tableToText } from "./ip-values.ts";

/** print_rule of iproute2: one line each, or one object. */
export function showRules(rules: readonly Rule[], output: IpOutput): string {
  if (output.isJson) {
    return jsonText(
      rules.map((rule) => ruleObject(rule)),
      output,
    );
  }
  return rules.map((rule) => `${ruleText(rule)}\n`).join("");
}

function ruleText(rule: Rule): string {
  const words = [
    `${rule.priority ?? 0}:\t${rule.isInverted ? "not " : ""}from ${prefixText(rule.source)}`,
  ];
  if (rule.destination !== undefined) words.push(`to ${prefixText(rule.destination)}`);
  if (rule.tos !== 0) words.push(`tos ${hex(rule.tos)}`);
  if (rule.mark !== undefined || rule.markMask !== undefined)
    words.push(`fwmark ${markText(rule)}`);
  if (rule.inputDevice !== undefined) words.push(`iif ${rule.inputDevice}`);
  if (rule.outputDevice !== undefined) words.push(`oif ${rule.outputDevice}`);
  if (rule.ipProtocol !== undefined) words.push(`ipproto ${protocolText(rule.ipProtocol)}`);
  if (rule.sourcePorts !== undefined) words.push(`sport ${portsText(rule.sourcePorts)}`);
  if (rule.destinationPorts !== undefined) words.push(`dport ${portsText(rule.destinationPorts)}`);
  words.push(actionText(rule));
  return words.join(" ");
}

function actionText(rule: Rule): string {
  const { action, table, target, suppressPrefixLength } = rule;
  if (action === FR_ACT_TO_TBL) {
    const suppressed =
      suppressPrefixLength === undefined ? "" : ` suppress_prefixlength ${suppressPrefixLength}`;
    return `lookup ${tableToText(table ?? 0)}${suppressed}`;
  }
  if (action === FR_ACT_GOTO) return `goto ${target === undefined ? "none" : String(target)}`;
  return action === FR_ACT_NOP ? "nop" : routeTypeToText(action);
}

function ruleObject(rule: Rule): Record<string, unknown> {
  const { action, mark, markMask, sourcePorts, destinationPorts, suppressPrefixLength } = rule;
  return {
    priority: rule.priority ?? 0,
    ...(rule.isInverted ? { not: null } : {}),
    src: rule.source === undefined ? "all" : ipToText(rule.source.address),
    ...lengthOf("srclen", rule.source),
    ...(rule.destination === undefined ? {} : { dst: ipToText(rule.destination.address) }),
    ...lengthOf("dstlen", rule.destination),
    ...(rule.tos === 0 ? {} : { tos: hex(rule.tos) }),
    ...(mark === undefined ? {} : { fwmark: hex(mark) }),
    ...(markMask === undefined || markMask === 0xffff_ffff ? {} : { fwmask: hex(markMask) }),
    ...(rule.inputDevice === undefined ? {} : { iif: rule.inputDevice }),
    ...(rule.outputDevice === undefined ? {} : { oif: rule.outputDevice }),
    ...(rule.ipProtocol === undefined ? {} : { ipproto: protocolText(rule.ipProtocol) }),
    ...(sourcePorts === undefined ? {} : portsObject("sport", sourcePorts)),
    ...(destinationPorts === undefined ? {} : portsObject("dport", destinationPorts)),
    ...(action === FR_ACT_TO_TBL ? { table: tableToText(rule.table ?? 0) } : actionObject(rule)),
    ...(suppressPrefixLength === undefined ? {} : { suppress_prefixlen: suppressPrefixLength }),
  };
}

function actionObject({ action, target }: Rule): Record<string, unknown> {
  if (action === FR_ACT_GOTO) return { goto: target ?? 0 };
  if (action === FR_ACT_NOP) return { nop: null };
  return { action: routeTypeToText(action) };
}

function lengthOf(name: string, prefix: Prefix | undefined): Record<string, number> {
  if (prefix === undefined) return {};
  const bits = typeof prefix.address === "number" ? 32 : 128;
  return prefix.length === bits ? {} : { [name]: prefix.length };
}

function prefixText(prefix: Prefix | undefined): string {
  if (prefix === undefined) return "all";
  const bits = typeof prefix.address === "number" ? 32 : 128;
  const text = ipToText(prefix.address);
  return prefix.length === bits ? text : `${text}/${prefix.length}`;
}

function markText({ mark = 0, markMask }: Rule): string {
  const mask = markMask === undefined || markMask === 0xffff_ffff ? "" : `/${hex(markMask)}`;
  return hex(mark) + mask;
}

function hex(value: number): string {
  return `0x${value.toString(16)}`;
}

function protocolText(protocol: number): string {
  const known = Object.entries(IP_PROTOCOLS).find(([, number]) => number === protocol);
  return known === undefined ? String(protocol) : known[0];
}

function portsText([from, to]: readonly [number, number]): string {
  return from === to ? String(from) : `${from}-${to}`;
}

function portsObject(name: string, [from, to]: readonly [number, number]): Record<string, number> {
  return from === to ? { [name]: from } : { [`${name}_start`]: from, [`${name}_end`]: to };
}
