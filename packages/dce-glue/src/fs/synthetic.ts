import { Errno } from "@dcejs/lkl-kernel";
import { S_IFREG } from "../fd/file-stat.ts";
import { SEEK_CUR, SEEK_SET } from "../fd/open-flags.ts";
import type { UnixFd } from "../fd/unix-fd.ts";
import { NamedFd } from "./file-fds.ts";
import { DirectoryInode, Inode, type InodeOwner } from "./inode.ts";

/** A file whose content is made when it is read: /proc, /sys. */
export class SyntheticInode extends Inode {
  readonly #content: () => string | number;
  readonly #store: ((text: string) => number) | undefined;

  /**
   * @param content the text, or -errno.
   * @param store takes what one write() gave; 0 or -errno.
   */
  constructor(
    owner: InodeOwner,
    permissions: number,
    content: () => string | number,
    store?: (text: string) => number,
  ) {
    super(owner, S_IFREG | permissions);
    this.#content = content;
    this.#store = store;
  }

  override get size(): number {
    return 0;
  }

  open(path: string, flags: number): UnixFd {
    return new SyntheticFd(this, path, flags);
  }

  content(): string | number {
    return this.#content();
  }

  store(text: string): number {
    return this.#store === undefined ? -Errno.EIO : this.#store(text);
  }
}

/** As seq_file: the text is made at the first read, and again when reading starts over. */
class SyntheticFd extends NamedFd {
  override readonly kind = "regular";
  declare readonly inode: SyntheticInode;
  #text: Uint8Array | undefined;
  #offset = 0;

  // oxlint-disable-next-line no-useless-constructor -- narrows the type of `inode`
  constructor(inode: SyntheticInode, path: string, flags: number) {
    super(inode, path, flags);
  }

  override read(buffer: Uint8Array): number {
    const count = this.pread(buffer, this.#offset);
    if (count > 0) this.#offset += count;
    return count;
  }

  override pread(buffer: Uint8Array, offset: number): number {
    if (!this.isReadable) return -Errno.EBADF;
    if (this.#text === undefined || offset === 0) {
      const content = this.inode.content();
      if (typeof content === "number") return content;
      this.#text = encoder.encode(content);
    }
    const part = this.#text.subarray(offset, offset + buffer.length);
    buffer.set(part);
    return part.length;
  }

  override write(buffer: Uint8Array): number {
    if (!this.isWritable) return -Errno.EBADF;
    const result = this.inode.store(decoder.decode(buffer));
    return result < 0 ? result : buffer.length;
  }

  override lseek(offset: number, whence: number): number {
    const base = whence === SEEK_CUR ? this.#offset : 0;
    if ((whence !== SEEK_SET && whence !== SEEK_CUR) || base + offset < 0) return -Errno.EINVAL;
    this.#offset = base + offset;
    return this.#offset;
  }
}

/** A folder whose names are made when they are looked up. */
export abstract class SyntheticDirectory extends DirectoryInode {
  constructor(owner: InodeOwner, parent?: DirectoryInode, name: string = "") {
    super(owner, 0o555, parent);
    this.name = name;
  }

  override get isSynthetic(): boolean {
    return true;
  }

  override get size(): number {
    return 0;
  }

  override get isEmpty(): boolean {
    return false;
  }

  abstract override lookup(name: string): Inode | undefined;
  abstract override names(): readonly string[];
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();
