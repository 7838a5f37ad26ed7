/** Options of SOL_SOCKET (net/core/sock.c). Numbers of asm-generic/socket.h. */
import { Errno } from "@dcejs/lkl-kernel";
import { CAP_NET_ADMIN, CAP_NET_RAW, ns_capable } from "../current-program.ts";
import { TCP_LISTEN } from "../tcp/states.ts";
import { readInt, writeInt } from "./option-value.ts";
import {
  SO_TIMESTAMPNS_NEW,
  SO_TIMESTAMPNS_OLD,
  SO_TIMESTAMP_NEW,
  SO_TIMESTAMP_OLD,
} from "./rcv-timestamp.ts";
import { MAX_SCHEDULE_TIMEOUT, SOCK_MIN_RCVBUF, SOCK_MIN_SNDBUF, sock_error } from "./sock.ts";
import type { Sock } from "./sock.ts";

export const SOL_SOCKET = 1;
const SO_DEBUG = 1;
const SO_REUSEADDR = 2;
const SO_TYPE = 3;
const SO_ERROR = 4;
const SO_DONTROUTE = 5;
const SO_BROADCAST = 6;
const SO_SNDBUF = 7;
const SO_RCVBUF = 8;
const SO_KEEPALIVE = 9;
const SO_OOBINLINE = 10;
const SO_NO_CHECK = 11;
const SO_PRIORITY = 12;
const SO_LINGER = 13;
const SO_REUSEPORT = 15;
const SO_RCVLOWAT = 18;
const SO_SNDLOWAT = 19;
const SO_RCVTIMEO_OLD = 20;
const SO_SNDTIMEO_OLD = 21;
const SO_BINDTODEVICE = 25;
const SO_ACCEPTCONN = 30;
const SO_SNDBUFFORCE = 32;
const SO_RCVBUFFORCE = 33;
const SO_MARK = 36;
const SO_PROTOCOL = 38;
const SO_DOMAIN = 39;
const SO_BINDTOIFINDEX = 62;
const SO_RCVTIMEO_NEW = 66;
const SO_SNDTIMEO_NEW = 67;

const USEC_PER_SEC = 1_000_000;
const IFNAMSIZ = 16;
const INT_OCTETS = 4;
/** TC_PRIO_INTERACTIVE. */
const UNPRIVILEGED_PRIORITY_MAX = 6;

/** @returns 0, -EINVAL (short value), -EDOM (bad time), -ENODEV, -EPERM and -EACCES (for root alone), -ENOPROTOOPT. */
export function sock_setsockopt(sk: Sock, name: number, value: Uint8Array): number {
  if (name === SO_BINDTODEVICE) return bindToDevice(sk, value);
  if (value.length < INT_OCTETS) return -Errno.EINVAL;
  const number = readInt(value);
  const isOn = number !== 0;
  switch (name) {
    case SO_REUSEADDR:
      sk.sk_reuse = isOn;
      return 0;
    case SO_REUSEPORT:
      sk.sk_reuseport = isOn;
      return 0;
    case SO_BROADCAST:
      sk.sk_broadcast = isOn;
      return 0;
    case SO_KEEPALIVE:
      sk.setKeepalive(isOn);
      return 0;
    case SO_OOBINLINE:
      sk.sk_oobinline = isOn;
      return 0;
    case SO_NO_CHECK:
      sk.sk_no_check = isOn;
      return 0;
    case SO_TIMESTAMP_OLD:
    case SO_TIMESTAMP_NEW:
    case SO_TIMESTAMPNS_OLD:
    case SO_TIMESTAMPNS_NEW:
      sk.sk_timestamp = isOn ? name : 0;
      return 0;
    case SO_DONTROUTE:
      return 0;
    case SO_DEBUG:
      return isOn && !mayAdminister(sk) ? -Errno.EACCES : 0;
    case SO_PRIORITY:
      if ((number < 0 || number > UNPRIVILEGED_PRIORITY_MAX) && !mayAdminister(sk))
        return -Errno.EPERM;
      sk.sk_priority = number;
      return 0;
    case SO_MARK:
      if (!mayAdminister(sk)) return -Errno.EPERM;
      sk.sk_mark = number;
      return 0;
    case SO_TYPE:
    case SO_PROTOCOL:
    case SO_DOMAIN:
    case SO_ERROR:
    case SO_ACCEPTCONN:
    case SO_SNDLOWAT:
      return -Errno.ENOPROTOOPT;
    case SO_BINDTOIFINDEX:
      return bindToIndex(sk, number);
    default:
      return setSizeOrTime(sk, name, number, value);
  }
}

