import type { Posix } from "@dcejs/dce-glue";
import type { ConformanceTest } from "../conformance-test.ts";
import { fails, same } from "../expectation.ts";
import { connectTo } from "../program/stream.ts";
import {
  ACK,
  FIN,
  ipv4Frame,
  type Packet,
  type Pair,
  PSH,
  RST,
  SYN,
  tcp,
  type TcpFields,
} from "../testbed/index.ts";
import { LEFT, RIGHT } from "../testbed/topology.ts";
import { acceptOne, dialogue, PORT } from "./kinds.ts";

const INJECTED_AT = "100ms";
const INJECTED_NS = 100e6;
const MEGABYTE = 1_000_000;

/** What left would take next of right, and where. */
interface Edge {
  readonly leftPort: number;
  /** Sequence number that left expects. */
  readonly next: number;
  /** Sequence number that left sends next. */
  readonly ack: number;
}

function edgeOf({ left, wire }: Pair): Edge {
  const last = wire.sent(left, (packet) => packet.has(ACK)).at(-1)?.tcp;
  if (last === undefined) throw new TypeError("there is no connection");
  return { leftPort: last.sourcePort, next: last.ack, ack: (last.seq + last.data.length) >>> 0 };
}

/** A segment that looks as if right had sent it to left. */
function forge({ left, right }: Pair, edge: Edge, fields: Partial<TcpFields>): Uint8Array {
  const segment = tcp(RIGHT, LEFT, {
    sourcePort: PORT,
    destinationPort: edge.leftPort,
    seq: edge.next,
    ack: edge.ack,
    flags: ACK,
    ...fields,
  });
  const header = { source: RIGHT, destination: LEFT, protocol: 6 };
  return ipv4Frame(left.mac(), right.mac(), header, segment);
}

/** A quiet connection, into which something is injected; what left answers, and whether it lives. */
function injection(
  name: string,
  source: string,
  fields: (edge: Edge) => Partial<TcpFields>,
  isAnswered: boolean | "maybe",
): ConformanceTest {
  return dialogue(name, source, {
    prepare: (made, bed) => {
      // Without timestamps a forged segment needs none.
      for (const host of [made.left, made.right]) host.sysctl("net.ipv4.tcp_timestamps", 0);
      bed.at(INJECTED_AT, () => {
        const edge = edgeOf(made);
        made.wire.inject(made.left, forge(made, edge, fields(edge)));
      });
    },
    right: async (posix) => {
      const socket = await acceptOne(posix);
      await posix.usleep(300_000);
      await posix.send(socket, "alive");
      same(await posix.recv(socket, new Uint8Array(9)), 0, "the end");
    },
    left: async (posix) => {
      const socket = await connectTo(posix, RIGHT, PORT);
      const buffer = new Uint8Array(9);
      same(await posix.recv(socket, buffer), 5, "octets");
      same(new TextDecoder().decode(buffer.subarray(0, 5)), "alive", "text");
    },
    after: (made) => {
      const [answer, ...more] = answersOf(made);
      same(more, [], "more answers");
      if (isAnswered !== "maybe") same(answer !== undefined, isAnswered, "whether it is answered");
      if (answer === undefined) return;
      same(answer.tcp?.flags, ACK, "flags of the answer");
      same([answer.tcp?.seq, answer.tcp?.ack], Object.values(numbersOf(made)), "its numbers");
    },
  });
}

/** What left sent between the injection and right's own data. */
function answersOf({ left, wire }: Pair): Packet[] {
  return wire.sent(
    left,
    ({ tcp: segment, time }) =>
      segment !== undefined && time >= INJECTED_NS && time < 2 * INJECTED_NS,
  );
}

/** The numbers of left's last segment before the injection. */
function numbersOf({ left, wire }: Pair): { seq: number | undefined; ack: number | undefined } {
  const last = wire.sent(left, (packet) => packet.has(ACK) && packet.time < INJECTED_NS).at(-1);
  return { seq: last?.tcp?.seq, ack: last?.tcp?.ack };
}

async function acceptAndWait(posix: Posix): Promise<void> {
  await acceptOne(posix);
  await posix.usleep(300_000);
}

export const tcpInjectionTests: readonly ConformanceTest[] = [
  injection(
    "reset_outside",
    "RFC 5961 3.2: a RST outside of the window is dropped, silently",
    ({ next }) => ({ flags: RST, seq: (next + MEGABYTE) >>> 0 }),
    false,
  ),
  injection(
    "reset_inside",
    "RFC 5961 3.2: a RST in the window, but not where the next octet is, gets a challenge ACK",
    ({ next }) => ({ flags: RST, seq: (next + 100) >>> 0 }),
    true,
  ),
  injection(
    "syn_inside",
    "RFC 5961 4.2: a SYN for a connection that is there gets a challenge ACK",
    () => ({ flags: SYN }),
    true,
  ),
  injection(
    "ack_of_the_future",
    "RFC 9293 3.10.7.4: data with an ACK of what was not sent is dropped (newer releases also answer)",
    ({ ack }) => ({ ack: (ack + 1000) >>> 0, data: Uint8Array.of(120) }),
    "maybe",
  ),
  injection(
    "ack_of_the_past",
    "RFC 5961 5.2: data with an ACK that is older than any window gets a challenge ACK",
    ({ ack }) => ({ ack: (ack - 10 * MEGABYTE) >>> 0, data: Uint8Array.of(120), flags: ACK | PSH }),
    true,
  ),
  injection(
    "data_outside",
    "RFC 9293 3.10.7.4: data outside of the window is answered by an ACK, and dropped",
    ({ next }) => ({ seq: (next + MEGABYTE) >>> 0, data: Uint8Array.of(120) }),
    true,
  ),
  injection(
    "fin_outside",
    "RFC 9293 3.10.7.4: a FIN outside of the window ends nothing",
    ({ next }) => ({ seq: (next + MEGABYTE) >>> 0, flags: FIN | ACK }),
    true,
  ),
  dialogue(
    "reset_exact",
    "RFC 9293 3.10.7.4, RFC 5961 3.2: a RST where the next octet is ends the connection",
    {
      prepare: (made, bed) => {
        for (const host of [made.left, made.right]) host.sysctl("net.ipv4.tcp_timestamps", 0);
        bed.at(INJECTED_AT, () => {
          const edge = edgeOf(made);
          made.wire.inject(made.left, forge(made, edge, { flags: RST, seq: edge.next }));
        });
      },
      right: acceptAndWait,
      left: async (posix) => {
        const socket = await connectTo(posix, RIGHT, PORT);
        await fails("ECONNRESET", () => posix.recv(socket, new Uint8Array(1)), "recv");
      },
      after: (made) => same(answersOf(made), [], "answers"),
    },
  ),
];
