import { emptyStat, type FileStat } from "../fd/file-stat.ts";
import { O_CREAT, O_RDONLY, O_TRUNC, O_WRONLY } from "../fd/open-flags.ts";
import type { DirectoryEntry } from "../fs/file-fds.ts";
import type { UtimeValue } from "../fs/file-system.ts";
import * as descriptors from "./calls/descriptor-calls.ts";
import * as files from "./calls/file-calls.ts";
import { type MaybePromise, mapResult, PosixCore } from "./posix-core.ts";
import { SyscallError } from "./syscall-error.ts";

const READ_CHUNK_OCTETS = 65_536;

/** Files and descriptors. Each call throws SyscallError with the errno of its man page. */
export abstract class PosixFiles extends PosixCore {
  /** @param flags O_*. @param mode permissions of a new file, less the umask. @returns descriptor. */
  open(path: string, flags: number = O_RDONLY, mode: number = 0o666): MaybePromise<number> {
    return this.call("open", files.sysOpen, path, flags, mode, 0);
  }

  close(fd: number): MaybePromise<number> {
    return this.call("close", descriptors.sysClose, fd, 0, 0, 0);
  }

  /** @returns octets read; 0: end of file. */
  read(fd: number, buffer: Uint8Array): MaybePromise<number> {
    return this.call("read", descriptors.sysRead, fd, buffer, 0, 0);
  }

  /** @param data text is written as UTF-8. @returns octets written. */
  write(fd: number, data: Uint8Array | string): MaybePromise<number> {
    return this.call("write", descriptors.sysWrite, fd, bytesOf(data), 0, 0);
  }

  pread(fd: number, buffer: Uint8Array, offset: number): MaybePromise<number> {
    return this.call("pread", descriptors.sysPread, fd, buffer, offset, 0);
  }

  pwrite(fd: number, data: Uint8Array | string, offset: number): MaybePromise<number> {
    return this.call("pwrite", descriptors.sysPwrite, fd, bytesOf(data), offset, 0);
  }

  readv(fd: number, buffers: readonly Uint8Array[]): MaybePromise<number> {
    return this.call("readv", descriptors.sysReadv, fd, buffers, 0, 0);
  }

  writev(fd: number, buffers: readonly Uint8Array[]): MaybePromise<number> {
    return this.call("writev", descriptors.sysWritev, fd, buffers, 0, 0);
  }

  /** @param whence SEEK_SET, SEEK_CUR, SEEK_END. @returns the new offset. */
  lseek(fd: number, offset: number, whence: number): MaybePromise<number> {
    return this.call("lseek", descriptors.sysLseek, fd, offset, whence, 0);
  }

  ftruncate(fd: number, length: number): MaybePromise<number> {
    return this.call("ftruncate", descriptors.sysFtruncate, fd, length, 0, 0);
  }

  truncate(path: string, length: number): MaybePromise<number> {
    return this.call("truncate", files.sysTruncate, path, length, 0, 0);
  }

  fsync(fd: number): MaybePromise<number> {
    return this.call("fsync", descriptors.sysFsync, fd, 0, 0, 0);
  }

  /** Times in the result are nanoseconds of virtual time. */
  stat(path: string): MaybePromise<FileStat> {
    const out = emptyStat();
    return mapResult(this.call("stat", files.sysStat, path, out, true, 0), () => out);
  }

  /** As stat, of a symbolic link itself. */
  lstat(path: string): MaybePromise<FileStat> {
    const out = emptyStat();
    return mapResult(this.call("lstat", files.sysStat, path, out, false, 0), () => out);
  }

  fstat(fd: number): MaybePromise<FileStat> {
    const out = emptyStat();
    return mapResult(this.call("fstat", descriptors.sysFstat, fd, out, 0, 0), () => out);
  }

  /** @param mode R_OK | W_OK | X_OK, or F_OK. Asks with the real uid and gid. */
  access(path: string, mode: number): MaybePromise<number> {
    return this.call("access", files.sysAccess, path, mode, 0, 0);
  }

  mkdir(path: string, mode: number = 0o777): MaybePromise<number> {
    return this.call("mkdir", files.sysMkdir, path, mode, 0, 0);
  }

  rmdir(path: string): MaybePromise<number> {
    return this.call("rmdir", files.sysRmdir, path, 0, 0, 0);
  }

  unlink(path: string): MaybePromise<number> {
    return this.call("unlink", files.sysUnlink, path, 0, 0, 0);
  }

  link(from: string, to: string): MaybePromise<number> {
    return this.call("link", files.sysLink, from, to, 0, 0);
  }

  symlink(target: string, path: string): MaybePromise<number> {
    return this.call("symlink", files.sysSymlink, target, path, 0, 0);
  }

  readlink(path: string): string {
    const target = this.node.fs.readlink(this.thread.process, path);
    if (typeof target === "number") throw SyscallError.of(target, "readlink", path);
    return target;
  }

  rename(from: string, to: string): MaybePromise<number> {
    return this.call("rename", files.sysRename, from, to, 0, 0);
  }

  chmod(path: string, mode: number): MaybePromise<number> {
    return this.call("chmod", files.sysChmod, path, mode, 0, 0);
  }

  fchmod(fd: number, mode: number): MaybePromise<number> {
    return this.call("fchmod", files.sysFchmod, fd, mode, 0, 0);
  }

  /** @param uid -1 leaves it; likewise `gid`. */
  chown(path: string, uid: number, gid: number): MaybePromise<number> {
    return this.call("chown", files.sysChown, path, uid, gid, 0);
  }

