import {
  AF_INET,
  IP_ADD_MEMBERSHIP,
  IP_DROP_MEMBERSHIP,
  IP_MULTICAST_IF,
  IP_MULTICAST_LOOP,
  IP_MULTICAST_TTL,
  IP_RECVERR,
  IPPROTO_IP,
  MSG_DONTWAIT,
  MSG_PEEK,
  MSG_TRUNC,
  POLLERR,
  POLLIN,
  POLLOUT,
  type Posix,
  SO_RCVBUF,
  SOCK_DGRAM,
  SOL_SOCKET,
} from "@dcejs/dce-glue";
import type { ConformanceTest } from "../conformance-test.ts";
import { fails, holds, same, timed } from "../expectation.ts";
import { icmp, ipv4Frame, pair, udp } from "../testbed/index.ts";
import { LEFT, RIGHT } from "../testbed/topology.ts";
import { dialogue, durationOf, LOOPBACK, PORT, program } from "./kinds.ts";

const ANY = "0.0.0.0";
const GROUP = "239.1.2.3";
const ECONNREFUSED = 111;

/** A UDP socket; bound when a port is given. */
export async function udpSocket(posix: Posix, port?: number, address = ANY): Promise<number> {
  const socket = await posix.socket(AF_INET, SOCK_DGRAM);
  if (port !== undefined) await posix.bind(socket, { address, port });
  return socket;
}

async function receive(posix: Posix, socket: number): Promise<string> {
  const buffer = new Uint8Array(100);
  const length = await posix.recv(socket, buffer);
  return new TextDecoder().decode(buffer.subarray(0, length));
}

/** struct ip_mreq */
function membership(group: string, local: string): Uint8Array {
  return Uint8Array.from([...group.split("."), ...local.split(".")], Number);
}

/** A counter of /proc/net/snmp. */
export function counter(text: string | number, group: string, name: string): number {
  const lines = String(text)
    .split("\n")
    .filter((line) => line.startsWith(`${group}:`));
  const [names = [], values = []] = lines.map((line) => line.split(/\s+/));
  return Number(values[names.indexOf(name)]);
}

