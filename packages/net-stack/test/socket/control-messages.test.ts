import { Errno } from "@dcejs/lkl-kernel";
import type { Wait } from "@dcejs/lkl-kernel";
import { expect, test } from "vitest";
import { SOCK_DGRAM } from "../../src/index.ts";
import type { MsgHdr, Socket } from "../../src/index.ts";
import { at, int, ip, routedNetwork, withNetwork } from "../host/network.ts";
import type { Node } from "../host/network.ts";

const MSG_CTRUNC = 8;
const SOL_IP = 0;
const SOL_SOCKET = 1;
const IP_TOS = 1;
const IP_TTL = 2;
const IP_PKTINFO = 8;
const IP_RECVTTL = 12;
const IP_RECVTOS = 13;
const IP_ORIGDSTADDR = 20;
const SO_TIMESTAMP_OLD = 29;
const SO_TIMESTAMPNS_NEW = 64;
const MS = 1_000_000;

type Message = readonly [level: number, type: number, data: Uint8Array];

/** struct cmsghdr and data, one behind the other. */
function control(...messages: readonly Message[]): Uint8Array {
  const octets: number[] = [];
  for (const [level, type, data] of messages) {
    for (const word of [12 + data.length, level, type]) octets.push(...int(word));
    octets.push(...data);
    while (octets.length % 4 !== 0) octets.push(0);
  }
  return Uint8Array.from(octets);
}

/** As [level, type, …data]. */
function parsed(bytes: Uint8Array): number[][] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const found: number[][] = [];
  for (let from = 0; from + 12 <= bytes.length; ) {
    const length = view.getUint32(from, true);
    const data = bytes.subarray(from + 12, from + length);
    found.push([view.getInt32(from + 4, true), view.getInt32(from + 8, true), ...data]);
    from += (length + 3) & ~3;
  }
  return found;
}

function header(fields: Partial<MsgHdr>): MsgHdr {
  return {
    msg_name: undefined,
    msg_namelen: fields.msg_name?.length ?? 0,
    msg_iov: [new Uint8Array(3)],
    msg_control: undefined,
    msg_controllen: fields.msg_control?.length ?? 0,
    msg_flags: 0,
    ...fields,
  };
}

function* send(node: Node, socket: Socket, to: Uint8Array, bytes?: Uint8Array): Wait {
  return yield* node.do(() => socket.sendmsg(header({ msg_name: to, msg_control: bytes }), 0));
}

/** @returns the control messages and the flags of the next datagram */
function* receive(node: Node, socket: Socket, room: number): Wait<[number[][], number]> {
  const msg = header({ msg_control: new Uint8Array(room), msg_controllen: room });
  expect(yield* node.do(() => socket.recvmsg(msg, 0))).toBe(3);
  return [
    parsed(msg.msg_control?.subarray(0, msg.msg_controllen) ?? new Uint8Array(0)),
    msg.msg_flags,
  ];
}

/** A receiver at 10.0.1.1 behind a router, with these options, and a sender at 10.0.0.1. */
function behindRouter(
  options: readonly (readonly [level: number, name: number])[],
  body: (made: {
    readonly sender: Socket;
    readonly receiver: Socket;
    readonly client: Node;
    readonly server: Node;
  }) => Wait<void>,
): void {
  withNetwork(function* (network) {
    const { client, server } = yield* routedNetwork(network);
    const sender = yield* client.socket(SOCK_DGRAM);
    const receiver = yield* server.socket(SOCK_DGRAM);
    yield* server.do(() => {
      expect(receiver.bind(at("0.0.0.0", 5000))).toBe(0);
      for (const [level, name] of options) {
        expect(receiver.setsockopt(level, name, int(1))).toBe(0);
        const out = new Uint8Array(4);
        expect([receiver.getsockopt(level, name, out), out[0]]).toEqual([4, 1]);
      }
    });
    yield* body({ sender, receiver, client, server });
    yield* client.close(sender);
    yield* server.close(receiver);
  });
}

const TO = at("10.0.1.1", 5000);

test("a receiver is told interface, TTL, TOS and destination, if it asked for them", () => {
  const options = [IP_PKTINFO, IP_RECVTTL, IP_RECVTOS, IP_ORIGDSTADDR].map(
    (name) => [SOL_IP, name] as const,
  );
  behindRouter(options, function* ({ sender, receiver, client, server }) {
    const { ifindex = 0 } = server.net.ip_dev_find(ip("10.0.1.1")) ?? {};
    yield* client.do(() => sender.setsockopt(SOL_IP, IP_TOS, int(0x10)));
    yield* send(client, sender, TO);
    const [messages, flags] = yield* receive(server, receiver, 200);
    expect(messages).toEqual([
      [SOL_IP, IP_PKTINFO, ifindex, 0, 0, 0, 10, 0, 1, 1, 10, 0, 1, 1],
      [SOL_IP, IP_TTL, 63, 0, 0, 0],
      [SOL_IP, IP_TOS, 0x10],
      [SOL_IP, IP_ORIGDSTADDR, 2, 0, 5000 >> 8, 5000 & 255, 10, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0],
    ]);
    expect(flags).toBe(0);
  });
});

