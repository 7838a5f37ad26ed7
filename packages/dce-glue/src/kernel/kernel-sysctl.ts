import { Errno } from "@dcejs/lkl-kernel";
import type { KernelHandle } from "./kernel-handle.ts";
import type { SimSysFile, SimSysIterator } from "./kernel-objects.ts";

/** A setting that the kernel has refused. */
export interface SysctlFailure {
  readonly path: string;
  readonly value: string;
  /** -ENOENT, -EINVAL, -EACCES… */
  readonly errno: number;
}

/** Longest value that is read; DCE stops at 512. */
const VALUE_LENGTH_MAX = 4096;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/**
 * A kernel's parameters through `sys_iterate_files`, `sys_file_read` and `sys_file_write`. Paths may
 * be written `.net.ipv4.x`, `net.ipv4.x`, `net/ipv4/x` or `/proc/sys/net/ipv4/x`; in dotted form a
 * dot inside a device's name is written `/`, as sysctl(8) does.
 */
export class KernelSysctl {
  readonly #kernel: KernelHandle;
  readonly #isRunning: () => boolean;
  readonly #queue: { path: string; value: string }[] = [];
  /** Files that were asked for. One whose device is gone answers -ENOENT itself. */
  readonly #files = new Map<string, SimSysFile>();
  #knownModes = new Map<string, number>();
  readonly #buffer = new Uint8Array(VALUE_LENGTH_MAX);

  constructor(kernel: KernelHandle, isRunning: () => boolean) {
    this.#kernel = kernel;
    this.#isRunning = isRunning;
  }

  /** @returns 0; -ENOENT, -EINVAL, -EACCES; -EAGAIN before the boot */
  set(path: string, value: string): number {
    const file = this.#find(path);
    if (typeof file === "number") return file;
    const bytes = encoder.encode(value);
    const result = this.#kernel.sys_file_write(file, bytes, bytes.length, 0);
    return Math.min(result, 0);
  }

  setOrQueue(path: string, value: string): void {
    if (this.#isRunning()) this.set(path, value);
    else this.#queue.push({ path, value });
  }

  /** The value without its newline, or -errno. */
  get(path: string): string | number {
    const file = this.#find(path);
    if (typeof file === "number") return file;
    const length = this.#kernel.sys_file_read(file, this.#buffer, VALUE_LENGTH_MAX, 0);
    if (length < 0) return length;
    return decoder.decode(this.#buffer.subarray(0, length)).replace(/\n$/, "");
  }

  /** Dotted paths, sorted, that start with `prefix`. */
  list(prefix = ""): string[] {
    const wanted = slashed(prefix);
    return this.paths()
      .filter((path) => path.startsWith(wanted))
      .map(dotted)
      .toSorted();
  }

  /** Slashed paths, as below /proc/sys, sorted. */
  paths(): string[] {
    return [...this.#modes().keys()].toSorted();
  }

  /** Permission bits of a parameter's file, or -ENOENT. */
  mode(path: string): number {
    const key = slashed(path);
    const known = this.#knownModes.get(key);
    if (known !== undefined) return known;
    this.#knownModes = this.#modes();
    return this.#knownModes.get(key) ?? -Errno.ENOENT;
  }

  /** Makes the settings that were queued, in their order. @returns those that were refused */
  flushQueue(): SysctlFailure[] {
    const failures: SysctlFailure[] = [];
    for (const { path, value } of this.#queue.splice(0)) {
      const errno = this.set(path, value);
      if (errno < 0) failures.push({ path, value, errno });
    }
    return failures;
  }

  #find(path: string): SimSysFile | number {
    if (!this.#isRunning()) return -Errno.EAGAIN;
    const key = slashed(path);
    const known = this.#files.get(key);
    if (known !== undefined) return known;
    const file = this.#kernel.sys_file_find(key);
    if (file === undefined) return -Errno.ENOENT;
    this.#files.set(key, file);
    return file;
  }

  #modes(): Map<string, number> {
    const modes = new Map<string, number>();
    this.#kernel.sys_iterate_files(new PathCollector(modes));
    return modes;
  }
}

class PathCollector implements SimSysIterator {
  readonly #modes: Map<string, number>;
  readonly #folders: string[] = [];

  constructor(modes: Map<string, number>) {
    this.#modes = modes;
  }

  report_start_dir(name: string): void {
    this.#folders.push(name);
  }

  report_end_dir(): void {
    this.#folders.pop();
  }

  report_file(name: string, flags: number): void {
    this.#modes.set([...this.#folders, name].join("/"), flags);
  }
}

/** Any way to write a path → `net/ipv4/x`. */
export function slashed(path: string): string {
  if (path.startsWith("/proc/sys/")) return path.slice("/proc/sys/".length);
  const text = path.startsWith(".") ? path.slice(1) : path;
  const firstDot = text.indexOf(".");
  const firstSlash = text.indexOf("/");
  // As sysctl(8): the separator that comes first is the separator; the other one is a character.
  if (firstSlash >= 0 && (firstDot < 0 || firstSlash < firstDot)) return text.replace(/^\//, "");
  return text.replace(/[./]/g, (character) => (character === "." ? "/" : "."));
}

/** `net/ipv4/conf/eth0.1/x` → `net.ipv4.conf.eth0/1.x` */
function dotted(path: string): string {
  return path.replace(/[./]/g, (character) => (character === "/" ? "." : "/"));
}
