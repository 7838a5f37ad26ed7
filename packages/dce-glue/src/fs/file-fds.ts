import { Errno } from "@dcejs/lkl-kernel";
import type { FileStat } from "../fd/file-stat.ts";
import { O_APPEND, SEEK_CUR, SEEK_END, SEEK_SET } from "../fd/open-flags.ts";
import { UnixFd } from "../fd/unix-fd.ts";
import type { DirectoryInode, Inode, RegularInode } from "./inode.ts";

/** An open file that has a name: it knows its inode and the path it was opened by. */
export abstract class NamedFd extends UnixFd {
  readonly inode: Inode;
  readonly path: string;

  constructor(inode: Inode, path: string, flags: number) {
    super(flags);
    this.inode = inode;
    this.path = path;
  }

  override describe(): string {
    return this.inode.nlink === 0 ? `${this.path} (deleted)` : this.path;
  }

  override close(): number {
    return 0;
  }

  override fstat(out: FileStat): number {
    return this.inode.stat(out);
  }

  override fsync(): number {
    return 0;
  }

  override read(_buffer: Uint8Array): number {
    return -Errno.EINVAL;
  }

  override write(_buffer: Uint8Array): number {
    return -Errno.EINVAL;
  }

  override readv(iov: readonly Uint8Array[]): number {
    let total = 0;
    for (const buffer of iov) {
      const count = this.read(buffer);
      if (count < 0) return total > 0 ? total : count;
      total += count;
      if (count < buffer.length) break;
    }
    return total;
  }

  override writev(iov: readonly Uint8Array[]): number {
    let total = 0;
    for (const buffer of iov) {
      const count = this.write(buffer);
      if (count < 0) return total > 0 ? total : count;
      total += count;
    }
    return total;
  }
}

/** An open regular file (fs/read_write.c). */
export class RegularFd extends NamedFd {
  override readonly kind = "regular";
  override readonly isPollable = false;
  declare readonly inode: RegularInode;
  #offset = 0;

  // oxlint-disable-next-line no-useless-constructor -- narrows the type of `inode`
  constructor(inode: RegularInode, path: string, flags: number) {
    super(inode, path, flags);
  }

  get offset(): number {
    return this.#offset;
  }

  override read(buffer: Uint8Array): number {
    const count = this.pread(buffer, this.#offset);
    if (count > 0) this.#offset += count;
    return count;
  }

  override write(buffer: Uint8Array): number {
    if (!this.isWritable) return -Errno.EBADF;
    if ((this.flags & O_APPEND) !== 0) this.#offset = this.inode.size;
    const count = this.inode.write(buffer, this.#offset);
    if (count > 0) this.#offset += count;
    return count;
  }

  override pread(buffer: Uint8Array, offset: number): number {
    if (!this.isReadable) return -Errno.EBADF;
    if (offset < 0) return -Errno.EINVAL;
    this.inode.atimeNs = this.inode.owner.now();
    return this.inode.read(buffer, offset);
  }

  /** With O_APPEND Linux appends whatever the offset says (pwrite(2), BUGS), and so do we. */
  override pwrite(buffer: Uint8Array, offset: number): number {
    if (!this.isWritable) return -Errno.EBADF;
    if (offset < 0) return -Errno.EINVAL;
    const at = (this.flags & O_APPEND) === 0 ? offset : this.inode.size;
    return this.inode.write(buffer, at);
  }

  override lseek(offset: number, whence: number): number {
    let base: number;
    switch (whence) {
      case SEEK_SET:
        base = 0;
        break;
      case SEEK_CUR:
        base = this.#offset;
        break;
      case SEEK_END:
        base = this.inode.size;
        break;
      default:
        return -Errno.EINVAL;
    }
    if (base + offset < 0) return -Errno.EINVAL;
    this.#offset = base + offset;
    return this.#offset;
  }

  override ftruncate(length: number): number {
    return this.isWritable ? this.inode.truncate(length) : -Errno.EINVAL;
  }

  override mmap(length: number, _protection: number, _flags: number, offset: number): Uint8Array {
    const mapping = new Uint8Array(length);
    this.inode.read(mapping, offset);
    return mapping;
  }
}

/** One name of a folder, as getdents64 lists it. */
export interface DirectoryEntry {
  readonly name: string;
  readonly ino: number;
  /** S_IF* bits. */
  readonly type: number;
}

/** An open folder. The names are those of the moment at which listing began. */
export class DirectoryFd extends NamedFd {
  override readonly kind = "directory";
  override readonly isPollable = false;
  declare readonly inode: DirectoryInode;
  #listing: readonly DirectoryEntry[] | undefined;
  #at = 0;

  // oxlint-disable-next-line no-useless-constructor -- narrows the type of `inode`
  constructor(inode: DirectoryInode, path: string, flags: number) {
    super(inode, path, flags);
  }

  override read(): number {
    return -Errno.EISDIR;
  }

  override write(): number {
    return -Errno.EBADF;
  }

  override lseek(offset: number, whence: number): number {
    if (whence !== SEEK_SET || offset < 0) return -Errno.EINVAL;
    this.#at = offset;
    if (offset === 0) this.#listing = undefined;
    return offset;
  }

  /** The next entry, `.` and `..` first; undefined at the end. */
  nextEntry(): DirectoryEntry | undefined {
    this.#listing ??= listDirectory(this.inode);
    const entry = this.#listing[this.#at];
    if (entry !== undefined) this.#at++;
    return entry;
  }
}

function listDirectory(folder: DirectoryInode): DirectoryEntry[] {
  const listing: DirectoryEntry[] = [
    { name: ".", ino: folder.ino, type: folder.type },
    { name: "..", ino: folder.parent.ino, type: folder.parent.type },
  ];
  for (const name of folder.names()) {
    const inode = folder.lookup(name);
    if (inode !== undefined) listing.push({ name, ino: inode.ino, type: inode.type });
  }
  return listing;
}
