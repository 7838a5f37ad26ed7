import { Errno } from "@dcejs/lkl-kernel";
import { readUnixAddress, writeUnixAddress } from "../fd/unix-address.ts";
import type { SocketCredentials, UnixSocketNamespace } from "../fd/unix-socket-namespace.ts";
import { UnixSocketFd } from "../fd/unix-socket.ts";
import { SocketInode } from "../fs/inode.ts";
import { type FsCaller, isPermitted, W_OK } from "../fs/permission.ts";
import type { NodeContext } from "./node-context.ts";
import { Thread } from "./thread.ts";

/** Names of the AF_UNIX sockets of one node. */
export class NodeUnixNamespace implements UnixSocketNamespace {
  readonly #node: NodeContext;
  readonly #abstract = new Map<string, UnixSocketFd>();
  #lastAutobind = 0;

  constructor(node: NodeContext) {
    this.#node = node;
  }

  credentials(): SocketCredentials {
    const context = this.#node.taskManager.currentTask()?.context;
    if (!(context instanceof Thread)) return { pid: 0, uid: 0, gid: 0 };
    const { pid, euid, egid } = context.process;
    return { pid, uid: euid, gid: egid };
  }

  bind(address: Uint8Array, socket: UnixSocketFd): Uint8Array | number {
    const parsed = readUnixAddress(address);
    if (parsed === undefined) return -Errno.EINVAL;
    if (parsed.kind === "unnamed") return this.#autobind(socket);
    if (parsed.kind === "path") {
      const result = this.#node.fs.bindSocket(this.#caller(), parsed.path, socket);
      return result < 0 ? result : writeUnixAddress(parsed.path);
    }
    if (this.#abstract.has(parsed.key)) return -Errno.EADDRINUSE;
    this.#abstract.set(parsed.key, socket);
    return address.slice();
  }

  find(address: Uint8Array): UnixSocketFd | number {
    const parsed = readUnixAddress(address);
    if (parsed === undefined || parsed.kind === "unnamed") return -Errno.EINVAL;
    if (parsed.kind === "abstract") {
      return this.#abstract.get(parsed.key) ?? -Errno.ECONNREFUSED;
    }
    const caller = this.#caller();
    const inode = this.#node.fs.resolve(caller, parsed.path);
    if (typeof inode === "number") return inode;
    if (!isPermitted(caller, inode, W_OK)) return -Errno.EACCES;
    // A name whose socket is closed is still there, and refuses.
    const socket = inode instanceof SocketInode ? inode.socket : undefined;
    if (!(socket instanceof UnixSocketFd) || socket.isClosed) return -Errno.ECONNREFUSED;
    return socket;
  }

  release(socket: UnixSocketFd): void {
    for (const [key, owner] of this.#abstract) if (owner === socket) this.#abstract.delete(key);
  }

  /** Five hexadecimal digits after a NUL (unix_autobind). */
  #autobind(socket: UnixSocketFd): Uint8Array {
    let key: string;
    do {
      this.#lastAutobind = (this.#lastAutobind + 1) % 0x100000;
      key = `\0${this.#lastAutobind.toString(16).padStart(5, "0")}`;
    } while (this.#abstract.has(key));
    this.#abstract.set(key, socket);
    return writeUnixAddress(key);
  }

  #caller(): FsCaller {
    const context = this.#node.taskManager.currentTask()?.context;
    return context instanceof Thread ? context.process : this.#node.fs.superuser;
  }
}
