import { type SysctlDefinition, viewedState } from "./sysctl-definition.ts";
import type { SysctlEntry, SysctlState } from "./sysctl-entry.ts";
import { dottedPath } from "./sysctl-path.ts";
import type { ValueFormat } from "./value-format.ts";

/** A stable handle of a number, for hot paths: one property read. It follows every change. */
export interface SysctlInt {
  /** In the unit of the file. Above 2^53 the nearest double. */
  readonly value: number;
}

/** A stable handle of a vector, or of a bitmap's runs: first, last, first, last. */
export interface SysctlIntVector {
  readonly values: readonly number[];
}

/** A stable handle of a text. */
export interface SysctlString {
  readonly text: string;
}

/** Called after a parameter changed. Write-only parameters call it at each write. */
export type SysctlListener = (path: string, value: string) => void;

/** One parameter of one tree: its value, and who wants to know. Made when somebody asks for it. */
export class SysctlNode implements SysctlInt, SysctlIntVector, SysctlString {
  /** The path below /proc/sys. Changes when a device is renamed. */
  key: string;
  readonly definition: SysctlDefinition;
  value = 0;
  values: readonly number[] = [];
  text = "";
  /** Was written by somebody; a device keeps such a value when `default` changes. */
  isExplicit = false;
  /** Runs after each write that got through, also one that changed nothing. For inheritance. */
  onCommit: (() => void) | undefined = undefined;
  /** The parameter whose variable this one shows, if it has none of its own. */
  readonly owner: SysctlNode | undefined;
  #views: SysctlNode[] | undefined = undefined;
  #listeners: readonly SysctlListener[] = NO_LISTENERS;

  constructor(key: string, definition: SysctlDefinition, owner?: SysctlNode) {
    this.key = key;
    this.definition = definition;
    this.owner = owner;
    this.#store(
      owner === undefined ? definition.initial : viewedState(definition.entry, owner.value),
    );
    if (owner !== undefined) (owner.#views ??= []).push(this);
  }

  /** Dotted. */
  get path(): string {
    return dottedPath(this.key);
  }

  get entry(): SysctlEntry {
    return this.definition.entry;
  }

  get mode(): number {
    return this.definition.mode;
  }

  get format(): ValueFormat {
    return this.definition.format;
  }

  get state(): SysctlState {
    return { values: this.values, text: this.text };
  }

  get isReadable(): boolean {
    return (this.mode & 0o444) !== 0;
  }

  listen(listener: SysctlListener): () => void {
    this.#listeners = [...this.#listeners, listener];
    return () => {
      this.#listeners = this.#listeners.filter((other) => other !== listener);
    };
  }

  /** Takes a value over as it is, and tells the listeners when it differs. */
  adopt(state: SysctlState): void {
    const told: SysctlNode[] = [];
    if (this.text !== state.text || !this.isReadable) told.push(this);
    this.#store(state);
    for (const view of this.#views ?? []) {
      const viewed = viewedState(view.entry, this.value);
      if (view.text !== viewed.text) told.push(view);
      view.#store(viewed);
    }
    // Only now: a listener may read any of them.
    for (const node of told) node.#tell();
  }

  /** Takes over a value that was written to this file; a view writes through to its owner. */
  commit(state: SysctlState): void {
    const { view } = this.entry;
    if (this.owner === undefined || view === undefined) {
      this.isExplicit = true;
      this.adopt(state);
      this.onCommit?.();
      return;
    }
    const value = view.fromView(state.values[0] ?? 0);
    this.owner.commit({ values: [value], text: value.toString() });
  }

  #store(state: SysctlState): void {
    this.value = state.values[0] ?? 0;
    this.values = state.values;
    this.text = state.text;
  }

  #tell(): void {
    for (const listener of this.#listeners) listener(this.path, this.text);
  }
}

const NO_LISTENERS: readonly SysctlListener[] = [];
