import { expect, test } from "vitest";
import {
  AF_INET,
  AF_INET6,
  type Posix,
  SOCK_DGRAM,
  SOCK_RAW,
  SOCK_STREAM,
} from "../../../src/posix/index.ts";
import { noReleases, onReleases } from "./built-linux.ts";
import { errnoOf, listenAt, runAlone, udpAt } from "./two-linux-hosts.ts";

const FIONREAD = 0x541b;
const SIOCGIFCONF = 0x8912;
const SIOCGIFFLAGS = 0x8913;
const SIOCGIFADDR = 0x8915;
const SIOCGIFMTU = 0x8921;
const SIOCETHTOOL = 0x8946;
const AF_NETLINK = 16;
const AF_PACKET = 17;

function ifreq(name: string, size = 40): Uint8Array {
  const bytes = new Uint8Array(size);
  bytes.set(new TextEncoder().encode(name));
  return bytes;
}

test.skipIf(noReleases).for(onReleases)(
  "addresses of wrong lengths and families are errnos ($kernel)",
  async (on) => {
    await runAlone(on, async (posix) => {
      const fd = await posix.socket(AF_INET, SOCK_DGRAM);
      for (const length of [0, 1, 2, 7, 15, 129, 1000, 100_000]) {
        const octets = new Uint8Array(length);
        if (length > 0) octets[0] = AF_INET;
        const address = { family: AF_INET, octets };
        expect(await raw(posix, fd, "bind", address.octets)).toBe("EINVAL");
        expect(await raw(posix, fd, "connect", address.octets)).toMatch(/EINVAL|EAFNOSUPPORT/);
      }
      const unknown = new Uint8Array(16).fill(0xff);
      expect(await raw(posix, fd, "bind", unknown)).toMatch(/EAFNOSUPPORT|EINVAL/);
      expect(await raw(posix, fd, "connect", unknown)).toMatch(/EAFNOSUPPORT|EINVAL/);
    });
  },
);

/** The call of the socket's file, below the typed facade. */
function raw(
  posix: Posix,
  fd: number,
  call: "bind" | "connect",
  octets: Uint8Array,
): Promise<string> {
  return errnoOf(async () => {
    const result = posix.process.files.get(fd)?.[call](octets);
    if (typeof result !== "number") throw new Error(`${call} waits`);
    if (result < 0) throw await failure(result);
  });
}

async function failure(errno: number): Promise<Error> {
  const { SyscallError } = await import("../../../src/posix/syscall-error.ts");
  return SyscallError.of(errno, "call");
}

test.skipIf(noReleases).for(onReleases)(
  "options of any level, name and length never harm the kernel ($kernel)",
  async (on) => {
    await runAlone(on, async (posix) => {
      const sockets = [
        await posix.socket(AF_INET, SOCK_STREAM),
        await posix.socket(AF_INET, SOCK_DGRAM),
        await posix.socket(AF_INET6, SOCK_STREAM),
        await posix.socket(AF_INET, SOCK_RAW, 1),
        await posix.socket(AF_NETLINK, SOCK_RAW, 0),
        await posix.socket(AF_PACKET, SOCK_RAW, 0),
      ];
      const seen = new Set<string>();
      for (const fd of sockets) {
        for (const level of [0, 1, 6, 17, 41, 58, 255, 263, 270, 284, -1, 2 ** 31 - 1]) {
          for (let name = 0; name < 90; name++) {
            for (const length of [0, 4, 8, 200]) {
              const value = new Uint8Array(length).fill(name);
              seen.add(await errnoOf(() => posix.setsockopt(fd, level, name, value)));
              seen.add(await errnoOf(() => posix.getsockoptBytes(fd, level, name, length)));
            }
          }
        }
      }
      expect(seen.has("ENOPROTOOPT")).toBe(true);
      expect(seen.has("EINVAL")).toBe(true);
      const [fd = -1] = sockets;
      // What no kernel has memory for.
      const huge = new Uint8Array(50_000_000);
      expect(await errnoOf(() => posix.setsockopt(fd, 1, 2, huge))).toBe("");
      expect(await errnoOf(() => posix.setsockopt(fd, 0, 41, huge))).toMatch(/^E/);
      expect((await posix.getsockoptBytes(fd, 1, 2, 50_000_000)).length).toBe(4);
      // And the kernel works.
      expect(await errnoOf(() => udpAt(posix, 9))).toBe("");
    });
  },
);

