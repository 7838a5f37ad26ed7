import type { DeviceEntry } from "./device-family.ts";
import { definitionIn, type DeviceTemplate } from "./device-template.ts";
import { SysctlNode } from "./sysctl-node.ts";

/** What a family needs of its tree. */
export interface DeviceFamilyTree {
  /** The registered devices, in order. */
  readonly devices: ReadonlySet<string>;
  /** The parameter, made now if nobody has asked for it yet. */
  known(key: string): SysctlNode;
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
 * A parameter has a node only once somebody asks for it, a directory only once it has a node or is
 * pinned. Until then a parameter has the value that Linux's copying would have given it: that of
 * `default` where it follows `default`, else its initial one. Whatever would make it differ from that
 * (a device that comes when `default` was written, a pin) makes the node at that moment.
 */
export class DeviceParameters {
  readonly template: DeviceTemplate;
  readonly #tree: DeviceFamilyTree;
  #directories: Map<string, DeviceDirectory> | undefined = undefined;

  constructor(tree: DeviceFamilyTree, template: DeviceTemplate) {
    this.#tree = tree;
    this.template = template;
  }

  /** Names of the subdirectories. */
  get directories(): string[] {
    const { hasAll } = this.template.family;
    return [...(hasAll ? ["all"] : []), "default", ...this.#tree.devices];
  }

  /** Whether there is a subdirectory of that name. */
  hasDirectory(name: string): boolean {
    if (name === "default") return true;
    return name === "all" ? this.template.family.hasAll : this.#tree.devices.has(name);
  }

  /** Whether there is a parameter of this family at `key`. */
  has(key: string): boolean {
    const device = this.template.directoryOf(key);
    if (device === undefined || !this.hasDirectory(device)) return false;
    return this.template.parameterAt(key) !== undefined;
  }

  /** Makes the node of a parameter of this family, in its place of the inheritance. */
  make(key: string): SysctlNode | undefined {
    const device = this.template.directoryOf(key);
    if (device === undefined || !this.hasDirectory(device)) return undefined;
    const parameter = this.template.parameterAt(key);
    if (parameter === undefined) return undefined;
    const { name, entry } = parameter;
    const owner = entry.view && this.#node(device, entry.view.of);
    const node = new SysctlNode(key, definitionIn(device, parameter), owner);
    const directory = this.#madeDirectory(device);
    directory.nodes.set(name, node);
    if (device === "default") this.#leadFollowers(node, entry);
    else if (device === "all") this.#spread(node, entry);
    else if (owner === undefined) {
      const model = this.#made("default")?.nodes.get(name);
      if (model !== undefined && this.#follows(entry) && !directory.isPinned) {
        node.adopt(model.state);
      }
      node.isExplicit = directory.isPinned;
    }
    return node;
  }

  /** To be called when the tree has the device. */
  addDevice(device: string): void {
    for (const [name, model] of this.#made("default")?.nodes ?? []) {
      if (model.owner !== undefined || !(model.isExplicit || isChanged(model))) continue;
      const node = this.#node(device, name);
      node.adopt(model.state);
      // The kernel copies the "was written" bits together with the values.
      node.isExplicit = model.isExplicit;
    }
    if (device !== "lo") return;
    for (const { name, value } of this.template.loopback) {
      this.#node(device, name).commit({ values: [value], text: value.toString() });
    }
  }

  removeDevice(device: string): void {
    const directory = this.#made(device);
    if (directory === undefined) return;
    for (const node of directory.nodes.values()) this.#tree.remove(node);
    this.#directories?.delete(device);
  }

  renameDevice(from: string, to: string): void {
    const directory = this.#made(from);
    if (directory === undefined) return;
    this.#directories?.delete(from);
    this.#directories?.set(to, directory);
    for (const [name, node] of directory.nodes) this.#tree.rename(node, this.#key(to, name));
  }

  /** From now on the device keeps every value that it has (`ipv4_devconf_setall`). */
  pinDevice(device: string): void {
    if (!this.#tree.devices.has(device)) return;
    for (const [name, model] of this.#made("default")?.nodes ?? []) {
      if (isChanged(model)) this.#node(device, name);
    }
    const directory = this.#madeDirectory(device);
    for (const node of directory.nodes.values()) node.isExplicit = true;
    directory.isPinned = true;
  }

  #made(device: string): DeviceDirectory | undefined {
    return this.#directories?.get(device);
  }

  #madeDirectory(device: string): DeviceDirectory {
    this.#directories ??= new Map();
    let directory = this.#directories.get(device);
    if (directory === undefined) {
      directory = new DeviceDirectory();
      this.#directories.set(device, directory);
    }
    return directory;
  }

  #key(device: string, name: string): string {
    return `${this.template.key}/${device}/${name}`;
  }

  #node(device: string, name: string): SysctlNode {
    return this.#tree.known(this.#key(device, name));
  }

  #follows(entry: DeviceEntry): boolean {
    return this.template.family.follows === "until-written" && entry.spreadsFromAll === undefined;
  }

  #leadFollowers(model: SysctlNode, entry: DeviceEntry): void {
    if (!this.#follows(entry)) return;
    model.onCommit = () => {
      for (const device of this.#tree.devices) {
        const node = this.#made(device)?.nodes.get(entry.name);
        if (node !== undefined && !node.isExplicit) node.adopt(model.state);
      }
    };
  }

  #spread(all: SysctlNode, { name, spreadsFromAll }: DeviceEntry): void {
    if (spreadsFromAll === undefined) return;
    const spread = (): void => {
      this.#node("default", name).adopt(all.state);
      for (const device of this.#tree.devices) this.#node(device, name).adopt(all.state);
    };
    if (spreadsFromAll === "always") all.onCommit = spread;
    else all.listen(spread);
  }
}

function isChanged(node: SysctlNode): boolean {
  return node.text !== node.definition.initial.text;
}
