import type { DceSocket } from "../kernel-objects.ts";

/** A socket of the kernel: one of its descriptors. Whose descriptor it is the simulator knows. */
export class LinuxSocket {
  /** -1: the kernel is halted. Another one may run by then. */
  fd: number;
  readonly isStream: boolean;
  /** O_NONBLOCK of the kernel's file: only accept and connect look at it. */
  isNonblocking = false;

  constructor(fd: number, isStream: boolean) {
    this.fd = fd;
    this.isStream = isStream;
  }
}

export function socketOf(socket: DceSocket): LinuxSocket {
  if (socket instanceof LinuxSocket) return socket;
  throw new TypeError("not a socket of this kernel");
}
