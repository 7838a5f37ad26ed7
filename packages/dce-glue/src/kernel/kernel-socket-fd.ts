import type { Blocked, TaskManager } from "@dcejs/core-sched";
import type { FileStat } from "../fd/file-stat.ts";
import type { MsgHdr } from "../fd/message.ts";
import { O_NONBLOCK } from "../fd/open-flags.ts";
import type { PollRegistration, PollTable } from "../fd/poll-table.ts";
import { type AcceptedSocket, type FileKind, UnixFd, type ValueLength } from "../fd/unix-fd.ts";
import { Thread } from "../process/thread.ts";
import type { KernelHandle } from "./kernel-handle.ts";
import type { DceSocket, PollTableRef, SimTask } from "./kernel-objects.ts";

const MSG_DONTWAIT = 0x40;
const SOCK_STAT_MODE = 0o140_777;
/** Every POLL* bit: which of them a poll wants is its own business. */
const ANY_EVENT = 0xffff;
const NO_BUFFERS: readonly Uint8Array[] = [];

/** The node that a kernel socket belongs to. */
export interface KernelSocketOwner {
  readonly manager: TaskManager;
  /** The current task's SimTask; undefined in event context. */
  currentSimTask(): SimTask | undefined;
  /** Inode numbers, as `socket:[7]` shows them. */
  nextInode(): number;
  socketOpened(): void;
  socketClosed(): void;
}

/** struct msghdr of read() and write(): one buffer, no address. */
class PlainMessage implements MsgHdr {
  msg_name: Uint8Array | undefined = undefined;
  msg_namelen = 0;
  msg_iov: readonly Uint8Array[] = NO_BUFFERS;
  msg_control: Uint8Array | undefined = undefined;
  msg_controllen = 0;
  msg_flags = 0;
  readonly #single: Uint8Array[] = [];

  use(buffer: Uint8Array): this {
    this.#single[0] = buffer;
    return this.useAll(this.#single);
  }

  useAll(iov: readonly Uint8Array[]): this {
    this.msg_iov = iov;
    this.msg_flags = 0;
    return this;
  }

  forget(): void {
    this.#single.length = 0;
    this.msg_iov = NO_BUFFERS;
  }
}

/** A socket of the node's kernel as a file (DCE's KernelSocketFd): every call goes through KernelHandle. */
export class KernelSocketFd extends UnixFd {
  readonly kind: FileKind = "socket";
  readonly #node: KernelSocketOwner;
  readonly #kernel: KernelHandle;
  readonly #socket: DceSocket;
  readonly #inode: number;
  /** Reused: sock_poll reads and writes it before it returns. */
  readonly #ref: PollTableRef = { ret: 0, opaque: undefined };
  /** Reused by read() and write(), which are recvmsg() and sendmsg() without address. A call that blocks keeps its own. */
  #message: PlainMessage | undefined;

  constructor(node: KernelSocketOwner, kernel: KernelHandle, socket: DceSocket, flags: number) {
    super(flags);
    this.#node = node;
    this.#kernel = kernel;
    this.#socket = socket;
    this.#inode = node.nextInode();
    node.socketOpened();
  }

  /** The kernel's object, for those who work on the boundary itself. */
  get socket(): DceSocket {
    return this.#socket;
  }

  override close(): number | Blocked {
    this.#node.socketClosed();
    return this.#waiting(this.#kernel.sock_close(this.#socket));
  }

  override describe(): string {
    return `socket:[${this.#inode}]`;
  }

  override read(buffer: Uint8Array): number | Blocked {
    return this.#receive(this.#borrow().use(buffer));
  }

  override write(buffer: Uint8Array): number | Blocked {
    return this.#send(this.#borrow().use(buffer));
  }

  override readv(iov: readonly Uint8Array[]): number | Blocked {
    return this.#receive(this.#borrow().useAll(iov));
  }

  override writev(iov: readonly Uint8Array[]): number | Blocked {
    return this.#send(this.#borrow().useAll(iov));
  }

  override recvmsg(message: MsgHdr, flags: number): number | Blocked {
    return this.#waiting(this.#kernel.sock_recvmsg(this.#socket, message, this.#flags(flags)));
  }

  override sendmsg(message: MsgHdr, flags: number): number | Blocked {
    return this.#waiting(this.#kernel.sock_sendmsg(this.#socket, message, this.#flags(flags)));
  }

  override setsockopt(level: number, name: number, value: Uint8Array): number | Blocked {
    const { length } = value;
    return this.#waiting(this.#kernel.sock_setsockopt(this.#socket, level, name, value, length));
  }

