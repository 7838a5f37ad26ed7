import { type DeviceFamily, isDeviceName } from "./device-family.ts";
import { type DeviceFamilyTree, DeviceParameters } from "./device-parameters.ts";
import { DeviceTemplate } from "./device-template.ts";
import { definitionOf, type SysctlDefinition } from "./sysctl-definition.ts";
import { SysctlDirectory } from "./sysctl-directory.ts";
import type { SysctlEntry } from "./sysctl-entry.ts";
import { SysctlErrno, SysctlError } from "./sysctl-error.ts";
import { SysctlNode } from "./sysctl-node.ts";
import { canonicalPath, comparePaths, dottedPath } from "./sysctl-path.ts";
import { unknownPath } from "./sysctl-report.ts";
import type { KernelAccess, SysctlOrigin, SysctlTemplate } from "./sysctl-template.ts";

/**
 * What one tree holds: the parameters that somebody has asked for, and whatever it has besides its
 * template. All else is read from the template, which costs nothing a tree.
 */
export class ParameterStore implements DeviceFamilyTree {
  readonly devices: Set<string> = new Set();
  readonly #hz: number;
  readonly #origin: SysctlOrigin;
  readonly #kernel: KernelAccess;
  readonly #families: DeviceParameters[];
  /** The parameters that somebody has asked for. */
  readonly #nodes = new Map<string, SysctlNode>();
  /** Definitions of this tree alone, and their directories. */
  #own: Map<string, SysctlDefinition> | undefined = undefined;
  #ownDirectory: SysctlDirectory | undefined = undefined;

  /** @param kernel Handed to what the origin does on its own. */
  constructor(hz: number, origin: SysctlOrigin, kernel: KernelAccess) {
    this.#hz = hz;
    this.#origin = origin;
    this.#kernel = kernel;
    this.#families = origin.template.families.map((each) => new DeviceParameters(this, each));
  }