  lchown(path: string, uid: number, gid: number): MaybePromise<number> {
    return this.call("lchown", files.sysLchown, path, uid, gid, 0);
  }

  /** @param atime nanoseconds of virtual time, UTIME_NOW or UTIME_OMIT. */
  utimens(path: string, atime: UtimeValue, mtime: UtimeValue): MaybePromise<number> {
    return this.call("utimensat", files.sysUtimens, path, atime, mtime, 0);
  }

  /** Names of a folder, without `.` and `..`. */
  readdir(path: string): string[] {
    return this.readdirEntries(path).map((entry) => entry.name);
  }

  readdirEntries(path: string): readonly DirectoryEntry[] {
    const entries = this.node.fs.readdir(this.thread.process, path);
    if (typeof entries === "number") throw SyscallError.of(entries, "getdents64", path);
    return entries;
  }

  chdir(path: string): MaybePromise<number> {
    return this.call("chdir", files.sysChdir, path, 0, 0, 0);
  }

  fchdir(fd: number): MaybePromise<number> {
    return this.call("fchdir", files.sysFchdir, fd, 0, 0, 0);
  }

  getcwd(): string {
    const path = this.node.fs.pathOf(this.thread.process.cwd);
    if (typeof path === "number") throw SyscallError.of(path, "getcwd");
    return path;
  }

  /** @returns the mask before. */
  umask(mask: number): number {
    const { process } = this.thread;
    const old = process.umask;
    process.umask = mask & 0o777;
    return old;
  }

  dup(fd: number): MaybePromise<number> {
    return this.call("dup", descriptors.sysDup, fd, 0, 0, 0);
  }

  dup2(fd: number, newFd: number): MaybePromise<number> {
    return this.call("dup2", descriptors.sysDup2, fd, newFd, 0, 0);
  }

  dup3(fd: number, newFd: number, flags: number): MaybePromise<number> {
    return this.call("dup3", descriptors.sysDup3, fd, newFd, flags, 0);
  }

  /** @param command F_*. */
  fcntl(fd: number, command: number, argument: number = 0): MaybePromise<number> {
    return this.call("fcntl", descriptors.sysFcntl, fd, command, argument, 0);
  }

  /** @param argument the struct that the request reads and writes, in Linux's layout. */
  ioctl(fd: number, request: number, argument: Uint8Array): MaybePromise<number> {
    return this.call("ioctl", descriptors.sysIoctl, fd, request, argument, 0);
  }

  isatty(fd: number): boolean {
    return this.thread.process.files.get(fd)?.isatty() ?? false;
  }

  /** @returns [read end, write end]. */
  pipe(): MaybePromise<[number, number]> {
    return this.pipe2(0);
  }

  /** @param flags O_CLOEXEC, O_NONBLOCK. */
  pipe2(flags: number): MaybePromise<[number, number]> {
    const out: [number, number] = [-1, -1];
    return mapResult(this.call("pipe2", descriptors.sysPipe2, flags, out, 0, 0), () => out);
  }

  /** A whole file, or all that comes until the end of a descriptor. */
  readFile(pathOrFd: string | number): Promise<Uint8Array> {
    return this.several(() => this.#readFile(pathOrFd));
  }

  readTextFile(pathOrFd: string | number): Promise<string> {
    return this.several(async () => decoder.decode(await this.#readFile(pathOrFd)));
  }

  /** Makes or replaces a whole file. */
  writeFile(path: string, data: Uint8Array | string, mode: number = 0o666): Promise<void> {
    return this.several(() => this.#writeFile(path, data, mode));
  }

  /** Writes until all is written. */
  writeAll(fd: number, data: Uint8Array | string): Promise<void> {
    return this.several(() => this.#writeAll(fd, data));
  }

  /** Writes to descriptor 1. */
  print(text: string): MaybePromise<number> {
    return this.write(1, text);
  }

  /** Writes to descriptor 2. */
  printError(text: string): MaybePromise<number> {
    return this.write(2, text);
  }

  async #readFile(pathOrFd: string | number): Promise<Uint8Array> {
    const fd = typeof pathOrFd === "number" ? pathOrFd : await this.open(pathOrFd, O_RDONLY);
    const chunks: Uint8Array[] = [];
    try {
      for (;;) {
        const chunk = new Uint8Array(READ_CHUNK_OCTETS);
        // oxlint-disable-next-line no-await-in-loop -- one read after the other
        const count = await this.read(fd, chunk);
        if (count === 0) break;
        chunks.push(chunk.subarray(0, count));
      }
    } finally {
      if (typeof pathOrFd === "string") await this.close(fd);
    }
    return concat(chunks);
  }

  async #writeFile(path: string, data: Uint8Array | string, mode: number): Promise<void> {
    const fd = await this.open(path, O_WRONLY | O_CREAT | O_TRUNC, mode);
    try {
      await this.#writeAll(fd, data);
    } finally {
      await this.close(fd);
    }
  }

  async #writeAll(fd: number, data: Uint8Array | string): Promise<void> {
    const bytes = bytesOf(data);
    let written = 0;
    while (written < bytes.length) {
      // oxlint-disable-next-line no-await-in-loop -- one write after the other
      written += await this.write(fd, written === 0 ? bytes : bytes.subarray(written));
    }
  }
}

/** Text as UTF-8. */
export function bytesOf(data: Uint8Array | string): Uint8Array {
  return typeof data === "string" ? encoder.encode(data) : data;
}

function concat(chunks: readonly Uint8Array[]): Uint8Array {
  const [first] = chunks;
  if (chunks.length === 1 && first !== undefined) return first;
  const whole = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();