function setSizeOrTime(sk: Sock, name: number, number: number, value: Uint8Array): number {
  switch (name) {
    case SO_SNDBUF:
      setSndbuf(sk, Math.min(number >>> 0, sk.net.core.wmem_max.value));
      return 0;
    case SO_SNDBUFFORCE:
      if (!mayAdminister(sk)) return -Errno.EPERM;
      setSndbuf(sk, Math.max(number, 0));
      return 0;
    case SO_RCVBUF:
      setRcvbuf(sk, Math.min(number >>> 0, sk.net.core.rmem_max.value));
      return 0;
    case SO_RCVBUFFORCE:
      if (!mayAdminister(sk)) return -Errno.EPERM;
      setRcvbuf(sk, Math.max(number, 0));
      return 0;
    case SO_RCVLOWAT:
      return sk.setRcvlowat(number < 0 ? 0x7fffffff : number);
    case SO_LINGER:
      return setLinger(sk, value);
    case SO_RCVTIMEO_OLD:
    case SO_RCVTIMEO_NEW: {
      const timeo = readTimeval(sk, value);
      if (timeo < 0) return timeo;
      sk.sk_rcvtimeo = timeo;
      return 0;
    }
    case SO_SNDTIMEO_OLD:
    case SO_SNDTIMEO_NEW: {
      const timeo = readTimeval(sk, value);
      if (timeo < 0) return timeo;
      sk.sk_sndtimeo = timeo;
      return 0;
    }
    default:
      return -Errno.ENOPROTOOPT;
  }
}

function mayAdminister(sk: Sock): boolean {
  return ns_capable(sk.net, CAP_NET_ADMIN);
}

/** Twice what was asked for: half of it is for the kernel's own structures. */
function setSndbuf(sk: Sock, size: number): void {
  sk.sk_userlocks_sndbuf = true;
  sk.sk_sndbuf = Math.max(size * 2, SOCK_MIN_SNDBUF);
  sk.sk_write_space();
}

function setRcvbuf(sk: Sock, size: number): void {
  sk.sk_userlocks_rcvbuf = true;
  sk.sk_rcvbuf = Math.max(size * 2, SOCK_MIN_RCVBUF);
}

function setLinger(sk: Sock, value: Uint8Array): number {
  if (value.length < 8) return -Errno.EINVAL;
  sk.sk_linger = readInt(value) !== 0;
  if (sk.sk_linger) sk.sk_lingertime = Math.max(readInt(value.subarray(4)), 0) * sk.kernel.HZ;
  return 0;
}

/** struct timeval of two 64-bit numbers, or of two 32-bit ones when the value is 8 octets. */
function readTimeval(sk: Sock, value: Uint8Array): number {
  if (value.length < 8) return -Errno.EINVAL;
  const view = new DataView(value.buffer, value.byteOffset, value.byteLength);
  const isWide = value.length >= 16;
  const seconds = isWide ? wideInt(view, 0) : view.getInt32(0, true);
  const microseconds = isWide ? wideInt(view, 8) : view.getInt32(4, true);
  if (microseconds < 0 || microseconds >= USEC_PER_SEC) return -Errno.EDOM;
  if (seconds < 0) return 0;
  if (seconds === 0 && microseconds === 0) return MAX_SCHEDULE_TIMEOUT;
  const { HZ } = sk.kernel;
  return seconds * HZ + Math.ceil((microseconds * HZ) / USEC_PER_SEC);
}

function wideInt(view: DataView, at: number): number {
  return view.getInt32(at + 4, true) * 0x100000000 + view.getUint32(at, true);
}

function bindToDevice(sk: Sock, value: Uint8Array): number {
  const end = value.indexOf(0);
  const bytes = value.subarray(0, Math.min(end < 0 ? value.length : end, IFNAMSIZ - 1));
  const name = String.fromCharCode(...bytes);
  if (name === "") return bindToIndex(sk, 0);
  const dev = sk.net.dev_get_by_name(name);
  return dev === undefined ? -Errno.ENODEV : bindToIndex(sk, dev.ifindex);
}

