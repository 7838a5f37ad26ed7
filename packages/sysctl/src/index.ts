/**
 * Linux kernel parameters: a typed tree of names, ranges, defaults and formats, one tree a node.
 * @packageDocumentation
 */
export type { DeviceEntry, DeviceFamily } from "./device-family.ts";
export { createLinuxSysctlTree, type LinuxSysctlOptions } from "./linux/linux-sysctl-tree.ts";
export { ProcSysView } from "./proc-sys-view.ts";
export { parseSysctlConf, type SysctlConf, type SysctlSetting } from "./sysctl-conf.ts";
export type { SysctlDescription } from "./sysctl-description.ts";
export type {
  SysctlEntry,
  SysctlState,
  SysctlType,
  SysctlUnit,
  SysctlView,
} from "./sysctl-entry.ts";
export { SysctlErrno, SysctlError, type SysctlErrorCode } from "./sysctl-error.ts";
export type {
  SysctlInt,
  SysctlIntVector,
  SysctlListener,
  SysctlString,
} from "./sysctl-node.ts";
export type { SysctlCredentials } from "./sysctl-permission.ts";
export { SysctlTree, type SysctlTreeOptions } from "./sysctl-tree.ts";
