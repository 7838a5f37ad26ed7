import { Errno } from "@dcejs/lkl-kernel";
import { UNIX_SNDBUF_DEFAULT } from "./limits.ts";
import type { SocketCredentials } from "./unix-socket-namespace.ts";
import { FOREVER } from "./waiter.ts";

const SOL_SOCKET = 1;
const SO_TYPE = 3;
const SO_ERROR = 4;
const SO_SNDBUF = 7;
const SO_RCVBUF = 8;
const SO_PEERCRED = 17;
const SO_RCVTIMEO_OLD = 20;
const SO_SNDTIMEO_OLD = 21;
const SO_ACCEPTCONN = 30;
const SO_PROTOCOL = 38;
const SO_DOMAIN = 39;
const SO_RCVTIMEO_NEW = 66;
const SO_SNDTIMEO_NEW = 67;
const AF_UNIX = 1;

/** Options whose value is kept and given back, and changes nothing for AF_UNIX. */
const KEPT_OPTIONS: ReadonlySet<number> = new Set([1, 2, 5, 6, 7, 8, 9, 12, 13, 15, 16, 29]);

/** SOL_SOCKET options of an AF_UNIX socket, in Linux's layout. */
export class UnixSocketOptions {
  /** errno that the next call reports (SO_ERROR). */
  error = 0;
  isListening = false;
  receiveTimeoutNs: number = FOREVER;
  sendTimeoutNs: number = FOREVER;
  readonly #kept = new Map<number, number>([
    [SO_SNDBUF, UNIX_SNDBUF_DEFAULT],
    [SO_RCVBUF, UNIX_SNDBUF_DEFAULT],
  ]);

  takeError(): number {
    const { error } = this;
    this.error = 0;
    return error;
  }

  set(level: number, name: number, value: Uint8Array): number {
    if (level !== SOL_SOCKET) return -Errno.EOPNOTSUPP;
    switch (name) {
      case SO_RCVTIMEO_OLD:
      case SO_RCVTIMEO_NEW:
      case SO_SNDTIMEO_OLD:
      case SO_SNDTIMEO_NEW:
        return this.#setTimeout(name, value);
      default:
        if (!KEPT_OPTIONS.has(name)) return -Errno.ENOPROTOOPT;
        if (value.length < 4) return -Errno.EINVAL;
        this.#kept.set(name, viewOf(value).getInt32(0, true));
        return 0;
    }
  }

  get(
    level: number,
    name: number,
    out: Uint8Array,
    type: number,
    peer: SocketCredentials | undefined,
  ): number {
    if (level !== SOL_SOCKET) return -Errno.EOPNOTSUPP;
    switch (name) {
      case SO_TYPE:
        return putInts(out, type);
      case SO_ERROR:
        return putInts(out, this.takeError());
      case SO_ACCEPTCONN:
        return putInts(out, this.isListening ? 1 : 0);
      case SO_DOMAIN:
        return putInts(out, AF_UNIX);
      case SO_PROTOCOL:
        return putInts(out, 0);
      case SO_PEERCRED:
        return putInts(out, peer?.pid ?? 0, peer?.uid ?? -1, peer?.gid ?? -1);
      default:
        return KEPT_OPTIONS.has(name)
          ? putInts(out, this.#kept.get(name) ?? 0)
          : -Errno.ENOPROTOOPT;
    }
  }

  /** struct __kernel_sock_timeval (two 64-bit numbers), or the 32-bit timeval of the old options. */
  #setTimeout(name: number, value: Uint8Array): number {
    const isWide = value.length >= 16;
    if (value.length < 8) return -Errno.EINVAL;
    const view = viewOf(value);
    const seconds = view.getInt32(0, true);
    const microseconds = view.getInt32(isWide ? 8 : 4, true);
    if (microseconds < 0 || microseconds >= 1_000_000) return -Errno.EDOM;
    const ns = seconds * 1_000_000_000 + microseconds * 1000;
    const timeout = ns <= 0 ? FOREVER : ns;
    if (name === SO_RCVTIMEO_OLD || name === SO_RCVTIMEO_NEW) this.receiveTimeoutNs = timeout;
    else this.sendTimeoutNs = timeout;
    return 0;
  }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function putInts(out: Uint8Array, ...values: number[]): number {
  const view = viewOf(out);
  let length = 0;
  for (const value of values) {
    if (length + 4 > out.length) break;
    view.setInt32(length, value, true);
    length += 4;
  }
  return length;
}
