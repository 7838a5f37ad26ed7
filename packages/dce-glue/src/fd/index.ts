/** Public part of descriptors and open files. */
export { EpollFd, type EpollEvent } from "./epoll-fd.ts";
export { FdTable } from "./fd-table.ts";
export type { FileStat } from "./file-stat.ts";
export { LocalFd } from "./local-fd.ts";
export type { MsgHdr } from "./message.ts";
export { type PollRegistration, PollTable } from "./poll-table.ts";
export type { PollFd } from "./poll.ts";
export { ERESTARTNOHAND, ERESTARTNOINTR, ERESTARTSYS } from "./restart.ts";
export {
  type AcceptedSocket,
  type FileKind,
  type FileWatcher,
  type TimerSpec,
  UnixFd,
} from "./unix-fd.ts";
export { type WaitEntry, WaitPoint } from "./wait-point.ts";
export { FOREVER, Waiter, WaitingThread, type WaitResult } from "./waiter.ts";
