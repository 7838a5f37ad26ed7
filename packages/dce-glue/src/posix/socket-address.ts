import { AF_UNIX, readUnixAddress, writeUnixAddress } from "../fd/unix-address.ts";
import { parseIpv4, formatIpv4, formatIpv6, parseIpv6 } from "./ip-text.ts";

export const AF_INET = 2;
export const AF_INET6 = 10;

/** What calls give back for IPv4 and IPv6. */
export interface InternetAddress {
  readonly family: "AF_INET" | "AF_INET6";
  readonly address: string;
  readonly port: number;
  readonly scopeId?: number;
  readonly path?: undefined;
  readonly bytes?: undefined;
}

/** What calls give back for AF_UNIX: "" for a socket without a name, a leading NUL for an abstract one. */
export interface UnixAddress {
  readonly family: "AF_UNIX";
  readonly path: string;
  readonly address?: undefined;
  readonly port?: undefined;
  readonly bytes?: undefined;
}

/** What calls give back for any other family: its AF_* number, and struct sockaddr as bytes. */
export interface OtherAddress {
  readonly family: number;
  readonly bytes: Uint8Array;
  readonly address?: undefined;
  readonly port?: undefined;
  readonly path?: undefined;
}

/**
 * What calls give back. `peer.address` and `peer.port` can be read of any peer (undefined: it is not
 * of the Internet), and the whole of it is a SocketAddress: `sendto(fd, data, peer)` answers it.
 */
export type PeerAddress = InternetAddress | UnixAddress | OtherAddress;

/** An address as programs write it, or as a call gave it. */
export type SocketAddress =
  /** IPv4 or IPv6, by how it is written. */
  | {
      readonly address: string;
      readonly port: number;
      readonly scopeId?: number;
      readonly path?: undefined;
      readonly bytes?: undefined;
    }
  /** AF_UNIX; a leading NUL makes an abstract name. */
  | { readonly path: string; readonly bytes?: undefined }
  | OtherAddress
  /** Any other family: struct sockaddr as bytes. */
  | Uint8Array;

/** Room for any address (struct sockaddr_storage). */
export const SOCKADDR_STORAGE_OCTETS = 128;
const SOCKADDR_IN_OCTETS = 16;
const SOCKADDR_IN6_OCTETS = 28;

/** The bytes of an address. @throws {TypeError} not an address, port out of range. */
export function encodeSocketAddress(address: SocketAddress): Uint8Array {
  if (address instanceof Uint8Array) return address;
  if (address.bytes !== undefined) return address.bytes;
  if (address.path !== undefined) return writeUnixAddress(address.path);
  const { port } = address;
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new TypeError(`port ${port} is not in 0..65535`);
  }
  const ipv4 = parseIpv4(address.address);
  if (ipv4 !== undefined) {
    const bytes = new Uint8Array(SOCKADDR_IN_OCTETS);
    const view = new DataView(bytes.buffer);
    view.setUint16(0, AF_INET, true);
    view.setUint16(2, port);
    view.setUint32(4, ipv4);
    return bytes;
  }
  const ipv6 = parseIpv6(address.address);
  if (ipv6 === undefined) throw new TypeError(`"${address.address}" is not an IP address`);
  const bytes = new Uint8Array(SOCKADDR_IN6_OCTETS);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, AF_INET6, true);
  view.setUint16(2, port);
  bytes.set(ipv6, 8);
  view.setUint32(24, address.scopeId ?? 0, true);
  return bytes;
}

/** @returns undefined for no address at all (length 0). */
export function decodeSocketAddress(bytes: Uint8Array): PeerAddress | undefined {
  if (bytes.length < 2) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const family = view.getUint16(0, true);
  if (family === AF_INET && bytes.length >= 8) {
    const address = formatIpv4(view.getUint32(4));
    return { family: "AF_INET", address, port: view.getUint16(2) };
  }
  if (family === AF_INET6 && bytes.length >= SOCKADDR_IN6_OCTETS - 4) {
    const address = formatIpv6(bytes.subarray(8, 24));
    const scopeId = bytes.length >= SOCKADDR_IN6_OCTETS ? view.getUint32(24, true) : 0;
    return { family: "AF_INET6", address, port: view.getUint16(2), scopeId };
  }
  if (family !== AF_UNIX) return { family, bytes: bytes.slice() };
  const parsed = readUnixAddress(bytes);
  const path =
    parsed?.kind === "path" ? parsed.path : parsed?.kind === "abstract" ? parsed.key : "";
  return { family: "AF_UNIX", path };
}
