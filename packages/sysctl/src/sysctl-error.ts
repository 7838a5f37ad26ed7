/** The errno numbers (asm-generic) that reading and writing parameters can end with. */
export const SysctlErrno: {
  readonly EPERM: 1;
  readonly ENOENT: 2;
  readonly EACCES: 13;
  readonly ENOTDIR: 20;
  readonly EISDIR: 21;
  readonly EINVAL: 22;
} = { EPERM: 1, ENOENT: 2, EACCES: 13, ENOTDIR: 20, EISDIR: 21, EINVAL: 22 };

/** Name of an errno that the sysctl tree returns. */
export type SysctlErrorCode = keyof typeof SysctlErrno;

/** A parameter that could not be read or written, for people: says which, why and what would be legal. */
export class SysctlError extends Error {
  override readonly name = "SysctlError";
  /** Dotted path, or the whole line of a configuration file that has none. */
  readonly path: string;
  readonly code: SysctlErrorCode;
  /** Negative errno. */
  readonly errno: number;
  readonly reason: string;
  /** The closest known path when this one is unknown. */
  readonly suggestion: string | undefined;

  constructor(path: string, code: SysctlErrorCode, reason: string, suggestion?: string) {
    super(`${path}: ${reason} (${code})`);
    this.path = path;
    this.code = code;
    this.errno = -SysctlErrno[code];
    this.reason = reason;
    this.suggestion = suggestion;
  }
}

/** Name of a negative errno that this package returned. */
export function sysctlErrorCode(errno: number): SysctlErrorCode {
  switch (-errno) {
    case SysctlErrno.EPERM:
      return "EPERM";
    case SysctlErrno.ENOENT:
      return "ENOENT";
    case SysctlErrno.EACCES:
      return "EACCES";
    case SysctlErrno.ENOTDIR:
      return "ENOTDIR";
    case SysctlErrno.EISDIR:
      return "EISDIR";
    default:
      return "EINVAL";
  }
}