const socketTests: readonly ConformanceTest[] = [
  program(
    "udp_errors",
    "udp(7), send(2): no destination EDESTADDRREQ, too long EMSGSIZE, port 0 EINVAL",
    async (posix) => {
      const socket = await udpSocket(posix);
      const to = { address: LOOPBACK, port: PORT };
      await fails("EDESTADDRREQ", () => posix.send(socket, "x"), "no destination");
      await fails(
        "EMSGSIZE",
        () => posix.sendto(socket, new Uint8Array(65_508), to),
        "65,508 octets",
      );
      same(await posix.sendto(socket, new Uint8Array(65_507), to), 65_507, "65,507 octets");
      await fails(
        "EINVAL",
        () => posix.sendto(socket, "x", { address: LOOPBACK, port: 0 }),
        "port 0",
      );
      await fails(
        "ENETUNREACH",
        () => posix.sendto(socket, "x", { address: "192.0.2.1", port: 1 }),
        "no route",
      );
    },
  ),
  program(
    "udp_truncation",
    "udp(7): what does not fit is lost, and MSG_TRUNC says so",
    async (posix) => {
      const socket = await udpSocket(posix, PORT);
      const to = { address: LOOPBACK, port: PORT };
      for (let i = 0; i < 3; i++) await posix.sendto(socket, `abcdef${i}`, to);
      const short = await posix.recvfrom(socket, new Uint8Array(3));
      same([short.length, short.flags & MSG_TRUNC], [3, MSG_TRUNC], "length and flag");
      const whole = await posix.recvfrom(socket, new Uint8Array(3), MSG_TRUNC);
      same(whole.length, 7, "length with MSG_TRUNC");
      same(await receive(posix, socket), "abcdef2", "the third datagram");
    },
  ),
  program("udp_empty", "udp(7): a datagram without octets is received as such", async (posix) => {
    const socket = await udpSocket(posix, PORT);
    await posix.sendto(socket, "", { address: LOOPBACK, port: PORT });
    same(await posix.poll([{ fd: socket, events: POLLIN, revents: 0 }], 0), 1, "ready");
    same(await posix.recv(socket, new Uint8Array(9)), 0, "octets");
    await fails(
      "EAGAIN",
      () => posix.recv(socket, new Uint8Array(9), MSG_DONTWAIT),
      "a second recv",
    );
  }),
  program("udp_peek", "recv(2) MSG_PEEK: the datagram stays", async (posix) => {
    const socket = await udpSocket(posix, PORT);
    await posix.sendto(socket, "abc", { address: LOOPBACK, port: PORT });
    same(await posix.recv(socket, new Uint8Array(9), MSG_PEEK), 3, "octets");
    same(await receive(posix, socket), "abc", "text");
  }),
  program(
    "udp_connected",
    "udp(7): a connected socket receives from its peer alone; AF_UNSPEC ends that",
    async (posix) => {
      const socket = await udpSocket(posix, PORT);
      const peer = await udpSocket(posix, PORT + 1);
      const other = await udpSocket(posix, PORT + 2);
      await posix.connect(socket, { address: LOOPBACK, port: PORT + 1 });
      await posix.sendto(other, "other", { address: LOOPBACK, port: PORT });
      await posix.sendto(peer, "peer", { address: LOOPBACK, port: PORT });
      same(await receive(posix, socket), "peer", "text");
      same((await posix.getpeername(socket))?.port, PORT + 1, "port of the peer");
      await posix.connect(socket, new Uint8Array(16));
      await fails("ENOTCONN", () => posix.getpeername(socket), "peer afterwards");
      await posix.sendto(other, "other", { address: LOOPBACK, port: PORT });
      same(await receive(posix, socket), "other", "text");
    },
  ),
  program(
    "udp_poll",
    "poll(2): a datagram socket can be written; it is readable with a datagram",
    async (posix) => {
      const socket = await udpSocket(posix, PORT);
      const fds = [{ fd: socket, events: POLLIN | POLLOUT, revents: 0 }];
      same(await posix.poll(fds, 0), 1, "ready");
      same(fds[0]?.revents, POLLOUT, "events");
      await posix.sendto(socket, "x", { address: LOOPBACK, port: PORT });
      await posix.poll(fds, 0);
      same(fds[0]?.revents, POLLIN | POLLOUT, "events with a datagram");
    },
  ),
  program(
    "udp_reuse",
    "socket(7): EADDRINUSE, unless all have SO_REUSEADDR; a unicast datagram goes to one",
    async (posix) => {
      const sockets: number[] = [];
      for (let i = 0; i < 2; i++) {
        const socket = await posix.socket(AF_INET, SOCK_DGRAM);
        await posix.setReuseAddress(socket, true);
        await posix.bind(socket, { address: ANY, port: PORT });
        sockets.push(socket);
      }
      await fails("EADDRINUSE", () => udpSocket(posix, PORT), "one without it");
      await posix.sendto(await udpSocket(posix), "x", { address: LOOPBACK, port: PORT });
      const fds = sockets.map((fd) => ({ fd, events: POLLIN, revents: 0 }));
      same(await posix.poll(fds, 0), 1, "sockets that have it");
    },
  ),
  program(
    "udp_specific_first",
    "RFC 1122 4.1.3.5: a datagram goes to the socket that is bound to its address",
    async (posix) => {
      const any = await posix.socket(AF_INET, SOCK_DGRAM);
      const specific = await posix.socket(AF_INET, SOCK_DGRAM);
      for (const [socket, address] of [
        [any, ANY],
        [specific, LOOPBACK],
      ] as const) {
        await posix.setReuseAddress(socket, true);
        await posix.bind(socket, { address, port: PORT });
      }
      await posix.sendto(any, "to 1", { address: LOOPBACK, port: PORT });
      await posix.sendto(any, "to 2", { address: "127.0.0.2", port: PORT });
      same(await receive(posix, specific), "to 1", "text of the specific socket");
      same(await receive(posix, any), "to 2", "text of the other");
    },
  ),
  {
    name: "udp_receive_buffer",
    source: "udp(7): what does not fit into SO_RCVBUF is dropped, and counted in RcvbufErrors",
    run: async (bed) => {
      const host = bed.host("host");
      host.start(async (posix) => {
        const socket = await udpSocket(posix, PORT);
        await posix.setsockopt(socket, SOL_SOCKET, SO_RCVBUF, 4096);
        for (let i = 0; i < 100; i++) {
          await posix.sendto(socket, new Uint8Array(1000), { address: LOOPBACK, port: PORT });
        }
        let received = 0;
        while ((await posix.poll([{ fd: socket, events: POLLIN, revents: 0 }], 0)) === 1) {
          await posix.recv(socket, new Uint8Array(1000));
          received++;
        }
        const snmp = host.kernel.proc_read("/proc/net/snmp");
        holds(received > 0 && received < 20, `a few arrive: ${received}`);
        same(counter(snmp, "Udp", "RcvbufErrors"), 100 - received, "RcvbufErrors");
      });
      await bed.run();
    },
  },
];

