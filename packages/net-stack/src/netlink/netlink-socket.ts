/** struct socket of AF_NETLINK: its system calls (netlink_ops of net/netlink/af_netlink.c). */
import { Errno } from "@dcejs/lkl-kernel";
import type { Wait } from "@dcejs/lkl-kernel";
import type { NetStack } from "../net-stack.ts";
import { MSG_OOB, copy_from_msg, iov_length } from "../socket/msghdr.ts";
import type { MsgHdr } from "../socket/msghdr.ts";
import { readInt, writeInt } from "../socket/option-value.ts";
import { AF_UNSPEC, sockaddrFamily } from "../socket/sockaddr.ts";
import { SOCK_DGRAM, SOCK_RAW, Socket } from "../socket/socket.ts";
import { SOL_SOCKET, sock_getsockopt, sock_setsockopt } from "../socket/sockopt.ts";
import {
  AF_NETLINK,
  NETLINK_ADD_MEMBERSHIP,
  NETLINK_BROADCAST_ERROR,
  NETLINK_CAP_ACK,
  NETLINK_DROP_MEMBERSHIP,
  NETLINK_EXT_ACK,
  NETLINK_GET_STRICT_CHK,
  NETLINK_LISTEN_ALL_NSID,
  NETLINK_LIST_MEMBERSHIPS,
  NETLINK_NO_ENOBUFS,
  SOCKADDR_NL_LENGTH,
  SOL_NETLINK,
} from "./netlink.ts";
import { netlinkTruesize } from "./netlink-datagram.ts";
import { NetlinkSock, groupMask, writeSockaddrNl } from "./netlink-sock.ts";

/** What a socket's own buffer accounts for besides the message. */
const SNDBUF_RESERVE = 32;

/** Options that are a switch, and the member of NetlinkSock that they set. */
const SWITCHES: Readonly<
  Record<
    number,
    "capAck" | "extAck" | "strictCheck" | "noEnobufs" | "broadcastError" | "listenAllNsid"
  >
> = {
  [NETLINK_BROADCAST_ERROR]: "broadcastError",
  [NETLINK_NO_ENOBUFS]: "noEnobufs",
  [NETLINK_LISTEN_ALL_NSID]: "listenAllNsid",
  [NETLINK_CAP_ACK]: "capAck",
  [NETLINK_EXT_ACK]: "extAck",
  [NETLINK_GET_STRICT_CHK]: "strictCheck",
};

/** netlink_create. @returns -ESOCKTNOSUPPORT, or -EPROTONOSUPPORT where the kernel has no such family */
export function netlink_create(net: NetStack, type: number, protocol: number): Socket | number {
  if (type !== SOCK_RAW && type !== SOCK_DGRAM) return -Errno.ESOCKTNOSUPPORT;
  const table = net.netlink.get(protocol);
  return table === undefined
    ? -Errno.EPROTONOSUPPORT
    : new NetlinkSocket(net, new NetlinkSock(net, type, table));
}

/** Addresses are `struct sockaddr_nl` bytes. */
class NetlinkSocket extends Socket {
  readonly #nlk: NetlinkSock;

  constructor(net: NetStack, sk: NetlinkSock) {
    super(net, sk);
    this.#nlk = sk;
  }

  /** netlink_bind. @returns 0; -EINVAL (short, other family, bound to another port); -EADDRINUSE */
  override bind(address: Uint8Array): number {
    const nlk = this.#nlk;
    if (address.length < SOCKADDR_NL_LENGTH) return -Errno.EINVAL;
    if (sockaddrFamily(address) !== AF_NETLINK) return -Errno.EINVAL;
    const { portid, groups } = sockaddrNl(address);
    if (nlk.bound) {
      if (portid !== nlk.portid) return -Errno.EINVAL;
    } else {
      const error = portid === 0 ? nlk.table.autobind(nlk) : nlk.table.insert(nlk, portid);
      if (error < 0) return error;
    }
    // The first 32 groups are as the mask says; those above stay.
    for (let group = 1; group <= Math.min(nlk.table.groups, 32); group++) {
      const isWanted = (groups & groupMask(group)) !== 0;
      if (isWanted !== nlk.groups.has(group)) nlk.table.setMember(nlk, group, isWanted);
    }
    return 0;
  }

