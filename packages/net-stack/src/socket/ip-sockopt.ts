/** Options of IPPROTO_IP (net/ipv4/ip_sockglue.c). */
import { Errno } from "@dcejs/lkl-kernel";
import { readInt, writeInt } from "./option-value.ts";
import { IP_PMTUDISC_OMIT, sk_dst_check } from "./sock.ts";
import type { Sock } from "./sock.ts";
import { sockaddrAddr } from "./sockaddr.ts";

const IP_TOS = 1;
const IP_TTL = 2;
const IP_HDRINCL = 3;
const IP_MTU_DISCOVER = 10;
const IP_RECVERR = 11;
const IP_MTU = 14;
const IP_FREEBIND = 15;
const IP_TRANSPARENT = 19;
const IP_BIND_ADDRESS_NO_PORT = 24;
const IP_MULTICAST_IF = 32;
const IP_MULTICAST_TTL = 33;
const IP_MULTICAST_LOOP = 34;
const IP_ADD_MEMBERSHIP = 35;
const IP_DROP_MEMBERSHIP = 36;

const SOCK_STREAM = 1;
const SOCK_RAW = 3;
const INET_ECN_MASK = 3;
const TTL_MAX = 255;

/** An int, or a single octet, as the options of IPv4 allow. */
function readValue(value: Uint8Array): number {
  return value.length >= 4 ? readInt(value) : (value[0] ?? 0);
}

/** @returns 0, -EINVAL, -ENODEV, -EADDRINUSE, -EADDRNOTAVAIL, -ENOPROTOOPT. */
export function ip_setsockopt(sk: Sock, name: number, value: Uint8Array): number {
  const number = readValue(value);
  switch (name) {
    case IP_TOS:
      // The ECN bits of a stream are TCP's.
      sk.tos =
        sk.sk_type === SOCK_STREAM
          ? (number & ~INET_ECN_MASK & 0xff) | (sk.tos & INET_ECN_MASK)
          : number & 0xff;
      sk.sk_dst_cache = undefined;
      return 0;
    case IP_TTL:
      if (value.length < 1 || (number !== -1 && (number < 1 || number > TTL_MAX)))
        return -Errno.EINVAL;
      sk.uc_ttl = number;
      return 0;
    case IP_HDRINCL:
      if (sk.sk_type !== SOCK_RAW) return -Errno.ENOPROTOOPT;
      sk.hdrincl = number !== 0;
      return 0;
    case IP_MTU_DISCOVER:
      if (number < 0 || number > IP_PMTUDISC_OMIT) return -Errno.EINVAL;
      sk.pmtudisc = number;
      return 0;
    case IP_RECVERR:
      sk.recverr = number !== 0;
      return 0;
    case IP_FREEBIND:
      sk.freebind = number !== 0;
      return 0;
    case IP_TRANSPARENT:
      sk.transparent = number !== 0;
      return 0;
    case IP_BIND_ADDRESS_NO_PORT:
      sk.bind_address_no_port = number !== 0;
      return 0;
    case IP_MULTICAST_TTL:
      if (sk.sk_type === SOCK_STREAM || number < -1 || number > TTL_MAX) return -Errno.EINVAL;
      sk.mc_ttl = number === -1 ? 1 : number;
      return 0;
    case IP_MULTICAST_LOOP:
      sk.mc_loop = number !== 0;
      return 0;
    case IP_MULTICAST_IF:
    case IP_ADD_MEMBERSHIP:
    case IP_DROP_MEMBERSHIP:
      return setMembership(sk, name, value);
    default:
      return -Errno.ENOPROTOOPT;
  }
}

/** struct in_addr, ip_mreq (group, interface address) or ip_mreqn (and an interface index). */
function setMembership(sk: Sock, name: number, value: Uint8Array): number {
  const { net } = sk;
  if (value.length < 4) return -Errno.EINVAL;
  const first = sockaddrAddr(shifted(value, 0));
  if (name === IP_MULTICAST_IF && value.length < 8) {
    const dev = first === 0 ? undefined : net.ip_dev_find(first);
    if (first !== 0 && dev === undefined) return -Errno.EADDRNOTAVAIL;
    sk.mc_index = dev?.ifindex ?? 0;
    sk.mc_addr = first;
    return 0;
  }
  if (value.length < 8) return -Errno.EINVAL;
  const address = sockaddrAddr(shifted(value, 4));
  const ifindex = value.length >= 12 ? readInt(value.subarray(8)) : 0;
  const dev =
    ifindex !== 0 ? net.dev_get_by_index(ifindex) : net.ipv4.ip_mc_find_dev(first, address);
  if (dev === undefined)
    return ifindex !== 0 || name !== IP_MULTICAST_IF ? -Errno.ENODEV : -Errno.EADDRNOTAVAIL;
  if (name === IP_MULTICAST_IF) {
    sk.mc_index = dev.ifindex;
    sk.mc_addr = address;
    return 0;
  }
  return name === IP_ADD_MEMBERSHIP
    ? net.ipv4.ip_mc_join(dev, first)
    : net.ipv4.ip_mc_leave(dev, first);
}

/** The address at `at`, where sockaddrAddr looks for it. */
function shifted(value: Uint8Array, at: number): Uint8Array {
  return Uint8Array.of(0, 0, 0, 0, ...value.subarray(at, at + 4));
}

/** @returns the octets written, -ENOTCONN (IP_MTU without a route), -ENOPROTOOPT. */
export function ip_getsockopt(sk: Sock, name: number, out: Uint8Array): number {
  const value = getValue(sk, name);
  return value === undefined
    ? -Errno.ENOPROTOOPT
    : value === -Errno.ENOTCONN
      ? value
      : writeInt(out, value);
}

function getValue(sk: Sock, name: number): number | undefined {
  switch (name) {
    case IP_TOS:
      return sk.tos;
    case IP_TTL:
      return sk.uc_ttl < 0 ? sk.net.ipv4.ip_default_ttl.value : sk.uc_ttl;
    case IP_HDRINCL:
      return Number(sk.hdrincl);
    case IP_MTU_DISCOVER:
      return sk.pmtudisc;
    case IP_RECVERR:
      return Number(sk.recverr);
    case IP_FREEBIND:
      return Number(sk.freebind);
    case IP_TRANSPARENT:
      return Number(sk.transparent);
    case IP_BIND_ADDRESS_NO_PORT:
      return Number(sk.bind_address_no_port);
    case IP_MTU:
      return sk_dst_check(sk)?.mtu() ?? -Errno.ENOTCONN;
    case IP_MULTICAST_TTL:
      return sk.mc_ttl;
    case IP_MULTICAST_LOOP:
      return Number(sk.mc_loop);
    default:
      return undefined;
  }
}
