/** An errno as a program sees it: the shape of Node's own system errors. */
export class SyscallError extends Error {
  override readonly name = "SyscallError";
  /** "EAGAIN" */
  readonly code: string;
  /** -11 */
  readonly errno: number;
  /** "recv" */
  readonly syscall: string;

  constructor(code: string, errno: number, syscall: string) {
    super(`${syscall} ${code}`);
    this.code = code;
    this.errno = errno;
    this.syscall = syscall;
  }
}
