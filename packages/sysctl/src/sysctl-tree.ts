import type { DeviceFamily } from "./device-family.ts";
import { DeviceParameters } from "./device-parameters.ts";
import {
  definitionOf,
  EMPTY_TABLE,
  type SysctlDefinition,
  type SysctlTable,
} from "./sysctl-definition.ts";
import type { SysctlEntry, SysctlType, SysctlUnit } from "./sysctl-entry.ts";
import { SysctlDirectory } from "./sysctl-directory.ts";
import { SysctlErrno, SysctlError } from "./sysctl-error.ts";
import {
  type SysctlInt,
  type SysctlIntVector,
  type SysctlListener,
  SysctlNode,
  type SysctlString,
} from "./sysctl-node.ts";
import { canonicalPath, comparePaths, dottedPath } from "./sysctl-path.ts";
import { permits, ROOT, type SysctlCredentials } from "./sysctl-permission.ts";
import { explainFailure, unknownPath } from "./sysctl-report.ts";
import { applySettings, type SysctlConf } from "./sysctl-conf.ts";
import { choicesOf, limitsOf, writeValue } from "./value-write.ts";

/** What `describe` tells about a parameter. */
export interface SysctlDescription {
  readonly path: string;
  readonly type: SysctlType;
  /** Numbers in the vector, bits in the bitmap. */
  readonly length: number;
  readonly value: string;
  readonly default: string;
  /** Limits in force now, for types made of numbers. A `ulong`'s upper limit is rounded to a double. */
  readonly min: number | undefined;
  readonly max: number | undefined;
  readonly choices: readonly string[] | undefined;
  readonly mode: number;
  readonly unit: SysctlUnit | undefined;
  readonly description: string;
}

/** Options of a tree. */
export interface SysctlTreeOptions {
  /** Kernel ticks a second, for parameters that are kept in ticks. @default 1000 */
  readonly hz?: number;
}

/**
 * The parameters of one node. Names as in `canonicalPath`; look-ups are one probe of a flat map.
 * `set` and `read` end with a negative errno as the kernel's files do; the other methods throw a
 * `SysctlError` that says what is known about the failure.
 */
export class SysctlTree {
  readonly #hz: number;
  /** Definitions shared with other trees. */
  readonly #table: SysctlTable;
  /** Definitions of this tree alone. */
  readonly #own = new Map<string, SysctlDefinition>();
  /** The parameters that somebody has asked for. */
  readonly #nodes = new Map<string, SysctlNode>();
  /** Directories of this tree alone. */
  readonly #directory = new SysctlDirectory();
  readonly #families: DeviceParameters[] = [];
  readonly #devices = new Set<string>();
  #queueErrors: SysctlError[] = [];
  #queue: { readonly path: string; readonly value: string | number }[] = [];

  /** @param table Definitions to begin with; the tree never changes it. */
  constructor(options: SysctlTreeOptions = {}, table: SysctlTable = EMPTY_TABLE) {
    this.#hz = options.hz ?? 1000;
    this.#table = table;
  }

