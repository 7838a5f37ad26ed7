/** The errno numbers (asm-generic) that reading and writing parameters can end with. */
export const SysctlErrno: {
  readonly EPERM: 1;
  readonly ENOENT: 2;
  readonly EACCES: 13;
  readonly EISDIR: 21;
  readonly EINVAL: 22;
  readonly ERANGE: 34;
} = { EPERM: 1, ENOENT: 2, EACCES: 13, EISDIR: 21, EINVAL: 22, ERANGE: 34 };

/** Name of an errno that the sysctl tree returns. */
export type SysctlErrorCode = keyof typeof SysctlErrno;

/** A parameter that could not be read or written, for people: says which, why and what would be legal. */
export class SysctlError extends Error {
  override readonly name = "SysctlError";
  /** Dotted path. */
  readonly path: string;
  readonly code: SysctlErrorCode;
  /** Negative errno. */
  readonly errno: number;
  /** The closest known path when the path is unknown. */
  readonly suggestion: string | undefined;

  constructor(path: string, code: SysctlErrorCode, reason: string, suggestion?: string) {
    super(`sysctl ${path}: ${reason} (${code})`);
    this.path = path;
    this.code = code;
    this.errno = -SysctlErrno[code];
    this.suggestion = suggestion;
  }
}
