import type { UnixFd } from "./unix-fd.ts";

/** Descriptors of one process. */
export class FdTable {
  get(_fd: number): UnixFd | undefined {
    return undefined;
  }
}
