import { expect, test } from "vitest";
import {
  AF_INET,
  MSG_DONTWAIT,
  MSG_PEEK,
  MSG_TRUNC,
  POLLIN,
  type ReceivedMessage,
  SOCK_DGRAM,
  SOCK_NONBLOCK,
} from "../../../src/posix/index.ts";
import { noReleases, onReleases } from "./built-linux.ts";
import {
  CLIENT,
  errnoOf,
  MSEC,
  pattern,
  runAlone,
  runPair,
  SERVER,
  udpAt,
} from "./two-linux-hosts.ts";

const SOL_IP = 0;
const IP_TTL = 2;
const IP_PKTINFO = 8;
const IP_RECVTTL = 12;
const IP_MTU_DISCOVER = 10;

/** Control messages in a buffer of Linux's for 32 bits: level, type and data. */
function controlsOf({ control }: ReceivedMessage): [number, number, Uint8Array][] {
  const view = new DataView(control.buffer, control.byteOffset, control.byteLength);
  const found: [number, number, Uint8Array][] = [];
  for (let at = 0; at + 12 <= control.length; ) {
    const length = view.getUint32(at, true);
    const data = control.slice(at + 12, at + length);
    found.push([view.getInt32(at + 4, true), view.getInt32(at + 8, true), data]);
    at += (length + 3) & ~3;
  }
  return found;
}

test.skipIf(noReleases).for(onReleases)(
  "datagrams keep their bounds, their senders and their order ($kernel)",
  async (on) => {
    await runPair(
      on,
      async (posix) => {
        const fd = await udpAt(posix, 9);
        const buffer = new Uint8Array(9000);
        for (const size of [0, 1, 1472, 1473, 8000]) {
          const { length, address } = await posix.recvfrom(fd, buffer);
          expect([length, address?.address]).toEqual([size, CLIENT]);
          expect(Buffer.compare(buffer.subarray(0, size), pattern(size))).toBe(0);
        }
      },
      async (posix) => {
        const fd = await posix.socket(AF_INET, SOCK_DGRAM);
        for (const size of [0, 1, 1472, 1473, 8000]) {
          expect(await posix.sendto(fd, pattern(size), { address: SERVER, port: 9 })).toBe(size);
        }
      },
    );
  },
);

test.skipIf(noReleases).for(onReleases)(
  "MSG_PEEK shows a datagram, MSG_TRUNC its whole length ($kernel)",
  async (on) => {
    await runPair(
      on,
      async (posix) => {
        const fd = await udpAt(posix, 9);
        const small = new Uint8Array(4);
        expect(await posix.recvfrom(fd, small, MSG_PEEK)).toMatchObject({
          length: 4,
          flags: MSG_TRUNC,
        });
        expect(await posix.recv(fd, small, MSG_PEEK | MSG_TRUNC)).toBe(2000);
        expect(Buffer.compare(small, pattern(4))).toBe(0);
        expect(await posix.recvfrom(fd, small, MSG_TRUNC)).toMatchObject({ length: 2000 });
        expect(await posix.recv(fd, small)).toBe(3);
      },
      async (posix) => {
        const fd = await posix.socket(AF_INET, SOCK_DGRAM);
        await posix.sendto(fd, pattern(2000), { address: SERVER, port: 9 });
        await posix.sendto(fd, "end", { address: SERVER, port: 9 });
      },
    );
  },
);

test.skipIf(noReleases).for(onReleases)(
  "several buffers and control messages go with a datagram ($kernel)",
  async (on) => {
    await runPair(
      on,
      async (posix) => {
        const fd = await udpAt(posix, 9);
        await posix.setsockopt(fd, SOL_IP, IP_PKTINFO, 1);
        await posix.setsockopt(fd, SOL_IP, IP_RECVTTL, 1);
        const iov = [new Uint8Array(3), new Uint8Array(0), new Uint8Array(30)];
        const message = await posix.recvmsg(fd, { iov, controlOctets: 200 });
        expect(message).toMatchObject({ length: 6, flags: 0, address: { address: CLIENT } });
        expect(iov.map((part) => String.fromCharCode(...part).replaceAll("\0", ""))).toEqual([
          "abc",
          "",
          "def",
        ]);
        const controls = controlsOf(message);
        const info = controls.find(([, type]) => type === IP_PKTINFO)?.[2];
        const ttl = controls.find(([, type]) => type === IP_TTL)?.[2];
        // struct in_pktinfo: ifindex, local address, destination.
        expect([...(info ?? [])]).toEqual([2, 0, 0, 0, 10, 0, 0, 1, 10, 0, 0, 1]);
        expect([...(ttl ?? [])]).toEqual([7, 0, 0, 0]);
        // Too little room: what fits comes, and MSG_CTRUNC says so.
        const cut = await posix.recvmsg(fd, { iov, controlOctets: 14 });
        expect(cut.flags & 8).toBe(8);
      },
      async (posix) => {
        const fd = await posix.socket(AF_INET, SOCK_DGRAM);
        await posix.setsockopt(fd, SOL_IP, IP_TTL, 7);
        const iov = ["ab", "c", "", "def"].map((text) => new TextEncoder().encode(text));
        const address = { address: SERVER, port: 9 };
        expect(await posix.sendmsg(fd, { iov, address })).toBe(6);
        await posix.connect(fd, address);
        expect(await posix.send(fd, "more")).toBe(4);
      },
    );
  },
);

