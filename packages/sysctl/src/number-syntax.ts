/** One number as the kernel scanned it. */
export interface ScannedNumber {
  /** Without its sign. */
  readonly magnitude: bigint;
  readonly isNegative: boolean;
  /** Index of the first character after it. */
  readonly end: number;
}

/** What may stand behind a number in a list of numbers. */
export const LIST_TERMINATORS = " \t\n";

/**
 * Scans one number at `start` as `proc_get_long` does: an optional minus, then base 10, `0x` base 16 or
 * `0` base 8. It fits 64 bits, has at most 20 characters, and ends the text or is followed by one of
 * `terminators`. Anything else is `undefined` (the kernel's -EINVAL).
 */
export function scanNumber(
  text: string,
  start: number,
  terminators: string,
): ScannedNumber | undefined {
  const token = text.slice(start, start + TOKEN_LENGTH_MAX);
  const isNegative = token.startsWith("-");
  const digits = NUMBER.exec(isNegative ? token.slice(1) : token)?.[0];
  if (digits === undefined) return undefined;
  const length = digits.length + (isNegative ? 1 : 0);
  // A number that fills the kernel's buffer may go on behind it, so the kernel refuses it.
  if (length === TOKEN_LENGTH_MAX) return undefined;
  const magnitude = toBigInt(digits);
  if (magnitude > ULONG_MAX) return undefined;
  const end = start + length;
  if (end < text.length && !terminators.includes(text.charAt(end))) return undefined;
  return { magnitude, isNegative, end };
}

/** Index of the first character at or after `start` that is no white space (`skip_spaces`). */
export function skipSpaces(text: string, start: number): number {
  let at = start;
  while (at < text.length && SPACES.includes(text.charAt(at))) at++;
  return at;
}

export const ULONG_MAX: bigint = (1n << 64n) - 1n;

/** TMPBUFLEN - 1 of kernel/sysctl.c. */
const TOKEN_LENGTH_MAX = 21;
const SPACES = " \t\n\v\f\r";
const NUMBER = /^(?:0[xX][0-9a-fA-F]+|0[0-7]*|[1-9][0-9]*)/;

function toBigInt(digits: string): bigint {
  const isOctal = digits.length > 1 && /^0[0-7]/.test(digits);
  return BigInt(isOctal ? `0o${digits.slice(1)}` : digits);
}
