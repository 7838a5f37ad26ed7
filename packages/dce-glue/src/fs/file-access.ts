import { RegularFd } from "./file-fds.ts";
import type { FileSystem } from "./file-system.ts";
import { O_CREAT, O_RDONLY, O_TRUNC, O_WRONLY } from "../fd/open-flags.ts";
import type { UnixFd } from "../fd/unix-fd.ts";
import { SyscallError } from "../posix/syscall-error.ts";

const CHUNK_OCTETS = 65_536;

/** Files of a node for those who stand outside of it: whole files, with all permissions. */
export class FileAccess {
  readonly #fs: FileSystem;

  constructor(fs: FileSystem) {
    this.#fs = fs;
  }

  /** Writes a whole file, text as UTF-8. Folders on the way are made. @throws {SyscallError} EISDIR… */
  write(path: string, content: string | Uint8Array): void {
    const slash = path.lastIndexOf("/");
    if (slash > 0) this.#fs.makeFolders(path.slice(0, slash));
    const file = this.#open(path, O_WRONLY | O_CREAT | O_TRUNC);
    const written = file.write(typeof content === "string" ? encoder.encode(content) : content);
    if (typeof written === "number" && written < 0) throw SyscallError.of(written, "write", path);
  }

  /** Takes the bytes as content without a copy; they must not be changed afterwards. */
  writeBorrowed(path: string, content: Uint8Array): void {
    this.write(path, "");
    const file = this.#open(path, O_WRONLY);
    if (file instanceof RegularFd) file.inode.borrow(content);
    else this.write(path, content);
  }

  /** A whole file, also of /proc. @throws {SyscallError} ENOENT, EISDIR… */
  read(path: string): Uint8Array {
    const file = this.#open(path, O_RDONLY);
    if (file instanceof RegularFd) return file.inode.bytes.slice();
    const chunks: Uint8Array[] = [];
    for (;;) {
      const chunk = new Uint8Array(CHUNK_OCTETS);
      const count = file.read(chunk);
      if (typeof count !== "number") throw new Error(`${path} would block`);
      if (count < 0) throw SyscallError.of(count, "read", path);
      if (count === 0) break;
      chunks.push(chunk.subarray(0, count));
    }
    return joinChunks(chunks);
  }

  readText(path: string): string {
    return decoder.decode(this.read(path));
  }

  exists(path: string): boolean {
    return typeof this.#fs.resolve(this.#fs.superuser, path) !== "number";
  }

  /** Names in a folder, sorted. @throws {SyscallError} ENOENT, ENOTDIR. */
  list(path: string): string[] {
    const entries = this.#fs.readdir(this.#fs.superuser, path);
    if (typeof entries === "number") throw SyscallError.of(entries, "readdir", path);
    return entries.map((entry) => entry.name).toSorted();
  }

  #open(path: string, flags: number): UnixFd {
    const file = this.#fs.open(this.#fs.superuser, path, flags, 0o644);
    if (typeof file === "number") throw SyscallError.of(file, "open", path);
    return file;
  }
}

function joinChunks(chunks: readonly Uint8Array[]): Uint8Array {
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
