/**
 * Who owns a segment, and who owns a port (net/ipv4/inet_hashtables.c, inet_connection_sock.c). All
 * look-ups are O(1): connections, half-open requests and TIME_WAIT entries share one table keyed by
 * the four-tuple; listeners and bound ports have maps by port.
 */
import { Errno } from "@dcejs/lkl-kernel";
import { EHASH_INITIAL_SLOTS } from "./limits.ts";
import { TCP_CLOSE, TCP_LISTEN, TCP_TIME_WAIT } from "./states.ts";
import { vectorAt } from "./tcp-sysctls.ts";
import type { TcpNet } from "./tcp-net.ts";
import type { TcpSock } from "./tcp-sock.ts";

/** What the connection table holds: TcpSock, TcpRequestSock, TcpTimewaitSock. */
export interface EhashNode {
  readonly sk_state: number;
  readonly inet_rcv_saddr: number;
  readonly inet_num: number;
  readonly inet_daddr: number;
  readonly inet_dport: number;
  readonly sk_bound_dev_if: number;
  sk_hash: number;
  ehash_next: EhashNode | undefined;
  is_hashed: boolean;
}

/** What may hold a port: a sock, or the TIME_WAIT entry that succeeded it. */
export interface PortOwner {
  readonly sk_state: number;
  readonly inet_rcv_saddr: number;
  readonly sk_bound_dev_if: number;
  readonly sk_reuse: boolean;
  readonly sk_reuseport: boolean;
  readonly sk_uid: number;
}

/** inet_bind_bucket: all owners of one port. */
export class BindBucket {
  readonly port: number;
  readonly owners: Set<PortOwner> = new Set();
  /** Every owner came from connect()'s choice: others may share it for other peers. */
  isConnectOnly = false;

  constructor(port: number) {
    this.port = port;
  }
}

/** struct inet_hashinfo. */
export class TcpHashInfo {
  private slots: (EhashNode | undefined)[];
  private readonly secret: number;
  size = 0;
  readonly bind: Map<number, BindBucket> = new Map();
  readonly listening: Map<number, TcpSock[]> = new Map();

  constructor(secret: number) {
    this.secret = secret;
    this.slots = Array.from({ length: EHASH_INITIAL_SLOTS }, () => undefined);
  }

  /** inet_ehashfn. */
  hashOf(laddr: number, lport: number, faddr: number, fport: number): number {
    let h = Math.imul(laddr ^ this.secret, 0x9e3779b1);
    h = Math.imul(h ^ (h >>> 15) ^ faddr, 0x85ebca77);
    h = Math.imul(h ^ (h >>> 13) ^ ((lport << 16) | fport), 0xc2b2ae3d);
    return (h ^ (h >>> 16)) >>> 0;
  }

  find(
    laddr: number,
    lport: number,
    faddr: number,
    fport: number,
    dif: number,
  ): EhashNode | undefined {
    const hash = this.hashOf(laddr, lport, faddr, fport);
    let node = this.slots[hash & (this.slots.length - 1)];
    for (; node !== undefined; node = node.ehash_next) {
      if (
        node.sk_hash === hash &&
        node.inet_daddr === faddr &&
        node.inet_rcv_saddr === laddr &&
        node.inet_dport === fport &&
        node.inet_num === lport &&
        (node.sk_bound_dev_if === 0 || node.sk_bound_dev_if === dif)
      ) {
        return node;
      }
    }
    return undefined;
  }

  insert(node: EhashNode): void {
    if (node.is_hashed) throw new Error("tcp: the sock is hashed already");
    if (this.size >= this.slots.length) this.grow();
    node.sk_hash = this.hashOf(
      node.inet_rcv_saddr,
      node.inet_num,
      node.inet_daddr,
      node.inet_dport,
    );
    this.link(node);
    node.is_hashed = true;
    this.size++;
  }

  remove(node: EhashNode): void {
    if (!node.is_hashed) return;
    const index = node.sk_hash & (this.slots.length - 1);
    let at = this.slots[index];
    if (at === node) {
      this.slots[index] = node.ehash_next;
    } else {
      while (at !== undefined && at.ehash_next !== node) at = at.ehash_next;
      if (at !== undefined) at.ehash_next = node.ehash_next;
    }
    node.ehash_next = undefined;
    node.is_hashed = false;
    this.size--;
  }

