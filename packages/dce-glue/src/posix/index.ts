/** Public part of the facade for TypeScript programs. */
export * from "./constants.ts";
export type { ResolvedAddress } from "./host-names.ts";
export { formatIpv4, formatIpv6, parseIpv4, parseIpv6 } from "./ip-text.ts";
export type { SelectResult, SelectSets } from "./posix-events.ts";
export type { IntervalTimer, SignalActionRequest } from "./posix-processes.ts";
export type {
  Accepted,
  IncomingMessage,
  OutgoingMessage,
  Received,
  ReceivedMessage,
  Timeval,
} from "./posix-sockets.ts";
export type { Cond, Mutex, PosixThread, RwLock, Semaphore } from "./posix-threads.ts";
export { type Main, type MaybePromise, Posix, programImage, signalSet } from "./posix.ts";
export {
  decodeSocketAddress,
  encodeSocketAddress,
  type InternetAddress,
  type OtherAddress,
  type PeerAddress,
  type SocketAddress,
  type UnixAddress,
} from "./socket-address.ts";
export { SyscallError } from "./syscall-error.ts";
