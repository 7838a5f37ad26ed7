import { type Blocked, Errno } from "@dcejs/lkl-kernel";
import type { DceHandle } from "../dce-handle.ts";
import type { SocketCalls } from "../handle-parts.ts";
import type { DceSocket } from "../kernel-objects.ts";
import type { LinuxCalls } from "./linux-calls.ts";
import type { LinuxSocketPolls } from "./linux-socket-polls.ts";
import { linuxIoctl } from "./linux-ioctl.ts";
import { receive, send } from "./linux-socket-messages.ts";
import { LinuxSocket, socketOf } from "./linux-socket.ts";
import { NR } from "./linux-syscall-numbers.ts";
import { type LinuxTask, ROOM_LENGTH, ROOM_NAME, ROOM_NAME_SIZE } from "./linux-task.ts";

const SOCK_TYPE_MASK = 0xf;
const SOCK_STREAM = 1;
const F_SETFL = 4;
const O_RDWR = 2;
const O_NONBLOCK = 0o4000;
const SOL_SOCKET = 1;
const SO_GET_FILTER = 26;
const FILTER_INSTRUCTION = 8;
/** SO_BUSY_POLL, SO_PREFER_BUSY_POLL, SO_BUSY_POLL_BUDGET: there is nothing to gain where no time passes in the kernel. */
const BUSY_POLLING: ReadonlySet<number> = new Set([46, 69, 70]);
/** Longer than what any option takes. */
const OPTION_MAX = 32_768;

/** What the socket calls are made of; known when the kernel has booted. */
export interface LinuxSocketsOptions {
  readonly calls: () => LinuxCalls;
  readonly polls: () => LinuxSocketPolls;
  readonly imported: DceHandle;
  /** Sends SIGPIPE to the task whose call it is. */
  readonly raisePipe: (task: LinuxTask) => void;
}

/** The socket part of real Linux's KernelHandle: each is one system call on the kernel's own descriptor. */
export function linuxSockets(options: LinuxSocketsOptions): SocketCalls {
  const { calls, polls, imported, raisePipe } = options;
  const simple = (nr: number, socket: DceSocket, argument = 0): number | Blocked =>
    calls().call(calls().caller(), undefined, nr, socketOf(socket).fd, argument);
  return {
    sock_socket: (domain, type, protocol, out) => {
      const task = calls().caller();
      task.accepted = out;
      const isStream = (type & SOCK_TYPE_MASK) === SOCK_STREAM;
      const finish = isStream ? madeStream : made;
      return calls().call(task, finish, NR.socket, domain, type & SOCK_TYPE_MASK, protocol);
    },
    sock_close: (socket) => {
      // Not of a kernel that was halted meanwhile.
      if (!calls().sockets.delete(socketOf(socket))) return 0;
      if (calls().caller() !== calls().service) return simple(NR.close, socket);
      // For a process that was stopped by force. SO_LINGER may keep it, and nobody waits.
      calls().detach(NR.close, socketOf(socket).fd);
      return 0;
    },
    sock_listen: (socket, backlog) => simple(NR.listen, socket, backlog),
    sock_shutdown: (socket, how) => simple(NR.shutdown, socket, how),
    sock_recvmsg: (socket, message, flags) => receive(calls(), socketOf(socket), message, flags),
    sock_sendmsg: (socket, message, flags) =>
      send(calls(), raisePipe, socketOf(socket), message, flags),
    ...nameCalls(calls),
    ...optionCalls(calls),
    sock_poll: (socket, ref) => polls().poll(imported, socketOf(socket).fd, ref),
    sock_pollfreewait: (entry) => polls().free(entry),
  };
}

type NameCalls =
  | "sock_getsockname"
  | "sock_getpeername"
  | "sock_bind"
  | "sock_connect"
  | "sock_accept";

function nameCalls(calls: () => LinuxCalls): Pick<SocketCalls, NameCalls> {
  return {
    sock_getsockname: (socket, address, length) =>
      getName(calls(), NR.getsockname, socketOf(socket), address, length),
    sock_getpeername: (socket, address, length) =>
      getName(calls(), NR.getpeername, socketOf(socket), address, length),
    sock_bind: (socket, address, length) =>
      withName(calls(), NR.bind, socketOf(socket), address, length),
    sock_connect: (socket, address, length, flags) => {
      setNonblocking(calls(), socketOf(socket), flags);
      return withName(calls(), NR.connect, socketOf(socket), address, length);
    },
    sock_accept: (socket, out, flags) => {
      setNonblocking(calls(), socketOf(socket), flags);
      const task = calls().caller();
      task.accepted = out;
      return calls().call(task, madeStream, NR.accept4, socketOf(socket).fd);
    },
  };
}

