/** A value now, or a promise of it when the call has blocked. `await` handles both. */
export type MaybePromise<T> = T | Promise<T>;

/** What a TypeScript program sees of its host. */
export class Posix {
  /** Reads up to `buffer.length` octets. @throws {SyscallError} EBADF, EAGAIN, EINTR… */
  read(_fd: number, _buffer: Uint8Array): MaybePromise<number> {
    throw new Error("Posix is being written");
  }
}
