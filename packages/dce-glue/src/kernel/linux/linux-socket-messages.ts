import { type Blocked, Errno, type Wait } from "@dcejs/lkl-kernel";
import type { SimMsgHdr } from "../kernel-objects.ts";
import type { LinuxCalls } from "./linux-calls.ts";
import type { LinuxSocket } from "./linux-socket.ts";
import { NR } from "./linux-syscall-numbers.ts";
import {
  DATA_MAX,
  type LinuxTask,
  ROOM_CONTROL_SIZE,
  ROOM_IOVEC,
  ROOM_MSGHDR,
  ROOM_NAME,
  ROOM_NAME_SIZE,
} from "./linux-task.ts";

const MSG_PEEK = 2;
const MSG_TRUNC = 0x20;
const MSG_DONTWAIT = 0x40;
const MSG_WAITALL = 0x100;
const MSG_NOSIGNAL = 0x4000;
/** Most octets of a stream that travel in one call, and of a message that is received. */
const STREAM_DATA_MAX = 65_536;
const MESSAGE_MAX = 131_072;

/** recvmsg(2): the kernel fills memory of its own, and the message is filled from there. */
export function receive(
  calls: LinuxCalls,
  socket: LinuxSocket,
  message: SimMsgHdr,
  flags: number,
): number | Blocked {
  const task = calls.caller();
  const { manager } = calls;
  const wanted = octetsOf(message.msg_iov);
  const waitsForAll = (flags & (MSG_WAITALL | MSG_PEEK | MSG_DONTWAIT)) === MSG_WAITALL;
  const most = socket.isStream ? STREAM_DATA_MAX : MESSAGE_MAX;
  if (wanted <= most || !waitsForAll || !socket.isStream || manager === undefined) {
    return receivePart(calls, task, socket, message, flags, Math.min(wanted, most), 0);
  }
  return manager.enter(
    inParts(wanted, (sum, octets) => receivePart(calls, task, socket, message, flags, octets, sum)),
  );
}

/** sendmsg(2). @param raisePipe sends SIGPIPE to the task whose call it is */
export function send(
  calls: LinuxCalls,
  raisePipe: (task: LinuxTask) => void,
  socket: LinuxSocket,
  message: SimMsgHdr,
  flags: number,
): number | Blocked {
  const task = calls.caller();
  const { manager } = calls;
  const size = octetsOf(message.msg_iov);
  // The simulator sends the signal, so the kernel must not.
  const quiet = flags | MSG_NOSIGNAL;
  const result =
    size > STREAM_DATA_MAX && socket.isStream && manager !== undefined
      ? manager.enter(
          inParts(size, (sum, octets) =>
            sendPart(calls, task, socket, message, quiet, sum, octets),
          ),
        )
      : sendPart(calls, task, socket, message, quiet, 0, size);
  if (!socket.isStream || (flags & MSG_NOSIGNAL) !== 0) return result;
  if (result === -Errno.EPIPE) raisePipe(task);
  else if (typeof result !== "number") task.onPipe = raisePipe;
  return result;
}

/**
 * A call of a stream in parts, one after the other, until one comes short.
 * @param part makes the call for `octets` octets, behind the `sum` that are done
 */
function* inParts(size: number, part: (sum: number, octets: number) => number | Blocked): Wait {
  let sum = 0;
  while (sum < size) {
    const octets = Math.min(STREAM_DATA_MAX, size - sum);
    let result = part(sum, octets);
    if (typeof result !== "number") result = yield result;
    if (result < 0) return sum > 0 ? sum : result;
    sum += result;
    if (result < octets) return sum;
  }
  return sum;
}

function sendPart(
  calls: LinuxCalls,
  task: LinuxTask,
  socket: LinuxSocket,
  message: SimMsgHdr,
  flags: number,
  skip: number,
  size: number,
): number | Blocked {
  const { u8 } = task.kernel.machine;
  const { msg_name: name, msg_control: control } = message;
  // No socket has room for a message that large.
  if (size > DATA_MAX) return -Errno.EMSGSIZE;
  if (!task.hasRoom(size)) return -Errno.ENOMEM;
  const data = task.data(size);
  copyIn(u8, data, message.msg_iov, skip, size);
  if (name !== undefined) {
    u8.set(name.subarray(0, Math.min(message.msg_namelen, ROOM_NAME_SIZE)), task.room + ROOM_NAME);
  }
  const controlLength = control === undefined ? 0 : message.msg_controllen;
  if (controlLength > ROOM_CONTROL_SIZE) return -Errno.ENOBUFS;
  if (control !== undefined) u8.set(control.subarray(0, controlLength), task.control);
  putHeader(task, name === undefined ? 0 : message.msg_namelen, data, size, controlLength);
  return calls.call(task, sent, NR.sendmsg, socket.fd, task.room + ROOM_MSGHDR, flags);
}