  /** Adds a parameter. @throws SysctlError when the path is taken, or a view's owner is unknown. */
  define(entry: SysctlEntry): void {
    const definition = definitionOf(entry, this.#hz);
    const { key } = definition;
    const path = dottedPath(key);
    if (this.#definition(key) !== undefined || this.#isDirectory(key)) {
      throw new SysctlError(path, "EINVAL", "is defined already");
    }
    for (let end = key.lastIndexOf("/"); end > 0; end = key.lastIndexOf("/", end - 1)) {
      if (this.#definition(key.slice(0, end)) === undefined) continue;
      throw new SysctlError(path, "ENOTDIR", `${dottedPath(key.slice(0, end))} is a parameter`);
    }
    if (entry.view !== undefined) this.#known(entry.view.of);
    this.#own.set(key, definition);
    this.#directory.addFile(key);
  }

  /** Adds a directory with one subdirectory a device; devices registered so far get theirs at once. */
  defineDevices(family: DeviceFamily): void {
    const parameters = new DeviceParameters(
      {
        hz: this.#hz,
        node: (key) => this.#known(key),
        remove: (node) => void this.#nodes.delete(node.key),
        rename: (node, key) => this.#rename(node, key),
      },
      family,
    );
    this.#directory.addDirectory(parameters.key);
    this.#families.push(parameters);
    for (const device of this.#devices) parameters.addDevice(device);
  }

  has(path: string): boolean {
    return this.#nodes.has(path) || this.#definition(canonicalPath(path)) !== undefined;
  }

  /** The value as the file shows it, without the final newline. @throws SysctlError */
  get(path: string, cred: SysctlCredentials = ROOT): string {
    const text = this.read(path, cred);
    if (typeof text === "string") return text;
    throw this.#failure(path, text);
  }

  /** As `get`, but ends with -ENOENT, -EISDIR or -EACCES instead of throwing. */
  read(path: string, cred: SysctlCredentials = ROOT): string | number {
    const node = this.#find(path);
    if (node === undefined) return this.#missing(path);
    if (!permits(node.mode, "read", node.key, cred)) return -SysctlErrno.EACCES;
    return node.entry.read?.() ?? node.text;
  }

  /**
   * Writes `value` and a newline into the parameter's file.
   *
   * As in Linux a short vector updates its leading numbers, whatever stands behind the last number is
   * ignored, and when a later number of a vector is bad the ones before it have been stored.
   *
   * @returns 0, -ENOENT (no such parameter, or no such choice), -EISDIR, -EACCES (mode bits), -EINVAL.
   */
  set(path: string, value: string | number, cred: SysctlCredentials = ROOT): number {
    const node = this.#find(path);
    if (node === undefined) return this.#missing(path);
    if (!permits(node.mode, "write", node.key, cred)) return -SysctlErrno.EACCES;
    return this.#write(node, value);
  }

  /** As `set`. @throws SysctlError with the path, the reason, and what would be legal. */
  setOrThrow(path: string, value: string | number, cred: SysctlCredentials = ROOT): void {
    const errno = this.set(path, value, cred);
    if (errno < 0) throw this.#failure(path, errno, value);
  }

  /** A write by the kernel itself: as `set`, but mode bits do not count. */
  assign(path: string, value: string | number): number {
    const node = this.#find(path);
    return node === undefined ? this.#missing(path) : this.#write(node, value);
  }

  /** Dotted paths in `sysctl -a` order: those below a directory, or all that begin with `prefix`. */
  list(prefix = ""): string[] {
    return this.#keysBelow(prefix).map((key) => dottedPath(key));
  }

  /** @throws SysctlError ENOENT, EISDIR */
  describe(path: string): SysctlDescription {
    const node = this.#known(path);
    const { entry, format } = node;
    const lookup = (other: string): SysctlNode => this.#known(other);
    const limits = format.range && limitsOf(node, lookup);
    return {
      path: node.path,
      type: entry.type,
      length: entry.length ?? 1,
      value: entry.read?.() ?? node.text,
      default: node.definition.initial.text,
      min: limits && Number(limits.min),
      max: limits && Number(limits.max),
      choices: choicesOf(node, lookup),
      mode: node.mode,
      unit: entry.unit,
      description: entry.description,
    };
  }

  /** The handle of a number, or of a vector's first one. It stays the same object. @throws SysctlError */
  int(path: string): SysctlInt {
    return this.#numeric(path);
  }

  /** The handle of a vector or bitmap. @throws SysctlError */
  intvec(path: string): SysctlIntVector {
    return this.#numeric(path);
  }

  /** The handle of any parameter's text. @throws SysctlError */
  string(path: string): SysctlString {
    return this.#known(path);
  }

  /**
   * Calls `listener` after each change, in order of subscription; the value is already in force.
   * @returns Ends the subscription.
   * @throws SysctlError ENOENT, EISDIR
   */
  subscribe(path: string, listener: SysctlListener): () => void {
    return this.#known(path).listen(listener);
  }

  /** Keeps a value for `flushQueue`: the way to set parameters of a kernel that has not booted. */
  queue(path: string, value: string | number): void {
    this.#queue.push({ path, value });
  }

  /**
   * Sets the queued values in order. Those of devices that are not there yet stay queued and are set by
   * `registerDevice`.
   * @returns What failed, here and in `registerDevice` since the last call.
   */
  flushQueue(): SysctlError[] {
    const errors = this.#queueErrors;
    this.#queueErrors = [];
    const queue = this.#queue;
    this.#queue = [];
    for (const { path, value } of queue) {
      const errno = this.set(path, value);
      if (errno === -SysctlErrno.ENOENT && this.#awaitsDevice(path)) this.queue(path, value);
      else if (errno < 0) errors.push(this.#failure(path, errno, value));
    }
    return errors;
  }

  /** Values still queued, in order. */
  get queued(): readonly { readonly path: string; readonly value: string | number }[] {
    return this.#queue;
  }

  /** What `sysctl -a` prints: every readable parameter as `name = value`, sorted. */
  format(prefix = "", cred: SysctlCredentials = ROOT): string {
    let output = "";
    for (const key of this.#keysBelow(prefix)) {
      const node = this.#known(key);
      if (!permits(node.mode, "read", node.key, cred)) continue;
      const text = node.entry.read?.() ?? node.text;
      for (const line of text.split("\n")) output += `${node.path} = ${line}\n`;
    }
    return output;
  }

  /**
   * Applies a sysctl.conf: see `parseSysctlConf` for the syntax.
   * @returns What failed, without the settings that a leading `-` excuses.
   */
  applyConf(conf: SysctlConf | string): SysctlError[] {
    return applySettings(this, conf);
  }

  /**
   * Gives a network device its directories, with values copied from `default`, and sets what is queued
   * for it. Registering a device twice does nothing.
   * @returns 0, or -EINVAL for a name that Linux refuses, `all` and `default` among them.
   */
  registerDevice(name: string): number {
    if (!isDeviceName(name)) return -SysctlErrno.EINVAL;
    if (this.#devices.has(name)) return 0;
    this.#devices.add(name);
    for (const family of this.#families) family.addDevice(name);
    this.#setQueuedFor(name);
    return 0;
  }

  /** Takes the device's directories away. Handles keep the last values. */
  unregisterDevice(name: string): void {
    this.#devices.delete(name);
    for (const family of this.#families) family.removeDevice(name);
  }

  /** Moves the device's directories; values and handles stay. @returns 0, -ENOENT or -EINVAL. */
  renameDevice(from: string, to: string): number {
    if (!this.#devices.has(from)) return -SysctlErrno.ENOENT;
    if (!isDeviceName(to) || this.#devices.has(to)) return -SysctlErrno.EINVAL;
    this.#devices.delete(from);
    this.#devices.add(to);
    for (const family of this.#families) family.renameDevice(from, to);
    return 0;
  }

  /**
   * To be called when a device gets an IPv4 address: writes to `net.ipv4.conf.default` and
   * `net.ipv4.neigh.default` no longer reach it (`ipv4_devconf_setall`).
   */
  pinDevice(name: string): void {
    for (const parameters of this.#families) {
      if (parameters.family.directory.startsWith("net.ipv4.")) parameters.pinDevice(name);
    }
  }

  /** Whether there is a directory of that name. */
  isDirectory(path: string): boolean {
    return this.#isDirectory(canonicalPath(path));
  }

  /** Names in a directory, sorted; `undefined` when it is none. */
  names(path: string): string[] | undefined {
    const key = canonicalPath(path);
    if (!this.#isDirectory(key)) return undefined;
    const names = new Set([
      ...(this.#table.directory.names(key) ?? []),
      ...(this.#directory.names(key) ?? []),
    ]);
    for (const family of this.#families) {
      if (key === family.key) for (const name of family.directories) names.add(name);
      else if (isDirectoryOf(family, key)) for (const name of family.names) names.add(name);
    }
    return [...names].toSorted(comparePaths);
  }

  #find(path: string): SysctlNode | undefined {
    const found = this.#nodes.get(path);
    if (found !== undefined) return found;
    const key = canonicalPath(path);
    return this.#nodes.get(key) ?? this.#make(key);
  }

  /** The node of a parameter that nobody has asked for before. */
  #make(key: string): SysctlNode | undefined {
    const definition = this.#definition(key);
    if (definition === undefined) return undefined;
    const { view } = definition.entry;
    const node = new SysctlNode(definition, view && this.#known(view.of));
    this.#nodes.set(key, node);
    for (const family of this.#families) family.made(node);
    return node;
  }

  #definition(key: string): SysctlDefinition | undefined {
    const definition = this.#own.get(key) ?? this.#table.definitions.get(key);
    if (definition !== undefined) return definition;
    for (const family of this.#families) {
      const found = family.definition(key);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  #isDirectory(key: string): boolean {
    return (
      this.#table.directory.isDirectory(key) ||
      this.#directory.isDirectory(key) ||
      this.#families.some((family) => isDirectoryOf(family, key))
    );
  }

  #known(path: string): SysctlNode {
    const node = this.#find(path);
    if (node === undefined) throw this.#failure(path, this.#missing(path));
    return node;
  }

  #numeric(path: string): SysctlNode {
    const node = this.#known(path);
    if (node.entry.type === "string") {
      throw new SysctlError(node.path, "EINVAL", "is a string, not a number");
    }
    return node;
  }

  #missing(path: string): number {
    return this.isDirectory(path) ? -SysctlErrno.EISDIR : -SysctlErrno.ENOENT;
  }

  #rename(node: SysctlNode, key: string): void {
    this.#nodes.delete(node.key);
    node.key = key;
    this.#nodes.set(key, node);
  }

  #write(node: SysctlNode, value: string | number): number {
    return writeValue(node, value, (path) => this.#known(path));
  }

  /** Keys below a directory, or all that begin with `prefix`, in the order of `sysctl -a`. */
  #keysBelow(prefix: string): string[] {
    const key = canonicalPath(prefix);
    const start = key !== "" && this.#isDirectory(key) ? `${key}/` : key;
    return [...this.#keys()].filter((each) => each.startsWith(start)).toSorted(comparePaths);
  }

  *#keys(): Iterable<string> {
    yield* this.#own.keys();
    yield* this.#table.definitions.keys();
    for (const family of this.#families) {
      for (const device of family.directories) {
        for (const name of family.names) yield `${family.key}/${device}/${name}`;
      }
    }
  }

  #awaitsDevice(path: string): boolean {
    const key = canonicalPath(path);
    return this.#families.some(({ family }) => {
      const directory = `${canonicalPath(family.directory)}/`;
      const [device = "", name, ...rest] = key.slice(directory.length).split("/");
      return (
        key.startsWith(directory) &&
        rest.length === 0 &&
        isDeviceName(device) &&
        !this.#devices.has(device) &&
        family.entries.some((entry) => entry.name === name)
      );
    });
  }

  #setQueuedFor(device: string): void {
    const queue = this.#queue;
    this.#queue = [];
    for (const { path, value } of queue) {
      const isForDevice = canonicalPath(path).split("/").includes(device) && this.has(path);
      const errno = isForDevice ? this.set(path, value) : 0;
      if (!isForDevice) this.queue(path, value);
      else if (errno < 0) this.#queueErrors.push(this.#failure(path, errno, value));
    }
  }

  #failure(path: string, errno: number, value?: string | number): SysctlError {
    const node = this.#find(path);
    if (node === undefined) {
      const known = (): Iterable<string> => this.list();
      return unknownPath(dottedPath(canonicalPath(path)), errno, known);
    }
    return explainFailure(this.describe(node.path), errno, value);
  }
}

/** Whether `key` is the directory of a device in the family. */
function isDirectoryOf(family: DeviceParameters, key: string): boolean {
  const prefix = `${family.key}/`;
  return key.startsWith(prefix) && family.hasDirectory(key.slice(prefix.length));
}

/** `dev_valid_name`: no slash, colon or white space, and no directory link; and no directory of ours. */
function isDeviceName(name: string): boolean {
  return /^(?!\.{1,2}$)[^/:\s]{1,15}$/.test(name) && name !== "all" && name !== "default";
}
