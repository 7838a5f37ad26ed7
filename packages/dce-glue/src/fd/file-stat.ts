/** struct stat. Times are nanoseconds of virtual time since the simulation began; callers add the clock's base. */
export interface FileStat {
  dev: number;
  ino: number;
  /** S_IF* type and permission bits. */
  mode: number;
  nlink: number;
  uid: number;
  gid: number;
  rdev: number;
  /** Octets. */
  size: number;
  blksize: number;
  /** Units of 512 octets. */
  blocks: number;
  atimeNs: number;
  mtimeNs: number;
  ctimeNs: number;
}

export function emptyStat(): FileStat {
  return {
    dev: 0,
    ino: 0,
    mode: 0,
    nlink: 1,
    uid: 0,
    gid: 0,
    rdev: 0,
    size: 0,
    blksize: 4096,
    blocks: 0,
    atimeNs: 0,
    mtimeNs: 0,
    ctimeNs: 0,
  };
}
