import type { UnixSocketFd } from "./unix-socket.ts";

/** Who is at the other end (SO_PEERCRED). */
export interface SocketCredentials {
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
}

/** Names of AF_UNIX sockets on a node: paths in its file system, abstract names in a table. */
export interface UnixSocketNamespace {
  /** Of the process that runs now. */
  credentials(): SocketCredentials;
  /** @returns the address it got, or -EADDRINUSE, -EACCES… */
  bind(address: Uint8Array, socket: UnixSocketFd): Uint8Array | number;
  /** @returns the socket that has this address, or -ENOENT, -ECONNREFUSED… */
  find(address: Uint8Array): UnixSocketFd | number;
  /** An abstract name is free again; a path stays until it is unlinked. */
  release(socket: UnixSocketFd): void;
}
