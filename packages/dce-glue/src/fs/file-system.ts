/** The inode tree of one node, in memory. */
export class FileSystem {
  /** Reads a whole file. @throws {SyscallError} ENOENT, EISDIR… */
  readFile(_path: string): Uint8Array {
    throw new Error("FileSystem is being written");
  }

  /** Writes a whole file; folders on the way are made. */
  writeFile(_path: string, _content: string | Uint8Array): void {
    throw new Error("FileSystem is being written");
  }

  exists(_path: string): boolean {
    throw new Error("FileSystem is being written");
  }

  readdir(_path: string): string[] {
    throw new Error("FileSystem is being written");
  }
}
