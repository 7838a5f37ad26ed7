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

export const S_IFMT = 0o170000;
export const S_IFSOCK = 0o140000;
export const S_IFLNK = 0o120000;
export const S_IFREG = 0o100000;
export const S_IFBLK = 0o060000;
export const S_IFDIR = 0o040000;
export const S_IFCHR = 0o020000;
export const S_IFIFO = 0o010000;
export const S_ISUID = 0o4000;
export const S_ISGID = 0o2000;
export const S_ISVTX = 0o1000;
