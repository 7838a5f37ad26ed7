/** What waits in the receive queue of a netlink socket: one datagram, which Linux keeps as one sk_buff. */

export interface NetlinkDatagram {
  readonly bytes: Uint8Array;
  /** Port of the sender; 0 is the kernel. */
  readonly portid: number;
  /** The multicast group that it was sent to, 0: it was sent to this socket alone. */
  readonly group: number;
  /** Octets that the receive buffer pays for it. */
  readonly truesize: number;
}

const SKB_OVERHEAD = 320;
const SK_BUFF_OCTETS = 256;
const SMALLEST_SLAB = 512;

/** SKB_TRUESIZE of alloc_skb: the slab that holds the data and skb_shared_info, and the sk_buff. */
export function netlinkTruesize(octets: number): number {
  let slab = SMALLEST_SLAB;
  while (slab < octets + SKB_OVERHEAD) slab *= 2;
  return slab + SK_BUFF_OCTETS;
}

/** SKB_WITH_OVERHEAD: what a slab of `octets` leaves for data. */
export function netlinkDataOctets(octets: number): number {
  return octets - SKB_OVERHEAD;
}