test("what finds no room is cut off, and MSG_CTRUNC tells it", () => {
  const options = [IP_PKTINFO, IP_RECVTTL].map((name) => [SOL_IP, name] as const);
  behindRouter(options, function* ({ sender, receiver, client, server }) {
    for (const [room, types] of [
      [0, []],
      [11, []],
      [20, [IP_PKTINFO]],
      [24, [IP_PKTINFO]],
      [40, [IP_PKTINFO, IP_TTL]],
    ] as const) {
      yield* send(client, sender, TO);
      const [messages, flags] = yield* receive(server, receiver, room);
      expect(messages.map(([, type]) => type)).toEqual(types);
      expect(flags).toBe(room === 40 ? 0 : MSG_CTRUNC);
    }
  });
});

test("SO_TIMESTAMP tells when the packet came, not when it is read", () => {
  for (const [name, octets] of [
    [SO_TIMESTAMP_OLD, 8],
    [SO_TIMESTAMPNS_NEW, 16],
  ] as const) {
    behindRouter([[SOL_SOCKET, name]], function* ({ sender, receiver, client, server }) {
      yield* send(client, sender, TO);
      const sent = client.kernel.ktime_get();
      const { network } = server;
      yield* network.sleep(500 * MS);
      const [[message = []]] = yield* receive(server, receiver, 100);
      expect(message.slice(0, 2)).toEqual([SOL_SOCKET, name]);
      expect(message.length).toBe(2 + octets);
      const view = new DataView(Uint8Array.from(message.slice(2)).buffer);
      const fraction = view.getUint32(octets / 2, true) * (octets === 8 ? 1000 : 1);
      const time = view.getUint32(0, true) * 1e9 + fraction;
      expect(time).toBeGreaterThan(sent - 1000);
      expect(time).toBeLessThan(sent + MS);
    });
  }
});

test("control messages of a sender say TTL, TOS, interface and source of one datagram", () => {
  const options = [IP_RECVTTL, IP_RECVTOS].map((name) => [SOL_IP, name] as const);
  behindRouter(options, function* ({ sender, receiver, client, server }) {
    const eth = client.net.ip_dev_find(ip("10.0.0.1"));
    if (eth === undefined) throw new Error("the client has no card");
    yield* client.do(() =>
      client.net.rtnl.addr_add({
        ifindex: eth.ifindex,
        local: ip("10.0.0.7"),
        prefixLength: 24,
        broadcast: 0,
      }),
    );
    const pktinfo = Uint8Array.of(...int(eth.ifindex), 10, 0, 0, 7, 0, 0, 0, 0);
    const bytes = control(
      [SOL_IP, IP_TTL, int(9)],
      [SOL_IP, IP_TOS, Uint8Array.of(0x20)],
      [SOL_IP, IP_PKTINFO, pktinfo],
      // Another family's: passed over.
      [41, 1, int(1)],
    );
    expect(yield* send(client, sender, TO, bytes)).toBe(3);
    const from = new Uint8Array(16);
    const room = new Uint8Array(64);
    const msg = header({ msg_name: from, msg_control: room, msg_controllen: 64 });
    expect(yield* server.do(() => receiver.recvmsg(msg, 0))).toBe(3);
    expect([...from.subarray(4, 8)]).toEqual([10, 0, 0, 7]);
    expect(parsed(room.subarray(0, msg.msg_controllen))).toEqual([
      [SOL_IP, IP_TTL, 8, 0, 0, 0],
      [SOL_IP, IP_TOS, 0x20],
    ]);
    // The next one leaves as before.
    yield* send(client, sender, TO);
    const [messages] = yield* receive(server, receiver, 64);
    expect(messages).toEqual([
      [SOL_IP, IP_TTL, 63, 0, 0, 0],
      [SOL_IP, IP_TOS, 0],
    ]);
  });
});

test("control messages that are wrong are EINVAL, and nothing leaves", () => {
  behindRouter([], function* ({ sender, client, server }) {
    const wrong = [
      control([SOL_IP, IP_TTL, int(0)]),
      control([SOL_IP, IP_TTL, int(256)]),
      control([SOL_IP, IP_TTL, Uint8Array.of(9)]),
      control([SOL_IP, IP_TOS, new Uint8Array(2)]),
      control([SOL_IP, IP_PKTINFO, new Uint8Array(8)]),
      control([SOL_IP, 99, int(1)]),
      control([SOL_SOCKET, 99, int(1)]),
      control([17, 103, Uint8Array.of(100, 0)]),
      // A length shorter than the header, and one beyond the end.
      Uint8Array.of(...int(11), ...int(0), ...int(2), ...int(9)),
      Uint8Array.of(...int(17), ...int(0), ...int(2), ...int(9)),
    ];
    for (const bytes of wrong) expect(yield* send(client, sender, TO, bytes)).toBe(-Errno.EINVAL);
    const foreign = Uint8Array.of(0, 0, 0, 0, 10, 9, 9, 9, 0, 0, 0, 0);
    const notOurs = control([SOL_IP, IP_PKTINFO, foreign]);
    expect(yield* send(client, sender, TO, notOurs)).toBe(-Errno.ENETUNREACH);
    expect(server.net.mib.ip.InReceives).toBe(0);
  });
});
