import { Errno } from "@dcejs/lkl-kernel";
import type { FileCalls } from "../handle-parts.ts";
import type { SimSysFile, SimSysIterator } from "../kernel-objects.ts";
import type { LinuxCalls } from "./linux-calls.ts";
import { NR } from "./linux-syscall-numbers.ts";

const AT_FDCWD = -100;
const O_RDONLY = 0;
const O_WRONLY = 1;
const O_DIRECTORY = 0o200000;
const PATH_MAX = 4096;
const READ_SIZE = 16_384;
// struct linux_dirent64
const D_RECLEN = 16;
const D_TYPE = 18;
const D_NAME = 19;
const DT_DIR = 4;
const DT_LNK = 10;
const OWN_PROC_NET = "/proc/thread-self/net";
const PROC_SYS = "/proc/sys/";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** A file of /proc/sys. */
class LinuxSysFile {
  readonly path: string;
  constructor(path: string) {
    this.path = path;
  }
}

function sysFile(file: SimSysFile): LinuxSysFile {
  if (file instanceof LinuxSysFile) return file;
  throw new TypeError("not a sysctl file of this kernel");
}

export interface DirectoryEntry {
  readonly name: string;
  readonly isFolder: boolean;
}

/**
 * Files of the kernel itself (/proc, /sys), by its own system calls in the name of pid 1. They are read and written at
 * once: what would wait answers -EAGAIN.
 */
export class LinuxFiles {
  readonly #calls: () => LinuxCalls;

  constructor(calls: () => LinuxCalls) {
    this.#calls = calls;
  }

  get handle(): FileCalls {
    return {
      sys_iterate_files: (iterator) => this.#iterate(PROC_SYS, iterator),
      sys_file_read: (file, buffer, size, offset) => {
        const bytes = this.read(PROC_SYS + sysFile(file).path);
        if (typeof bytes === "number") return bytes;
        const part = bytes.subarray(offset, offset + size);
        buffer.set(part);
        return part.length;
      },
      sys_file_write: (file, buffer, size, offset) => {
        if (offset > 0) return size;
        const text = decoder.decode(buffer.subarray(0, size));
        return this.write(PROC_SYS + sysFile(file).path, text);
      },
      sys_file_find: (path) => {
        const fd = this.#open(PROC_SYS + path, O_RDONLY);
        if (fd >= 0) this.#close(fd);
        // A parameter that may only be written is there as well.
        return fd >= 0 || fd === -Errno.EACCES ? new LinuxSysFile(path) : undefined;
      },
      proc_read: (path) => {
        const bytes = this.read(path);
        return typeof bytes === "number" ? bytes : decoder.decode(bytes);
      },
      proc_list: (path) => {
        const entries = this.list(path);
        if (typeof entries === "number") return entries;
        return entries.map(({ name, isFolder }) => (isFolder ? `${name}/` : name)).toSorted();
      },
    };
  }

  /** @returns what the file holds, or -errno */
  read(path: string): Uint8Array | number {
    const fd = this.#open(path, O_RDONLY);
    if (fd < 0) return fd;
    const calls = this.#calls();
    if (!calls.service.hasRoom(READ_SIZE)) return this.#noMemory(fd);
    const room = calls.service.data(READ_SIZE);
    const parts: Uint8Array[] = [];
    let got: number;
    do {
      got = calls.serve(NR.read, fd, room, READ_SIZE);
      if (got > 0) parts.push(calls.kernel.machine.u8.slice(room, room + got));
    } while (got > 0);
    this.#close(fd);
    return got < 0 ? got : joined(parts);
  }

  /** @returns octets taken, or -errno */
  write(path: string, text: string): number {
    const fd = this.#open(path, O_WRONLY);
    if (fd < 0) return fd;
    const calls = this.#calls();
    const bytes = encoder.encode(text);
    if (!calls.service.hasRoom(bytes.length)) return this.#noMemory(fd);
    const room = calls.service.data(bytes.length);
    calls.kernel.machine.u8.set(bytes, room);
    const result = calls.serve(NR.write, fd, room, bytes.length);
    this.#close(fd);
    return result;
  }

