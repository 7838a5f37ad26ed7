import { Errno } from "@dcejs/lkl-kernel";
import { NOFILE_DEFAULT } from "./limits.ts";
import { O_CLOEXEC } from "./open-flags.ts";
import type { UnixFd } from "./unix-fd.ts";

/** The descriptors of one process, shared by its threads. */
export class FdTable {
  readonly #files: (UnixFd | undefined)[] = [];
  readonly #closeOnExec = new Set<number>();
  /** Numbers that a call under way will fill in. */
  readonly #reserved = new Set<number>();
  #lowestFree = 0;
  #openCount = 0;
  /** RLIMIT_NOFILE: descriptors are below it. */
  limit: number = NOFILE_DEFAULT;

  /** undefined: EBADF. */
  get(fd: number): UnixFd | undefined {
    return this.#files[fd];
  }

  /** Open descriptors. */
  get openCount(): number {
    return this.#openCount;
  }

  /** Descriptors in ascending order. */
  *descriptors(): Generator<number> {
    for (let fd = 0; fd < this.#files.length; fd++) if (this.#files[fd] !== undefined) yield fd;
  }

  /**
   * Gives the file the lowest free descriptor that is at least `from`, and holds the file.
   * @returns the descriptor, or -EMFILE (the file is then not held).
   */
  allocate(file: UnixFd, closeOnExec: boolean = false, from: number = 0): number {
    const fd = this.#takeLowest(from);
    if (fd >= 0) this.#put(fd, file, closeOnExec);
    return fd;
  }

  /**
   * Sets a descriptor aside before a call that may block, as Linux does, so that what the call
   * delivers has a place. @returns the descriptor for install() or unreserve(), or -EMFILE.
   */
  reserve(): number {
    const fd = this.#takeLowest(0);
    if (fd >= 0) this.#reserved.add(fd);
    return fd;
  }

  /** Points a reserved descriptor at a file. */
  install(fd: number, file: UnixFd, closeOnExec: boolean): void {
    this.#reserved.delete(fd);
    this.#put(fd, file, closeOnExec);
  }

  unreserve(fd: number): void {
    this.#reserved.delete(fd);
    if (fd < this.#lowestFree) this.#lowestFree = fd;
  }

  /**
   * Takes the file out without releasing it: the caller must.
   * @returns undefined: EBADF.
   */
  remove(fd: number): UnixFd | undefined {
    const file = this.#files[fd];
    if (file === undefined) return undefined;
    this.#files[fd] = undefined;
    this.#closeOnExec.delete(fd);
    this.#openCount--;
    if (fd < this.#lowestFree) this.#lowestFree = fd;
    return file;
  }

  /** fcntl(F_DUPFD): a second descriptor of the same description. */
  dup(fd: number, from: number = 0, closeOnExec: boolean = false): number {
    const file = this.#files[fd];
    if (file === undefined) return -Errno.EBADF;
    if (from < 0 || from >= this.limit) return -Errno.EINVAL;
    return this.allocate(file, closeOnExec, from);
  }

  /**
   * Points `newFd` at the file. What it pointed at before is in `replaced`, for the caller to
   * release (dup2 never reports an error of that close).
   */
  dup3(fd: number, newFd: number, flags: number, replaced: { value: UnixFd | undefined }): number {
    if ((flags & ~O_CLOEXEC) !== 0 || fd === newFd) return -Errno.EINVAL;
    const file = this.#files[fd];
    if (file === undefined || newFd < 0 || newFd >= this.limit) return -Errno.EBADF;
    // do_dup2: the number is being filled in by another call.
    if (this.#reserved.has(newFd)) return -Errno.EBUSY;
    replaced.value = this.remove(newFd);
    this.#put(newFd, file, (flags & O_CLOEXEC) !== 0);
    return newFd;
  }

  isCloseOnExec(fd: number): boolean {
    return this.#closeOnExec.has(fd);
  }

  setCloseOnExec(fd: number, closeOnExec: boolean): void {
    if (closeOnExec) this.#closeOnExec.add(fd);
    else this.#closeOnExec.delete(fd);
  }

  /** Takes out, in ascending order, the files that execve closes. The caller releases them. */
  removeCloseOnExec(): UnixFd[] {
    const closing = [...this.#closeOnExec].toSorted((a, b) => a - b);
    return closing.flatMap((fd) => this.remove(fd) ?? []);
  }

  /** Takes out all files, in ascending order. The caller releases them. */
  removeAll(): UnixFd[] {
    const files = [...this.descriptors()].flatMap((fd) => this.remove(fd) ?? []);
    this.#files.length = 0;
    return files;
  }

  /** What a child inherits: the same descriptions under the same numbers. */
  copy(): FdTable {
    const copy = new FdTable();
    copy.limit = this.limit;
    for (const fd of this.descriptors()) {
      const file = this.#files[fd];
      if (file !== undefined) copy.#put(fd, file, this.#closeOnExec.has(fd));
    }
    copy.#lowestFree = this.#lowestFree;
    return copy;
  }

  #takeLowest(from: number): number {
    let fd = Math.max(from, this.#lowestFree);
    while (this.#files[fd] !== undefined || this.#reserved.has(fd)) fd++;
    if (fd >= this.limit) return -Errno.EMFILE;
    if (from <= this.#lowestFree) this.#lowestFree = fd + 1;
    return fd;
  }

  #put(fd: number, file: UnixFd, closeOnExec: boolean): void {
    // No holes: the array stays packed, and get() stays one indexed load.
    while (this.#files.length < fd) this.#files.push(undefined);
    this.#files[fd] = file.retain();
    this.#openCount++;
    if (closeOnExec) this.#closeOnExec.add(fd);
  }
}
