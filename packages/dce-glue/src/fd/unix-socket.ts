import type { Blocked, TaskManager, Wait } from "@dcejs/core-sched";
import { Errno } from "@dcejs/lkl-kernel";
import { ByteQueue } from "./byte-queue.ts";
import { S_IFSOCK } from "./file-stat.ts";
import { SOMAXCONN, UNIX_DGRAM_QUEUE_MAX, UNIX_SNDBUF_DEFAULT } from "./limits.ts";
import { joined, LocalFd, scatter, totalLength } from "./local-fd.ts";
import type { MsgHdr } from "./message.ts";
import { O_NONBLOCK, O_RDWR, POLLERR, POLLHUP, POLLIN, POLLOUT } from "./open-flags.ts";
import { POLLRDHUP, POLLRDNORM, POLLWRBAND, POLLWRNORM } from "./open-flags.ts";
import type { PollTable } from "./poll-table.ts";
import {
  MSG_DONTWAIT,
  MSG_NOSIGNAL,
  MSG_PEEK,
  MSG_TRUNC,
  MSG_WAITALL,
  SHUT_RD,
  SHUT_RDWR,
  SOCK_DGRAM,
  SOCK_SEQPACKET,
  SOCK_STREAM,
} from "./socket-numbers.ts";
import { readUnixAddress, writeUnixAddress } from "./unix-address.ts";
import type { AcceptedSocket, UnixFd, ValueLength } from "./unix-fd.ts";
import type { SocketCredentials, UnixSocketNamespace } from "./unix-socket-namespace.ts";
import { UnixSocketOptions } from "./unix-socket-options.ts";
import { currentThread } from "./waiter.ts";

const SIGPIPE = 13;
const RCV_SHUTDOWN = 1;
const SEND_SHUTDOWN = 2;
const READABLE = POLLIN | POLLRDNORM;
const WRITABLE = POLLOUT | POLLWRNORM | POLLWRBAND;

interface Message {
  readonly bytes: Uint8Array;
  readonly from: Uint8Array;
  /** Whose send buffer it takes room in. */
  readonly sender: UnixSocketFd;
}

/** Memory that a datagram of so many octets takes: struct sk_buff, and data with its trailer in a slab. */
function truesize(octets: number): number {
  let slab = 512;
  while (slab < octets + 320) slab *= 2;
  return 256 + slab;
}

/** An AF_UNIX socket (net/unix/af_unix.c): stream, datagram or sequenced packets, inside one node. */
export class UnixSocketFd extends LocalFd {
  override readonly kind = "socket";
  override readonly isMessageBased: boolean;
  readonly type: number;
  readonly options: UnixSocketOptions = new UnixSocketOptions();
  readonly #namespace: UnixSocketNamespace;
  #state: "CLOSE" | "LISTEN" | "ESTABLISHED" = "CLOSE";
  #peer: UnixSocketFd | undefined;
  #address: Uint8Array | undefined;
  #peerAddress: Uint8Array | undefined;
  #credentials: SocketCredentials;
  #peerCredentials: SocketCredentials | undefined;
  #shutdown = 0;
  readonly #stream = new ByteQueue(UNIX_SNDBUF_DEFAULT);
  readonly #messages: Message[] = [];
  /** Memory of the datagrams that were sent and not received yet. */
  #underWay = 0;
  /** Connections that nobody has accepted yet. */
  readonly #embryos: UnixSocketFd[] = [];
  #backlog = 0;

  constructor(
    manager: TaskManager,
    namespace: UnixSocketNamespace,
    type: number,
    flags: number = O_RDWR,
  ) {
    super(manager, O_RDWR | (flags & O_NONBLOCK));
    this.#namespace = namespace;
    this.type = type;
    this.isMessageBased = type !== SOCK_STREAM;
    this.#credentials = namespace.credentials();
  }

  /** socketpair(2): two sockets that are connected to each other. */
  static pair(
    manager: TaskManager,
    namespace: UnixSocketNamespace,
    type: number,
    flags: number,
  ): [UnixSocketFd, UnixSocketFd] {
    const a = new UnixSocketFd(manager, namespace, type, flags);
    const b = new UnixSocketFd(manager, namespace, type, flags);
    a.#connectTo(b);
    b.#connectTo(a);
    return [a, b];
  }

