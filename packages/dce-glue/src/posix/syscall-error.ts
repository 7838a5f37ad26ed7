import { Errno } from "@dcejs/lkl-kernel";

const NAME_BY_NUMBER: ReadonlyMap<number, string> = new Map(
  Object.entries(Errno)
    .toReversed()
    .map(([name, number]) => [number, name]),
);

/** "EAGAIN" of 11 or -11; "E11" of a number without a name. */
export function errnoName(errno: number): string {
  return NAME_BY_NUMBER.get(Math.abs(errno)) ?? `E${Math.abs(errno)}`;
}

/** An errno as a program sees it: the shape of Node's own system errors. */
export class SyscallError extends Error {
  override readonly name = "SyscallError";
  /** "EAGAIN" */
  readonly code: string;
  /** -11 */
  readonly errno: number;
  /** "recv" */
  readonly syscall: string;
  /** The path of the call, when it had one. */
  readonly path: string | undefined;

  constructor(code: string, errno: number, syscall: string, path?: string) {
    super(path === undefined ? `${syscall} ${code}` : `${syscall} ${code} '${path}'`);
    this.code = code;
    this.errno = errno;
    this.syscall = syscall;
    this.path = path;
  }

  /** @param errno negative. */
  static of(errno: number, syscall: string, path?: string): SyscallError {
    return new SyscallError(errnoName(errno), errno, syscall, path);
  }
}