  /** Every node, in table order. */
  *nodes(): Generator<EhashNode> {
    for (const slot of this.slots) {
      for (let node = slot; node !== undefined; node = node.ehash_next) yield node;
    }
  }

  private link(node: EhashNode): void {
    const index = node.sk_hash & (this.slots.length - 1);
    node.ehash_next = this.slots[index];
    this.slots[index] = node;
  }

  private grow(): void {
    const all = [...this.nodes()];
    this.slots = Array.from({ length: this.slots.length * 2 }, () => undefined);
    for (const node of all) this.link(node);
  }

  /** The listener for a SYN: a bound address counts more than any, a bound device more than none. */
  findListener(
    laddr: number,
    lport: number,
    dif: number,
    faddr: number,
    fport: number,
  ): TcpSock | undefined {
    const listeners = this.listening.get(lport);
    if (listeners === undefined) return undefined;
    let best: TcpSock | undefined;
    let bestScore = -1;
    let equals = 0;
    for (const sk of listeners) {
      const score = listenerScore(sk, laddr, dif);
      if (score > bestScore) {
        best = sk;
        bestScore = score;
        equals = 1;
      } else if (score === bestScore && score >= 0 && sk.sk_reuseport) {
        // SO_REUSEPORT: spread the peers over the group, each always to the same member.
        equals++;
        if (this.hashOf(laddr, lport, faddr, fport) % equals === 0) best = sk;
      }
    }
    return best;
  }
}

function listenerScore(sk: TcpSock, laddr: number, dif: number): number {
  let score = 0;
  if (sk.inet_rcv_saddr !== 0) {
    if (sk.inet_rcv_saddr !== laddr) return -1;
    score += 2;
  }
  if (sk.sk_bound_dev_if !== 0) {
    if (sk.sk_bound_dev_if !== dif) return -1;
    score += 1;
  }
  return score;
}

/** Enters a connection, or a listener, where segments will find it. */
export function inet_hash(tp: TcpSock): number {
  const info = tp.tcp.hashinfo;
  if (tp.sk_state === TCP_CLOSE) return 0;
  if (tp.sk_state !== TCP_LISTEN) {
    info.insert(tp);
    return 0;
  }
  const listeners = info.listening.get(tp.inet_num);
  if (listeners === undefined) info.listening.set(tp.inet_num, [tp]);
  else listeners.push(tp);
  return 0;
}

export function inet_unhash(tp: TcpSock): void {
  const info = tp.tcp.hashinfo;
  if (tp.is_hashed) {
    info.remove(tp);
    return;
  }
  const listeners = info.listening.get(tp.inet_num);
  const index = listeners?.indexOf(tp) ?? -1;
  if (listeners === undefined || index < 0) return;
  listeners.splice(index, 1);
  if (listeners.length === 0) info.listening.delete(tp.inet_num);
}

function bucketFor(tcp: TcpNet, port: number): BindBucket {
  let bucket = tcp.hashinfo.bind.get(port);
  if (bucket === undefined) {
    bucket = new BindBucket(port);
    tcp.hashinfo.bind.set(port, bucket);
  }
  return bucket;
}

/** inet_bind_hash: `tp` is now one of the port's owners. */
export function inet_bind_hash(tp: TcpSock, port: number, byConnect: boolean): void {
  const bucket = bucketFor(tp.tcp, port);
  if (bucket.owners.size === 0) bucket.isConnectOnly = byConnect;
  else if (!byConnect) bucket.isConnectOnly = false;
  bucket.owners.add(tp);
  tp.inet_num = port;
  tp.icsk_bind_hash = bucket;
}

export function leaveBucket(tcp: TcpNet, bucket: BindBucket, owner: PortOwner): void {
  bucket.owners.delete(owner);
  if (bucket.owners.size === 0) tcp.hashinfo.bind.delete(bucket.port);
}

/** inet_put_port: the port is free again, as far as this sock goes. */
export function inet_put_port(tp: TcpSock): void {
  const bucket = tp.icsk_bind_hash;
  if (bucket === undefined) return;
  leaveBucket(tp.tcp, bucket, tp);
  tp.icsk_bind_hash = undefined;
  tp.inet_num = 0;
}

