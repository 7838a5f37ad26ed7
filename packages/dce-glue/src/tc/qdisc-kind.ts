import type { NetlinkWriter } from "@dcejs/net-stack";
import type { IpArguments } from "../ip/ip-arguments.ts";
import { TcCommandError } from "./tc-values.ts";

/** What stands in TCA_OPTIONS; undefined: the attribute is left out. */
export type WriteOptions = ((writer: NetlinkWriter) => void) | undefined;

/** Options as they are printed: the text behind "refcnt 2 ", and the members of "options". */
export interface ShownOptions {
  readonly text: string;
  readonly json: Readonly<Record<string, unknown>>;
}

/** A queueing discipline: its words, its octets, and how it is shown. */
export interface QdiscKind {
  /** Takes all words behind the kind. @throws {TcCommandError} in the words of iproute2's q_KIND.c */
  parse(args: IpArguments): WriteOptions;
  /** @param options the octets of TCA_OPTIONS */
  show(options: Uint8Array): ShownOptions;
  /** Whole lines below the statistics that all have. @param octets struct tc_KIND_xstats */
  showOwn?(octets: Uint8Array): ShownOptions;
}

/** What q_KIND.c says of a word that it does not know. */
export function whatIs(word: string): TcCommandError {
  return new TcCommandError(`What is "${word}"?`, 1);
}

export const NO_OPTIONS: ShownOptions = { text: "", json: {} };

export function viewOf(octets: Uint8Array): DataView {
  return new DataView(octets.buffer, octets.byteOffset, octets.byteLength);
}

/** One thing that is shown: a word with its value as text, and its JSON member. */
export type ShownPart = readonly [text: string, name: string, value: unknown];

/** Parts in their order; each text is followed by `after`. */
export function shown(parts: readonly (ShownPart | undefined)[], after: string): ShownOptions {
  const present = parts.filter((part): part is ShownPart => part !== undefined);
  return {
    text: present.map(([text]) => text + after).join(""),
    json: Object.fromEntries(
      present.filter(([, name]) => name !== "").map(([, name, value]) => [name, value]),
    ),
  };
}
