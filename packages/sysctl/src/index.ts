/** Linux kernel parameters: a typed tree, one per node. @packageDocumentation */
export type { SysctlEntry, SysctlType, SysctlUnit } from "./sysctl-entry.ts";
export { SysctlErrno, SysctlError, type SysctlErrorCode } from "./sysctl-error.ts";
export {
  createLinuxSysctlTree,
  type SysctlCredentials,
  type SysctlDescription,
  type SysctlInt,
  type SysctlIntVector,
  type SysctlListener,
  type SysctlString,
  SysctlTree,
  type SysctlTreeOptions,
} from "./sysctl-tree.ts";
