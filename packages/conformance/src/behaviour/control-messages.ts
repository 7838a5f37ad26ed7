import {
  IP_PKTINFO,
  IP_RECVTOS,
  IP_RECVTTL,
  IP_TOS,
  IP_TTL,
  IPPROTO_IP,
  type Posix,
  SO_TIMESTAMP,
  SOL_SOCKET,
} from "@dcejs/dce-glue";
import type { ConformanceTest } from "../conformance-test.ts";
import { between, fails, same } from "../expectation.ts";
import { CONTROL_MESSAGES } from "../features.ts";
import { viewOf } from "../testbed/index.ts";
import { RIGHT } from "../testbed/topology.ts";
import { connection, dialogue, LOOPBACK, PORT, program } from "./kinds.ts";
import { udpSocket } from "./udp.ts";

const MSG_CTRUNC = 8;
/** struct cmsghdr: three numbers of 32 bits, as programs have it. */
const CMSG_HEADER = 12;
const MILLISECOND = 1e6;

interface ControlMessage {
  readonly level: number;
  readonly type: number;
  readonly data: readonly number[];
}

function controlMessages(bytes: Uint8Array): ControlMessage[] {
  const view = viewOf(bytes);
  const found: ControlMessage[] = [];
  for (let at = 0; at + CMSG_HEADER <= bytes.length; ) {
    const length = view.getUint32(at, true);
    if (length < CMSG_HEADER) break;
    found.push({
      level: view.getUint32(at + 4, true),
      type: view.getUint32(at + 8, true),
      data: [...bytes.subarray(at + CMSG_HEADER, at + length)],
    });
    at += (length + 3) & ~3;
  }
  return found;
}

/** One control message at IPPROTO_IP. */
function ipMessage(type: number, data: readonly number[]): Uint8Array {
  const bytes = new Uint8Array((CMSG_HEADER + data.length + 3) & ~3);
  const view = viewOf(bytes);
  view.setUint32(0, CMSG_HEADER + data.length, true);
  view.setUint32(4, IPPROTO_IP, true);
  view.setUint32(8, type, true);
  bytes.set(data, CMSG_HEADER);
  return bytes;
}

function int(value: number): number[] {
  return [value & 255, (value >> 8) & 255, 0, 0];
}

async function receiveControl(
  posix: Posix,
  socket: number,
  controlOctets: number,
): Promise<{ readonly messages: ControlMessage[]; readonly flags: number }> {
  const { control, flags } = await posix.recvmsg(socket, {
    iov: [new Uint8Array(9)],
    controlOctets,
  });
  return { messages: controlMessages(control), flags };
}

async function sendControl(posix: Posix, socket: number, ...parts: Uint8Array[]): Promise<void> {
  const control = Uint8Array.from(parts.flatMap((part) => [...part]));
  const address = { address: RIGHT, port: PORT };
  await posix.sendmsg(socket, { iov: [new Uint8Array(1)], address, control });
}

export const controlMessageTests: readonly ConformanceTest[] = [
  dialogue(
    "packet_info",
    "ip(7) IP_PKTINFO, IP_RECVTOS: interface, address for answers, destination; TOS; then what has no room",
    {
      right: async (posix) => {
        const socket = await udpSocket(posix, PORT);
        await posix.setsockopt(socket, IPPROTO_IP, IP_PKTINFO, 1);
        await posix.setsockopt(socket, IPPROTO_IP, IP_RECVTOS, 1);
        const { messages, flags } = await receiveControl(posix, socket, 128);
        const [info, tos] = messages;
        same(
          [info?.type, info?.data.slice(4)],
          [IP_PKTINFO, [10, 0, 0, 2, 10, 0, 0, 2]],
          "addresses of IP_PKTINFO",
        );
        same(tos, { level: IPPROTO_IP, type: IP_TOS, data: [0x10] }, "TOS");
        same(flags & MSG_CTRUNC, 0, "MSG_CTRUNC");
        const cut = await receiveControl(posix, socket, 28);
        same([cut.messages.length, cut.flags & MSG_CTRUNC], [1, MSG_CTRUNC], "with less room");
      },
      left: async (posix) => {
        const socket = await udpSocket(posix);
        await posix.setsockopt(socket, IPPROTO_IP, IP_TOS, 0x10);
        for (let i = 0; i < 2; i++) await posix.sendto(socket, "x", { address: RIGHT, port: PORT });
      },
    },
    { needs: [CONTROL_MESSAGES] },
  ),
  dialogue(
    "ttl_of_one_datagram",
    "ip(7) IP_TTL, IP_TOS, IP_PKTINFO: a control message of sendmsg is for its datagram alone; EINVAL",
    {
      left: async (posix) => {
        const socket = await udpSocket(posix);
        await sendControl(posix, socket, ipMessage(IP_TTL, int(9)), ipMessage(IP_TOS, [0x20]));
        await sendControl(posix, socket);
        const wrong = [
          ipMessage(IP_TTL, int(0)),
          ipMessage(IP_TTL, [9]),
          ipMessage(IP_RECVTTL, int(1)),
          ipMessage(IP_PKTINFO, int(1)),
        ];
        for (const [index, part] of wrong.entries()) {
          await fails("EINVAL", () => sendControl(posix, socket, part), `wrong one ${index}`);
        }
        const unknown = ipMessage(IP_PKTINFO, [99, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        await fails("ENODEV", () => sendControl(posix, socket, unknown), "no such interface");
        const foreign = ipMessage(IP_PKTINFO, [0, 0, 0, 0, 10, 9, 9, 9, 0, 0, 0, 0]);
        await fails("ENETUNREACH", () => sendControl(posix, socket, foreign), "not our address");
      },
      after: ({ left, wire }) => {
        const shown = wire.sent(left, (packet) => packet.udp !== undefined);
        same(
          shown.map(({ ip }) => [ip?.ttl, ip?.tos]),
          [
            [9, 0x20],
            [64, 0],
          ],
          "TTL and TOS",
        );
      },
    },
    { needs: [CONTROL_MESSAGES] },
  ),
  program(
    "timestamps",
    "socket(7) SO_TIMESTAMP: when the datagram came, not when it is read",
    async (posix) => {
      const socket = await udpSocket(posix, PORT);
      await posix.setsockopt(socket, SOL_SOCKET, SO_TIMESTAMP, 1);
      for (const pause of [70_000, 30_000]) {
        await posix.sendto(socket, "x", { address: LOOPBACK, port: PORT });
        await posix.usleep(pause);
      }
      const times: number[] = [];
      for (let i = 0; i < 2; i++) {
        const [message] = (await receiveControl(posix, socket, 64)).messages;
        same([message?.level, message?.type], [SOL_SOCKET, SO_TIMESTAMP], "level and type");
        const view = viewOf(Uint8Array.from(message?.data ?? []));
        const width = view.byteLength / 2;
        times.push(view.getUint32(0, true) * 1e9 + view.getUint32(width, true) * 1000);
      }
      const [first = 0, second = 0] = times;
      between(second - first, 69 * MILLISECOND, 85 * MILLISECOND, "nanoseconds between them");
    },
    { needs: [CONTROL_MESSAGES] },
  ),
  connection(
    "stream_without_control",
    "recv(2), tcp(7): recvmsg of a stream tells no address and no control messages",
    async (posix, client, server) => {
      await posix.send(client, "x");
      const message = { iov: [new Uint8Array(9)], controlOctets: 64 };
      const { length, address, control } = await posix.recvmsg(server, message);
      same([length, address, control.length], [1, undefined, 0], "octets, address, control");
    },
  ),
];
