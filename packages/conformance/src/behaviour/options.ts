import {
  AF_INET,
  AF_UNSPEC,
  IPPROTO_IP,
  IPPROTO_TCP,
  IPPROTO_UDP,
  SO_DOMAIN,
  SO_ERROR,
  SO_PRIORITY,
  SO_PROTOCOL,
  SO_RCVBUF,
  SO_SNDBUF,
  SO_TYPE,
  SOCK_DGRAM,
  SOCK_SEQPACKET,
  SOCK_STREAM,
  SOL_SOCKET,
  TCP_CONGESTION,
  TCP_KEEPCNT,
  TCP_KEEPIDLE,
  TCP_KEEPINTVL,
  TCP_SYNCNT,
  TCP_WINDOW_CLAMP,
} from "@dcejs/dce-glue";
import type { ConformanceTest } from "../conformance-test.ts";
import { between, fails, same } from "../expectation.ts";
import { connectTo } from "../program/stream.ts";
import { dialogue, program, tcpSocket, acceptOne, PORT } from "./kinds.ts";
import { RIGHT } from "../testbed/topology.ts";

const UNKNOWN_OPTION = 999;
const BUFFER_MAX = 212_992;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

export const optionTests: readonly ConformanceTest[] = [
  program(
    "socket_errors",
    "socket(2): unknown families, types and protocols, and pairs of them that do not fit",
    async (posix) => {
      await fails(
        "EPROTONOSUPPORT",
        () => posix.socket(AF_INET, SOCK_STREAM, IPPROTO_UDP),
        "TCP and UDP",
      );
      await fails("EINVAL", () => posix.socket(AF_INET, 15), "an unknown type");
      await fails("ESOCKTNOSUPPORT", () => posix.socket(AF_INET, SOCK_SEQPACKET), "SOCK_SEQPACKET");
      await fails("EAFNOSUPPORT", () => posix.socket(99, SOCK_STREAM), "an unknown family");
      await fails("EAFNOSUPPORT", () => posix.socket(AF_UNSPEC, SOCK_STREAM), "AF_UNSPEC");
    },
  ),
  program("option_kinds", "socket(7): SO_TYPE, SO_DOMAIN, SO_PROTOCOL, SO_ERROR", async (posix) => {
    for (const [type, protocol] of [
      [SOCK_STREAM, IPPROTO_TCP],
      [SOCK_DGRAM, IPPROTO_UDP],
    ] as const) {
      const socket = await posix.socket(AF_INET, type);
      const values: number[] = [];
      for (const name of [SO_TYPE, SO_DOMAIN, SO_PROTOCOL, SO_ERROR]) {
        values.push(await posix.getsockopt(socket, SOL_SOCKET, name));
      }
      same(values, [type, AF_INET, protocol, 0], "type, domain, protocol, error");
    }
  }),
  program(
    "option_errors",
    "setsockopt(2): ENOPROTOOPT for an unknown option, EINVAL for a value too short",
    async (posix) => {
      const socket = await tcpSocket(posix);
      for (const level of [SOL_SOCKET, IPPROTO_IP, IPPROTO_TCP]) {
        const set = () => posix.setsockopt(socket, level, UNKNOWN_OPTION, 1);
        const get = () => posix.getsockopt(socket, level, UNKNOWN_OPTION);
        await fails("ENOPROTOOPT", set, `setsockopt at level ${level}`);
        await fails("ENOPROTOOPT", get, `getsockopt at level ${level}`);
      }
      for (const [level, name] of [
        [SOL_SOCKET, 2],
        [IPPROTO_TCP, 1],
      ] as const) {
        const set = () => posix.setsockopt(socket, level, name, Uint8Array.of(1));
        await fails("EINVAL", set, `one octet at level ${level}`);
      }
      await fails("EBADF", () => posix.setsockopt(99, SOL_SOCKET, 2, 1), "no descriptor");
      await fails("ENOTSOCK", () => posix.setsockopt(1, SOL_SOCKET, 2, 1), "no socket");
    },
  ),
  {
    name: "buffer_sizes",
    source:
      "socket(7) SO_SNDBUF, SO_RCVBUF: doubled, at least room for two packets and one, at most twice wmem_max and rmem_max",
    run: async (bed) => {
      const host = bed.host("host");
      host.sysctl("net.core.wmem_max", BUFFER_MAX);
      host.sysctl("net.core.rmem_max", BUFFER_MAX);
      host.start(async (posix) => {
        const socket = await tcpSocket(posix);
        for (const [name, packets] of [
          [SO_SNDBUF, 2],
          [SO_RCVBUF, 1],
        ] as const) {
          const got: number[] = [];
          for (const octets of [10_000, 1, 1_000_000_000]) {
            await posix.setsockopt(socket, SOL_SOCKET, name, octets);
            got.push(await posix.getsockopt(socket, SOL_SOCKET, name));
          }
          const [asked, least = 0, most] = got;
          same([asked, most], [20_000, 2 * BUFFER_MAX], `sizes of option ${name}`);
          // 2048 octets and a struct sk_buff, whose size is the machine's.
          between(least / packets, 2048 + 128, 2048 + 256, "octets of a packet");
        }
      });
      await bed.run();
    },
  },
  program(
    "congestion_control",
    "tcp(7) TCP_CONGESTION: a name is set and read; ENOENT for one that is not there",
    async (posix) => {
      const socket = await tcpSocket(posix);
      const name = async (): Promise<string> => {
        const bytes = await posix.getsockoptBytes(socket, IPPROTO_TCP, TCP_CONGESTION, 16);
        return decoder.decode(bytes).replaceAll("\0", "");
      };
      const set = (text: string) =>
        posix.setsockopt(socket, IPPROTO_TCP, TCP_CONGESTION, encoder.encode(text));
      await set("reno");
      same(await name(), "reno", "name");
      await fails("ENOENT", () => set("none_such"), "an unknown name");
      same(await name(), "reno", "name afterwards");
    },
  ),
  program(
    "tcp_option_ranges",
    "tcp(7): values of the keep-alive options and TCP_SYNCNT are checked: EINVAL",
    async (posix) => {
      const socket = await tcpSocket(posix);
      const limits = [
        [TCP_KEEPIDLE, 32_767],
        [TCP_KEEPINTVL, 32_767],
        [TCP_KEEPCNT, 127],
        [TCP_SYNCNT, 127],
      ] as const;
      for (const [name, highest] of limits) {
        await posix.setsockopt(socket, IPPROTO_TCP, name, highest);
        same(await posix.getsockopt(socket, IPPROTO_TCP, name), highest, `option ${name}`);
        for (const value of [0, highest + 1]) {
          const set = () => posix.setsockopt(socket, IPPROTO_TCP, name, value);
          await fails("EINVAL", set, `option ${name} = ${value}`);
        }
      }
    },
  ),
  program(
    "socket_option_defaults",
    "tcp(7), socket(7): 7200 s, 75 s, 9 probes; no priority",
    async (posix) => {
      const socket = await tcpSocket(posix);
      const values: number[] = [];
      for (const name of [TCP_KEEPIDLE, TCP_KEEPINTVL, TCP_KEEPCNT]) {
        values.push(await posix.getsockopt(socket, IPPROTO_TCP, name));
      }
      same(values, [7200, 75, 9], "keep-alive");
      same(await posix.getsockopt(socket, SOL_SOCKET, SO_PRIORITY), 0, "SO_PRIORITY");
    },
  ),
  dialogue("window_clamp", "tcp(7) TCP_WINDOW_CLAMP: no larger window is offered", {
    right: async (posix) => {
      await acceptOne(posix);
    },
    left: async (posix) => {
      const socket = await tcpSocket(posix);
      await posix.setsockopt(socket, IPPROTO_TCP, TCP_WINDOW_CLAMP, 5000);
      await posix.connect(socket, { address: RIGHT, port: PORT });
    },
    after: ({ left, wire }) => {
      const [syn] = wire.sent(left, ({ tcp }) => tcp !== undefined);
      same(
        (syn?.tcp?.window ?? 0) <= 5000,
        true,
        `the SYN's window ${syn?.tcp?.window} is at most 5000`,
      );
    },
  }),
  program(
    "descriptor_of_a_socket",
    "read(2), write(2): they do what recv and send do",
    async (posix) => {
      const [one, other] = [
        await posix.socket(AF_INET, SOCK_DGRAM),
        await posix.socket(AF_INET, SOCK_DGRAM),
      ];
      await posix.bind(one, { address: "127.0.0.1", port: PORT });
      await posix.connect(other, { address: "127.0.0.1", port: PORT });
      same(await posix.writev(other, [encoder.encode("ab"), encoder.encode("cd")]), 4, "writev");
      const parts = [new Uint8Array(3), new Uint8Array(3)];
      same(await posix.readv(one, parts), 4, "readv");
      same(
        parts.map((part) => decoder.decode(part).replaceAll("\0", "")),
        ["abc", "d"],
        "parts",
      );
      await fails("ESPIPE", () => posix.lseek(one, 0, 0), "lseek");
    },
  ),
  program(
    "connect_through_dup",
    "dup(2): two descriptors are one socket; it closes with the last",
    async (posix) => {
      const listener = await tcpSocket(posix);
      await posix.bind(listener, { address: "127.0.0.1", port: PORT });
      await posix.listen(listener, 1);
      const client = await connectTo(posix, "127.0.0.1", PORT);
      const copy = await posix.dup(client);
      const server = await posix.accept(listener);
      await posix.close(client);
      await posix.send(copy, "x");
      same(await posix.recv(server, new Uint8Array(9)), 1, "octets");
      await posix.close(copy);
      same(await posix.recv(server, new Uint8Array(9)), 0, "octets at the end");
    },
  ),
];
