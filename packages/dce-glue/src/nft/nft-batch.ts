import { NetlinkWriter, NLM_F_ACK, NLM_F_REQUEST } from "@dcejs/net-stack";
import { NLM_F_APPEND, NLM_F_CREATE, NLM_F_EXCL, NLM_F_REPLACE } from "../kernel/rtnl-request.ts";
import type { NftChange, NftElementChange } from "./nft-command.ts";
import type { NftPlace } from "./nft-command-error.ts";
import { keysOf } from "./nft-decode-set.ts";
import { ANONYMOUS_SET_NAME, type NftAnonymousSet, type NotePlace } from "./nft-encode-match.ts";
import { anonymousSets, writeRule } from "./nft-encode-rule.ts";
import {
  CHAIN,
  DATA,
  HOOK,
  LIST_ELEM,
  NFNL_MSG_BATCH_BEGIN,
  NFNL_MSG_BATCH_END,
  NFNL_SUBSYS_NFTABLES,
  NFT_MSG,
  RULE,
  SET,
  SET_DESC_SIZE,
  SET_ELEM,
  SET_ELEM_INTERVAL_END,
  SET_ELEM_LIST,
  SET_FLAG,
  TABLE,
} from "./nft-numbers.ts";
import { FAMILIES, type NftElement, type NftFamily } from "./nft-rule.ts";
import { bigEndian, type NftType } from "./nft-types.ts";

/** One message of a batch, and what of the command stands where in it. */
export interface NftMessage {
  readonly bytes: Uint8Array;
  /** The whole command. */
  readonly place: NftPlace;
  /** Offsets of attributes in the message, and what they were made of. */
  readonly places: ReadonlyMap<number, NftPlace>;
}

/** Changes that come into force together, or not at all. */
export class NftBatch {
  readonly messages: NftMessage[] = [];
  #lastSetId = 0;
  #begin: NftMessage | undefined;

