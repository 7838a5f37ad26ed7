import type { SysctlEntry } from "./sysctl-entry.ts";
import type { SysctlNode } from "./sysctl-node.ts";

/** A parameter that every network device has of its own. */
export interface DeviceEntry extends Omit<SysctlEntry, "path" | "default" | "view"> {
  /** Last component of the path. */
  readonly name: string;
  readonly default: number | string;
  /** Initial value of `all`. @default that of `default` */
  readonly all?: number;
  /** Initial value on the loopback device. @default what `default` says when it is registered */
  readonly loopback?: number;
  /**
   * A write to `all` is carried to `default` and to every device: at each write, or only when the value
   * changes. Such a parameter does not follow `default`.
   */
  readonly spreadsFromAll?: "always" | "on-change";
  /** The parameter of the same device whose variable this one shows. */
  readonly view?: SysctlEntry["view"];
}

/** A directory with one subdirectory a device, such as `net.ipv4.conf`. */
export interface DeviceFamily {
  /** Dotted. */
  readonly directory: string;
  readonly entries: readonly DeviceEntry[];
  /** Whether there is an `all` beside `default`. */
  readonly hasAll: boolean;
  /**
   * `until-written`: a device follows writes to `default` in each parameter that nobody has written on
   * it (`devinet_copy_dflt_conf`, `neigh_copy_dflt_parms`); `at-creation`: it copies `default` once.
   */
  readonly follows: "until-written" | "at-creation";
}

/** What a family needs of its tree. */
export interface DeviceFamilyTree {
  add(entry: SysctlEntry): SysctlNode;
  remove(node: SysctlNode): void;
  rename(node: SysctlNode, path: string): void;
}

type DeviceNodes = ReadonlyMap<string, SysctlNode>;

/** The parameters of all devices in one family, and Linux's inheritance between them. */
export class DeviceParameters {
  readonly family: DeviceFamily;
  readonly #tree: DeviceFamilyTree;
  readonly #default: DeviceNodes;
  readonly #devices = new Map<string, DeviceNodes>();

  constructor(tree: DeviceFamilyTree, family: DeviceFamily) {
    this.#tree = tree;
    this.family = family;
    this.#default = this.#addNodes("default", (entry) => entry.default);
    const all = family.hasAll
      ? this.#addNodes("all", (entry) => entry.all ?? entry.default)
      : undefined;
    for (const entry of family.entries) {
      if (entry.spreadsFromAll === undefined) this.#followDefault(entry.name);
      else this.#spread(all?.get(entry.name), entry.name, entry.spreadsFromAll);
    }
  }

  addDevice(device: string): void {
    if (this.#devices.has(device)) return;
    const isLoopback = device === "lo";
    const nodes = this.#addNodes(device, (entry) => entry.default);
    for (const entry of this.family.entries) {
      const node = nodes.get(entry.name);
      const model = this.#default.get(entry.name);
      if (node === undefined || model === undefined || node.owner !== undefined) continue;
      node.adopt(model.state);
      // The kernel copies the "was written" bits together with the values.
      node.isExplicit = model.isExplicit;
      if (isLoopback && entry.loopback !== undefined) {
        node.commit({ values: [entry.loopback], text: entry.loopback.toString() });
      }
    }
    this.#devices.set(device, nodes);
  }

  removeDevice(device: string): void {
    for (const node of this.#devices.get(device)?.values() ?? []) this.#tree.remove(node);
    this.#devices.delete(device);
  }

  renameDevice(from: string, to: string): void {
    const nodes = this.#devices.get(from);
    if (nodes === undefined) return;
    for (const [name, node] of nodes) {
      this.#tree.rename(node, `${this.family.directory}.${dottedDevice(to)}.${name}`);
    }
    this.#devices.delete(from);
    this.#devices.set(to, nodes);
  }

  /** From now on the device keeps every value that it has (`ipv4_devconf_setall`). */
  pinDevice(device: string): void {
    for (const node of this.#devices.get(device)?.values() ?? []) node.isExplicit = true;
  }

  #addNodes(device: string, initial: (entry: DeviceEntry) => number | string): DeviceNodes {
    const directory = `${this.family.directory}.${dottedDevice(device)}`;
    const nodes = new Map<string, SysctlNode>();
    for (const entry of this.family.entries) {
      const { view, ...own } = entry;
      nodes.set(
        entry.name,
        this.#tree.add({
          ...own,
          path: `${directory}.${entry.name}`,
          default: initial(entry),
          ...(view && { view: { ...view, of: `${directory}.${view.of}` } }),
        }),
      );
    }
    return nodes;
  }

  #followDefault(name: string): void {
    const model = this.#default.get(name);
    if (model === undefined || this.family.follows === "at-creation") return;
    model.onCommit = () => {
      for (const nodes of this.#devices.values()) {
        const node = nodes.get(name);
        if (node !== undefined && !node.isExplicit) node.adopt(model.state);
      }
    };
  }

  #spread(all: SysctlNode | undefined, name: string, when: "always" | "on-change"): void {
    if (all === undefined) return;
    const spread = (): void => {
      this.#default.get(name)?.adopt(all.state);
      for (const nodes of this.#devices.values()) nodes.get(name)?.adopt(all.state);
    };
    if (when === "always") all.onCommit = spread;
    else all.listen(spread);
  }
}

/** A device's name as a component of a dotted path. */
function dottedDevice(name: string): string {
  return name.replaceAll(".", "/");
}
