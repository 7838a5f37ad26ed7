/**
 * One routing table: longest-prefix match over a hash per prefix length. A look-up probes only the
 * lengths in use, longest first, so its cost does not depend on the number of routes.
 */
import { inet_make_mask } from "../wire/ipv4.ts";
import type { FibInfo } from "./fib-info.ts";

/** One route of a prefix: several may share it with different TOS or metric. */
export interface FibAlias {
  readonly prefix: number;
  readonly prefixlen: number;
  readonly tos: number;
  readonly info: FibInfo;
}

/** Decides whether a matching alias is wanted; the look-up goes on to shorter prefixes otherwise. */
export type FibAcceptor = (alias: FibAlias) => boolean;

export class FibTable {
  readonly id: number;
  readonly #byLength: (Map<number, FibAlias[]> | undefined)[] = [];
  /** Prefix lengths in use, longest first, with their masks. */
  #lengths: number[] = [];
  #masks: number[] = [];
  #size = 0;

  constructor(id: number) {
    this.id = id;
  }

  get size(): number {
    return this.#size;
  }

  /** The first accepted route of the longest matching prefix; within a prefix in order of TOS, then metric. */
  lookup(addr: number, accept: FibAcceptor): FibAlias | undefined {
    const lengths = this.#lengths;
    for (let i = 0; i < lengths.length; i++) {
      const key = addr & (this.#masks[i] ?? 0);
      const aliases = this.#byLength[lengths[i] ?? 0]?.get(key);
      if (aliases === undefined) continue;
      for (let j = 0; j < aliases.length; j++) {
        const alias = aliases[j];
        if (alias !== undefined && accept(alias)) return alias;
      }
    }
    return undefined;
  }

  /** The routes of exactly this prefix, in look-up order. */
  at(prefix: number, prefixlen: number): readonly FibAlias[] {
    return this.#byLength[prefixlen]?.get(prefix | 0) ?? [];
  }

  /** Adds behind routes of the same TOS and a lower or equal metric; in front of equals with `first`. */
  insert(alias: FibAlias, first: boolean): void {
    let byPrefix = this.#byLength[alias.prefixlen];
    if (byPrefix === undefined) {
      byPrefix = new Map();
      this.#byLength[alias.prefixlen] = byPrefix;
    }
    const key = alias.prefix | 0;
    const aliases = byPrefix.get(key) ?? [];
    const at = aliases.findIndex((other) => comesBefore(alias, other, first));
    if (at < 0) aliases.push(alias);
    else aliases.splice(at, 0, alias);
    byPrefix.set(key, aliases);
    this.#size++;
    this.#indexLengths();
  }

  remove(alias: FibAlias): void {
    const byPrefix = this.#byLength[alias.prefixlen];
    const key = alias.prefix | 0;
    const aliases = byPrefix?.get(key);
    const at = aliases?.indexOf(alias) ?? -1;
    if (byPrefix === undefined || aliases === undefined || at < 0) return;
    aliases.splice(at, 1);
    if (aliases.length === 0) byPrefix.delete(key);
    this.#size--;
    this.#indexLengths();
  }

  /** All routes in the order of the trie: by address, and of one address the longest prefix first. */
  entries(): FibAlias[] {
    const all: FibAlias[] = [];
    for (const byPrefix of this.#byLength) {
      for (const aliases of byPrefix?.values() ?? []) all.push(...aliases);
    }
    return all.toSorted((a, b) => a.prefix - b.prefix || b.prefixlen - a.prefixlen);
  }

  #indexLengths(): void {
    this.#lengths = [];
    for (let length = 32; length >= 0; length--) {
      if ((this.#byLength[length]?.size ?? 0) > 0) this.#lengths.push(length);
    }
    this.#masks = this.#lengths.map((length) => inet_make_mask(length) | 0);
  }
}

function comesBefore(alias: FibAlias, other: FibAlias, first: boolean): boolean {
  if (alias.tos !== other.tos) return alias.tos > other.tos;
  if (alias.info.fib_priority !== other.info.fib_priority) {
    return alias.info.fib_priority < other.info.fib_priority;
  }
  return first;
}
