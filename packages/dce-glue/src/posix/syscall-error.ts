import { errnoName } from "@dcejs/lkl-kernel";

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