const errorTests: readonly ConformanceTest[] = [
  dialogue(
    "udp_port_unreachable",
    "RFC 1122 4.1.3.3: a connected socket is told of port unreachable: ECONNREFUSED, once",
    {
      left: async (posix) => {
        const socket = await udpSocket(posix);
        await posix.connect(socket, { address: RIGHT, port: PORT });
        await posix.send(socket, "x");
        const fds = [{ fd: socket, events: POLLIN, revents: 0 }];
        same(await posix.poll(fds, 1000), 1, "ready");
        same((fds[0]?.revents ?? 0) & POLLERR, POLLERR, "POLLERR");
        await fails("ECONNREFUSED", () => posix.recv(socket, new Uint8Array(9)), "recv");
        await fails(
          "EAGAIN",
          () => posix.recv(socket, new Uint8Array(9), MSG_DONTWAIT),
          "recv again",
        );
        await posix.send(socket, "x");
        await posix.usleep(50_000);
        same(await posix.getSocketError(socket), ECONNREFUSED, "SO_ERROR");
      },
      after: ({ right, wire }) => {
        const [error] = wire.sent(right, (packet) => packet.icmp !== undefined);
        same([error?.icmp?.type, error?.icmp?.code], [3, 3], "type and code");
        const [datagram] = wire.packets.filter((packet) => packet.udp !== undefined);
        // All but the checksum of UDP, which a card may still have to finish.
        const quoted = error?.icmp?.data.subarray(0, 26);
        same(quoted, datagram?.bytes.subarray(14, 14 + 26), "what the error quotes");
      },
    },
  ),
  dialogue("udp_unconnected_error", "udp(7): an unconnected socket is not told", {
    left: async (posix) => {
      const socket = await udpSocket(posix);
      await posix.sendto(socket, "x", { address: RIGHT, port: PORT });
      await posix.usleep(50_000);
      same(await posix.getSocketError(socket), 0, "SO_ERROR");
      await fails("EAGAIN", () => posix.recv(socket, new Uint8Array(9), MSG_DONTWAIT), "recv");
    },
  }),
  dialogue(
    "udp_error_at_send",
    "udp(7): an error that waits is told by the next call, also by send",
    {
      left: async (posix) => {
        const socket = await udpSocket(posix);
        await posix.connect(socket, { address: RIGHT, port: PORT });
        await posix.send(socket, "x");
        await posix.usleep(50_000);
        await fails("ECONNREFUSED", () => posix.send(socket, "x"), "send");
      },
    },
  ),
  dialogue(
    "udp_host_unreachable",
    "RFC 1122 4.1.3.3, ip(7) IP_RECVERR: host unreachable is told to who asked for it, after 3 s of ARP",
    {
      left: async (posix) => {
        for (const [index, wants] of [0, 1].entries()) {
          const socket = await udpSocket(posix);
          await posix.setsockopt(socket, IPPROTO_IP, IP_RECVERR, wants);
          await posix.connect(socket, { address: `10.0.0.${8 + index}`, port: PORT });
          await posix.setReceiveTimeout(socket, 5e9);
          await posix.send(socket, "x");
          const code = wants === 1 ? "EHOSTUNREACH" : "EAGAIN";
          const took = await durationOf(posix, () =>
            fails(
              code,
              () => posix.recv(socket, new Uint8Array(9)),
              `recv with IP_RECVERR = ${wants}`,
            ),
          );
          timed(took, wants === 1 ? 3e9 : 5e9, "time");
        }
      },
    },
  ),
  dialogue(
    "udp_bad_checksum",
    "RFC 768: a datagram whose checksum is wrong is dropped and counted",
    {
      right: async (posix) => {
        const socket = await udpSocket(posix, PORT);
        same(await receive(posix, socket), "good", "text");
      },
      left: async (posix) => {
        await posix.usleep(50_000);
        await posix.sendto(await udpSocket(posix), "good", { address: RIGHT, port: PORT });
      },
      prepare: ({ left, right, wire }, bed) => {
        const datagram = udp(1, PORT, new Uint8Array(4));
        datagram.set([0x12, 0x34], 6);
        const fields = { source: LEFT, destination: RIGHT, protocol: 17 };
        bed.at("10ms", () =>
          wire.inject(right, ipv4Frame(right.mac(), left.mac(), fields, datagram)),
        );
      },
      after: ({ right }) => {
        same(
          counter(right.kernel.proc_read("/proc/net/snmp"), "Udp", "InCsumErrors"),
          1,
          "InCsumErrors",
        );
      },
    },
  ),
  dialogue(
    "udp_no_error_to_broadcast",
    "RFC 1122 3.2.2: no ICMP error about a broadcast, or about an ICMP error",
    {
      left: async (posix) => {
        await posix.usleep(100_000);
      },
      prepare: ({ left, right, wire }, bed) => {
        const datagram = udp(1, PORT, new Uint8Array(4));
        const fields = { source: LEFT, destination: "10.0.0.255", protocol: 17 };
        const frame = ipv4Frame("ff:ff:ff:ff:ff:ff", left.mac(), fields, datagram);
        const wrong = { source: LEFT, destination: RIGHT, protocol: 1 };
        const error = ipv4Frame(right.mac(), left.mac(), wrong, icmp(3, 9, 0, new Uint8Array(28)));
        bed.at("10ms", () => wire.inject(right, frame));
        bed.at("20ms", () => wire.inject(right, error));
      },
      after: ({ right, wire }) => {
        same(
          wire.sent(right, (packet) => packet.icmp !== undefined),
          [],
          "ICMP messages",
        );
      },
    },
  ),
];

