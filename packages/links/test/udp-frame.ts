import { type FramePool, onesComplementSum, type SimpleFrame } from "@dcejs/links";

/**
 * An Ethernet frame with IPv4 and UDP from 10.0.0.1:1000 to 10.0.0.2:2000. The UDP checksum is left
 * to be completed: its field holds the sum of the pseudo-header, as Linux leaves it for the card.
 */
export function udpFrame(pool: FramePool, payload: Uint8Array, headroom = 0): SimpleFrame {
  const udpLength = 8 + payload.length;
  const frame = pool.alloc(34 + udpLength, headroom);
  const { bytes, view } = frame;
  const ip = headroom + 14;
  const udp = headroom + 34;
  bytes.fill(0, headroom, udp + 8);
  bytes.set([2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 0x08, 0x00], headroom);
  bytes.set([0x45, 0], ip);
  view.setUint16(ip + 2, 20 + udpLength);
  bytes.set([64, 17], ip + 8);
  bytes.set([10, 0, 0, 1, 10, 0, 0, 2], ip + 12);
  view.setUint16(ip + 10, ~onesComplementSum(bytes, ip, ip + 20) & 0xffff);
  view.setUint16(udp, 1000);
  view.setUint16(udp + 2, 2000);
  view.setUint16(udp + 4, udpLength);
  bytes.set(payload, udp + 8);
  const addresses = onesComplementSum(bytes, ip + 12, ip + 20);
  view.setUint16(udp + 6, foldOnce(addresses + 17 + udpLength));
  frame.csumStart = udp;
  frame.csumOffset = 6;
  return frame;
}

function foldOnce(sum: number): number {
  return (sum & 0xffff) + (sum >>> 16);
}
