import type { Task } from "@dcejs/core-sched";
import type { HostTask, LinuxKernel, OnDone } from "@dcejs/linux";
import type { DceSocket, Out, SimMsgHdr } from "../kernel-objects.ts";
import { type Credentials, credentialsOf } from "../task-credentials.ts";
import type { LinuxSocket } from "./linux-socket.ts";

/** Gives a call's result its last shape: copies what the kernel has written. */
export type Finish = (task: LinuxTask, result: number) => number;

/** Where the parts of a call's arguments lie in a task's room. */
export const ROOM_MSGHDR = 0;
export const ROOM_IOVEC = 32;
export const ROOM_LENGTH = 48;
export const ROOM_NAME = 64;
const ROOM_CONTROL = 256;
export const ROOM_CONTROL_SIZE = 1792;
const ROOM_SIZE: number = ROOM_CONTROL + ROOM_CONTROL_SIZE;
/** Longest socket address: struct sockaddr_storage. */
export const ROOM_NAME_SIZE = 128;
const DATA_MIN = 4096;
/** Most of what one call carries. */
export const DATA_MAX = 262_144;

/** A task of the simulator as real Linux knows it: a host task, and memory of the kernel's for its arguments. */
export class LinuxTask {
  readonly priv: object;
  readonly pid: number;
  /** The simulator's task; undefined for pid 1, which serves the event loop. */
  readonly waiter: Task | undefined;
  readonly kernel: LinuxKernel;
  host: HostTask;
  /** The kernel had no memory for a host task; `host` is another's until it has. */
  lacksHost = false;
  /** All of its node. */
  readonly sockets: Set<LinuxSocket>;
  readonly #credentials: Credentials | undefined;
  /** Of the call that sleeps. */
  finish: Finish | undefined = undefined;
  /** What its host task calls when a call that has slept is over; made once. */
  onDone: OnDone | undefined = undefined;
  // What the call that runs is to fill when it is over.
  message: SimMsgHdr | undefined = undefined;
  bytes: Uint8Array | undefined = undefined;
  length: { value: number } | undefined = undefined;
  accepted: Out<DceSocket> | undefined = undefined;
  /** Sends SIGPIPE to it, if its call ends with EPIPE. */
  onPipe: ((task: LinuxTask) => void) | undefined = undefined;
  /** Octets of the message that are received already, and those that there is room for. */
  skip = 0;
  isDiscarded = false;
  dataWanted = 0;
  #room = 0;
  #data = 0;
  #dataSize = 0;

  constructor(
    kernel: LinuxKernel,
    host: HostTask,
    priv: object,
    pid: number,
    waiter: Task | undefined,
    sockets: Set<LinuxSocket>,
  ) {
    this.sockets = sockets;
    this.kernel = kernel;
    this.host = host;
    this.priv = priv;
    this.pid = pid;
    this.waiter = waiter;
    this.#credentials = credentialsOf(waiter);
  }

  /** Whose rights its calls have: those of its process. The kernel's own tasks, and pid 1, are root's. */
  get euid(): number {
    return this.#credentials?.euid ?? 0;
  }

  get egid(): number {
    return this.#credentials?.egid ?? 0;
  }

  /** Address of room for headers, names and control messages: see ROOM_*. There has to be room: see hasRoom. */
  get room(): number {
    if (this.#room === 0) this.#room = this.kernel.room(ROOM_SIZE);
    return this.#room;
  }

  /** Takes `room` and `data(size)` from the kernel's memory. @returns false: it has none, the call is ENOMEM */
  hasRoom(size: number): boolean {
    if (this.#room === 0) this.#room = this.kernel.roomIfAny(ROOM_SIZE);
    return this.#room !== 0 && this.#grow(size);
  }

  get control(): number {
    return this.room + ROOM_CONTROL;
  }

  /** Address of room for `size` octets of data; the same until more is asked for. There has to be room: see hasRoom. */
  data(size: number): number {
    if (this.#grow(size)) return this.#data;
    throw new Error(`${this.kernel.name}: no memory for ${size} octets`);
  }

  #grow(size: number): boolean {
    if (size <= this.#dataSize && this.#data !== 0) return true;
    if (size > DATA_MAX) return false;
    let wanted = DATA_MIN;
    while (wanted < size) wanted *= 2;
    if (this.#data !== 0) this.kernel.free(this.#data);
    this.#data = this.kernel.roomIfAny(wanted);
    this.#dataSize = this.#data === 0 ? 0 : wanted;
    return this.#data !== 0;
  }

  forget(): void {
    this.finish = undefined;
    this.message = undefined;
    this.bytes = undefined;
    this.length = undefined;
    this.accepted = undefined;
    this.onPipe = undefined;
  }

  /** The simulator's task is gone. */
  free(): void {
    if (this.#room !== 0) this.kernel.free(this.#room);
    if (this.#data !== 0) this.kernel.free(this.#data);
    this.#room = 0;
    this.#data = 0;
    this.#dataSize = 0;
  }
}