test.skipIf(noReleases).for(onReleases)(
  "a datagram may name its source by a control message ($kernel)",
  async (on) => {
    await runAlone(on, async (posix) => {
      const receiver = await udpAt(posix, 9);
      const fd = await posix.socket(AF_INET, SOCK_DGRAM);
      const control = new Uint8Array(24);
      const view = new DataView(control.buffer);
      view.setUint32(0, 24, true);
      view.setUint32(4, SOL_IP, true);
      view.setUint32(8, IP_PKTINFO, true);
      control.set([127, 0, 0, 5], 16);
      const iov = [new TextEncoder().encode("hi")];
      const address = { address: "127.0.0.1", port: 9 };
      expect(await posix.sendmsg(fd, { iov, address, control })).toBe(2);
      const got = await posix.recvfrom(receiver, new Uint8Array(10));
      expect(got.address?.address).toBe("127.0.0.5");
      expect(
        await errnoOf(() => posix.sendmsg(fd, { iov, address, control: control.fill(255) })),
      ).toBe("EINVAL");
      const huge = new Uint8Array(100_000);
      expect(await errnoOf(() => posix.sendmsg(fd, { iov, address, control: huge }))).toBe(
        "ENOBUFS",
      );
    });
  },
);

test.skipIf(noReleases).for(onReleases)(
  "what is too long, or goes nowhere, is an errno ($kernel)",
  async (on) => {
    await runPair(
      on,
      async (posix) => {
        await posix.usleep(10_000);
      },
      async (posix) => {
        const fd = await posix.socket(AF_INET, SOCK_DGRAM);
        const to = { address: SERVER, port: 9 };
        expect(await errnoOf(() => posix.sendto(fd, new Uint8Array(65_508), to))).toBe("EMSGSIZE");
        expect(await errnoOf(() => posix.sendto(fd, new Uint8Array(9_000_000), to))).toBe(
          "EMSGSIZE",
        );
        expect(await posix.sendto(fd, new Uint8Array(65_507), to)).toBe(65_507);
        await posix.setsockopt(fd, SOL_IP, IP_MTU_DISCOVER, 2);
        expect(await errnoOf(() => posix.sendto(fd, new Uint8Array(1473), to))).toBe("EMSGSIZE");
        expect(await errnoOf(() => posix.send(fd, "x"))).toBe("EDESTADDRREQ");
        const away = { address: "192.0.2.1", port: 9 };
        expect(await errnoOf(() => posix.sendto(fd, "x", away))).toBe("ENETUNREACH");
        const all = { address: "10.0.0.255", port: 9 };
        expect(await errnoOf(() => posix.sendto(fd, "x", all))).toBe("EACCES");
        // The port is closed: the ICMP error is the next call's.
        await posix.connect(fd, { address: SERVER, port: 10 });
        expect(await posix.send(fd, "x")).toBe(1);
        await posix.usleep(10_000);
        expect(await errnoOf(() => posix.send(fd, "x"))).toBe("ECONNREFUSED");
      },
    );
  },
);

test.skipIf(noReleases).for(onReleases)(
  "poll tells of a datagram, and a timeout of SO_RCVTIMEO is EAGAIN on time ($kernel)",
  async (on) => {
    await runPair(
      on,
      async (posix) => {
        const fd = await udpAt(posix, 9);
        const fds = [{ fd, events: POLLIN, revents: 0 }];
        expect(await posix.poll(fds, 5)).toBe(0);
        expect(await posix.poll(fds, 1000)).toBe(1);
        expect(await posix.recv(fd, new Uint8Array(10), MSG_DONTWAIT)).toBe(1);
        await posix.setReceiveTimeout(fd, 30 * MSEC);
        const before = posix.now();
        expect(await errnoOf(() => posix.recv(fd, new Uint8Array(10)))).toBe("EAGAIN");
        const waited = (posix.now() - before) / MSEC;
        expect(waited).toBeGreaterThanOrEqual(30);
        expect(waited).toBeLessThan(33);
      },
      async (posix) => {
        const fd = await posix.socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK);
        await posix.usleep(20_000);
        await posix.sendto(fd, "x", { address: SERVER, port: 9 });
      },
    );
  },
);

test.skipIf(noReleases).for(onReleases)(
  "threads of one process share a socket: each datagram goes to one of them ($kernel)",
  async (on) => {
    await runPair(
      on,
      async (posix) => {
        const fd = await udpAt(posix, 9);
        const seen: number[] = [];
        const threads = [1, 2, 3].map(() =>
          posix.createThread(async () => {
            for (;;) {
              const buffer = new Uint8Array(10);
              const length = await posix.recv(fd, buffer);
              if (length === 0) return;
              seen.push(buffer[0] ?? -1);
            }
          }),
        );
        for (const thread of threads) await posix.join(thread);
        expect(seen.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 60 }, (_, i) => i));
      },
      async (posix) => {
        const fd = await posix.socket(AF_INET, SOCK_DGRAM);
        await posix.connect(fd, { address: SERVER, port: 9 });
        for (let i = 0; i < 60; i++) await posix.send(fd, Uint8Array.of(i));
        for (let i = 0; i < 3; i++) await posix.send(fd, "");
      },
    );
  },
);

test.skipIf(noReleases).for(onReleases)(
  "a node has as many sockets as its programs ask for ($kernel)",
  async (on) => {
    await runAlone(
      on,
      async (posix) => {
        posix.setrlimit(7, { soft: 6000, hard: 6000 });
        for (let i = 0; i < 5000; i++) {
          expect(await errnoOf(() => posix.socket(AF_INET, SOCK_DGRAM))).toBe("");
        }
      },
      { memory: "32MB" },
    );
  },
);
