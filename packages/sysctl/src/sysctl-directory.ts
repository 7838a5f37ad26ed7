import { comparePaths } from "./sysctl-path.ts";

/** The directories below /proc/sys, kept beside the flat map of files so that listing needs no search. */
export class SysctlDirectory {
  readonly #children = new Map<string, Set<string>>([["", new Set()]]);

  isDirectory(key: string): boolean {
    return this.#children.has(key);
  }

  /** Names in a directory, sorted; `undefined` when there is no such directory. */
  names(key: string): string[] | undefined {
    const children = this.#children.get(key);
    return children && [...children].toSorted(comparePaths);
  }

  /** An empty directory, with those above it. */
  addDirectory(key: string): void {
    if (this.#children.has(key)) return;
    this.#children.set(key, new Set());
    this.addFile(key);
  }

  addFile(key: string): void {
    let child = key;
    while (child !== "") {
      const parent = parentOf(child);
      const siblings = this.#children.get(parent);
      if (siblings !== undefined) {
        siblings.add(nameOf(child));
        return;
      }
      this.#children.set(parent, new Set([nameOf(child)]));
      child = parent;
    }
  }

  removeFile(key: string): void {
    let child = key;
    while (child !== "") {
      const parent = parentOf(child);
      const siblings = this.#children.get(parent);
      siblings?.delete(nameOf(child));
      if (siblings === undefined || siblings.size > 0 || parent === "") return;
      this.#children.delete(parent);
      child = parent;
    }
  }
}

function parentOf(key: string): string {
  return key.slice(0, Math.max(0, key.lastIndexOf("/")));
}

function nameOf(key: string): string {
  return key.slice(key.lastIndexOf("/") + 1);
}
