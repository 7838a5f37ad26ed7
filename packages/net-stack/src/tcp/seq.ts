/**
 * Sequence numbers (RFC 9293, section 3.4): a 32-bit circle.
 *
 * A SeqNum is kept as a *signed* 32-bit integer, so that it is always a small integer for the
 * engine (no boxed double per assignment) and `(a - b) | 0` is the wrap-safe distance. The bits
 * are those on the wire; `seqToU32` gives the number that people expect to read.
 *
 * The brand guards what is *stored*: `snd.nxt + 1` is no SeqNum, so nothing leaves the circle.
 * Comparisons take any number, because they reduce it themselves.
 */
export type SeqNum = number & { readonly __brand: "SeqNum" };

/** Reduces any integer to its place on the circle. */
export function seqNum(n: number): SeqNum {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the one constructor of the brand
  return (n | 0) as SeqNum;
}

/** `seq + octets` on the circle. */
export function seqAdd(seq: number, octets: number): SeqNum {
  return seqNum(seq + octets);
}

/** How far `to` lies ahead of `from`, in octets; negative when behind. */
export function seqDiff(to: number, from: number): number {
  return (to - from) | 0;
}

export function before(a: number, b: number): boolean {
  return ((a - b) | 0) < 0;
}

export function after(a: number, b: number): boolean {
  return ((b - a) | 0) < 0;
}

/** `low <= seq <= high` on the circle. */
export function between(seq: number, low: number, high: number): boolean {
  return (high - low) >>> 0 >= (seq - low) >>> 0;
}

/** The same bits as an unsigned number, 0 … 2^32 - 1: for people and for /proc. */
export function seqToU32(seq: number): number {
  return seq >>> 0;
}