test.skipIf(noReleases).for(onReleases)(
  "ioctl tells of interfaces and of waiting octets ($kernel)",
  async (on) => {
    await runAlone(on, async (posix) => {
      const fd = await udpAt(posix, 9);
      const mtu = ifreq("lo");
      await posix.ioctl(fd, SIOCGIFMTU, mtu);
      expect(new DataView(mtu.buffer).getUint32(16, true)).toBe(65_536);
      const flags = ifreq("lo", 32);
      await posix.ioctl(fd, SIOCGIFFLAGS, flags);
      expect((flags[16] ?? 0) & 9).toBe(9);
      const address = ifreq("lo");
      await posix.ioctl(fd, SIOCGIFADDR, address);
      expect([...address.subarray(20, 24)]).toEqual([127, 0, 0, 1]);
      expect(await errnoOf(() => posix.ioctl(fd, SIOCGIFMTU, ifreq("nothing")))).toBe("ENODEV");
      const all = new Uint8Array(400);
      expect(await posix.ioctl(fd, SIOCGIFCONF, all)).toBe(40);
      expect(new TextDecoder().decode(all.subarray(0, 2))).toBe("lo");
      expect([...all.subarray(20, 24)]).toEqual([127, 0, 0, 1]);
      const link = ifreq("lo", 48);
      link[40] = 0x0a; // ETHTOOL_GLINK
      await posix.ioctl(fd, SIOCETHTOOL, link);
      expect([...link.subarray(40, 48)]).toEqual([0x0a, 0, 0, 0, 1, 0, 0, 0]);
      await posix.sendto(fd, new Uint8Array(33), { address: "127.0.0.1", port: 9 });
      const waiting = new Uint8Array(4);
      await posix.ioctl(fd, FIONREAD, waiting);
      expect([...waiting]).toEqual([33, 0, 0, 0]);
    });
  },
);

test.skipIf(noReleases).for(onReleases)(
  "every ioctl number with any octets is an errno or nothing ($kernel)",
  async (on) => {
    await runAlone(on, async (posix) => {
      const stream = await listenAt(posix, 80);
      const udp = await udpAt(posix, 9);
      const packet = await posix.socket(AF_PACKET, SOCK_RAW, 0);
      const seen = new Set<string>();
      for (const fd of [stream, udp, packet]) {
        for (const base of [0x5400, 0x8900, 0x8b00]) {
          for (let low = 0; low < 256; low++) {
            for (const argument of [
              ifreq("lo"),
              new Uint8Array(0),
              new Uint8Array(300).fill(0xff),
            ]) {
              seen.add(await errnoOf(() => posix.ioctl(fd, base + low, argument)));
            }
          }
        }
      }
      expect([...seen]).toContain("ENOTTY");
      // lo may be down now, and have another name; the kernel is there.
      expect(await errnoOf(() => posix.socket(AF_INET, SOCK_STREAM))).toBe("");
    });
  },
);

test.skipIf(noReleases).for(onReleases)(
  "sockets of any family, type and protocol are made or refused ($kernel)",
  async (on) => {
    await runAlone(on, async (posix) => {
      const seen = new Set<string>();
      for (let family = -1; family < 50; family++) {
        for (const type of [0, 1, 2, 3, 4, 5, 6, 10, 11, 15]) {
          for (const protocol of [-1, 0, 1, 6, 17, 41, 132, 255, 256, 262, 1000]) {
            let fd = -1;
            seen.add(
              await errnoOf(async () => {
                fd = await posix.socket(family, type, protocol);
              }),
            );
            if (fd < 0) continue;
            await errnoOf(() => posix.listen(fd, 1));
            await errnoOf(() => posix.sendmsg(fd, { iov: [new Uint8Array(70_000)] }, 0x4040));
            await errnoOf(() =>
              posix.recvmsg(fd, { iov: [new Uint8Array(9)], controlOctets: 9 }, 0x40),
            );
            await errnoOf(() => posix.shutdown(fd, 2));
            await errnoOf(() => posix.getsockname(fd));
            await errnoOf(() => posix.getpeername(fd));
            await posix.close(fd);
          }
        }
      }
      expect([...seen].toSorted()).toEqual(
        expect.arrayContaining(["", "EAFNOSUPPORT", "EPROTONOSUPPORT"]),
      );
    });
  },
);
