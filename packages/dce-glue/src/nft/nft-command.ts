import type { NftPlace } from "./nft-command-error.ts";
import type { NftElement, NftFamily, NftRule } from "./nft-rule.ts";
import type { NftType } from "./nft-types.ts";

/** A name in a command, and where it stands. */
export interface NftName {
  readonly text: string;
  readonly place: NftPlace;
}

export interface NftHandle {
  readonly number: number;
  readonly place: NftPlace;
}

/** Where in the way of packets a chain is: `type filter hook input priority 0; policy drop;`. */
export interface NftHook {
  readonly type: string;
  /** NF_INET_* */
  readonly hook: number;
  readonly priority: number;
}

interface OfTable {
  readonly place: NftPlace;
  readonly family: NftFamily;
  readonly table: NftName;
}

interface OfChain extends OfTable {
  readonly chain: NftName;
}

interface OfSet extends OfTable {
  readonly set: NftName;
}

/** Of all families where none is named. */
interface OfFamily {
  readonly place: NftPlace;
  readonly family: NftFamily | undefined;
}

/** What changes the ruleset. */
export type NftChange =
  | (OfTable & { readonly action: "add" | "create" | "delete" | "flush"; readonly object: "table" })
  | (OfChain & {
      readonly action: "add" | "create";
      readonly object: "chain";
      readonly hook: NftHook | undefined;
      /** NF_ACCEPT, NF_DROP */
      readonly policy: number | undefined;
    })
  | (OfChain & { readonly action: "delete" | "flush"; readonly object: "chain" })
  | (OfChain & {
      readonly action: "add" | "insert";
      readonly object: "rule";
      readonly rule: NftRule;
      /** The rule beside which it goes. */
      readonly position: NftHandle | undefined;
    })
  | (OfChain & {
      readonly action: "replace";
      readonly object: "rule";
      readonly rule: NftRule;
      readonly handle: NftHandle;
    })
  | (OfChain & {
      readonly action: "delete";
      readonly object: "rule";
      readonly handle: NftHandle;
    })
  | (OfSet & {
      readonly action: "add" | "create";
      readonly object: "set";
      readonly type: NftType;
      readonly isInterval: boolean;
      readonly elements: readonly NftElement[];
    })
  | (OfSet & { readonly action: "delete"; readonly object: "set" })
  | NftElementChange
  | (OfFamily & { readonly action: "flush"; readonly object: "ruleset" });

/** Elements of a set come or go. Which type they are of is known when the command runs. */
export type NftElementChange = OfSet & {
  readonly action: "add" | "create" | "delete";
  readonly object: "element";
  /** @throws {NftCommandError} they are not of that type */
  readonly elementsAs: (type: NftType) => readonly NftElement[];
};

/** What shows the ruleset, or a part of it. */
export type NftList =
  | (OfFamily & { readonly action: "list"; readonly object: "ruleset" | "tables" | "chains" })
  | (OfTable & { readonly action: "list"; readonly object: "table" })
  | (OfChain & { readonly action: "list"; readonly object: "chain" })
  | (OfSet & { readonly action: "list"; readonly object: "set" });

export type NftOneCommand = NftChange | NftList;
