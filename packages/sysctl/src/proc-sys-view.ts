import { SysctlErrno } from "./sysctl-error.ts";
import type { SysctlCredentials } from "./sysctl-permission.ts";
import { ROOT } from "./sysctl-permission.ts";
import type { SysctlTree } from "./sysctl-tree.ts";

/** The tree as a file system to be mounted at /proc/sys. Paths are relative to it: `net/ipv4/tcp_sack`. */
export class ProcSysView {
  readonly #tree: SysctlTree;

  constructor(tree: SysctlTree) {
    this.#tree = tree;
  }

  exists(path: string): boolean {
    return this.isDirectory(path) || this.#tree.has(slashed(path));
  }

  isDirectory(path: string): boolean {
    return this.#tree.isDirectory(slashed(path));
  }

  /** Sorted names, or -ENOENT, -ENOTDIR. */
  readdir(path: string): string[] | number {
    const names = this.#tree.names(slashed(path));
    if (names !== undefined) return names;
    return this.#tree.has(slashed(path)) ? -SysctlErrno.ENOTDIR : -SysctlErrno.ENOENT;
  }

  /** `st_mode`: type and permission bits; -ENOENT. */
  mode(path: string): number {
    if (this.isDirectory(path)) return S_IFDIR | 0o555;
    if (!this.#tree.has(slashed(path))) return -SysctlErrno.ENOENT;
    return S_IFREG | this.#tree.describe(slashed(path)).mode;
  }

  /** The whole file with its final newline, or -ENOENT, -EISDIR, -EACCES. */
  readFile(path: string, cred: SysctlCredentials = ROOT): string | number {
    const text = this.#tree.read(slashed(path), cred);
    return typeof text === "string" ? `${text}\n` : text;
  }

  /**
   * One write(2) at the start of the file. Writing nothing changes nothing.
   * @returns Bytes taken (all of them), or what `SysctlTree.set` ends with.
   */
  writeFile(path: string, text: string, cred: SysctlCredentials = ROOT): number {
    if (text === "") return 0;
    const errno = this.#tree.set(slashed(path), text, cred);
    return errno < 0 ? errno : new TextEncoder().encode(text).length;
  }
}

const S_IFDIR = 0o040000;
const S_IFREG = 0o100000;

/** Absolute, so that a dot is never taken for a separator. */
function slashed(path: string): string {
  return path.startsWith("/") ? path : `/${path}`;
}