  /** @throws SysctlError EINVAL, ENOTDIR, ENOENT */
  define(entry: SysctlEntry): void {
    const key = canonicalPath(entry.path);
    const path = dottedPath(key);
    if (this.#has(key) || this.isDirectory(key)) {
      throw new SysctlError(path, "EINVAL", "is defined already");
    }
    for (let end = key.lastIndexOf("/"); end > 0; end = key.lastIndexOf("/", end - 1)) {
      const above = key.slice(0, end);
      if (!this.#has(above)) continue;
      throw new SysctlError(path, "ENOTDIR", `${dottedPath(above)} is a parameter`);
    }
    const owner = entry.view && this.known(entry.view.of);
    this.#own ??= new Map();
    this.#own.set(key, definitionOf(entry, this.#hz, owner?.value));
    this.#directory().addFile(key);
  }

  defineDevices(family: DeviceFamily): void {
    const parameters = new DeviceParameters(this, new DeviceTemplate(family, this.#hz));
    this.#directory().addDirectory(parameters.template.key);
    this.#families.push(parameters);
    for (const device of this.devices) parameters.addDevice(device);
  }

  has(path: string): boolean {
    return this.#nodes.has(path) || this.#has(canonicalPath(path));
  }

  find(path: string): SysctlNode | undefined {
    const found = this.#nodes.get(path);
    if (found !== undefined) return found;
    const key = canonicalPath(path);
    return this.#nodes.get(key) ?? this.#make(key);
  }

  /** @throws SysctlError ENOENT, EISDIR */
  known(path: string): SysctlNode {
    const node = this.find(path);
    if (node === undefined) throw this.unknown(path, this.missing(path));
    return node;
  }

  /** The errno for a path that is no parameter: -EISDIR or -ENOENT. */
  missing(path: string): number {
    return this.isDirectory(canonicalPath(path)) ? -SysctlErrno.EISDIR : -SysctlErrno.ENOENT;
  }

  /** The error for a path that is no parameter. */
  unknown(path: string, errno: number): SysctlError {
    const known = (): string[] => this.keysBelow("").map((key) => dottedPath(key));
    return unknownPath(dottedPath(canonicalPath(path)), errno, known);
  }

  remove(node: SysctlNode): void {
    this.#nodes.delete(node.key);
  }

  rename(node: SysctlNode, key: string): void {
    this.#nodes.delete(node.key);
    node.key = key;
    this.#nodes.set(key, node);
  }

  addDevice(name: string): void {
    this.devices.add(name);
    for (const family of this.#families) family.addDevice(name);
  }

  removeDevice(name: string): void {
    // `default` and `all` are directories too, and never go.
    if (!this.devices.delete(name)) return;
    for (const family of this.#families) family.removeDevice(name);
  }

  renameDevice(from: string, to: string): void {
    this.devices.delete(from);
    this.devices.add(to);
    for (const family of this.#families) family.renameDevice(from, to);
  }

  /** Pins the device in the families whose directory's key begins with `prefix`. */
  pinDevice(name: string, prefix: string): void {
    for (const family of this.#families) {
      if (family.template.key.startsWith(prefix)) family.pinDevice(name);
    }
  }

  /** Whether the path would be a parameter if some device were registered. */
  awaitsDevice(path: string): boolean {
    const key = canonicalPath(path);
    return this.#families.some(({ template }) => {
      const directory = `${template.key}/`;
      const [device = "", name = "", ...rest] = key.slice(directory.length).split("/");
      return (
        key.startsWith(directory) &&
        rest.length === 0 &&
        isDeviceName(device) &&
        !this.devices.has(device) &&
        template.parameters.has(name)
      );
    });
  }

  isDirectory(key: string): boolean {
    return (
      this.#template.directory.isDirectory(key) ||
      this.#ownDirectory?.isDirectory(key) === true ||
      this.#families.some((family) => isDirectoryOf(family, key))
    );
  }

  /** Names in a directory, sorted; `undefined` when it is none. */
  names(key: string): string[] | undefined {
    if (!this.isDirectory(key)) return undefined;
    const names = new Set(this.#template.directory.names(key));
    for (const name of this.#ownDirectory?.names(key) ?? []) names.add(name);
    for (const family of this.#families) {
      const isWhole = key === family.template.key;
      const below = isWhole ? family.directories : family.template.parameters.keys();
      if (isWhole || isDirectoryOf(family, key)) for (const name of below) names.add(name);
    }
    return [...names].toSorted(comparePaths);
  }

  /** Keys below a directory, or all that begin with `prefix`, in the order of `sysctl -a`. */
  keysBelow(prefix: string): string[] {
    const key = canonicalPath(prefix);
    const start = key !== "" && this.isDirectory(key) ? `${key}/` : key;
    return [...this.#keys()].filter((each) => each.startsWith(start)).toSorted(comparePaths);
  }

  get #template(): SysctlTemplate {
    return this.#origin.template;
  }

  /** The node of a parameter that nobody has asked for before. */
  #make(key: string): SysctlNode | undefined {
    const definition = this.#definition(key);
    const node =
      definition === undefined ? this.#makeOfDevice(key) : this.#makeDefined(key, definition);
    if (node === undefined) return undefined;
    this.#nodes.set(key, node);
    const react = this.#template.reactions.get(key);
    if (react !== undefined) node.listen((_path, value) => react(this.#kernel, value));
    return node;
  }

  #makeDefined(key: string, definition: SysctlDefinition): SysctlNode {
    const { view } = definition.entry;
    return new SysctlNode(key, definition, view && this.known(view.of));
  }

  #makeOfDevice(key: string): SysctlNode | undefined {
    for (const family of this.#families) {
      const node = family.make(key);
      if (node !== undefined) return node;
    }
    return undefined;
  }

  #definition(key: string): SysctlDefinition | undefined {
    const own = this.#own?.get(key);
    if (own !== undefined) return own;
    const local = this.#origin.localEntry(key, this.#kernel);
    return local === undefined
      ? this.#template.definitions.get(key)
      : definitionOf(local, this.#hz);
  }

  #has(key: string): boolean {
    return (
      this.#own?.has(key) === true ||
      this.#template.definitions.has(key) ||
      this.#families.some((family) => family.has(key))
    );
  }

  #directory(): SysctlDirectory {
    this.#ownDirectory ??= new SysctlDirectory();
    return this.#ownDirectory;
  }

  *#keys(): Iterable<string> {
    if (this.#own !== undefined) yield* this.#own.keys();
    yield* this.#template.definitions.keys();
    for (const family of this.#families) {
      const { key, parameters } = family.template;
      for (const device of family.directories) {
        for (const name of parameters.keys()) yield `${key}/${device}/${name}`;
      }
    }
  }
}

/** Whether `key` is the directory of a device in the family. */
function isDirectoryOf(family: DeviceParameters, key: string): boolean {
  const prefix = `${family.template.key}/`;
  return key.startsWith(prefix) && family.hasDirectory(key.slice(prefix.length));
}
