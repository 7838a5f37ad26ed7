import { type DeviceFamily, isDeviceName } from "./device-family.ts";
import { ParameterStore } from "./parameter-store.ts";
import { applySettings, type SysctlConf } from "./sysctl-conf.ts";
import { describeNode, type SysctlDescription } from "./sysctl-description.ts";
import type { SysctlEntry } from "./sysctl-entry.ts";
import { SysctlErrno, SysctlError } from "./sysctl-error.ts";
import type {
  SysctlInt,
  SysctlIntVector,
  SysctlListener,
  SysctlNode,
  SysctlString,
} from "./sysctl-node.ts";
import { canonicalPath, dottedPath } from "./sysctl-path.ts";
import { permits, ROOT, type SysctlCredentials } from "./sysctl-permission.ts";
import { explainFailure } from "./sysctl-report.ts";
import { EMPTY_ORIGIN, type SysctlOrigin } from "./sysctl-template.ts";
import { type QueuedValue, ValueQueue } from "./value-queue.ts";
import { writeValue } from "./value-write.ts";

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
  readonly #store: ParameterStore;
  readonly #queue = new ValueQueue();

  /** @param origin Parameters to begin with, shared by trees of one kind. */
  constructor(options: SysctlTreeOptions = {}, origin: SysctlOrigin = EMPTY_ORIGIN) {
    this.#store = new ParameterStore(options.hz ?? 1000, origin, this);
  }

  /** Adds a parameter. @throws SysctlError when the path is taken, or a view's owner is unknown. */
  define(entry: SysctlEntry): void {
    this.#store.define(entry);
  }

  /** Adds a directory with one subdirectory a device; devices registered so far get theirs at once. */
  defineDevices(family: DeviceFamily): void {
    this.#store.defineDevices(family);
  }

  has(path: string): boolean {
    return this.#store.has(path);
  }

  /** The value as the file shows it, without the final newline. @throws SysctlError */
  get(path: string, cred: SysctlCredentials = ROOT): string {
    const text = this.read(path, cred);
    if (typeof text === "string") return text;
    throw this.#failure(path, text);
  }

  /** As `get`, but ends with -ENOENT, -EISDIR or -EACCES instead of throwing. */
  read(path: string, cred: SysctlCredentials = ROOT): string | number {
    const node = this.#store.find(path);
    if (node === undefined) return this.#store.missing(path);
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
    const node = this.#store.find(path);
    if (node === undefined) return this.#store.missing(path);
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
    const node = this.#store.find(path);
    return node === undefined ? this.#store.missing(path) : this.#write(node, value);
  }

  /** Dotted paths in `sysctl -a` order: those below a directory, or all that begin with `prefix`. */
  list(prefix = ""): string[] {
    return this.#store.keysBelow(prefix).map((key) => dottedPath(key));
  }

  /** @throws SysctlError ENOENT, EISDIR */
  describe(path: string): SysctlDescription {
    return describeNode(this.#store.known(path), (other) => this.#store.known(other));
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
    return this.#store.known(path);
  }

  /**
   * Calls `listener` after each change, in order of subscription; the value is already in force.
   * @returns Ends the subscription.
   * @throws SysctlError ENOENT, EISDIR
   */
  subscribe(path: string, listener: SysctlListener): () => void {
    return this.#store.known(path).listen(listener);
  }

  /** Keeps a value for `flushQueue`: the way to set parameters of a kernel that has not booted. */
  queue(path: string, value: string | number): void {
    this.#queue.add({ path, value });
  }

  /**
   * Sets the queued values in order. Those of devices that are not there yet stay queued and are set by
   * `registerDevice`.
   * @returns What failed, here and in `registerDevice` since the last call.
   */
  flushQueue(): SysctlError[] {
    this.#queue.drain(({ path, value }) => {
      const errno = this.set(path, value);
      if (errno === -SysctlErrno.ENOENT && this.#store.awaitsDevice(path)) return "later";
      return errno < 0 ? this.#failure(path, errno, value) : undefined;
    });
    return this.#queue.takeErrors();
  }

  /** Values still queued, in order. */
  get queued(): readonly QueuedValue[] {
    return this.#queue.waiting;
  }

  /** What `sysctl -a` prints: every readable parameter as `name = value`, sorted. */
  format(prefix = "", cred: SysctlCredentials = ROOT): string {
    let output = "";
    for (const key of this.#store.keysBelow(prefix)) {
      const node = this.#store.known(key);
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
    if (this.#store.devices.has(name)) return 0;
    this.#store.addDevice(name);
    this.#setQueuedFor(name);
    return 0;
  }

  /** Takes the device's directories away. Handles keep the last values. */
  unregisterDevice(name: string): void {
    this.#store.removeDevice(name);
  }

  /** Moves the device's directories; values and handles stay. @returns 0, -ENOENT or -EINVAL. */
  renameDevice(from: string, to: string): number {
    const { devices } = this.#store;
    if (!devices.has(from)) return -SysctlErrno.ENOENT;
    if (!isDeviceName(to) || devices.has(to)) return -SysctlErrno.EINVAL;
    this.#store.renameDevice(from, to);
    return 0;
  }

  /**
   * To be called when a device gets an IPv4 address: writes to `net.ipv4.conf.default` and
   * `net.ipv4.neigh.default` no longer reach it (`ipv4_devconf_setall`).
   */
  pinDevice(name: string): void {
    this.#store.pinDevice(name, "net/ipv4/");
  }

  /** Whether there is a directory of that name. */
  isDirectory(path: string): boolean {
    return this.#store.isDirectory(canonicalPath(path));
  }

  /** Names in a directory, sorted; `undefined` when it is none. */
  names(path: string): string[] | undefined {
    return this.#store.names(canonicalPath(path));
  }

  #numeric(path: string): SysctlNode {
    const node = this.#store.known(path);
    if (node.entry.type === "string") {
      throw new SysctlError(node.path, "EINVAL", "is a string, not a number");
    }
    return node;
  }

  #write(node: SysctlNode, value: string | number): number {
    return writeValue(node, value, (path) => this.#store.known(path));
  }

  #setQueuedFor(device: string): void {
    this.#queue.drain(({ path, value }) => {
      const isForDevice = canonicalPath(path).split("/").includes(device) && this.has(path);
      if (!isForDevice) return "later";
      const errno = this.set(path, value);
      return errno < 0 ? this.#failure(path, errno, value) : undefined;
    });
  }

  #failure(path: string, errno: number, value?: string | number): SysctlError {
    if (!this.has(path)) return this.#store.unknown(path, errno);
    return explainFailure(this.describe(path), errno, value);
  }
}