/** inet_csk_bind_conflict: may `tp` not share the port with `other`? */
function conflicts(tp: TcpSock, other: PortOwner): boolean {
  if (other === tp) return false;
  const devs = tp.sk_bound_dev_if !== 0 && other.sk_bound_dev_if !== 0;
  if (devs && tp.sk_bound_dev_if !== other.sk_bound_dev_if) return false;
  if (
    tp.inet_rcv_saddr !== 0 &&
    other.inet_rcv_saddr !== 0 &&
    tp.inet_rcv_saddr !== other.inet_rcv_saddr
  ) {
    return false;
  }
  if (tp.sk_reuse && other.sk_reuse && other.sk_state !== TCP_LISTEN) return false;
  const sharesByReuseport =
    tp.sk_reuseport &&
    other.sk_reuseport &&
    (other.sk_state === TCP_TIME_WAIT || other.sk_uid === tp.sk_uid);
  return !sharesByReuseport;
}

function bindConflict(tp: TcpSock, bucket: BindBucket): boolean {
  for (const owner of bucket.owners) {
    if (conflicts(tp, owner)) return true;
  }
  return false;
}

/**
 * bind(): takes `snum`, or a free port of ip_local_port_range: odd ones, because connect() prefers
 * even ones.
 * @returns 0, or 1 (EADDRINUSE to the caller) when it is taken.
 */
export function inet_csk_get_port(tp: TcpSock, snum: number): number {
  const bind = tp.tcp.hashinfo.bind;
  let port = snum;
  if (port === 0) {
    port = findOpenPort(tp);
    if (port === 0) return 1;
  } else {
    const bucket = bind.get(port);
    // Asked again by listen(): we are one of the owners ourselves.
    if (bucket !== undefined && bindConflict(tp, bucket)) return 1;
  }
  if (tp.icsk_bind_hash === undefined) inet_bind_hash(tp, port, false);
  return 0;
}

function findOpenPort(tp: TcpSock): number {
  const range = tp.tcp.sysctl.ip_local_port_range;
  const low = vectorAt(range, 0);
  const high = vectorAt(range, 1);
  const span = high - low + 1;
  let first = tp.kernel.random_u32() % span;
  // inet_csk_find_open_port starts with the parity of `low` flipped by one bit.
  first |= 1;
  for (const parity of [0, 1]) {
    for (let i = 0; i < span; i += 2) {
      const port = low + ((first - parity + i + span) % span);
      const bucket = tp.tcp.hashinfo.bind.get(port);
      if (bucket === undefined || !bindConflict(tp, bucket)) return port;
    }
  }
  return 0;
}

/**
 * connect() without bind(): a port of the other parity, from an offset that a secret and the peer
 * determine (RFC 6056, algorithm 4 in Linux's form), and enters the connection.
 * @returns 0 or -EADDRNOTAVAIL.
 */
export function inet_hash_connect(tp: TcpSock): number {
  if (tp.inet_num !== 0) {
    if (tupleIsFree(tp, tp.inet_num)) return enter(tp, tp.inet_num);
    return -Errno.EADDRNOTAVAIL;
  }
  const range = tp.tcp.sysctl.ip_local_port_range;
  const low = vectorAt(range, 0);
  const span = (vectorAt(range, 1) - low + 1) & ~1;
  if (span <= 0) return -Errno.EADDRNOTAVAIL;
  const start = tp.tcp.portOffset(tp.inet_saddr, tp.inet_daddr, tp.inet_dport, span) & ~1;
  for (const parity of [0, 1]) {
    for (let i = 0; i < span; i += 2) {
      const offset = (start + i + parity) % span;
      const port = low + offset;
      const bucket = tp.tcp.hashinfo.bind.get(port);
      // A port that bind() took is left alone.
      if (bucket !== undefined && !bucket.isConnectOnly) continue;
      if (!tupleIsFree(tp, port)) continue;
      tp.tcp.advancePortOffset(i + 2);
      inet_bind_hash(tp, port, true);
      return enter(tp, port);
    }
  }
  return -Errno.EADDRNOTAVAIL;
}

function enter(tp: TcpSock, port: number): number {
  tp.inet_sport = port;
  tp.tcp.hashinfo.insert(tp);
  return 0;
}

/** __inet_check_established: no such connection, or one in TIME_WAIT that may be succeeded. */
function tupleIsFree(tp: TcpSock, port: number): boolean {
  const node = tp.tcp.hashinfo.find(
    tp.inet_rcv_saddr,
    port,
    tp.inet_daddr,
    tp.inet_dport,
    tp.sk_bound_dev_if,
  );
  if (node === undefined) return true;
  return node.sk_state === TCP_TIME_WAIT && tp.tcp.takeOverTimeWait(tp, node);
}