  /** The batch's own messages are told as the first command. */
  bytes(): Uint8Array {
    const place = this.messages[0]?.place ?? { line: "", at: 0, end: 0 };
    this.#begin ??= this.#frame(NFNL_MSG_BATCH_BEGIN, 0, place);
    const end = this.#frame(NFNL_MSG_BATCH_END, this.messages.length + 1, place);
    const all = [this.#begin, ...this.messages, end];
    const bytes = new Uint8Array(all.reduce((sum, one) => sum + one.bytes.length, 0));
    let at = 0;
    for (const message of all) {
      bytes.set(message.bytes, at);
      at += message.bytes.length;
    }
    return bytes;
  }

  /** Message i has sequence number i; 0 begins the batch. */
  messageOf(seq: number): NftMessage | undefined {
    return seq === 0 ? this.#begin : this.messages[seq - 1];
  }

  /** @param change of anything but elements: those need the type of their set */
  add(change: Exclude<NftChange, NftElementChange>): void {
    switch (change.object) {
      case "ruleset":
        return this.#message(NFT_MSG.DELTABLE, 0, change.family, change.place, () => {});
      case "table":
        return this.#table(change);
      case "chain":
        return this.#chain(change);
      case "rule":
        return this.#rule(change);
      case "set":
        return this.#set(change);
      default:
        return change satisfies never;
    }
  }

  addElements(
    change: NftElementChange,
    elements: readonly NftElement[],
    isInterval: boolean,
  ): void {
    this.#elements(change, change.table.text, change.set.text, undefined, elements, isInterval);
  }

  #table(change: Extract<NftChange, { object: "table" }>): void {
    const { action, family, table, place } = change;
    const type = { add: NFT_MSG.NEWTABLE, create: NFT_MSG.NEWTABLE, delete: NFT_MSG.DELTABLE };
    const number = action === "flush" ? NFT_MSG.DELRULE : type[action];
    this.#message(number, createFlags(action), family, place, (writer, note) => {
      note(table.place);
      writer.attributeText(action === "flush" ? RULE.TABLE : TABLE.NAME, table.text);
    });
  }

  #chain(change: Extract<NftChange, { object: "chain" }>): void {
    const { action, family, table, chain, place } = change;
    if (change.action === "flush") {
      this.#message(NFT_MSG.DELRULE, 0, family, place, (writer, note) => {
        note(table.place);
        writer.attributeText(RULE.TABLE, table.text);
        note(chain.place);
        writer.attributeText(RULE.CHAIN, chain.text);
      });
      return;
    }
    const type = action === "delete" ? NFT_MSG.DELCHAIN : NFT_MSG.NEWCHAIN;
    this.#message(type, createFlags(action), family, place, (writer, note) => {
      note(table.place);
      writer.attributeText(CHAIN.TABLE, table.text);
      note(chain.place);
      writer.attributeText(CHAIN.NAME, chain.text);
      if (!("hook" in change)) return;
      const { hook, policy } = change;
      if (hook !== undefined) {
        writer.nest(CHAIN.HOOK, () => {
          writer.attributeBe32(HOOK.HOOKNUM, hook.hook);
          writer.attributeBe32(HOOK.PRIORITY, hook.priority);
        });
        writer.attributeText(CHAIN.TYPE, hook.type);
      }
      if (policy !== undefined) writer.attributeBe32(CHAIN.POLICY, policy);
    });
  }

  #rule(change: Extract<NftChange, { object: "rule" }>): void {
    const { action, family, table, chain, place } = change;
    const rule = action === "delete" ? undefined : change.rule;
    const sets = rule === undefined ? [] : anonymousSets(rule, () => ++this.#lastSetId);
    for (const set of sets) this.#anonymousSet(set, family, table.text, place);
    const flags = {
      add: NLM_F_CREATE | NLM_F_APPEND,
      insert: NLM_F_CREATE,
      replace: NLM_F_REPLACE,
      delete: 0,
    };
    const type = action === "delete" ? NFT_MSG.DELRULE : NFT_MSG.NEWRULE;
    this.#message(type, flags[action], family, place, (writer, note) => {
      note(table.place);
      writer.attributeText(RULE.TABLE, table.text);
      note(chain.place);
      writer.attributeText(RULE.CHAIN, chain.text);
      const beside = "position" in change ? change.position : change.handle;
      if (beside !== undefined) {
        note(beside.place);
        const attribute = "position" in change ? RULE.POSITION : RULE.HANDLE;
        writer.attribute(attribute, bigEndian(beside.number, 8));
      }
      if (rule !== undefined) writeRule(writer, rule, family, sets, note);
    });
  }

  #set(change: Extract<NftChange, { object: "set" }>): void {
    const { action, family, table, set, place } = change;
    const type = action === "delete" ? NFT_MSG.DELSET : NFT_MSG.NEWSET;
    this.#message(type, createFlags(action), family, place, (writer, note) => {
      note(table.place);
      writer.attributeText(SET.TABLE, table.text);
      note(set.place);
      writer.attributeText(SET.NAME, set.text);
      if (action === "delete") return;
      const flags = change.isInterval ? SET_FLAG.INTERVAL : 0;
      writeSet(writer, change.type, flags, ++this.#lastSetId);
    });
    if (action === "delete" || change.elements.length === 0) return;
    const { elements, isInterval } = change;
    this.#elements(
      { ...change, action: "add" },
      table.text,
      set.text,
      undefined,
      elements,
      isInterval,
    );
  }

  #anonymousSet(set: NftAnonymousSet, family: NftFamily, table: string, place: NftPlace): void {
    const { id, type, elements } = set;
    const isInterval = elements.some(({ kind }) => kind !== "value");
    this.#message(NFT_MSG.NEWSET, NLM_F_CREATE, family, place, (writer) => {
      writer.attributeText(SET.TABLE, table).attributeText(SET.NAME, ANONYMOUS_SET_NAME);
      const interval = isInterval ? SET_FLAG.INTERVAL : 0;
      writeSet(writer, type, SET_FLAG.ANONYMOUS | SET_FLAG.CONSTANT | interval, id);
      writer.nest(SET.DESC, () => {
        writer.attributeBe32(SET_DESC_SIZE, keysOf(elements, isInterval).length);
      });
    });
    const all = { action: "add", family, place } as const;
    this.#elements(all, table, ANONYMOUS_SET_NAME, id, elements, isInterval);
  }

  #elements(
    { action, family, place }: Pick<NftElementChange, "action" | "family" | "place">,
    table: string,
    set: string,
    id: number | undefined,
    elements: readonly NftElement[],
    isInterval: boolean,
  ): void {
    const type = action === "delete" ? NFT_MSG.DELSETELEM : NFT_MSG.NEWSETELEM;
    this.#message(type, createFlags(action), family, place, (writer) => {
      writer.attributeText(SET_ELEM_LIST.TABLE, table).attributeText(SET_ELEM_LIST.SET, set);
      if (id !== undefined) writer.attributeBe32(SET_ELEM_LIST.SET_ID, id);
      writer.nest(SET_ELEM_LIST.ELEMENTS, () => {
        for (const { octets, isEnd } of keysOf(elements, isInterval, action === "delete")) {
          writer.nest(LIST_ELEM, () => {
            if (isEnd) writer.attributeBe32(SET_ELEM.FLAGS, SET_ELEM_INTERVAL_END);
            writer.nest(SET_ELEM.KEY, () => writer.attribute(DATA.VALUE, octets));
          });
        }
      });
    });
  }

  #message(
    type: number,
    flags: number,
    family: NftFamily | undefined,
    place: NftPlace,
    fill: (writer: NetlinkWriter, note: NotePlace) => void,
  ): void {
    const places = new Map<number, NftPlace>();
    const writer = new NetlinkWriter();
    const seq = this.messages.length + 1;
    const all = flags | NLM_F_REQUEST | NLM_F_ACK;
    writer.begin((NFNL_SUBSYS_NFTABLES << 8) | type, all, seq, 0);
    nfgenmsg(writer, family, 0);
    fill(writer, (at) => {
      if (at !== undefined) places.set(writer.length, at);
    });
    writer.end();
    // nft counts the end of a command to it.
    this.messages.push({ bytes: writer.bytes(), place: { ...place, end: place.end + 1 }, places });
  }

  #frame(type: number, seq: number, place: NftPlace): NftMessage {
    const writer = new NetlinkWriter();
    writer.begin(type, NLM_F_REQUEST, seq, 0);
    nfgenmsg(writer, undefined, NFNL_SUBSYS_NFTABLES);
    writer.end();
    return { bytes: writer.bytes(), place, places: new Map() };
  }
}

function createFlags(action: "add" | "create" | "delete" | "flush"): number {
  if (action === "add") return NLM_F_CREATE;
  return action === "create" ? NLM_F_CREATE | NLM_F_EXCL : 0;
}

function writeSet(writer: NetlinkWriter, type: NftType, flags: number, id: number): void {
  writer.attributeBe32(SET.FLAGS, flags).attributeBe32(SET.KEY_TYPE, type.number);
  writer.attributeBe32(SET.KEY_LEN, type.octets).attributeBe32(SET.ID, id);
}

/** struct nfgenmsg */
export function nfgenmsg(
  writer: NetlinkWriter,
  family: NftFamily | undefined,
  resource: number,
): void {
  writer
    .u8(family === undefined ? 0 : FAMILIES[family])
    .u8(0)
    .be16(resource);
}
