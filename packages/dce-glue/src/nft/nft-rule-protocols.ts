import { errorAt, type NftPlace } from "./nft-command-error.ts";
import { NFPROTO_IPV4, NFPROTO_IPV6, type NftField } from "./nft-fields.ts";
import type { NftFamily } from "./nft-rule.ts";
import { INET_PROTO } from "./nft-types.ts";

/**
 * Which protocols the packets that have come so far in a rule can have. A field of a header needs its protocol: what
 * is not known yet is asked by a match of its own before it.
 */
export class RuleProtocols {
  readonly family: NftFamily;
  /** NFPROTO_* */
  network: number | undefined;
  /** IPPROTO_* */
  transport: number | undefined;

  constructor(family: NftFamily) {
    this.family = family;
    if (family === "ip") this.network = NFPROTO_IPV4;
    if (family === "ip6") this.network = NFPROTO_IPV6;
  }

  /** The field is read from here on. @throws {NftCommandError} the rule has said that it is another protocol */
  require(field: NftField, place: NftPlace): void {
    const { network, transport } = field;
    conflict(this.network, network, (one) => NF_NAMES[one] ?? "", place);
    conflict(this.transport, transport, protocolName, place);
    this.network ??= network;
    this.transport ??= transport;
  }

  /** A match has said what a field is. */
  see({ text }: NftField, value: number): void {
    if (text === "meta nfproto") this.network = value;
    if (text === "meta l4proto" || text === "ip protocol" || text === "ip6 nexthdr") {
      this.transport = value;
    }
  }
}

const NF_NAMES: Readonly<Record<number, string>> = { [NFPROTO_IPV4]: "ip", [NFPROTO_IPV6]: "ip6" };

function protocolName(number: number): string {
  return INET_PROTO.format(Uint8Array.of(number));
}

function conflict(
  known: number | undefined,
  wanted: number | undefined,
  name: (protocol: number) => string,
  place: NftPlace,
): void {
  if (known === undefined || wanted === undefined || known === wanted) return;
  throw errorAt(place, `conflicting protocols specified: ${name(known)} vs. ${name(wanted)}`);
}
