import type { SysctlEntry } from "./sysctl-entry.ts";

/** A parameter that every network device has of its own. */
export interface DeviceEntry extends Omit<SysctlEntry, "path" | "default" | "view"> {
  /** Last component of the path. */
  readonly name: string;
  readonly default: number | string;
  /** Initial value of `all`. @default that of `default` */
  readonly all?: number;
  /** Initial value on the loopback device. @default what `default` says when it is registered */
  readonly loopback?: number;
  /**
   * A write to `all` is carried to `default` and to every device: at each write, or only when the value
   * changes. Such a parameter does not follow `default`.
   */
  readonly spreadsFromAll?: "always" | "on-change";
  /** The parameter of the same device whose variable this one shows. */
  readonly view?: SysctlEntry["view"];
}

/** A directory with one subdirectory a device, such as `net.ipv4.conf`. */
export interface DeviceFamily {
  /** Dotted. */
  readonly directory: string;
  readonly entries: readonly DeviceEntry[];
  /** Whether there is an `all` beside `default`. */
  readonly hasAll: boolean;
  /**
   * `until-written`: a device follows writes to `default` in each parameter that nobody has written on
   * it (`devinet_copy_dflt_conf`, `neigh_copy_dflt_parms`); `at-creation`: it copies `default` once.
   */
  readonly follows: "until-written" | "at-creation";
}

/** `dev_valid_name`: no slash, colon or white space, and no directory link; and no directory of ours. */
export function isDeviceName(name: string): boolean {
  return /^(?!\.{1,2}$)[^/:\s]{1,15}$/.test(name) && name !== "all" && name !== "default";
}