function receivePart(
  calls: LinuxCalls,
  task: LinuxTask,
  socket: LinuxSocket,
  message: SimMsgHdr,
  flags: number,
  size: number,
  skip: number,
): number | Blocked {
  const { msg_control: control } = message;
  if (!task.hasRoom(size)) return -Errno.ENOMEM;
  const data = task.data(size);
  const nameLength = message.msg_name === undefined ? 0 : ROOM_NAME_SIZE;
  const controlLength =
    control === undefined ? 0 : Math.min(message.msg_controllen, control.length, ROOM_CONTROL_SIZE);
  putHeader(task, nameLength, data, size, controlLength);
  task.message = message;
  // A stream throws away what MSG_TRUNC asks for: nothing is written.
  task.isDiscarded = socket.isStream && (flags & MSG_TRUNC) !== 0;
  task.skip = skip;
  return calls.call(task, received, NR.recvmsg, socket.fd, task.room + ROOM_MSGHDR, flags);
}

/** The signal goes to a caller that has slept before it learns of the error. */
function sent(task: LinuxTask, result: number): number {
  if (result === -Errno.EPIPE) task.onPipe?.(task);
  return result;
}

function received(task: LinuxTask, result: number): number {
  const { message } = task;
  if (result < 0 || message === undefined) return result;
  const { u8, u32 } = task.kernel.machine;
  const header = (task.room + ROOM_MSGHDR) >>> 2;
  const nameLength = u32[header + 1] ?? 0;
  if (message.msg_name !== undefined) {
    const from = task.room + ROOM_NAME;
    const room = Math.min(message.msg_namelen, message.msg_name.length, nameLength);
    message.msg_name.set(u8.subarray(from, from + room));
    message.msg_namelen = nameLength;
  }
  const controlLength = u32[header + 5] ?? 0;
  if (message.msg_control !== undefined) {
    message.msg_control.set(u8.subarray(task.control, task.control + controlLength));
  }
  message.msg_controllen = controlLength;
  message.msg_flags = u32[header + 6] ?? 0;
  if (task.isDiscarded) return result;
  // With MSG_TRUNC the result may be more than there was room for.
  copyOut(u8, task.data(0), message.msg_iov, task.skip, Math.min(result, task.dataWanted));
  return result;
}

/** struct user_msghdr with one struct iovec. */
function putHeader(
  task: LinuxTask,
  nameLength: number,
  data: number,
  size: number,
  controlLength: number,
): void {
  const { u32 } = task.kernel.machine;
  const { room } = task;
  const header = (room + ROOM_MSGHDR) >>> 2;
  const iovec = (room + ROOM_IOVEC) >>> 2;
  u32[header] = nameLength === 0 ? 0 : room + ROOM_NAME;
  u32[header + 1] = nameLength;
  u32[header + 2] = room + ROOM_IOVEC;
  u32[header + 3] = 1;
  u32[header + 4] = controlLength === 0 ? 0 : task.control;
  u32[header + 5] = controlLength;
  u32[header + 6] = 0;
  u32[iovec] = data;
  u32[iovec + 1] = size;
  task.dataWanted = size;
}

function octetsOf(iov: readonly Uint8Array[]): number {
  let sum = 0;
  for (const part of iov) sum += part.length;
  return sum;
}

function copyIn(
  u8: Uint8Array,
  to: number,
  iov: readonly Uint8Array[],
  skip: number,
  size: number,
): void {
  let at = to;
  let left = size;
  let ahead = skip;
  for (const part of iov) {
    if (left === 0) return;
    if (ahead >= part.length) {
      ahead -= part.length;
      continue;
    }
    const length = Math.min(part.length - ahead, left);
    u8.set(length === part.length ? part : part.subarray(ahead, ahead + length), at);
    at += length;
    left -= length;
    ahead = 0;
  }
}

function copyOut(
  u8: Uint8Array,
  from: number,
  iov: readonly Uint8Array[],
  skip: number,
  size: number,
): void {
  let at = from;
  let left = size;
  let ahead = skip;
  for (const part of iov) {
    if (left === 0) return;
    if (ahead >= part.length) {
      ahead -= part.length;
      continue;
    }
    const length = Math.min(part.length - ahead, left);
    part.set(u8.subarray(at, at + length), ahead);
    at += length;
    left -= length;
    ahead = 0;
  }
}
