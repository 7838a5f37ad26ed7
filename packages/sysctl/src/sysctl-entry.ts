/**
 * How a parameter is stored and parsed; each names the kernel's handler for it.
 *
 * - `bool`: one u8 0..1 (`proc_dou8vec_minmax`); `u8`: one value 0..255 (`proc_dou8vec_minmax`).
 * - `int`: `proc_dointvec_minmax`, one value or a vector of `length`; `uint`: `proc_douintvec_minmax`.
 * - `ulong`: `proc_doulongvec_minmax`, one value or a vector of `length`; 64 bits wide.
 * - `jiffies`, `ms_jiffies`, `userhz_jiffies`: an int whose file is in seconds, milliseconds or 1/100 s
 *   and that the kernel rounds to its own ticks.
 * - `string`: `proc_dostring`; `ports`: `proc_do_large_bitmap`, a list such as `8080,9000-9010`.
 */
export type SysctlType =
  | "bool"
  | "u8"
  | "int"
  | "uint"
  | "ulong"
  | "jiffies"
  | "ms_jiffies"
  | "userhz_jiffies"
  | "string"
  | "ports";

/** What one step of the file's number means. */
export type SysctlUnit =
  | "s"
  | "ms"
  | "us"
  | "ns"
  | "1/100 s"
  | "bytes"
  | "pages"
  | "packets"
  | "percent";

/** The definition of one parameter. */
export interface SysctlEntry {
  /** Dotted or slashed name, for instance `net.ipv4.tcp_sack`. */
  readonly path: string;
  readonly type: SysctlType;
  /** Initial value, as a number, as a vector of `length` numbers, or as text (long values above 2^53, strings). */
  readonly default: number | string | readonly number[];
  /** One line, in our own words. */
  readonly description: string;
  /** Number of values in the vector. @default 1 */
  readonly length?: number;
  /** Smallest and largest legal value of each number, in the file's unit. @default the type's own range */
  readonly min?: number;
  readonly max?: number;
  /** Permission bits: 0o644, 0o444 (read only), 0o200 (write only), 0o600. @default 0o644 */
  readonly mode?: number;
  readonly unit?: SysctlUnit;
  /** String size including the terminator; longer text is cut as `proc_dostring` cuts it. @default 256 */
  readonly maxLength?: number;
}
