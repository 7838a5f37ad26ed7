import type { NftFamily } from "./nft-rule.ts";

/** NF_INET_*, by name. */
const INET_HOOKS: Readonly<Record<string, number>> = {
  prerouting: 0,
  input: 1,
  forward: 2,
  output: 3,
  postrouting: 4,
};
const ARP_HOOKS: Readonly<Record<string, number>> = { input: 0, output: 1 };

function hooksOf(family: NftFamily): Readonly<Record<string, number>> {
  return family === "arp" ? ARP_HOOKS : INET_HOOKS;
}

export function hookNumber(name: string, family: NftFamily): number | undefined {
  const hooks = hooksOf(family);
  return Object.hasOwn(hooks, name) ? hooks[name] : undefined;
}

export function hookName(number: number, family: NftFamily): string {
  const hooks = hooksOf(family);
  return Object.keys(hooks).find((name) => hooks[name] === number) ?? String(number);
}

export const CHAIN_TYPES: ReadonlySet<string> = new Set(["filter", "nat", "route"]);

/** Priorities with names, and the one hook that some are for. */
const PRIORITIES: readonly (readonly [name: string, value: number, hook: number | undefined])[] = [
  ["raw", -300, undefined],
  ["mangle", -150, undefined],
  ["dstnat", -100, INET_HOOKS["prerouting"]],
  ["filter", 0, undefined],
  ["security", 50, undefined],
  ["srcnat", 100, INET_HOOKS["postrouting"]],
];

/** How far from a name a priority is still written by it. */
const NAMED_DISTANCE = 10;

export function namedPriority(name: string, hook: number): number | undefined {
  return PRIORITIES.find(([one, , only]) => one === name && (only ?? hook) === hook)?.[1];
}

/** "filter", "mangle - 5", "-225" */
export function priorityText(priority: number, hook: number): string {
  for (const [name, value, only] of PRIORITIES) {
    const distance = priority - value;
    if ((only ?? hook) !== hook || Math.abs(distance) > NAMED_DISTANCE) continue;
    if (distance === 0) return name;
    return `${name} ${distance > 0 ? "+" : "-"} ${Math.abs(distance)}`;
  }
  return String(priority);
}
