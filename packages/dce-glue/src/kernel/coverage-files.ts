import { Errno } from "@dcejs/lkl-kernel";

/** Files of a node as a kernel's coverage code needs them. */
export interface WholeFiles {
  write(path: string, content: Uint8Array): void;
  read(path: string): Uint8Array;
  exists(path: string): boolean;
}

const O_ACCMODE = 3;
const O_CREAT = 0o100;
const O_EXCL = 0o200;
const O_TRUNC = 0o1000;
const SEEK_CUR = 1;
const SEEK_END = 2;
/** The first descriptor of such a file; below are the standard three. */
const FIRST_FD = 3;

/** An open file: its content in memory until it is closed. */
class CoverageFile {
  readonly path: string;
  readonly isWritable: boolean;
  bytes: Uint8Array;
  offset = 0;

  constructor(path: string, isWritable: boolean, bytes: Uint8Array) {
    this.path = path;
    this.isWritable = isWritable;
    this.bytes = bytes;
  }
}

/**
 * The libc part of DceHandle (`open`, `fdopen`, `fread`…): all that gcov's run-time code needs to
 * merge and write its .gcda files into the node. Errors are -errno, or 0 items.
 */
export class CoverageFiles {
  readonly #files: WholeFiles;
  readonly #open = new Map<number, CoverageFile>();

  constructor(files: WholeFiles) {
    this.#files = files;
  }

  get openCount(): number {
    return this.#open.size;
  }

  access(path: string): number {
    return this.#files.exists(path) ? 0 : -Errno.ENOENT;
  }

  open(path: string, flags: number): number {
    const exists = this.#files.exists(path);
    if (!exists && (flags & O_CREAT) === 0) return -Errno.ENOENT;
    if (exists && (flags & O_CREAT) !== 0 && (flags & O_EXCL) !== 0) return -Errno.EEXIST;
    const keeps = exists && (flags & O_TRUNC) === 0;
    let fd = FIRST_FD;
    while (this.#open.has(fd)) fd++;
    const bytes = keeps ? this.#files.read(path).slice() : new Uint8Array(0);
    this.#open.set(fd, new CoverageFile(path, (flags & O_ACCMODE) !== 0, bytes));
    return fd;
  }

  size(fd: number): number {
    return this.#open.get(fd)?.bytes.length ?? -Errno.EBADF;
  }

  fdopen(fd: number): object | undefined {
    return this.#open.get(fd);
  }

  seek(file: object, offset: number, whence: number): number {
    const open = coverageFile(file);
    const base = whence === SEEK_END ? open.bytes.length : whence === SEEK_CUR ? open.offset : 0;
    if (base + offset < 0) return -Errno.EINVAL;
    open.offset = base + offset;
    return 0;
  }

  tell(file: object): number {
    return coverageFile(file).offset;
  }

  read(to: Uint8Array, size: number, count: number, file: object): number {
    const open = coverageFile(file);
    if (size <= 0) return 0;
    const left = Math.max(0, open.bytes.length - open.offset);
    const items = Math.min(count, Math.floor(left / size));
    to.set(open.bytes.subarray(open.offset, open.offset + items * size));
    open.offset += items * size;
    return items;
  }

  write(from: Uint8Array, size: number, count: number, file: object): number {
    const open = coverageFile(file);
    if (!open.isWritable || size <= 0) return 0;
    const end = open.offset + size * count;
    if (end > open.bytes.length) {
      const larger = new Uint8Array(end);
      larger.set(open.bytes);
      open.bytes = larger;
    }
    open.bytes.set(from.subarray(0, size * count), open.offset);
    open.offset = end;
    return count;
  }

  close(file: object): number {
    const open = coverageFile(file);
    for (const [fd, candidate] of this.#open) {
      if (candidate !== open) continue;
      this.#open.delete(fd);
      if (open.isWritable) this.#files.write(open.path, open.bytes);
      return 0;
    }
    return -Errno.EBADF;
  }
}

function coverageFile(file: object): CoverageFile {
  if (file instanceof CoverageFile) return file;
  throw new TypeError("not a file of this host");
}