  /** netlink_connect: where messages without an address go. */
  override connect(address: Uint8Array, _flags: number): number {
    const nlk = this.#nlk;
    if (address.length < 2) return -Errno.EINVAL;
    const family = sockaddrFamily(address);
    if (family === AF_UNSPEC) {
      nlk.isConnected = false;
      nlk.dst_portid = 0;
      nlk.dst_group = 0;
      return 0;
    }
    if (family !== AF_NETLINK || address.length < SOCKADDR_NL_LENGTH) return -Errno.EINVAL;
    const { portid, groups } = sockaddrNl(address);
    if ((groups !== 0 || portid !== 0) && !this.#isPrivileged()) return -Errno.EPERM;
    const error = nlk.bound ? 0 : nlk.table.autobind(nlk);
    if (error < 0) return error;
    nlk.isConnected = true;
    nlk.dst_portid = portid;
    nlk.dst_group = firstGroup(groups);
    return 0;
  }

  override listen(_backlog: number): number {
    return -Errno.EOPNOTSUPP;
  }

  override accept(_flags: number): number {
    return -Errno.EOPNOTSUPP;
  }

  override shutdown(_how: number): number {
    return -Errno.EOPNOTSUPP;
  }

  /** netlink_getname. @returns 12 */
  override getname(peer: 0 | 1, out: Uint8Array): number {
    const nlk = this.#nlk;
    if (peer === 1) return writeSockaddrNl(out, nlk.dst_portid, groupMask(nlk.dst_group));
    let groups = 0;
    for (const group of nlk.groups) groups |= groupMask(group);
    return writeSockaddrNl(out, nlk.portid, groups >>> 0);
  }

  /** netlink_sendmsg: to the kernel, to another socket's port, or to a group. */
  override sendmsg(msg: MsgHdr, flags: number): number | Wait {
    const nlk = this.#nlk;
    // The stack was shut down, and a program still has the descriptor.
    if (nlk.sock_dead) return -Errno.EBADF;
    if ((flags & MSG_OOB) !== 0) return -Errno.EOPNOTSUPP;
    const length = iov_length(msg);
    if (length === 0) return -Errno.ENODATA;
    let { dst_portid: portid, dst_group: group } = nlk;
    const name = msg.msg_namelen === 0 ? undefined : msg.msg_name?.subarray(0, msg.msg_namelen);
    if (name !== undefined) {
      if (name.length < SOCKADDR_NL_LENGTH || sockaddrFamily(name) !== AF_NETLINK) {
        return -Errno.EINVAL;
      }
      const address = sockaddrNl(name);
      portid = address.portid;
      group = firstGroup(address.groups);
      if ((portid !== 0 || group !== 0) && !this.#isPrivileged()) return -Errno.EPERM;
    }
    if (!nlk.bound) {
      const error = nlk.table.autobind(nlk);
      if (error < 0) return error;
    }
    if (length > nlk.sk_sndbuf - SNDBUF_RESERVE) return -Errno.EMSGSIZE;
    const bytes = new Uint8Array(length);
    copy_from_msg(msg, 0, bytes, 0, length);
    if (group !== 0) nlk.table.broadcast(bytes, group, nlk.portid, nlk, portid);
    return this.#unicast(bytes, portid, flags);
  }

  #unicast(bytes: Uint8Array, portid: number, flags: number): number | Wait {
    const nlk = this.#nlk;
    if (portid === 0) {
      nlk.table.receive(nlk, bytes);
      return bytes.length;
    }
    const target = nlk.table.lookup(portid);
    if (target === undefined || (target.isConnected && target.dst_portid !== nlk.portid)) {
      return -Errno.ECONNREFUSED;
    }
    const truesize = netlinkTruesize(bytes.length);
    return nlk.sendTo(target, { bytes, portid: nlk.portid, group: 0, truesize }, flags);
  }

  /** netlink_allowed: CAP_NET_ADMIN, which root has. */
  #isPrivileged(): boolean {
    return this.net.kernel.current.cred.euid === 0;
  }

  override setsockopt(level: number, name: number, value: Uint8Array): number {
    const nlk = this.#nlk;
    if (level === SOL_SOCKET) return sock_setsockopt(nlk, name, value);
    if (level !== SOL_NETLINK) return -Errno.ENOPROTOOPT;
    const number = value.length >= 4 ? readInt(value) : 0;
    if (name === NETLINK_ADD_MEMBERSHIP || name === NETLINK_DROP_MEMBERSHIP) {
      if (number <= 0 || number > nlk.table.groups) return -Errno.EINVAL;
      nlk.table.setMember(nlk, number, name === NETLINK_ADD_MEMBERSHIP);
      return 0;
    }
    const member = SWITCHES[name];
    if (member === undefined) return -Errno.ENOPROTOOPT;
    nlk[member] = number !== 0;
    if (name === NETLINK_NO_ENOBUFS && number !== 0) {
      nlk.isCongested = false;
      nlk.wait.wakeUpAll();
    }
    return 0;
  }

  override getsockopt(level: number, name: number, out: Uint8Array): number {
    const nlk = this.#nlk;
    if (level === SOL_SOCKET) return sock_getsockopt(nlk, name, out);
    if (level !== SOL_NETLINK) return -Errno.ENOPROTOOPT;
    if (name === NETLINK_LIST_MEMBERSHIPS) return this.#listMemberships(out);
    const member = SWITCHES[name];
    if (member === undefined) return -Errno.ENOPROTOOPT;
    return out.length < 4 ? -Errno.EINVAL : writeInt(out, Number(nlk[member]));
  }

  /** As many words of the membership bits as fit; the result says how long all of them are. */
  #listMemberships(out: Uint8Array): number {
    const { groups, table } = this.#nlk;
    const octets = groups.size === 0 ? 0 : ((table.groups + 31) >> 5) * 4;
    for (let at = 0; at + 4 <= Math.min(out.length, octets); at += 4) {
      let word = 0;
      for (let bit = 0; bit < 32; bit++) if (groups.has(at * 8 + bit + 1)) word |= 1 << bit;
      writeInt(out.subarray(at), word);
    }
    return octets;
  }
}

function sockaddrNl(address: Uint8Array): { portid: number; groups: number } {
  const view = new DataView(address.buffer, address.byteOffset, address.byteLength);
  return { portid: view.getUint32(4, true), groups: view.getUint32(8, true) };
}

/** ffs: the lowest group of a mask, 0 for none. */
function firstGroup(groups: number): number {
  return groups === 0 ? 0 : 32 - Math.clz32(groups & -groups);
}
