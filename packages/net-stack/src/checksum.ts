/**
 * Internet checksum (RFC 1071). A "sum" here is a ones-complement sum of big-endian 16-bit words,
 * folded to 16 bits and not complemented; a "check" is its complement, as it stands in a header.
 */

/** csum_fold without the complement: any sum below 2^53 to 16 bits. */
export function csum_fold16(sum: number): number {
  let s = sum;
  if (s > 0xffffffff) s = (s % 0x100000000) + Math.floor(s / 0x100000000);
  s = (s & 0xffff) + (s >>> 16) + (s > 0xffffffff ? 1 : 0);
  s = (s & 0xffff) + (s >>> 16);
  return (s & 0xffff) + (s >>> 16);
}

/** csum_fold: the check value of a sum. */
export function csum_fold(sum: number): number {
  return ~csum_fold16(sum) & 0xffff;
}

/** csum_partial: the sum of `length` octets from `offset`, added to `sum` (a folded or small sum). */
export function csum_partial(view: DataView, offset: number, length: number, sum: number): number {
  let low = 0;
  let high = 0;
  let i = offset;
  const end = offset + length;
  for (const end16 = end - 15; i < end16; i += 16) {
    const a = view.getUint32(i);
    const b = view.getUint32(i + 4);
    const c = view.getUint32(i + 8);
    const d = view.getUint32(i + 12);
    low += (a & 0xffff) + (b & 0xffff) + (c & 0xffff) + (d & 0xffff);
    high += (a >>> 16) + (b >>> 16) + (c >>> 16) + (d >>> 16);
  }
  for (const end2 = end - 1; i < end2; i += 2) low += view.getUint16(i);
  if (i < end) low += view.getUint8(i) << 8;
  return csum_fold16(low + high + sum);
}

/** ip_compute_csum / ip_fast_csum: the check value of a block; 0 for a block that holds its right check. */
export function ip_fast_csum(view: DataView, offset: number, length: number): number {
  return ~csum_partial(view, offset, length, 0) & 0xffff;
}

/** csum_tcpudp_nofold, folded: the pseudo header of TCP and UDP, added to `sum`. */
export function csum_tcpudp(
  saddr: number,
  daddr: number,
  length: number,
  protocol: number,
  sum: number,
): number {
  return csum_fold16(
    (saddr >>> 16) + (saddr & 0xffff) + (daddr >>> 16) + (daddr & 0xffff) + protocol + length + sum,
  );
}

/** csum_tcpudp_magic: the check value of a packet whose own sum is `sum`. */
export function csum_tcpudp_magic(
  saddr: number,
  daddr: number,
  length: number,
  protocol: number,
  sum: number,
): number {
  return ~csum_tcpudp(saddr, daddr, length, protocol, sum) & 0xffff;
}

/** Adds two folded sums. */
function csum_add(a: number, b: number): number {
  const s = a + b;
  return (s & 0xffff) + (s >>> 16);
}

/** Takes a folded sum out of another one. */
export function csum_sub(a: number, b: number): number {
  return csum_add(a, ~b & 0xffff);
}

/** csum_replace2 (RFC 1624, equation 3): the check after one 16-bit word changed. */
export function csum_replace2(check: number, from: number, to: number): number {
  const s = (~check & 0xffff) + (~from & 0xffff) + to;
  const folded = (s & 0xffff) + (s >>> 16);
  return ~((folded & 0xffff) + (folded >>> 16)) & 0xffff;
}

/** csum_replace4: the check after one 32-bit word changed. */
export function csum_replace4(check: number, from: number, to: number): number {
  return csum_replace2(csum_replace2(check, from >>> 16, to >>> 16), from & 0xffff, to & 0xffff);
}
