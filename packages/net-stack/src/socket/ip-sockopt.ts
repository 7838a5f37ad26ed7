/** Options of IPPROTO_IP (net/ipv4/ip_sockglue.c). */
import { Errno } from "@dcejs/lkl-kernel";
import { CAP_NET_ADMIN, ns_capable } from "../current-program.ts";
import { ip_mc_join_group, ip_mc_leave_group } from "../ip/igmp.ts";
import {
  IP_CMSG_ORIGDSTADDR,
  IP_CMSG_PKTINFO,
  IP_CMSG_TOS,
  IP_CMSG_TTL,
  rt_tos2priority,
} from "./ip-cmsg.ts";
import { readInt, writeInt } from "./option-value.ts";
import { IP_PMTUDISC_OMIT } from "./sock.ts";
import type { Sock } from "./sock.ts";

const IP_TOS = 1;
const IP_TTL = 2;
const IP_HDRINCL = 3;
const IP_PKTINFO = 8;
const IP_MTU_DISCOVER = 10;
const IP_RECVERR = 11;
const IP_RECVTTL = 12;
const IP_RECVTOS = 13;
const IP_MTU = 14;
const IP_FREEBIND = 15;
const IP_TRANSPARENT = 19;
const IP_RECVORIGDSTADDR = 20;
const IP_BIND_ADDRESS_NO_PORT = 24;
const IP_MULTICAST_IF = 32;
const IP_MULTICAST_TTL = 33;
const IP_MULTICAST_LOOP = 34;
const IP_ADD_MEMBERSHIP = 35;
const IP_DROP_MEMBERSHIP = 36;
const IP_MULTICAST_ALL = 49;

/** Options of receivers, and the control messages that they ask for. */
const CMSG_FLAGS: Readonly<Record<number, number>> = {
  [IP_PKTINFO]: IP_CMSG_PKTINFO,
  [IP_RECVTTL]: IP_CMSG_TTL,
  [IP_RECVTOS]: IP_CMSG_TOS,
  [IP_RECVORIGDSTADDR]: IP_CMSG_ORIGDSTADDR,
};

const IN_ADDR_OCTETS = 4;
/** struct ip_mreq and struct ip_mreqn. */
const MREQ_OCTETS = 8;
const MREQN_OCTETS = 12;

const SOCK_STREAM = 1;
const SOCK_RAW = 3;
const INET_ECN_MASK = 3;
const TTL_MAX = 255;

/** An int, or a single octet, as the options of IPv4 allow. */
function readValue(value: Uint8Array): number {
  return value.length >= 4 ? readInt(value) : (value[0] ?? 0);
}

/** @returns 0, -EINVAL, -ENODEV, -EADDRINUSE, -EADDRNOTAVAIL, -ENOBUFS, -EPERM, -EPROTO, -ENOPROTOOPT. */
export function ip_setsockopt(sk: Sock, name: number, value: Uint8Array): number {
  const number = readValue(value);
  const wanted = CMSG_FLAGS[name];
  if (wanted !== undefined) {
    sk.cmsg_flags = number === 0 ? sk.cmsg_flags & ~wanted : sk.cmsg_flags | wanted;
    return 0;
  }
  switch (name) {
    case IP_TOS:
      setTos(sk, number & 0xff);
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
      if (number !== 0 && !ns_capable(sk.net, CAP_NET_ADMIN)) return -Errno.EPERM;
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
    case IP_MULTICAST_ALL:
      if (value.length < 1 || (number !== 0 && number !== 1)) return -Errno.EINVAL;
      sk.mc_all = number !== 0;
      return 0;
    case IP_MULTICAST_IF:
      return setMulticastInterface(sk, value);
    case IP_ADD_MEMBERSHIP:
    case IP_DROP_MEMBERSHIP:
      return setMembership(sk, name, value);
    default:
      return -Errno.ENOPROTOOPT;
  }
}

/** __ip_sock_set_tos. */
function setTos(sk: Sock, value: number): void {
  // The ECN bits of a stream are TCP's.
  const isStream = sk.sk_type === SOCK_STREAM;
  const tos = isStream ? (value & ~INET_ECN_MASK) | (sk.tos & INET_ECN_MASK) : value;
  if (tos === sk.tos) return;
  sk.tos = tos;
  sk.sk_priority = rt_tos2priority(tos);
  sk.sk_dst_cache = undefined;
}

/** IP_MULTICAST_IF: struct in_addr, or as for IP_ADD_MEMBERSHIP; no interface at all is the route's choice again. */
function setMulticastInterface(sk: Sock, value: Uint8Array): number {
  if (sk.sk_type === SOCK_STREAM || value.length < IN_ADDR_OCTETS) return -Errno.EINVAL;
  const isShort = value.length < MREQ_OCTETS;
  const imr_address = addressAt(value, isShort ? 0 : IN_ADDR_OCTETS);
  const imr_ifindex = value.length < MREQN_OCTETS ? 0 : readInt(value.subarray(MREQ_OCTETS));
  if (imr_ifindex === 0 && imr_address === 0) {
    sk.mc_index = 0;
    sk.mc_addr = 0;
    return 0;
  }
  const dev =
    imr_ifindex === 0 ? sk.net.ip_dev_find(imr_address) : sk.net.dev_get_by_index(imr_ifindex);
  if (dev === undefined) return -Errno.EADDRNOTAVAIL;
  if (sk.sk_bound_dev_if !== 0 && dev.ifindex !== sk.sk_bound_dev_if) return -Errno.EINVAL;
  sk.mc_index = dev.ifindex;
  sk.mc_addr = imr_address;
  return 0;
}

/** struct ip_mreq (group, address of the interface) or ip_mreqn (and its index). */
function setMembership(sk: Sock, name: number, value: Uint8Array): number {
  if (sk.sk_type === SOCK_STREAM) return -Errno.EPROTO;
  if (value.length < MREQ_OCTETS) return -Errno.EINVAL;
  const imr = {
    imr_multiaddr: addressAt(value, 0),
    imr_address: addressAt(value, IN_ADDR_OCTETS),
    imr_ifindex: value.length < MREQN_OCTETS ? 0 : readInt(value.subarray(MREQ_OCTETS)),
  };
  return name === IP_ADD_MEMBERSHIP ? ip_mc_join_group(sk, imr) : ip_mc_leave_group(sk, imr);
}

function addressAt(value: Uint8Array, at: number): number {
  return new DataView(value.buffer, value.byteOffset, value.byteLength).getUint32(at);
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
  const wanted = CMSG_FLAGS[name];
  if (wanted !== undefined) return Number((sk.cmsg_flags & wanted) !== 0);
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
      return sk.sk_dst_cache?.mtu() ?? -Errno.ENOTCONN;
    case IP_MULTICAST_ALL:
      return Number(sk.mc_all);
    case IP_MULTICAST_TTL:
      return sk.mc_ttl;
    case IP_MULTICAST_LOOP:
      return Number(sk.mc_loop);
    default:
      return undefined;
  }
}