  /** Names in a folder but "." and "..", as the kernel gives them. */
  list(path: string): DirectoryEntry[] | number {
    const fd = this.openFolder(path);
    if (fd < 0) return fd;
    const entries = this.listOpen(fd);
    this.#close(fd);
    return entries;
  }

  /** @returns a descriptor of the kernel's, or -errno */
  openFolder(path: string): number {
    return this.#open(path, O_RDONLY | O_DIRECTORY);
  }

  /** What is left to read of an open folder. */
  listOpen(fd: number): DirectoryEntry[] | number {
    const calls = this.#calls();
    if (!calls.service.hasRoom(READ_SIZE)) return this.#noMemory(fd);
    const room = calls.service.data(READ_SIZE);
    const entries: DirectoryEntry[] = [];
    let got: number;
    do {
      got = calls.serve(NR.getdents64, fd, room, READ_SIZE);
      if (got > 0) this.#parse(room, got, entries);
    } while (got > 0);
    return got < 0 ? got : entries;
  }

  #parse(room: number, size: number, into: DirectoryEntry[]): void {
    const { u8, view } = this.#calls().kernel.machine;
    for (let at = room; at < room + size; at += view.getUint16(at + D_RECLEN, true)) {
      const end = u8.indexOf(0, at + D_NAME);
      const name = decoder.decode(u8.subarray(at + D_NAME, end));
      if (name === "." || name === "..") continue;
      const type = u8[at + D_TYPE];
      into.push({ name, isFolder: type === DT_DIR || type === DT_LNK });
    }
  }

  #iterate(folder: string, iterator: SimSysIterator): void {
    const entries = this.list(folder);
    if (typeof entries === "number") return;
    for (const { name, isFolder } of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
      if (isFolder) {
        iterator.report_start_dir(name);
        this.#iterate(`${folder}${name}/`, iterator);
        iterator.report_end_dir();
      } else {
        const path = (folder + name).slice(PROC_SYS.length);
        iterator.report_file(name, this.#mode(folder + name), new LinuxSysFile(path));
      }
    }
  }

  /** Permission bits: whether it can be read and written is what a parameter's say. */
  #mode(path: string): number {
    const canRead = this.#canOpen(path, O_RDONLY);
    const canWrite = this.#canOpen(path, O_WRONLY);
    return (canRead ? 0o444 : 0) | (canWrite ? 0o200 : 0);
  }

  #canOpen(path: string, flags: number): boolean {
    const fd = this.#open(path, flags);
    if (fd >= 0) this.#close(fd);
    return fd >= 0;
  }

  #open(path: string, flags: number): number {
    const calls = this.#calls();
    // /proc/net is that of pid 1, whoever asks.
    const own = path.startsWith("/proc/net") ? path.replace("/proc/net", OWN_PROC_NET) : path;
    const bytes = encoder.encode(own);
    if (bytes.length >= PATH_MAX) return -Errno.ENAMETOOLONG;
    if (!calls.service.hasRoom(bytes.length + 1)) return -Errno.ENOMEM;
    const room = calls.service.data(bytes.length + 1);
    calls.kernel.machine.u8.set(bytes, room);
    calls.kernel.machine.u8[room + bytes.length] = 0;
    return calls.serve(NR.openat, AT_FDCWD, room, flags, 0);
  }

  #noMemory(fd: number): number {
    this.#close(fd);
    return -Errno.ENOMEM;
  }

  #close(fd: number): void {
    this.#calls().serve(NR.close, fd);
  }
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  if (parts.length === 1 && parts[0] !== undefined) return parts[0];
  const size = parts.reduce((sum, part) => sum + part.length, 0);
  const all = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
