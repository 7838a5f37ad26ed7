/** struct sockaddr_un as bytes: family (u16, little endian), then a path or an abstract name. */
export const AF_UNIX = 1;
const FAMILY_OCTETS = 2;
const PATH_OCTETS_MAX = 108;

export type UnixAddress =
  | { readonly kind: "path"; readonly path: string }
  /** Starts with a NUL octet; every octet counts. `key` maps octets to characters one to one. */
  | { readonly kind: "abstract"; readonly key: string }
  | { readonly kind: "unnamed" };

/** @returns undefined: not an AF_UNIX address, or too long. */
export function readUnixAddress(address: Uint8Array): UnixAddress | undefined {
  if (address.length < FAMILY_OCTETS || address.length > FAMILY_OCTETS + PATH_OCTETS_MAX) {
    return undefined;
  }
  if (((address[0] ?? 0) | ((address[1] ?? 0) << 8)) !== AF_UNIX) return undefined;
  const name = address.subarray(FAMILY_OCTETS);
  if (name.length === 0) return { kind: "unnamed" };
  if (name[0] === 0) return { kind: "abstract", key: String.fromCharCode(...name) };
  const end = name.indexOf(0);
  return { kind: "path", path: decoder.decode(end < 0 ? name : name.subarray(0, end)) };
}

/** @param path a leading NUL makes an abstract name; empty: unnamed. */
export function writeUnixAddress(path: string): Uint8Array {
  const name = encoder.encode(path);
  const isPath = name.length > 0 && name[0] !== 0;
  const address = new Uint8Array(FAMILY_OCTETS + name.length + (isPath ? 1 : 0));
  address[0] = AF_UNIX;
  address.set(name, FAMILY_OCTETS);
  return address;
}

const decoder = new TextDecoder();
const encoder = new TextEncoder();
