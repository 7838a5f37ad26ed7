/**
 * How a parameter is stored and parsed; each names the kernel's handler for it.
 *
 * - `u8`: 0..255 (`proc_dou8vec_minmax`); `bool`: the same with the range 0..1.
 * - `int`: signed 32 bits, one value or a vector of `length` (`proc_dointvec_minmax`).
 * - `uint`: one value of 32 bits (`proc_douintvec_minmax`).
 * - `ulong`: 64 bits, one value or a vector of `length` (`proc_doulongvec_minmax`).
 * - `jiffies`, `ms_jiffies`, `userhz_jiffies`: an int whose file counts seconds, milliseconds or
 *   1/100 s, and that the kernel keeps in ticks (`proc_dointvec_jiffies` and its sisters).
 * - `string`: up to `maxLength` - 1 bytes, ended by a newline (`proc_dostring`).
 * - `bitmap`: `length` bits written as `8080,9000-9010` (`proc_do_large_bitmap`).
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
  | "bitmap";

/** What one step of the file's number means. */
export type SysctlUnit =
  | "s"
  | "ms"
  | "us"
  | "ns"
  | "1/100 s"
  | "bytes"
  | "kB"
  | "pages"
  | "packets"
  | "percent";

/** A parameter's value, in the file's unit and as the file's text without its final newline. */
export interface SysctlState {
  /**
   * The numbers: one, or `length` of them; of a bitmap the first and last bit of each run in turn; of a
   * string none. A `ulong` above 2^53 is rounded here and exact in `text`.
   */
  readonly values: readonly number[];
  readonly text: string;
}

/** A parameter that shows another one's variable in another unit. */
export interface SysctlView {
  /** Path of the parameter that owns the variable. */
  readonly of: string;
  readonly toView: (ownerValue: number) => number;
  readonly fromView: (viewValue: number) => number;
}

/** The definition of one parameter. */
export interface SysctlEntry {
  /** Dotted or slashed name, for instance `net.ipv4.tcp_sack`. */
  readonly path: string;
  readonly type: SysctlType;
  /** Initial value, written as the file would be. */
  readonly default: number | string | readonly number[];
  /** One line. */
  readonly description: string;
  /** Numbers in the vector, bits in the bitmap. @default 1 */
  readonly length?: number;
  /** Smallest legal value of each number, in the file's unit. @default the type's own range */
  readonly min?: number;
  /** Largest legal value of each number. @default the type's own range */
  readonly max?: number;
  /** Path of a parameter whose (first) value is a further lower limit. */
  readonly minFrom?: string;
  /** Path of a parameter whose (first) value is a further upper limit. */
  readonly maxFrom?: string;
  /** Permission bits: 0o644, 0o444 (read only), 0o200 (write only), 0o600. @default 0o644 */
  readonly mode?: number;
  readonly unit?: SysctlUnit;
  /** Bytes of a string with its terminator; longer text is cut. @default 256 */
  readonly maxLength?: number;
  /** The only legal texts of a string, or the path of a parameter that lists them. Others: -ENOENT. */
  readonly choices?: readonly string[] | string;
  readonly view?: SysctlView;
  /**
   * Looks at a parsed value as a whole before it takes effect: a negative errno refuses it, a state
   * replaces it. With it a vector is all or nothing, as where the kernel parses into a copy.
   */
  readonly review?: (next: SysctlState) => number | SysctlState;
  /** Produces the text at each read (random.uuid, file-nr). */
  readonly read?: () => string;
}