/** Others than root may bind a socket to a device once. */
function bindToIndex(sk: Sock, ifindex: number): number {
  if (sk.sk_bound_dev_if !== 0 && !ns_capable(sk.net, CAP_NET_RAW)) return -Errno.EPERM;
  if (ifindex < 0) return -Errno.EINVAL;
  sk.sk_bound_dev_if = ifindex;
  sk.sk_dst_cache = undefined;
  return 0;
}

/** @returns the octets written, or -ENOPROTOOPT. */
export function sock_getsockopt(sk: Sock, name: number, out: Uint8Array): number {
  switch (name) {
    case SO_LINGER: {
      writeInt(out, sk.sk_linger ? 1 : 0);
      writeInt(out.subarray(4), Math.floor(sk.sk_lingertime / sk.kernel.HZ));
      return Math.min(8, out.length);
    }
    case SO_RCVTIMEO_OLD:
    case SO_RCVTIMEO_NEW:
      return writeTimeval(sk, sk.sk_rcvtimeo, out);
    case SO_SNDTIMEO_OLD:
    case SO_SNDTIMEO_NEW:
      return writeTimeval(sk, sk.sk_sndtimeo, out);
    case SO_BINDTODEVICE: {
      const dev = sk.net.dev_get_by_index(sk.sk_bound_dev_if);
      if (dev === undefined) return 0;
      const bytes = Array.from(`${dev.name}\0`, (letter) => letter.charCodeAt(0));
      if (out.length < bytes.length) return -Errno.EINVAL;
      out.set(bytes);
      return bytes.length;
    }
    default: {
      const value = intOption(sk, name);
      return value === undefined ? -Errno.ENOPROTOOPT : writeInt(out, value);
    }
  }
}

function writeTimeval(sk: Sock, timeo: number, out: Uint8Array): number {
  const { HZ } = sk.kernel;
  const isNever = timeo === MAX_SCHEDULE_TIMEOUT;
  const seconds = isNever ? 0 : Math.floor(timeo / HZ);
  const microseconds = isNever ? 0 : Math.floor(((timeo % HZ) * USEC_PER_SEC) / HZ);
  const width = out.length >= 16 ? 8 : 4;
  out.fill(0, 0, Math.min(out.length, 2 * width));
  writeInt(out, seconds);
  writeInt(out.subarray(width), microseconds);
  return Math.min(out.length, 2 * width);
}

function intOption(sk: Sock, name: number): number | undefined {
  switch (name) {
    case SO_TYPE:
      return sk.sk_type;
    case SO_DOMAIN:
      return sk.sk_family;
    case SO_PROTOCOL:
      return sk.sk_protocol;
    case SO_ERROR:
      return takeError(sk);
    case SO_ACCEPTCONN:
      return sk.sk_state === TCP_LISTEN ? 1 : 0;
    case SO_SNDBUF:
      return sk.sk_sndbuf;
    case SO_RCVBUF:
      return sk.sk_rcvbuf;
    case SO_PRIORITY:
      return sk.sk_priority;
    case SO_MARK:
      return sk.sk_mark;
    case SO_RCVLOWAT:
      return sk.sk_rcvlowat;
    case SO_SNDLOWAT:
      return 1;
    case SO_BINDTOIFINDEX:
      return sk.sk_bound_dev_if;
    default:
      return flagOption(sk, name);
  }
}

function flagOption(sk: Sock, name: number): number | undefined {
  const flags: Readonly<Record<number, boolean>> = {
    [SO_REUSEADDR]: sk.sk_reuse,
    [SO_REUSEPORT]: sk.sk_reuseport,
    [SO_BROADCAST]: sk.sk_broadcast,
    [SO_KEEPALIVE]: sk.sk_keepopen,
    [SO_OOBINLINE]: sk.sk_oobinline,
    [SO_NO_CHECK]: sk.sk_no_check,
    [SO_TIMESTAMP_OLD]: sk.sk_timestamp === name,
    [SO_TIMESTAMP_NEW]: sk.sk_timestamp === name,
    [SO_TIMESTAMPNS_OLD]: sk.sk_timestamp === name,
    [SO_TIMESTAMPNS_NEW]: sk.sk_timestamp === name,
    [SO_DEBUG]: false,
    [SO_DONTROUTE]: false,
  };
  const flag = flags[name];
  return flag === undefined ? undefined : Number(flag);
}

/** The pending error, else the soft one; each is told once. */
function takeError(sk: Sock): number {
  const error = -sock_error(sk);
  if (error !== 0) return error;
  const soft = sk.sk_err_soft;
  sk.sk_err_soft = 0;
  return soft;
}