function optionCalls(
  calls: () => LinuxCalls,
): Pick<SocketCalls, "sock_ioctl" | "sock_setsockopt" | "sock_getsockopt"> {
  return {
    sock_ioctl: (socket, request, argument) => {
      return linuxIoctl(calls(), socketOf(socket), request, argument);
    },
    sock_setsockopt: (socket, level, name, value, length) => {
      if (level === SOL_SOCKET && BUSY_POLLING.has(name)) return 0;
      const task = calls().caller();
      // What is longer than any option is cut, and as wrong as it was.
      const size = Math.min(length, OPTION_MAX);
      if (!task.hasRoom(size)) return -Errno.ENOMEM;
      const room = task.data(size);
      task.kernel.machine.u8.set(value.subarray(0, size), room);
      const { fd } = socketOf(socket);
      return calls().call(task, undefined, NR.setsockopt, fd, level, name, room, size);
    },
    sock_getsockopt: (socket, level, name, value, length) => {
      const task = calls().caller();
      const size = Math.min(length.value, OPTION_MAX);
      // Of a filter the length counts instructions.
      const isFilter = level === SOL_SOCKET && name === SO_GET_FILTER;
      if (!task.hasRoom(isFilter ? size * FILTER_INSTRUCTION : size)) return -Errno.ENOMEM;
      const room = task.data(size);
      const at = task.room + ROOM_LENGTH;
      task.kernel.machine.view.setUint32(at, size, true);
      task.bytes = value;
      task.length = length;
      return calls().call(
        task,
        gotOption,
        NR.getsockopt,
        socketOf(socket).fd,
        level,
        name,
        room,
        at,
      );
    },
  };
}

function made(task: LinuxTask, result: number): number {
  return makeSocket(task, result, false);
}

function madeStream(task: LinuxTask, result: number): number {
  return makeSocket(task, result, true);
}

function makeSocket({ accepted, sockets }: LinuxTask, result: number, isStream: boolean): number {
  if (result < 0) return result;
  const socket = new LinuxSocket(result, isStream);
  sockets.add(socket);
  if (accepted !== undefined) accepted.value = socket;
  return 0;
}

function gotOption(task: LinuxTask, result: number): number {
  const { bytes, length } = task;
  if (result < 0 || bytes === undefined || length === undefined) return result;
  const { u8, view } = task.kernel.machine;
  const got = view.getUint32(task.room + ROOM_LENGTH, true);
  const from = task.data(0);
  bytes.set(u8.subarray(from, from + Math.min(got, length.value, bytes.length)));
  length.value = got;
  return result;
}

function gotName(task: LinuxTask, result: number): number {
  const { bytes, length } = task;
  if (result < 0 || bytes === undefined || length === undefined) return result;
  const { u8, view } = task.kernel.machine;
  const got = view.getUint32(task.room + ROOM_LENGTH, true);
  const from = task.room + ROOM_NAME;
  bytes.set(u8.subarray(from, from + Math.min(got, bytes.length, ROOM_NAME_SIZE)));
  length.value = got;
  return result;
}

function getName(
  calls: LinuxCalls,
  nr: number,
  socket: LinuxSocket,
  address: Uint8Array,
  length: { value: number },
): number | Blocked {
  const task = calls.caller();
  if (!task.hasRoom(0)) return -Errno.ENOMEM;
  const { view } = calls.kernel.machine;
  const at = task.room + ROOM_LENGTH;
  view.setUint32(at, Math.min(length.value, ROOM_NAME_SIZE), true);
  task.bytes = address;
  task.length = length;
  return calls.call(task, gotName, nr, socket.fd, task.room + ROOM_NAME, at);
}

function withName(
  calls: LinuxCalls,
  nr: number,
  socket: LinuxSocket,
  address: Uint8Array,
  length: number,
): number | Blocked {
  const task = calls.caller();
  if (!task.hasRoom(0)) return -Errno.ENOMEM;
  const room = task.room + ROOM_NAME;
  // Too long a name is cut here, and the kernel refuses its length.
  task.kernel.machine.u8.set(address.subarray(0, Math.min(length, ROOM_NAME_SIZE)), room);
  return calls.call(task, undefined, nr, socket.fd, room, length);
}

function setNonblocking(calls: LinuxCalls, socket: LinuxSocket, flags: number): void {
  const isNonblocking = (flags & O_NONBLOCK) !== 0;
  if (socket.isNonblocking === isNonblocking) return;
  socket.isNonblocking = isNonblocking;
  calls.serve(NR.fcntl64, socket.fd, F_SETFL, O_RDWR | (flags & O_NONBLOCK));
}