const groupTests: readonly ConformanceTest[] = [
  dialogue(
    "broadcast",
    "socket(7) SO_BROADCAST: EACCES without it; with it to ff:ff:ff:ff:ff:ff, for all who are bound",
    {
      right: async (posix) => {
        const first = await posix.socket(AF_INET, SOCK_DGRAM);
        const second = await posix.socket(AF_INET, SOCK_DGRAM);
        for (const socket of [first, second]) {
          await posix.setReuseAddress(socket, true);
          await posix.bind(socket, { address: ANY, port: PORT });
        }
        for (const socket of [first, second]) {
          same(await receive(posix, socket), "subnet", "first text");
          same(await receive(posix, socket), "all", "second text");
        }
      },
      left: async (posix) => {
        const socket = await udpSocket(posix);
        const subnet = { address: "10.0.0.255", port: PORT };
        await fails("EACCES", () => posix.sendto(socket, "x", subnet), "without SO_BROADCAST");
        await posix.setBroadcast(socket, true);
        await posix.sendto(socket, "subnet", subnet);
        await posix.sendto(socket, "all", { address: "255.255.255.255", port: PORT });
      },
      prepare: ({ left }) => {
        left.ip("route add default via 10.0.0.2");
      },
      after: ({ left, wire }) => {
        const macs = wire
          .sent(left, (packet) => packet.udp !== undefined)
          .map((one) => one.destinationMac);
        same([...new Set(macs)], ["ff:ff:ff:ff:ff:ff"], "where the frames went");
      },
    },
  ),
  dialogue(
    "multicast",
    "ip(7) IP_ADD_MEMBERSHIP: who has joined receives, who has not or has left does not",
    {
      right: async (posix) => {
        const socket = await udpSocket(posix, PORT);
        await posix.usleep(30_000);
        await posix.setsockopt(socket, IPPROTO_IP, IP_ADD_MEMBERSHIP, membership(GROUP, RIGHT));
        same(await receive(posix, socket), "second", "text");
        await posix.setsockopt(socket, IPPROTO_IP, IP_DROP_MEMBERSHIP, membership(GROUP, RIGHT));
        await posix.usleep(100_000);
        await fails("EAGAIN", () => posix.recv(socket, new Uint8Array(9), MSG_DONTWAIT), "recv");
      },
      left: async (posix) => {
        const socket = await udpSocket(posix);
        await posix.setsockopt(socket, IPPROTO_IP, IP_MULTICAST_IF, Uint8Array.of(10, 0, 0, 1));
        for (const text of ["first", "second", "third"]) {
          await posix.sendto(socket, text, { address: GROUP, port: PORT });
          await posix.usleep(50_000);
        }
      },
      after: ({ left, wire }) => {
        const [frame] = wire.sent(left, (packet) => packet.udp !== undefined);
        same(frame?.destinationMac, "01:00:5e:01:02:03", "RFC 1112 6.4: where the frames went");
        same(frame?.ip?.ttl, 1, "TTL");
      },
    },
  ),
  dialogue(
    "multicast_loop",
    "ip(7) IP_MULTICAST_LOOP, IP_MULTICAST_TTL: members on the sender's host hear it, unless told not to",
    {
      left: async (posix) => {
        const socket = await udpSocket(posix, PORT);
        await posix.setsockopt(socket, IPPROTO_IP, IP_ADD_MEMBERSHIP, membership(GROUP, LEFT));
        await posix.setsockopt(socket, IPPROTO_IP, IP_MULTICAST_IF, Uint8Array.of(10, 0, 0, 1));
        await posix.setsockopt(socket, IPPROTO_IP, IP_MULTICAST_TTL, 7);
        await posix.sendto(socket, "heard", { address: GROUP, port: PORT });
        same(await receive(posix, socket), "heard", "text");
        await posix.setsockopt(socket, IPPROTO_IP, IP_MULTICAST_LOOP, 0);
        await posix.sendto(socket, "unheard", { address: GROUP, port: PORT });
        await posix.usleep(10_000);
        await fails("EAGAIN", () => posix.recv(socket, new Uint8Array(9), MSG_DONTWAIT), "recv");
      },
      after: ({ left, wire }) => {
        const frames = wire.sent(left, (packet) => packet.udp !== undefined);
        same(
          frames.map(({ ip }) => ip?.ttl),
          [7, 7],
          "TTLs on the wire",
        );
      },
    },
  ),
  program(
    "multicast_join_twice",
    "ip(7): joining twice is EADDRINUSE, leaving what was not joined EADDRNOTAVAIL",
    async (posix) => {
      const socket = await udpSocket(posix);
      const group = membership(GROUP, LOOPBACK);
      await posix.setsockopt(socket, IPPROTO_IP, IP_ADD_MEMBERSHIP, group);
      const join = () => posix.setsockopt(socket, IPPROTO_IP, IP_ADD_MEMBERSHIP, group);
      await fails("EADDRINUSE", join, "joining twice");
      const leave = () => posix.setsockopt(socket, IPPROTO_IP, IP_DROP_MEMBERSHIP, group);
      await leave();
      await fails("EADDRNOTAVAIL", leave, "leaving twice");
    },
  ),
  {
    name: "multicast_unasked",
    source:
      "RFC 1112 7.2: a datagram for a group that nobody has joined is not delivered, even to a bound port",
    run: async (bed) => {
      const { left, right, wire } = pair(bed);
      right.start(async (posix) => {
        const socket = await udpSocket(posix, PORT);
        await posix.usleep(50_000);
        await fails("EAGAIN", () => posix.recv(socket, new Uint8Array(9), MSG_DONTWAIT), "recv");
      });
      bed.at("10ms", () => {
        const fields = { source: LEFT, destination: GROUP, protocol: 17, ttl: 1 };
        const datagram = udp(1, PORT, new Uint8Array(4));
        wire.inject(right, ipv4Frame("01:00:5e:01:02:03", left.mac(), fields, datagram));
      });
      await bed.run();
    },
  },
];

export const udpTests: readonly ConformanceTest[] = [...socketTests, ...errorTests, ...groupTests];
