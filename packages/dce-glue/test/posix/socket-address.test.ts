import * as fc from "fast-check";
import { expect, test } from "vitest";
import { formatIpv4, formatIpv6, parseIpv4, parseIpv6 } from "../../src/posix/ip-text.ts";
import {
  decodeSocketAddress,
  encodeSocketAddress,
  type PeerAddress,
} from "../../src/posix/socket-address.ts";

const port = fc.integer({ min: 0, max: 65_535 });

test("IPv4 addresses come back as they were written", () => {
  fc.assert(
    fc.property(fc.ipV4(), port, (address, number) => {
      const bytes = encodeSocketAddress({ address, port: number });
      expect(bytes).toHaveLength(16);
      expect(decodeSocketAddress(bytes)).toEqual({ family: "AF_INET", address, port: number });
      expect(formatIpv4(parseIpv4(address) ?? 0)).toBe(address);
    }),
  );
});

test("struct sockaddr_in has Linux's layout", () => {
  expect([...encodeSocketAddress({ address: "10.0.0.1", port: 5000 })].slice(0, 8)).toEqual([
    2, 0, 0x13, 0x88, 10, 0, 0, 1,
  ]);
});

test("any sixteen octets survive being written as IPv6 text", () => {
  const octets = fc.uint8Array({ minLength: 16, maxLength: 16 });
  const sparse = octets.map((bytes) => bytes.map((octet) => (octet < 128 ? 0 : octet)));
  fc.assert(
    fc.property(fc.oneof(octets, sparse), (bytes) => {
      expect(parseIpv6(formatIpv6(bytes))).toEqual(bytes);
    }),
  );
});

test("IPv6 text follows RFC 5952", () => {
  expect(canonical("2001:0DB8:0:0:1:0:0:1")).toBe("2001:db8::1:0:0:1");
  expect(canonical("0:0:0:0:0:0:0:0")).toBe("::");
  expect(canonical("2001:db8:0:1:1:1:1:1")).toBe("2001:db8:0:1:1:1:1:1");
  expect(canonical("::ffff:192.0.2.1")).toBe("::ffff:c000:201");
});

test("what is no address is refused", () => {
  for (const text of ["", "10.0.0", "10.0.0.256", "10.0.0.01", "::1::2", ":::", "1:2:3", "g::"]) {
    expect(parseIpv4(text) ?? parseIpv6(text)).toBeUndefined();
  }
  expect(() => encodeSocketAddress({ address: "nowhere", port: 1 })).toThrow(TypeError);
  expect(() => encodeSocketAddress({ address: "10.0.0.1", port: 65_536 })).toThrow(TypeError);
});

test("what a call gives back is an address again, of every family", () => {
  const vsock = Uint8Array.of(40, 0, 1, 2, 3, 4);
  for (const written of [
    { address: "10.0.0.1", port: 5000 },
    { address: "fe80::1", port: 5000, scopeId: 2 },
    { path: "/tmp/socket" },
    { path: "\0abstract" },
    vsock,
  ]) {
    const bytes = encodeSocketAddress(written);
    const given: PeerAddress | undefined = decodeSocketAddress(bytes);
    expect(given).toBeDefined();
    expect(given === undefined ? undefined : encodeSocketAddress(given)).toEqual(bytes);
  }
});

test("address and port can be read of any peer without asking for its family", () => {
  const internet: PeerAddress | undefined = decodeSocketAddress(
    encodeSocketAddress({ address: "10.0.0.1", port: 7 }),
  );
  expect([internet?.address, internet?.port, internet?.path]).toEqual(["10.0.0.1", 7, undefined]);
  const local: PeerAddress | undefined = decodeSocketAddress(
    encodeSocketAddress({ path: "/tmp/s" }),
  );
  expect([local?.address, local?.port, local?.path]).toEqual([undefined, undefined, "/tmp/s"]);
});

function canonical(text: string): string {
  return formatIpv6(parseIpv6(text) ?? new Uint8Array());
}
