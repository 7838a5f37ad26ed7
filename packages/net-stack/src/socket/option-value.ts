/** Reading and writing the little-endian values of socket options. */
export function readInt(value: Uint8Array): number {
  return new DataView(value.buffer, value.byteOffset, value.byteLength).getInt32(0, true);
}

/** Writes as much of an int as `out` holds; returns the octets written. */
export function writeInt(out: Uint8Array, value: number): number {
  const n = Math.min(4, out.length);
  for (let i = 0; i < n; i++) out[i] = (value >> (8 * i)) & 0xff;
  return n;
}
