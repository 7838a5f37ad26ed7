/** UDP's sockets by port (struct udp_table). */
import type { NetStack } from "../net-stack.ts";
import { TCP_ESTABLISHED } from "../tcp/states.ts";
import type { UdpSock } from "./udp.ts";

export class UdpTable {
  readonly #byPort: Map<number, UdpSock[]> = new Map();
  /** Hashed sockets. */
  inuse = 0;

  at(port: number): readonly UdpSock[] {
    return this.#byPort.get(port) ?? NO_SOCKS;
  }

  add(sk: UdpSock): void {
    const bucket = this.#byPort.get(sk.inet_num);
    if (bucket === undefined) this.#byPort.set(sk.inet_num, [sk]);
    else bucket.push(sk);
    this.inuse++;
  }

  remove(sk: UdpSock): void {
    const bucket = this.#byPort.get(sk.inet_num);
    const at = bucket?.indexOf(sk) ?? -1;
    if (bucket === undefined || at < 0) return;
    bucket.splice(at, 1);
    if (bucket.length === 0) this.#byPort.delete(sk.inet_num);
    this.inuse--;
  }

  *entries(): Generator<UdpSock, void, undefined> {
    for (const bucket of this.#byPort.values()) yield* bucket;
  }

  /** __udp4_lib_lookup: the best match; among equals of a SO_REUSEPORT group the flow's hash chooses. */
  lookup(
    saddr: number,
    sport: number,
    daddr: number,
    dport: number,
    dif: number,
  ): UdpSock | undefined {
    const bucket = this.#byPort.get(dport);
    if (bucket === undefined) return undefined;
    let best: UdpSock | undefined;
    let bestScore = -1;
    let equals = 0;
    for (let i = 0; i < bucket.length; i++) {
      const sk = bucket[i];
      if (sk === undefined) continue;
      const score = compute_score(sk, saddr, sport, daddr, dif);
      if (score > bestScore) {
        best = sk;
        bestScore = score;
        equals = 1;
      } else if (score === bestScore && score >= 0) {
        equals++;
      }
    }
    if (equals < 2 || best?.sk_reuseport !== true || best.sk_state === TCP_ESTABLISHED) return best;
    const group = bucket.filter(
      (sk) => sk.sk_reuseport && compute_score(sk, saddr, sport, daddr, dif) === bestScore,
    );
    const hash = Math.imul(saddr ^ Math.imul(daddr, 0x9e3779b1) ^ (sport << 16), 0x85ebca6b) >>> 0;
    return group[Math.floor((hash / 0x100000000) * group.length)] ?? best;
  }

  /** udp_lib_lport_inuse: does a socket stand in the way of `sk` taking `port`? */
  isTaken(sk: UdpSock, port: number): boolean {
    return this.at(port).some(
      (other) =>
        other !== sk &&
        (!other.sk_reuse || !sk.sk_reuse) &&
        !(other.sk_reuseport && sk.sk_reuseport) &&
        (other.sk_bound_dev_if === 0 ||
          sk.sk_bound_dev_if === 0 ||
          other.sk_bound_dev_if === sk.sk_bound_dev_if) &&
        (other.inet_rcv_saddr === 0 ||
          sk.inet_rcv_saddr === 0 ||
          other.inet_rcv_saddr === sk.inet_rcv_saddr),
    );
  }
}

const NO_SOCKS: readonly UdpSock[] = [];

/** How well a socket fits a packet; -1: not at all (compute_score). */
export function compute_score(
  sk: UdpSock,
  saddr: number,
  sport: number,
  daddr: number,
  dif: number,
): number {
  let score = 2;
  if (sk.inet_rcv_saddr !== 0) {
    if (sk.inet_rcv_saddr !== daddr) return -1;
    score += 4;
  }
  if (sk.inet_daddr !== 0) {
    if (sk.inet_daddr !== saddr) return -1;
    score += 4;
  }
  if (sk.inet_dport !== 0) {
    if (sk.inet_dport !== sport) return -1;
    score += 4;
  }
  if (sk.sk_bound_dev_if !== 0) {
    if (sk.sk_bound_dev_if !== dif) return -1;
    score += 4;
  }
  return score;
}

/** A port of ip_local_port_range that `isFree` accepts, starting at a random one; 0 when all are taken. */
export function pickLocalPort(net: NetStack, isFree: (port: number) => boolean): number {
  const [low = 32_768, high = 60_999] = net.ipv4.ip_local_port_range.values;
  const remaining = high - low + 1;
  const start = net.kernel.random_u32() % remaining;
  for (let i = 0; i < remaining; i++) {
    const port = low + ((start + i) % remaining);
    if (!net.ipv4.isReservedPort(port) && isFree(port)) return port;
  }
  return 0;
}
