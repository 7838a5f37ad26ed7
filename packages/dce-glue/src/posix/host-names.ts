import { parseIpv4, parseIpv6 } from "./ip-text.ts";

export interface ResolvedAddress {
  readonly family: "AF_INET" | "AF_INET6";
  readonly address: string;
}

/** Addresses of a name: itself when it is one, else by the lines of hosts(5), in their order. */
export function findHost(name: string, hosts: string): ResolvedAddress[] {
  const literal = addressOf(name);
  if (literal !== undefined) return [literal];
  const found: ResolvedAddress[] = [];
  for (const line of hosts.split("\n")) {
    const [address = "", ...names] = line.replace(/#.*/, "").trim().split(/\s+/);
    const isMeant = names.some((each) => each.toLowerCase() === name.toLowerCase());
    const resolved = isMeant ? addressOf(address) : undefined;
    if (resolved !== undefined) found.push(resolved);
  }
  if (found.length === 0 && name === "localhost") {
    return [{ family: "AF_INET", address: "127.0.0.1" }];
  }
  return found;
}

function addressOf(text: string): ResolvedAddress | undefined {
  if (parseIpv4(text) !== undefined) return { family: "AF_INET", address: text };
  if (parseIpv6(text) !== undefined) return { family: "AF_INET6", address: text };
  return undefined;
}
