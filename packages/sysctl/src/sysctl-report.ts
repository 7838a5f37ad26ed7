import type { SysctlDescription } from "./sysctl-description.ts";
import { SysctlErrno, SysctlError, sysctlErrorCode } from "./sysctl-error.ts";
import { suggestName } from "./suggestion.ts";

/** The error for a path that is no parameter. @param known All parameters; asked only when needed. */
export function unknownPath(
  path: string,
  errno: number,
  known: () => Iterable<string>,
): SysctlError {
  if (errno === -SysctlErrno.EISDIR) {
    return new SysctlError(path, "EISDIR", "is a directory, not a parameter");
  }
  const suggestion = suggestName(path, known());
  const hint = suggestion === undefined ? "" : `; did you mean ${suggestion}?`;
  return new SysctlError(path, "ENOENT", `no such parameter${hint}`, suggestion);
}

/** The error for a read or write that the parameter refused. */
export function explainFailure(
  parameter: SysctlDescription,
  errno: number,
  value?: string | number,
): SysctlError {
  const code = sysctlErrorCode(errno);
  return new SysctlError(parameter.path, code, reason(parameter, errno, value));
}

function reason(
  parameter: SysctlDescription,
  errno: number,
  value: string | number | undefined,
): string {
  if (errno === -SysctlErrno.EACCES) {
    const mode = parameter.mode.toString(8).padStart(4, "0");
    return `${value === undefined ? "reading" : "writing"} is not permitted, its mode is ${mode}`;
  }
  const refused = `the value ${JSON.stringify(`${value ?? ""}`)} is refused, legal is `;
  return refused + legalValues(parameter);
}

function legalValues({ type, length, min, max, choices, unit }: SysctlDescription): string {
  if (choices !== undefined) return `one of ${choices.join(", ")}`;
  if (type === "bitmap") return `a list such as 1,5-7 of numbers below ${length}`;
  if (type === "string") return "another text";
  const many = length === 1 ? "a number" : `up to ${length} numbers`;
  const upper = max !== undefined && max > Number.MAX_SAFE_INTEGER ? "2^64-1" : max;
  return `${many} ${min}..${upper}${unit === undefined ? "" : ` (${unit})`}`;
}