  override describe(): string {
    return `socket:[${this.inode}]`;
  }

  protected override statMode(): number {
    return S_IFSOCK | 0o777;
  }

  override close(): number {
    const peer = this.#peer;
    const isReset = this.#unreadOctets > 0 || this.#messages.length > 0;
    this.#namespace.release(this);
    this.#state = "CLOSE";
    this.#shutdown = RCV_SHUTDOWN | SEND_SHUTDOWN;
    for (const embryo of this.#embryos.splice(0)) embryo.#abort();
    if (peer !== undefined && this.type !== SOCK_DGRAM) {
      peer.#shutdown = RCV_SHUTDOWN | SEND_SHUTDOWN;
      if (isReset) peer.options.error = Errno.ECONNRESET;
    }
    this.#peer = undefined;
    this.#stream.clear();
    for (const message of this.#messages.splice(0)) message.sender.#received(message);
    this.waitPoint.wakeUpAll();
    peer?.waitPoint.wakeUpAll();
    return 0;
  }

  override bind(address: Uint8Array): number {
    if (readUnixAddress(address) === undefined || this.#address !== undefined) {
      return -Errno.EINVAL;
    }
    const bound = this.#namespace.bind(address, this);
    if (typeof bound === "number") return bound;
    this.#address = bound;
    return 0;
  }

  override listen(backlog: number): number {
    if (this.type === SOCK_DGRAM) return -Errno.EOPNOTSUPP;
    if (this.#address === undefined || this.#state === "ESTABLISHED") return -Errno.EINVAL;
    this.#backlog = Math.min(Math.max(backlog, 0), SOMAXCONN);
    this.#state = "LISTEN";
    this.#credentials = this.#namespace.credentials();
    this.options.isListening = true;
    this.waitPoint.wakeUpAll();
    return 0;
  }

  override connect(address: Uint8Array): number | Blocked {
    if (this.type === SOCK_DGRAM) return this.#connectDatagram(address);
    const result = this.#tryConnect(address);
    if (result !== -Errno.EAGAIN || this.isNonblocking) return result;
    const listener = this.#namespace.find(address);
    if (typeof listener === "number") return listener;
    return this.manager.enter(listener.retry(() => this.#tryConnect(address), "unix connect"));
  }

  override accept(out: AcceptedSocket): number | Blocked {
    if (this.type === SOCK_DGRAM) return -Errno.EOPNOTSUPP;
    if (this.#state !== "LISTEN") return -Errno.EINVAL;
    const attempt = (): number => this.#tryAccept(out);
    const result = attempt();
    if (result !== -Errno.EAGAIN || this.isNonblocking) return result;
    return this.manager.enter(
      this.retry(attempt, `${this.describe()} accept`, this.options.receiveTimeoutNs),
    );
  }

  override acceptedFile(out: AcceptedSocket, flags: number): UnixFd | undefined {
    if (!(out.value instanceof UnixSocketFd)) return undefined;
    out.value.flags = O_RDWR | (flags & O_NONBLOCK);
    return out.value;
  }

  override shutdown(how: number): number {
    if (how < SHUT_RD || how > SHUT_RDWR) return -Errno.EINVAL;
    // Unlike TCP's, this shutdown needs no connection (unix_shutdown).
    const mine = how + 1;
    this.#shutdown |= mine;
    const peer = this.#peer;
    if (peer !== undefined && this.type !== SOCK_DGRAM) {
      if ((mine & RCV_SHUTDOWN) !== 0) peer.#shutdown |= SEND_SHUTDOWN;
      if ((mine & SEND_SHUTDOWN) !== 0) peer.#shutdown |= RCV_SHUTDOWN;
      peer.waitPoint.wakeUpAll();
    }
    this.waitPoint.wakeUpAll();
    return 0;
  }

  override getsockname(out: Uint8Array, length: ValueLength): number {
    length.value = putAddress(this.#address ?? UNNAMED, out);
    return 0;
  }

  override getpeername(out: Uint8Array, length: ValueLength): number {
    if (this.#peer === undefined) return -Errno.ENOTCONN;
    length.value = putAddress(this.#peerAddress ?? UNNAMED, out);
    return 0;
  }

  override setsockopt(level: number, name: number, value: Uint8Array): number {
    return this.options.set(level, name, value);
  }

  override getsockopt(level: number, name: number, out: Uint8Array, length: ValueLength): number {
    const result = this.options.get(level, name, out, this.type, this.#peerCredentials);
    if (result < 0) return result;
    length.value = result;
    return 0;
  }

  protected override tryRead(buffer: Uint8Array): number {
    return this.#receive(buffer, 0, undefined);
  }

  protected override tryWrite(buffer: Uint8Array): number {
    return this.#send(buffer, 0, undefined);
  }

  override recvmsg(message: MsgHdr, flags: number): number | Blocked {
    const { msg_iov: iov } = message;
    const into =
      iov.length === 1 && iov[0] !== undefined ? iov[0] : new Uint8Array(totalLength(iov));
    const attempt = (): number => this.#receiveMessage(into, flags, message);
    const result = attempt();
    const isWhole = (flags & MSG_WAITALL) === 0 || result <= 0 || result === into.length;
    if (result !== -Errno.EAGAIN && (isWhole || this.isMessageBased)) return result;
    if (this.isNonblocking || (flags & MSG_DONTWAIT) !== 0) return result;
    const timeout = this.options.receiveTimeoutNs;
    if (!isWhole) return this.manager.enter(this.#receiveAll(into, result, flags, message));
    return this.manager.enter(this.retry(attempt, `${this.describe()} recv`, timeout));
  }

  override sendmsg(message: MsgHdr, flags: number): number | Blocked {
    const bytes = joined(message.msg_iov);
    const to = this.#destination(message);
    if (to !== undefined && this.type === SOCK_STREAM) {
      return this.#state === "ESTABLISHED" ? -Errno.EISCONN : -Errno.EOPNOTSUPP;
    }
    const result = this.#send(bytes, flags, to);
    if (this.isNonblocking || (flags & MSG_DONTWAIT) !== 0 || result === bytes.length)
      return result;
    if (result < 0 && result !== -Errno.EAGAIN) return result;
    return this.manager.enter(this.#sendBlocked(bytes, Math.max(result, 0), flags, to));
  }

  override poll(table: PollTable | undefined): number {
    // Whoever reads a connected datagram socket's target makes room for us (unix_dgram_poll).
    if (this.type === SOCK_DGRAM && this.#peer !== undefined) table?.wait(this.#peer.waitPoint);
    return super.poll(table);
  }

  protected override events(): number {
    let mask = this.options.error === 0 ? 0 : POLLERR;
    const isConnectionBased = this.type !== SOCK_DGRAM;
    if (this.#shutdown === (RCV_SHUTDOWN | SEND_SHUTDOWN)) mask |= POLLHUP;
    if ((this.#shutdown & RCV_SHUTDOWN) !== 0) mask |= POLLRDHUP | READABLE;
    if (this.#unreadOctets > 0 || this.#messages.length > 0) mask |= READABLE;
    if (this.#embryos.length > 0) mask |= READABLE;
    if (isConnectionBased && this.#state === "CLOSE") mask |= POLLHUP;
    if (this.#state !== "LISTEN" && this.#hasSendRoom) mask |= WRITABLE;
    return mask;
  }

  get #unreadOctets(): number {
    return this.#stream.length;
  }

  /** unix_writable: at most a quarter of the send buffer is under way. */
  get #hasSendRoom(): boolean {
    const peer = this.#peer;
    if (this.type === SOCK_STREAM) {
      return peer === undefined || peer.#stream.length * 4 <= UNIX_SNDBUF_DEFAULT;
    }
    return (
      this.#underWay * 4 <= UNIX_SNDBUF_DEFAULT && (peer === undefined || !peer.#isFullFor(this))
    );
  }

  /** Only those whom the socket is not connected to are held to the length of its queue. */
  #isFullFor(sender: UnixSocketFd): boolean {
    return this.#peer !== sender && this.#messages.length > UNIX_DGRAM_QUEUE_MAX;
  }

  /** A sequenced packet goes to the peer, whatever address is given (unix_seqpacket_sendmsg). */
  #destination(message: MsgHdr): Uint8Array | undefined {
    if (message.msg_namelen === 0 || this.type === SOCK_SEQPACKET) return undefined;
    return message.msg_name?.subarray(0, message.msg_namelen);
  }

  #connectTo(peer: UnixSocketFd): void {
    this.#peer = peer;
    this.#peerAddress = peer.#address;
    this.#peerCredentials = peer.#credentials;
    this.#state = "ESTABLISHED";
  }

  #connectDatagram(address: Uint8Array): number {
    const peer = this.#namespace.find(address);
    if (typeof peer === "number") return peer;
    if (peer.type !== SOCK_DGRAM) return -Errno.EPROTOTYPE;
    this.#connectTo(peer);
    return 0;
  }

  #tryConnect(address: Uint8Array): number {
    const listener = this.#namespace.find(address);
    if (typeof listener === "number") return listener;
    if (listener.type !== this.type) return -Errno.EPROTOTYPE;
    if (listener.#state !== "LISTEN") return -Errno.ECONNREFUSED;
    if (listener.#embryos.length > listener.#backlog) return -Errno.EAGAIN;
    if (this.#state === "LISTEN") return -Errno.EINVAL;
    if (this.#state === "ESTABLISHED") return -Errno.EISCONN;
    const embryo = new UnixSocketFd(this.manager, this.#namespace, this.type);
    embryo.#address = listener.#address;
    embryo.#credentials = listener.#credentials;
    this.#credentials = this.#namespace.credentials();
    embryo.#connectTo(this);
    this.#connectTo(embryo);
    listener.#embryos.push(embryo);
    listener.waitPoint.wakeUp(READABLE);
    return 0;
  }

  #tryAccept(out: AcceptedSocket): number {
    if (this.#state !== "LISTEN") return -Errno.EINVAL;
    const embryo = this.#embryos.shift();
    if (embryo === undefined) return -Errno.EAGAIN;
    out.value = embryo;
    // A connect() may wait for a place in the queue.
    this.waitPoint.wakeUp(WRITABLE);
    return 0;
  }

  /** The listener closed before anyone accepted this connection. */
  #abort(): void {
    if (this.#peer !== undefined) this.#peer.options.error = Errno.ECONNRESET;
    this.close();
  }

  #receiveMessage(into: Uint8Array, flags: number, message: MsgHdr): number {
    const result = this.#receive(into, flags, message);
    if (result > 0 && into !== message.msg_iov[0])
      scatter(into.subarray(0, result), message.msg_iov);
    return result;
  }

  #receive(into: Uint8Array, flags: number, message: MsgHdr | undefined): number {
    if (message !== undefined) {
      message.msg_flags = 0;
      message.msg_controllen = 0;
    }
    if (this.type === SOCK_STREAM) return this.#receiveStream(into, flags, message);
    if (this.type === SOCK_SEQPACKET && this.#state !== "ESTABLISHED") return -Errno.ENOTCONN;
    const [next] = this.#messages;
    if (next === undefined) return this.#nothingToReceive();
    const count = Math.min(next.bytes.length, into.length);
    into.set(next.bytes.subarray(0, count));
    if (message !== undefined) {
      message.msg_namelen =
        message.msg_name === undefined ? 0 : putAddress(next.from, message.msg_name);
      if (count < next.bytes.length) message.msg_flags |= MSG_TRUNC;
    }
    if ((flags & MSG_PEEK) === 0) {
      this.#messages.shift();
      next.sender.#received(next);
      this.waitPoint.wakeUp(WRITABLE);
    }
    return (flags & MSG_TRUNC) === 0 ? count : next.bytes.length;
  }

  #receiveStream(into: Uint8Array, flags: number, message: MsgHdr | undefined): number {
    if (this.#state === "LISTEN" || (this.#state === "CLOSE" && this.#shutdown === 0)) {
      return -Errno.EINVAL;
    }
    if (message !== undefined) message.msg_namelen = 0;
    if (into.length === 0) return 0;
    const isPeek = (flags & MSG_PEEK) !== 0;
    const count = isPeek ? this.#stream.peek(into) : this.#stream.read(into);
    if (count === 0) return this.#nothingToReceive();
    if (!isPeek) this.#peer?.waitPoint.wakeUp(WRITABLE);
    return count;
  }

  #nothingToReceive(): number {
    const error = this.options.takeError();
    if (error !== 0) return -error;
    if ((this.#shutdown & RCV_SHUTDOWN) !== 0) return 0;
    return -Errno.EAGAIN;
  }

  #send(bytes: Uint8Array, flags: number, to: Uint8Array | undefined): number {
    // A stream reports what has happened to its reader only.
    const error = this.isMessageBased ? this.options.takeError() : 0;
    if (error !== 0) return -error;
    const target = to === undefined ? this.#peer : this.#namespace.find(to);
    if (typeof target === "number") return target;
    if (target === undefined) return -Errno.ENOTCONN;
    if ((this.#shutdown & SEND_SHUTDOWN) !== 0) return this.#brokenPipe(flags);
    if (target.isClosed) return this.#peerIsGone(target);
    if (target.type !== this.type) return -Errno.EPROTOTYPE;
    const result = this.isMessageBased
      ? this.#sendMessage(bytes, target)
      : target.#takeStream(bytes);
    if (result >= 0) target.waitPoint.wakeUp(READABLE);
    return result;
  }

  /** A connected datagram socket learns of it once and is then unconnected (unix_dgram_sendmsg). */
  #peerIsGone(target: UnixSocketFd): number {
    if (this.#peer === target) this.#peer = undefined;
    return -Errno.ECONNREFUSED;
  }

  #takeStream(bytes: Uint8Array): number {
    if (bytes.length === 0) return 0;
    const count = this.#stream.write(bytes);
    return count === 0 ? -Errno.EAGAIN : count;
  }

  #sendMessage(bytes: Uint8Array, target: UnixSocketFd): number {
    if (bytes.length > UNIX_SNDBUF_DEFAULT - 32) return -Errno.EMSGSIZE;
    if (this.#underWay >= UNIX_SNDBUF_DEFAULT || target.#isFullFor(this)) return -Errno.EAGAIN;
    target.#messages.push({ bytes: bytes.slice(), from: this.#address ?? UNNAMED, sender: this });
    this.#underWay += truesize(bytes.length);
    return bytes.length;
  }

  /** A message of this socket was taken by its receiver. */
  #received(message: Message): void {
    this.#underWay -= truesize(message.bytes.length);
    this.waitPoint.wakeUp(WRITABLE);
  }

  #brokenPipe(flags: number): number {
    if (this.type === SOCK_STREAM && (flags & MSG_NOSIGNAL) === 0) {
      currentThread(this.manager).raise(SIGPIPE);
    }
    return -Errno.EPIPE;
  }

  *#receiveAll(into: Uint8Array, already: number, flags: number, message: MsgHdr): Wait {
    let count = Math.max(already, 0);
    while (count < into.length) {
      const rest = into.subarray(count);
      const attempt = (): number => this.#receive(rest, flags, message);
      const result = yield* this.retry(attempt, "recv", this.options.receiveTimeoutNs);
      if (result <= 0) return count > 0 ? count : result;
      count += result;
    }
    scatter(into, message.msg_iov);
    return count;
  }

  *#sendBlocked(
    bytes: Uint8Array,
    already: number,
    flags: number,
    to: Uint8Array | undefined,
  ): Wait {
    let sent = already;
    for (;;) {
      const rest = bytes.subarray(sent);
      const attempt = (): number => this.#send(rest, flags, to);
      // Room in the own send buffer is reported here, room in the receiver's queue there.
      const target = to === undefined ? this.#peer : this.#namespace.find(to);
      const isQueueFull = typeof target === "object" && target.#isFullFor(this);
      const waitsAt = isQueueFull && this.isMessageBased ? target : this;
      const result = yield* waitsAt.retry(
        attempt,
        `${this.describe()} send`,
        this.options.sendTimeoutNs,
      );
      if (result < 0) return sent > 0 ? sent : result;
      sent += result;
      if (sent >= bytes.length) return sent;
    }
  }
}

const UNNAMED = writeUnixAddress("");

/** Copies what fits. @returns the address' whole length, as the calls report it. */
function putAddress(address: Uint8Array, out: Uint8Array): number {
  out.set(address.subarray(0, Math.min(address.length, out.length)));
  return address.length;
}
