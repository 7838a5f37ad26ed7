import type { DeviceEntry, DeviceFamily } from "./device-family.ts";
import { definitionOf, initialValue, type SysctlDefinition } from "./sysctl-definition.ts";
import { canonicalPath } from "./sysctl-path.ts";

/** One parameter of a family. Its definitions serve every device of every tree. */
export interface DeviceParameter {
  readonly name: string;
  readonly entry: DeviceEntry;
  /** On a device, and in `default`. */
  readonly definition: SysctlDefinition;
  /** In `all`. */
  readonly ofAll: SysctlDefinition;
}

/** A family's parameters by name. Never changed, so any number of trees may share it. */
export class DeviceTemplate {
  readonly family: DeviceFamily;
  /** The family's directory below /proc/sys. */
  readonly key: string;
  readonly parameters: ReadonlyMap<string, DeviceParameter>;
  /** Initial values that only the loopback device has. */
  readonly loopback: readonly { readonly name: string; readonly value: number }[];

  /** @param hz Kernel ticks a second. */
  constructor(family: DeviceFamily, hz: number) {
    this.family = family;
    this.key = canonicalPath(family.directory);
    const parameters = new Map<string, DeviceParameter>();
    for (const entry of family.entries) {
      const owner = entry.view && parameters.get(entry.view.of);
      parameters.set(entry.name, parameterOf(family, entry, hz, owner));
    }
    this.parameters = parameters;
    this.loopback = family.entries.flatMap(({ name, loopback }) =>
      loopback === undefined ? [] : [{ name, value: loopback }],
    );
  }

  /** The name of the subdirectory that `key` is a file in; undefined for keys of other directories. */
  directoryOf(key: string): string | undefined {
    const start = this.key.length + 1;
    if (!key.startsWith(this.key) || key.charAt(start - 1) !== "/") return undefined;
    const end = key.indexOf("/", start);
    return end < 0 ? undefined : key.slice(start, end);
  }

  /** What `key` is if the family has a subdirectory of that name. */
  parameterAt(key: string): DeviceParameter | undefined {
    const directory = this.directoryOf(key);
    if (directory === undefined) return undefined;
    return this.parameters.get(key.slice(this.key.length + directory.length + 2));
  }
}

/** What a parameter is in a directory of that name. */
export function definitionIn(directory: string, parameter: DeviceParameter): SysctlDefinition {
  return directory === "all" ? parameter.ofAll : parameter.definition;
}

function parameterOf(
  family: DeviceFamily,
  entry: DeviceEntry,
  hz: number,
  owner: DeviceParameter | undefined,
): DeviceParameter {
  const { view, ...own } = entry;
  // Its place is the `default` directory; a device's node knows its own path.
  const path = `${family.directory}.default.${entry.name}`;
  const shared = { ...own, path, ...(view && { view }) };
  const definition = definitionOf(shared, hz, initialValue(owner?.definition));
  const all = { ...shared, default: entry.all ?? entry.default };
  const ofAll =
    entry.all === undefined && owner === undefined
      ? definition
      : definitionOf(all, hz, initialValue(owner?.ofAll));
  return Object.freeze({ name: entry.name, entry, definition, ofAll });
}
