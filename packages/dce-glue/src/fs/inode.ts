import { Errno } from "@dcejs/lkl-kernel";
import { type FileStat, S_IFDIR, S_IFLNK, S_IFMT, S_IFREG, S_IFSOCK } from "../fd/file-stat.ts";

/** Hands out inode numbers and the time; one per file system. */
export interface InodeOwner {
  nextInode(): number;
  /** Virtual time in nanoseconds. */
  now(): number;
}

/** What a name points at. Counted by its names (nlink); open files hold it beyond that. */
export abstract class Inode {
  readonly ino: number;
  readonly owner: InodeOwner;
  /** S_IF* bits and permissions. */
  mode: number;
  uid = 0;
  gid = 0;
  nlink = 1;
  atimeNs: number;
  mtimeNs: number;
  ctimeNs: number;
  /** Device number of a device node. */
  readonly rdev: number = 0;

  constructor(owner: InodeOwner, mode: number) {
    this.owner = owner;
    this.ino = owner.nextInode();
    this.mode = mode;
    const now = owner.now();
    this.atimeNs = now;
    this.mtimeNs = now;
    this.ctimeNs = now;
  }

  abstract get size(): number;

  get type(): number {
    return this.mode & S_IFMT;
  }

  /** Content has changed. */
  touchModified(): void {
    const now = this.owner.now();
    this.mtimeNs = now;
    this.ctimeNs = now;
  }

  touchChanged(): void {
    this.ctimeNs = this.owner.now();
  }

  stat(out: FileStat): number {
    out.dev = 1;
    out.ino = this.ino;
    out.mode = this.mode;
    out.nlink = this.nlink;
    out.uid = this.uid;
    out.gid = this.gid;
    out.rdev = this.rdev;
    out.size = this.size;
    out.blksize = 4096;
    out.blocks = Math.ceil(this.size / 512);
    out.atimeNs = this.atimeNs;
    out.mtimeNs = this.mtimeNs;
    out.ctimeNs = this.ctimeNs;
    return 0;
  }
}

/** Octets of one file at most: what one typed array may hold with room to spare. */
const FILE_SIZE_MAX = 2 ** 31 - 1;
const NO_BYTES = new Uint8Array(0);

/** A regular file. Its memory doubles as it grows; holes read as zeros. */
export class RegularInode extends Inode {
  #bytes: Uint8Array = NO_BYTES;
  #size = 0;
  /** Shares bytes that belong to someone else; copied before the first change. */
  #isBorrowed = false;

  constructor(owner: InodeOwner, permissions: number) {
    super(owner, S_IFREG | permissions);
  }

  override get size(): number {
    return this.#size;
  }

  /** The whole content, not to be changed; true until the next write. */
  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#size);
  }

  /** Takes `bytes` as content without a copy until the file is written. */
  borrow(bytes: Uint8Array): void {
    this.#bytes = bytes;
    this.#size = bytes.length;
    this.#isBorrowed = true;
  }

  read(into: Uint8Array, offset: number): number {
    const count = Math.min(into.length, this.#size - offset);
    if (count <= 0) return 0;
    into.set(this.#bytes.subarray(offset, offset + count));
    return count;
  }

  /** @returns octets written, or -EFBIG. */
  write(from: Uint8Array, offset: number): number {
    if (from.length === 0) return 0;
    const end = offset + from.length;
    if (end > FILE_SIZE_MAX) return -Errno.EFBIG;
    this.#reserve(end);
    this.#bytes.set(from, offset);
    if (end > this.#size) this.#size = end;
    this.touchModified();
    return from.length;
  }

  /** @returns 0, -EINVAL or -EFBIG. */
  truncate(length: number): number {
    if (length < 0) return -Errno.EINVAL;
    if (length > FILE_SIZE_MAX) return -Errno.EFBIG;
    this.#reserve(length);
    // What lay behind the end must not come back when the file grows again.
    if (length < this.#size) this.#bytes.fill(0, length, this.#size);
    this.#size = length;
    this.touchModified();
    return 0;
  }

  #reserve(length: number): void {
    if (length <= this.#bytes.length && !this.#isBorrowed) return;
    let capacity = Math.max(this.#bytes.length, 64);
    while (capacity < length) capacity *= 2;
    const grown = new Uint8Array(Math.min(capacity, FILE_SIZE_MAX));
    grown.set(this.#bytes.subarray(0, this.#size));
    this.#bytes = grown;
    this.#isBorrowed = false;
  }
}

export class SymlinkInode extends Inode {
  readonly target: string;

  constructor(owner: InodeOwner, target: string) {
    super(owner, S_IFLNK | 0o777);
    this.target = target;
  }

  override get size(): number {
    return this.target.length;
  }
}

/** A bound AF_UNIX socket's name. */
export class SocketInode extends Inode {
  readonly socket: object;

  constructor(owner: InodeOwner, permissions: number, socket: object) {
    super(owner, S_IFSOCK | permissions);
    this.socket = socket;
  }

  override get size(): number {
    return 0;
  }
}

/** A folder: names in the order in which they were made. */
export class DirectoryInode extends Inode {
  /** Where `..` leads; the root leads to itself. */
  parent: DirectoryInode;
  /** Its name in the parent, for getcwd(). */
  name = "";
  /** A mount point or the root of one: neither removed nor renamed (EBUSY). */
  isMountPoint = false;
  readonly #entries = new Map<string, Inode>();

  constructor(owner: InodeOwner, permissions: number, parent?: DirectoryInode) {
    super(owner, S_IFDIR | permissions);
    this.parent = parent ?? this;
    this.nlink = 2;
  }

  override get size(): number {
    return 4096;
  }

  /** Synthetic trees have names of their own and take no others. */
  get isSynthetic(): boolean {
    return false;
  }

  get isRemoved(): boolean {
    return this.nlink === 0;
  }

  lookup(name: string): Inode | undefined {
    return this.#entries.get(name);
  }

  names(): readonly string[] {
    return [...this.#entries.keys()];
  }

  get isEmpty(): boolean {
    return this.#entries.size === 0;
  }

  /** Adds a name that is not there yet. */
  link(name: string, inode: Inode): void {
    this.#entries.set(name, inode);
    if (inode instanceof DirectoryInode) {
      inode.parent = this;
      inode.name = name;
      this.nlink++;
    }
    this.touchModified();
  }

  /** Takes a name out; the inode's nlink is the caller's business. */
  unlink(name: string): void {
    if (this.#entries.get(name) instanceof DirectoryInode) this.nlink--;
    this.#entries.delete(name);
    this.touchModified();
  }
}
