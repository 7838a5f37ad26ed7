import { type Blocked, Errno } from "@dcejs/lkl-kernel";
import type { LinuxCalls } from "./linux-calls.ts";
import type { LinuxSocket } from "./linux-socket.ts";
import { NR } from "./linux-syscall-numbers.ts";
import { ROOM_NAME, type LinuxTask } from "./linux-task.ts";

/** Longest argument of a request that holds no pointer. */
const PLAIN_MAX = 256;

const SIOCGIFCONF = 0x8912;
/** struct ifreq as a program of 64 bits has it, and as this kernel of 32 bits. */
const IFREQ_64 = 40;
const IFREQ_32 = 32;
const INTERFACES_MAX = 4096;

/** In struct ifreq, behind the name. */
const IFR_DATA = 16;
/** What a pointer in struct ifreq leads to is taken from behind it, and given back there. */
const POINTED_MAX = 16_384;
const POINTER_REQUESTS: ReadonlySet<number> = new Set([
  // SIOCGIFBR, SIOCSIFBR, SIOCETHTOOL, SIOCWANDEV
  0x8940, 0x8941, 0x8946, 0x894a,
  // SIOCBONDENSLAVE … SIOCBONDCHANGEACTIVE
  0x8990, 0x8991, 0x8992, 0x8993, 0x8994, 0x8995,
  // SIOCSHWTSTAMP, SIOCGHWTSTAMP
  0x89b0, 0x89b1,
]);
/** SIOCDEVPRIVATE and the 15 behind it. */
const DEVICE_PRIVATE_FIRST = 0x89f0;
const DEVICE_PRIVATE_LAST = 0x89ff;

/**
 * ioctl() of a socket. The argument is the request's structure itself, and no address is ever taken from it: SIOCGIFCONF
 * takes the plain array of ifreqs and gives the octets written; where struct ifreq has a pointer (SIOCETHTOOL), what it
 * points to lies at octet 40.
 */
export function linuxIoctl(
  calls: LinuxCalls,
  socket: LinuxSocket,
  request: number,
  argument: Uint8Array,
): number | Blocked {
  const task = calls.caller();
  const { u8, view } = task.kernel.machine;
  const isPointer = POINTER_REQUESTS.has(request) || isDevicePrivate(request);
  const size = request === SIOCGIFCONF || isPointer ? IFREQ_64 + POINTED_MAX : PLAIN_MAX;
  if (!task.hasRoom(size)) return -Errno.ENOMEM;
  const room = task.data(size);
  u8.fill(0, room, room + size);
  task.bytes = argument;
  if (request === SIOCGIFCONF) {
    const count = Math.min(Math.floor(argument.length / IFREQ_64), INTERFACES_MAX);
    const at = task.room + ROOM_NAME;
    view.setUint32(at, Math.min(count * IFREQ_32, size), true);
    view.setUint32(at + 4, room, true);
    return calls.call(task, gotInterfaces, NR.ioctl, socket.fd, request, at);
  }
  u8.set(argument.subarray(0, size), room);
  if (isPointer) view.setUint32(room + IFR_DATA, room + IFREQ_64, true);
  return calls.call(task, isPointer ? gotPointed : gotPlain, NR.ioctl, socket.fd, request, room);
}

function isDevicePrivate(request: number): boolean {
  return request >= DEVICE_PRIVATE_FIRST && request <= DEVICE_PRIVATE_LAST;
}

/** An argument that the kernel may have changed. */
function gotPlain(task: LinuxTask, result: number): number {
  return gotBytes(task, result, PLAIN_MAX);
}

function gotPointed(task: LinuxTask, result: number): number {
  const at = task.data(0) + IFR_DATA;
  task.kernel.machine.u8.fill(0, at, at + 4);
  return gotBytes(task, result, IFREQ_64 + POINTED_MAX);
}

function gotBytes(task: LinuxTask, result: number, most: number): number {
  const { bytes } = task;
  if (bytes === undefined) return result;
  const from = task.data(0);
  bytes.set(task.kernel.machine.u8.subarray(from, from + Math.min(bytes.length, most)));
  return result;
}

function gotInterfaces(task: LinuxTask, result: number): number {
  const { bytes } = task;
  if (result < 0 || bytes === undefined) return result;
  const { u8, view } = task.kernel.machine;
  const count = view.getUint32(task.room + ROOM_NAME, true) / IFREQ_32;
  bytes.fill(0, 0, count * IFREQ_64);
  for (let i = 0; i < count; i++) {
    const from = task.data(0) + i * IFREQ_32;
    bytes.set(u8.subarray(from, from + IFREQ_32), i * IFREQ_64);
  }
  return count * IFREQ_64;
}
