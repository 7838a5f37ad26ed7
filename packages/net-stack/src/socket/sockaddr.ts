/** struct sockaddr_in at the socket edge: family little-endian, port and address in network order. */
export const AF_UNSPEC = 0;
export const AF_INET = 2;
export const SOCKADDR_IN_LENGTH = 16;

export function sockaddrFamily(address: Uint8Array): number {
  return (address[0] ?? 0) | ((address[1] ?? 0) << 8);
}

export function sockaddrPort(address: Uint8Array): number {
  return ((address[2] ?? 0) << 8) | (address[3] ?? 0);
}

export function sockaddrAddr(address: Uint8Array): number {
  return (
    (((address[4] ?? 0) << 24) |
      ((address[5] ?? 0) << 16) |
      ((address[6] ?? 0) << 8) |
      (address[7] ?? 0)) >>>
    0
  );
}

/** Writes as much of the 16 octets as `out` holds, and returns 16. */
export function writeSockaddrIn(out: Uint8Array, addr: number, port: number): number {
  const octets = [
    AF_INET,
    0,
    port >>> 8,
    port & 0xff,
    addr >>> 24,
    (addr >>> 16) & 0xff,
    (addr >>> 8) & 0xff,
    addr & 0xff,
  ];
  for (let i = 0; i < Math.min(SOCKADDR_IN_LENGTH, out.length); i++) out[i] = octets[i] ?? 0;
  return SOCKADDR_IN_LENGTH;
}

/** struct sockaddr_in of an address and a port. */
export function sockaddrIn(addr: number, port: number): Uint8Array {
  const out = new Uint8Array(SOCKADDR_IN_LENGTH);
  writeSockaddrIn(out, addr, port);
  return out;
}