  override getsockopt(
    level: number,
    name: number,
    out: Uint8Array,
    length: ValueLength,
  ): number | Blocked {
    return this.#waiting(this.#kernel.sock_getsockopt(this.#socket, level, name, out, length));
  }

  override getsockname(out: Uint8Array, length: ValueLength): number | Blocked {
    return this.#waiting(this.#kernel.sock_getsockname(this.#socket, out, length));
  }

  override getpeername(out: Uint8Array, length: ValueLength): number | Blocked {
    return this.#waiting(this.#kernel.sock_getpeername(this.#socket, out, length));
  }

  override ioctl(request: number, argument: Uint8Array): number | Blocked {
    return this.#waiting(this.#kernel.sock_ioctl(this.#socket, request, argument));
  }

  override bind(address: Uint8Array): number | Blocked {
    return this.#waiting(this.#kernel.sock_bind(this.#socket, address, address.length));
  }

  override connect(address: Uint8Array): number | Blocked {
    const flags = this.flags & O_NONBLOCK;
    return this.#waiting(this.#kernel.sock_connect(this.#socket, address, address.length, flags));
  }

  override listen(backlog: number): number | Blocked {
    return this.#waiting(this.#kernel.sock_listen(this.#socket, backlog));
  }

  override shutdown(how: number): number | Blocked {
    return this.#waiting(this.#kernel.sock_shutdown(this.#socket, how));
  }

  override accept(out: AcceptedSocket): number | Blocked {
    return this.#waiting(this.#kernel.sock_accept(this.#socket, out, this.flags & O_NONBLOCK));
  }

  override acceptedFile(out: AcceptedSocket, flags: number): UnixFd | undefined {
    if (out.value === undefined) return undefined;
    return new KernelSocketFd(this.#node, this.#kernel, out.value, flags);
  }

  override fstat(out: FileStat): number {
    out.mode = SOCK_STAT_MODE;
    out.ino = this.#inode;
    out.nlink = 1;
    return 0;
  }

  override poll(table: PollTable | undefined): number {
    const ref = this.#ref;
    ref.ret = ANY_EVENT;
    ref.opaque = table;
    this.#kernel.sock_poll(this.#socket, ref);
    const entry = ref.opaque;
    ref.opaque = undefined;
    if (table !== undefined && entry !== undefined) {
      table.add(new KernelPollRegistration(this.#kernel, entry));
    }
    return ref.ret;
  }

  /** O_NONBLOCK of the description is MSG_DONTWAIT of each call (sock_read_iter). */
  #flags(flags: number): number {
    return this.isNonblocking ? flags | MSG_DONTWAIT : flags;
  }

  #receive(message: PlainMessage): number | Blocked {
    const result = this.#kernel.sock_recvmsg(this.#socket, message, this.#flags(0));
    return this.#giveBack(message, result);
  }

  #send(message: PlainMessage): number | Blocked {
    const result = this.#kernel.sock_sendmsg(this.#socket, message, this.#flags(0));
    return this.#giveBack(message, result);
  }

  #borrow(): PlainMessage {
    const message = this.#message ?? new PlainMessage();
    this.#message = undefined;
    return message;
  }

  #giveBack(message: PlainMessage, result: number | Blocked): number | Blocked {
    if (typeof result !== "number") return this.#waiting(result);
    message.forget();
    this.#message = message;
    return result;
  }

  #waiting(result: number | Blocked): number | Blocked {
    if (typeof result !== "number") interruptThroughKernel(this.#node, this.#kernel);
    return result;
  }
}

/** The current thread's call waits in the kernel: a signal for the thread reaches it there (signal_wake_up). */
export function interruptThroughKernel(node: KernelSocketOwner, kernel: KernelHandle): void {
  const thread = node.manager.currentTask()?.context;
  if (!(thread instanceof Thread)) return;
  const simTask = node.currentSimTask();
  if (simTask === undefined) return;
  // It stays after the call: both ways to interrupt do nothing where the thread does not wait.
  thread.interruptHook ??= () => {
    kernel.task_interrupt(simTask);
    thread.waiter.interrupt();
  };
  if (thread.hasPendingSignal) kernel.task_interrupt(simTask);
}

class KernelPollRegistration implements PollRegistration {
  readonly #kernel: KernelHandle;
  readonly #entry: object;

  constructor(kernel: KernelHandle, entry: object) {
    this.#kernel = kernel;
    this.#entry = entry;
  }

  release(): void {
    this.#kernel.sock_pollfreewait(this.#entry);
  }
}
