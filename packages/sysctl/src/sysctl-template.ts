import { definitionIn, type DeviceTemplate } from "./device-template.ts";
import { definitionOf, initialValue, type SysctlDefinition } from "./sysctl-definition.ts";
import { SysctlDirectory } from "./sysctl-directory.ts";
import type { SysctlEntry } from "./sysctl-entry.ts";
import { SysctlError } from "./sysctl-error.ts";
import { canonicalPath, dottedPath } from "./sysctl-path.ts";

/** What the kernel itself may do with its parameters. */
export interface KernelAccess {
  get(path: string): string;
  assign(path: string, value: string | number): number;
}

/** What the kernel does when a parameter has changed, before any subscriber hears of it. */
export type Reaction = (kernel: KernelAccess, value: string) => void;

/** What many trees have in common. A tree never changes it. */
export class SysctlTemplate {
  /** By key. */
  readonly definitions: ReadonlyMap<string, SysctlDefinition>;
  readonly directory: SysctlDirectory = new SysctlDirectory();
  readonly families: readonly DeviceTemplate[];
  /** By key. */
  readonly reactions: ReadonlyMap<string, Reaction>;

  /**
   * @param hz Kernel ticks a second.
   * @param reactions By dotted path.
   * @throws SysctlError when a path is there twice.
   */
  constructor(
    hz: number,
    entries: Iterable<SysctlEntry> = [],
    families: readonly DeviceTemplate[] = [],
    reactions: Readonly<Record<string, Reaction>> = {},
  ) {
    const definitions = new Map<string, SysctlDefinition>();
    for (const entry of entries) {
      const key = canonicalPath(entry.path);
      if (definitions.has(key)) {
        throw new SysctlError(dottedPath(key), "EINVAL", "is defined already");
      }
      const owner = entry.view && initialAt(canonicalPath(entry.view.of), definitions, families);
      definitions.set(key, definitionOf(entry, hz, owner));
      this.directory.addFile(key);
    }
    for (const { key } of families) this.directory.addDirectory(key);
    this.definitions = definitions;
    this.families = families;
    this.reactions = new Map(
      Object.entries(reactions).map(([path, reaction]) => [canonicalPath(path), reaction]),
    );
  }
}

/** What the parameter at `key` holds at first. */
function initialAt(
  key: string,
  definitions: ReadonlyMap<string, SysctlDefinition>,
  families: readonly DeviceTemplate[],
): number {
  const definition = definitions.get(key);
  if (definition !== undefined) return initialValue(definition);
  for (const family of families) {
    const parameter = family.parameterAt(key);
    const directory = family.directoryOf(key);
    if (parameter === undefined || directory === undefined) continue;
    return initialValue(definitionIn(directory, parameter));
  }
  return 0;
}

/** What one tree begins with. */
export interface SysctlOrigin {
  readonly template: SysctlTemplate;
  /**
   * The tree's own entry in place of the template's, if it has one for this key. Asked when the
   * parameter is first needed, so that a tree pays only for the ones that are.
   */
  localEntry(key: string, kernel: KernelAccess): SysctlEntry | undefined;
}

/** Of a tree that shares nothing. */
export const EMPTY_ORIGIN: SysctlOrigin = {
  template: new SysctlTemplate(1000),
  localEntry: () => undefined,
};
