/** Who reads or writes a parameter. */
export interface SysctlCredentials {
  readonly uid: number;
  /** @default not in group 0 */
  readonly gid?: number;
  /** CAP_NET_ADMIN gives everyone root's bits below `net/` (`net_ctl_permissions`). */
  readonly hasNetAdmin?: boolean;
}

/** The owner of every parameter. */
export const ROOT: SysctlCredentials = { uid: 0, gid: 0 };

/** Whether mode bits let `cred` in. Root is bound by them too, as in the kernel's `test_perm`. */
export function permits(
  mode: number,
  access: "read" | "write",
  key: string,
  cred: SysctlCredentials,
): boolean {
  const isOwner = cred.uid === 0 || (cred.hasNetAdmin === true && key.startsWith("net/"));
  const shift = isOwner ? 6 : cred.gid === 0 ? 3 : 0;
  return ((mode >> shift) & (access === "read" ? 0o4 : 0o2)) !== 0;
}
