/** Memory accounting of sockets (net/core/sock.c): who pays for a packet, and for how long. */
import { SKB_SOCK_RFREE, SKB_SOCK_WFREE } from "../skbuff.ts";
import type { SkBuff } from "../skbuff.ts";
import type { Sock } from "./sock.ts";

/** The packet is charged to the receive buffer until it is freed. */
export function skb_set_owner_r(skb: SkBuff, sk: Sock): void {
  skb.sk = sk;
  skb.destructor = SKB_SOCK_RFREE;
  sk.sk_rmem_alloc += skb.truesize;
}

/** The packet is charged to the send buffer until the device has taken it. */
export function skb_set_owner_w(skb: SkBuff, sk: Sock): void {
  skb.sk = sk;
  skb.destructor = SKB_SOCK_WFREE;
  sk.sk_wmem_alloc += skb.truesize;
}

export function sock_rfree(sk: Sock, truesize: number): void {
  sk.sk_rmem_alloc -= truesize;
  sk.sk_skb_freed_r(truesize);
}

export function sock_wfree(sk: Sock, truesize: number): void {
  sk.sk_wmem_alloc -= truesize;
  sk.sk_skb_freed_w(truesize);
}

/** sock_writeable: at least half of the send buffer is free. */
export function sock_writeable(sk: Sock): boolean {
  return sk.sk_wmem_alloc < sk.sk_sndbuf >> 1;
}
