import { Errno } from "@dcejs/lkl-kernel";
import { S_IFCHR } from "../fd/file-stat.ts";
import { NamedFd } from "./file-fds.ts";
import { Inode, type InodeOwner } from "./inode.ts";

/** What a character device does. Nothing here blocks. */
export interface CharacterDevice {
  readonly major: number;
  readonly minor: number;
  /** Fills the buffer. @returns octets, 0 at the end, or -errno. */
  read(buffer: Uint8Array): number;
  write(buffer: Uint8Array): number;
}

/** Octets of the node's random stream. */
export type RandomBytes = (into: Uint8Array) => void;

const accept = (buffer: Uint8Array): number => buffer.length;
const readZeros = (buffer: Uint8Array): number => {
  buffer.fill(0);
  return buffer.length;
};

/** The devices of drivers/char/mem.c and random.c, by their name in /dev. */
export function standardDevices(random: RandomBytes): Readonly<Record<string, CharacterDevice>> {
  const readRandom = (buffer: Uint8Array): number => {
    random(buffer);
    return buffer.length;
  };
  return {
    null: { major: 1, minor: 3, read: () => 0, write: accept },
    zero: { major: 1, minor: 5, read: readZeros, write: accept },
    full: { major: 1, minor: 7, read: readZeros, write: () => -Errno.ENOSPC },
    random: { major: 1, minor: 8, read: readRandom, write: accept },
    urandom: { major: 1, minor: 9, read: readRandom, write: accept },
    // No terminal is attached to a simulated process.
    tty: { major: 5, minor: 0, read: () => -Errno.ENXIO, write: () => -Errno.ENXIO },
  };
}

export class DeviceInode extends Inode {
  readonly device: CharacterDevice;
  override readonly rdev: number;

  constructor(owner: InodeOwner, permissions: number, device: CharacterDevice) {
    super(owner, S_IFCHR | permissions);
    this.device = device;
    this.rdev = (device.major << 8) | device.minor;
  }

  override get size(): number {
    return 0;
  }
}

export class DeviceFd extends NamedFd {
  override readonly kind = "device";
  override readonly isPollable = false;
  declare readonly inode: DeviceInode;

  // oxlint-disable-next-line no-useless-constructor -- narrows the type of `inode`
  constructor(inode: DeviceInode, path: string, flags: number) {
    super(inode, path, flags);
  }

  override read(buffer: Uint8Array): number {
    return this.isReadable ? this.inode.device.read(buffer) : -Errno.EBADF;
  }

  override write(buffer: Uint8Array): number {
    return this.isWritable ? this.inode.device.write(buffer) : -Errno.EBADF;
  }

  override pread(buffer: Uint8Array): number {
    return this.read(buffer);
  }

  override pwrite(buffer: Uint8Array): number {
    return this.write(buffer);
  }

  override lseek(): number {
    return 0;
  }
}
