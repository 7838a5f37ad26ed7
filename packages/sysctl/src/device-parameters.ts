import { type DeviceEntry, type DeviceFamily, entriesByName } from "./device-family.ts";
import { definitionOf, type SysctlDefinition } from "./sysctl-definition.ts";
import type { SysctlNode } from "./sysctl-node.ts";
import { canonicalPath, dottedPath } from "./sysctl-path.ts";

/** What a family needs of its tree. */
export interface DeviceFamilyTree {
  readonly hz: number;
  /** The parameter, made now if nobody has asked for it yet. */
  node(key: string): SysctlNode;
  remove(node: SysctlNode): void;
  rename(node: SysctlNode, key: string): void;
}

/** A directory of the family: a device, `default` or `all`. */
class DeviceDirectory {
  /** The parameters that somebody has asked for, by name. */
  readonly nodes = new Map<string, SysctlNode>();
  /** Keeps its values, whatever happens to `default`. */
  isPinned = false;
}

/**
 * The parameters of all devices in one family, and Linux's inheritance between them.
 *
 * A parameter has a node only once somebody asks for it. Until then it has the value that Linux's
 * copying would have given it: that of `default` where it follows `default`, else its initial one.
 * Whatever would make it differ from that (a device that comes when `default` was written, a pin)
 * makes the node at that moment.
 */
export class DeviceParameters {
  readonly family: DeviceFamily;
  readonly #tree: DeviceFamilyTree;
  readonly #entries: ReadonlyMap<string, DeviceEntry>;
  readonly #prefix: string;
  readonly #default = new DeviceDirectory();
  readonly #all = new DeviceDirectory();
  readonly #devices = new Map<string, DeviceDirectory>();

  constructor(tree: DeviceFamilyTree, family: DeviceFamily) {
    this.#tree = tree;
    this.family = family;
    this.#entries = entriesByName(family);
    this.#prefix = `${canonicalPath(family.directory)}/`;
  }

  /** Names of the subdirectories. */
  get directories(): string[] {
    return [...(this.family.hasAll ? ["all"] : []), "default", ...this.#devices.keys()];
  }

  /** Names of the files in each of them. */
  get names(): Iterable<string> {
    return this.#entries.keys();
  }

  /** The key of the family's own directory. */
  get key(): string {
    return this.#prefix.slice(0, -1);
  }

  hasDirectory(device: string): boolean {
    return this.#directory(device) !== undefined;
  }

  /** The definition of a parameter of this family; undefined for all other keys. */
  definition(key: string): SysctlDefinition | undefined {
    const place = this.#placeOf(key);
    if (place === undefined) return undefined;
    const { device, entry } = place;
    const { view, ...own } = entry;
    const directory = dottedPath(`${this.#prefix}${device}`);
    return definitionOf(
      {
        ...own,
        path: dottedPath(key),
        default: device === "all" ? (entry.all ?? entry.default) : entry.default,
        ...(view && { view: { ...view, of: `${directory}.${view.of}` } }),
      },
      this.#tree.hz,
    );
  }

  /** The node of a parameter of this family has been made: gives it its place in the inheritance. */
  made(node: SysctlNode): void {
    const place = this.#placeOf(node.key);
    if (place === undefined) return;
    const { device, entry, directory } = place;
    directory.nodes.set(entry.name, node);
    if (device === "default") this.#leadFollowers(node, entry);
    else if (device === "all") this.#spread(node, entry);
    else if (node.owner === undefined) {
      const model = this.#default.nodes.get(entry.name);
      if (model !== undefined && this.#follows(entry) && !directory.isPinned)
        node.adopt(model.state);
      node.isExplicit = directory.isPinned;
    }
  }

  addDevice(device: string): void {
    if (this.#devices.has(device)) return;
    this.#devices.set(device, new DeviceDirectory());
    for (const [name, model] of this.#default.nodes) {
      if (model.owner !== undefined || !(model.isExplicit || isChanged(model))) continue;
      const node = this.#node(device, name);
      node.adopt(model.state);
      // The kernel copies the "was written" bits together with the values.
      node.isExplicit = model.isExplicit;
    }
    if (device !== "lo") return;
    for (const { name, loopback } of this.family.entries) {
      if (loopback === undefined) continue;
      this.#node(device, name).commit({ values: [loopback], text: loopback.toString() });
    }
  }

  removeDevice(device: string): void {
    for (const node of this.#devices.get(device)?.nodes.values() ?? []) this.#tree.remove(node);
    this.#devices.delete(device);
  }

  renameDevice(from: string, to: string): void {
    const directory = this.#devices.get(from);
    if (directory === undefined) return;
    this.#devices.delete(from);
    this.#devices.set(to, directory);
    for (const [name, node] of directory.nodes) {
      this.#tree.rename(node, `${this.#prefix}${to}/${name}`);
    }
  }

  /** From now on the device keeps every value that it has (`ipv4_devconf_setall`). */
  pinDevice(device: string): void {
    const directory = this.#devices.get(device);
    if (directory === undefined) return;
    for (const [name, model] of this.#default.nodes) if (isChanged(model)) this.#node(device, name);
    for (const node of directory.nodes.values()) node.isExplicit = true;
    directory.isPinned = true;
  }

  #directory(device: string): DeviceDirectory | undefined {
    if (device === "default") return this.#default;
    if (device === "all") return this.family.hasAll ? this.#all : undefined;
    return this.#devices.get(device);
  }

  #placeOf(
    key: string,
  ): { device: string; entry: DeviceEntry; directory: DeviceDirectory } | undefined {
    if (!key.startsWith(this.#prefix)) return undefined;
    const slash = key.indexOf("/", this.#prefix.length);
    if (slash < 0) return undefined;
    const device = key.slice(this.#prefix.length, slash);
    const entry = this.#entries.get(key.slice(slash + 1));
    const directory = this.#directory(device);
    return entry && directory && { device, entry, directory };
  }

  #node(device: string, name: string): SysctlNode {
    return this.#tree.node(`${this.#prefix}${device}/${name}`);
  }

  #follows(entry: DeviceEntry): boolean {
    return this.family.follows === "until-written" && entry.spreadsFromAll === undefined;
  }

  #leadFollowers(model: SysctlNode, entry: DeviceEntry): void {
    if (!this.#follows(entry)) return;
    model.onCommit = () => {
      for (const { nodes } of this.#devices.values()) {
        const node = nodes.get(entry.name);
        if (node !== undefined && !node.isExplicit) node.adopt(model.state);
      }
    };
  }

  #spread(all: SysctlNode, { name, spreadsFromAll }: DeviceEntry): void {
    if (spreadsFromAll === undefined) return;
    const spread = (): void => {
      this.#node("default", name).adopt(all.state);
      for (const device of this.#devices.keys()) this.#node(device, name).adopt(all.state);
    };
    if (spreadsFromAll === "always") all.onCommit = spread;
    else all.listen(spread);
  }
}

function isChanged(node: SysctlNode): boolean {
  return node.text !== node.definition.initial.text;
}
