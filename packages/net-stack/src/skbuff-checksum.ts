/** Checksums of packets on their way in and out (net/core/skbuff.c, net/core/datagram.c). */
import { csum_fold, csum_partial, csum_tcpudp } from "./checksum.ts";
import {
  CHECKSUM_COMPLETE,
  CHECKSUM_NONE,
  CHECKSUM_PARTIAL,
  CHECKSUM_UNNECESSARY,
} from "./skbuff.ts";
import type { SkBuff } from "./skbuff.ts";

/** Zero stands for "no checksum" in UDP: a computed zero is sent as all ones. Never 0 for TCP's use either. */
const CSUM_MANGLED_0 = 0xffff;

/**
 * Leaves the checksum of the transport header at `transport_header` to the device: stores the pseudo
 * header's sum in the field and marks the packet CHECKSUM_PARTIAL (tcp_v4_send_check, udp4_hwcsum).
 * @param checkOffset Where the field is in the transport header: 16 for TCP, 6 for UDP.
 */
export function skb_csum_partial(
  skb: SkBuff,
  saddr: number,
  daddr: number,
  protocol: number,
  checkOffset: number,
): void {
  const start = skb.transport_header;
  const length = skb.offset + skb.length - start;
  skb.view.setUint16(start + checkOffset, csum_tcpudp(saddr, daddr, length, protocol, 0));
  skb.ip_summed = CHECKSUM_PARTIAL;
  skb.csumStart = start;
  skb.csumOffset = checkOffset;
}

/** skb_checksum_help: computes and stores what CHECKSUM_PARTIAL left open. The bytes must be writable. */
export function skb_checksum_help(skb: SkBuff): void {
  if (skb.ip_summed !== CHECKSUM_PARTIAL) return;
  skb.view.setUint16(skb.csumStart + skb.csumOffset, skb_pending_checksum(skb));
  skb.ip_summed = CHECKSUM_NONE;
  skb.csumStart = -1;
}

/** What a CHECKSUM_PARTIAL packet's field will hold when its device has completed it. */
export function skb_pending_checksum(skb: SkBuff): number {
  const start = skb.csumStart;
  const sum = csum_partial(skb.view, start, skb.offset + skb.length - start, 0);
  return csum_fold(sum) || CSUM_MANGLED_0;
}

/**
 * Is the transport checksum of a received packet right? `skb.offset` is at the transport header,
 * `skb.length` is the pseudo header's length. A device or link that vouches for it (CHECKSUM_PARTIAL,
 * CHECKSUM_UNNECESSARY) is believed; a right sum marks the packet CHECKSUM_UNNECESSARY.
 */
export function skb_checksum_valid(
  skb: SkBuff,
  saddr: number,
  daddr: number,
  protocol: number,
): boolean {
  if (skb.ip_summed === CHECKSUM_UNNECESSARY || skb.ip_summed === CHECKSUM_PARTIAL) return true;
  const pseudo = csum_tcpudp(saddr, daddr, skb.length, protocol, 0);
  return skb_sum_is_zero(skb, pseudo);
}

/** As skb_checksum_valid, for protocols without a pseudo header (ICMP, IGMP). */
export function skb_checksum_simple_valid(skb: SkBuff): boolean {
  if (skb.ip_summed === CHECKSUM_UNNECESSARY || skb.ip_summed === CHECKSUM_PARTIAL) return true;
  return skb_sum_is_zero(skb, 0);
}

function skb_sum_is_zero(skb: SkBuff, pseudo: number): boolean {
  const sum =
    skb.ip_summed === CHECKSUM_COMPLETE
      ? csum_partial(skb.view, skb.offset, 0, skb.csum + pseudo)
      : csum_partial(skb.view, skb.offset, skb.length, pseudo);
  if (csum_fold(sum) !== 0) return false;
  skb.ip_summed = CHECKSUM_UNNECESSARY;
  return true;
}
