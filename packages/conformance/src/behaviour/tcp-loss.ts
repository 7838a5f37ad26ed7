import {
  IPPROTO_TCP,
  type Posix,
  SOL_SOCKET,
  SO_RCVBUF,
  TCP_INFO,
  TCP_KEEPCNT,
  TCP_KEEPIDLE,
  TCP_KEEPINTVL,
  TCP_USER_TIMEOUT,
} from "@dcejs/dce-glue";
import type { ConformanceTest } from "../conformance-test.ts";
import { between, fails, holds, same, timed } from "../expectation.ts";
import { connectTo, expectPattern, listenAt, receiveText, sendPattern } from "../program/stream.ts";
import {
  ACK,
  ipv4Frame,
  type Packet,
  type Pair,
  RST,
  SYN,
  tcp,
  type Testbed,
} from "../testbed/index.ts";
import { LEFT, RIGHT } from "../testbed/topology.ts";
import { acceptOne, dialogue, durationOf, PORT } from "./kinds.ts";

const SECOND = 1e9;
const STREAM_OCTETS = 100_000;

function dataOf({ left, wire }: Pair): Packet[] {
  return wire.sent(left, (packet) => (packet.tcp?.data.length ?? 0) > 0);
}

/** From then on the cable loses everything. */
function cutAt(time: string): (made: Pair, bed: Testbed) => void {
  return ({ wire }, bed) => {
    bed.at(time, () => {
      wire.passes = () => false;
    });
  };
}

async function acceptAndSleep(posix: Posix): Promise<void> {
  await acceptOne(posix);
  await posix.sleep(60);
}

async function receiveStream(posix: Posix): Promise<void> {
  await expectPattern(posix, await acceptOne(posix), STREAM_OCTETS);
}

async function sendStream(posix: Posix): Promise<void> {
  await sendPattern(posix, await connectTo(posix, RIGHT, PORT), STREAM_OCTETS);
}

const deadPeerTests: readonly ConformanceTest[] = [
  dialogue(
    "keepalive",
    "RFC 1122 4.2.3.6, tcp(7): probes after TCP_KEEPIDLE, each TCP_KEEPINTVL, TCP_KEEPCNT times",
    {
      right: acceptAndSleep,
      left: async (posix) => {
        const socket = await connectTo(posix, RIGHT, PORT);
        await posix.setsockopt(socket, IPPROTO_TCP, TCP_KEEPIDLE, 4);
        await posix.setsockopt(socket, IPPROTO_TCP, TCP_KEEPINTVL, 2);
        await posix.setsockopt(socket, IPPROTO_TCP, TCP_KEEPCNT, 3);
        await posix.setKeepAlive(socket, true);
        const took = await durationOf(posix, () =>
          fails("ETIMEDOUT", () => posix.recv(socket, new Uint8Array(1)), "recv"),
        );
        timed(took, 10 * SECOND, "time until ETIMEDOUT");
      },
      prepare: cutAt("100ms"),
      after: ({ left, wire }) => {
        const segments = wire.sent(left, (packet) => packet.tcp !== undefined);
        const [syn] = segments;
        const probes = segments.filter(({ time }) => time > SECOND);
        same(probes.filter((packet) => !packet.has(RST)).length, 3, "probes");
        // One octet before what is next: the SYN's own number, as nothing was sent.
        same(probes[0]?.tcp?.seq, syn?.tcp?.seq, "sequence number of a probe");
        same(probes[0]?.tcp?.data.length, 0, "octets of a probe");
      },
    },
  ),
  dialogue("keepalive_answered", "RFC 1122 4.2.3.6: probes that are answered keep the connection", {
    right: acceptAndSleep,
    left: async (posix) => {
      const socket = await connectTo(posix, RIGHT, PORT);
      await posix.setsockopt(socket, IPPROTO_TCP, TCP_KEEPIDLE, 1);
      await posix.setsockopt(socket, IPPROTO_TCP, TCP_KEEPINTVL, 1);
      await posix.setsockopt(socket, IPPROTO_TCP, TCP_KEEPCNT, 1);
      await posix.setKeepAlive(socket, true);
      await posix.sleep(20);
      same(await posix.send(socket, "x"), 1, "send");
    },
    after: ({ left, wire }) => {
      const segments = wire.sent(left, (packet) => packet.tcp !== undefined);
      const seq = segments[0]?.tcp?.seq;
      const probes = segments.slice(1).filter((packet) => packet.tcp?.seq === seq);
      between(probes.length, 15, 20, "probes in 20 s");
    },
  }),
  dialogue(
    "user_timeout",
    "tcp(7) TCP_USER_TIMEOUT: data that is not acknowledged for so long ends it: ETIMEDOUT",
    {
      right: acceptAndSleep,
      left: async (posix) => {
        const socket = await connectTo(posix, RIGHT, PORT);
        await posix.setsockopt(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, 3000);
        await posix.usleep(200_000);
        await posix.send(socket, "lost");
        const took = await durationOf(posix, () =>
          fails("ETIMEDOUT", () => posix.recv(socket, new Uint8Array(1)), "recv"),
        );
        between(took, 2.9 * SECOND, 3.6 * SECOND, "nanoseconds until ETIMEDOUT");
      },
      prepare: cutAt("100ms"),
    },
  ),
  dialogue(
    "retransmission_backoff",
    "RFC 6298 5.5: the time-out doubles; tcp(7) tcp_retries2 ends it: ETIMEDOUT",
    {
      right: acceptAndSleep,
      left: async (posix) => {
        const socket = await connectTo(posix, RIGHT, PORT);
        await posix.usleep(200_000);
        await posix.send(socket, "lost");
        await fails("ETIMEDOUT", () => posix.recv(socket, new Uint8Array(1)), "recv");
      },
      prepare: (made, bed) => {
        // Without tail loss probes the first time-out is the RTO.
        made.left.sysctl("net.ipv4.tcp_early_retrans", 0);
        made.left.sysctl("net.ipv4.tcp_retries2", 5);
        cutAt("100ms")(made, bed);
      },
      after: (made) => {
        const times = dataOf(made).map(({ time }) => time);
        same(times.length, 6, "times that the segment was sent");
        const gaps = times.slice(1).map((time, index) => time - (times[index] ?? 0));
        between(gaps[0] ?? 0, 200e6, 240e6, "nanoseconds of the first time-out");
        for (const [index, gap] of gaps.entries()) {
          timed(gap, 202e6 * 2 ** index, `time-out ${index + 1}`);
        }
      },
    },
  ),
  dialogue(
    "icmp_is_soft",
    "RFC 1122 4.2.3.9: host unreachable does not end a connection that is there",
    {
      right: async (posix) => {
        same(await receiveText(posix, await acceptOne(posix), 3), "abc", "text");
      },
      left: async (posix) => {
        const socket = await connectTo(posix, RIGHT, PORT);
        await posix.usleep(300_000);
        await posix.send(socket, "abc");
        await posix.usleep(300_000);
      },
      prepare: ({ left, right, wire }, bed) => {
        bed.at("100ms", () => {
          const [segment] = wire.sent(left, (packet) => packet.has(ACK));
          if (segment === undefined) return;
          const message = new Uint8Array(8 + 28);
          message.set([3, 1], 0);
          message.set(segment.bytes.subarray(14, 14 + 28), 8);
          wire.inject(
            left,
            ipv4Frame(
              left.mac(),
              right.mac(),
              { source: RIGHT, destination: LEFT, protocol: 1 },
              checked(message),
            ),
          );
        });
      },
    },
  ),
];

/** With its ICMP checksum. */
function checked(message: Uint8Array): Uint8Array {
  let sum = 0;
  for (let i = 0; i < message.length; i += 2)
    sum += ((message[i] ?? 0) << 8) | (message[i + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  message.set([(~sum >> 8) & 0xff, ~sum & 0xff], 2);
  return message;
}

const recoveryTests: readonly ConformanceTest[] = [
  dialogue(
    "fast_retransmit",
    "RFC 5681 3.2, RFC 6675: a segment that is lost in a stream is sent again within a few round trips",
    {
      hosts: { wire: { rate: "100Mbps" } },
      right: receiveStream,
      left: sendStream,
      prepare: ({ wire }) => {
        let segments = 0;
        wire.passes = (packet) => {
          if (packet.from !== "left" || (packet.tcp?.data.length ?? 0) === 0) return true;
          segments++;
          return segments !== 20;
        };
      },
      after: (made) => {
        const sent = new Map<number, number[]>();
        for (const { tcp: segment, time } of dataOf(made)) {
          const seq = segment?.seq ?? 0;
          sent.set(seq, [...(sent.get(seq) ?? []), time]);
        }
        const again = [...sent.values()].filter((times) => times.length > 1);
        same(again.length, 1, "segments that were sent more than once");
        const [first = 0, second = 0] = again[0] ?? [];
        between(second - first, 2e6, 20e6, "nanoseconds between");
      },
    },
  ),
  dialogue(
    "tail_loss",
    "RFC 8985 7: the last two segments, lost, are probed for after two round trips, not after 200 ms",
    {
      hosts: { wire: { rate: "100Mbps" } },
      right: receiveStream,
      left: sendStream,
      prepare: ({ wire }) => {
        const lost = new Set<number>();
        let first: number | undefined;
        wire.passes = ({ from, tcp: segment }) => {
          if (from !== "left" || segment === undefined) return true;
          first ??= segment.seq;
          const isTail = ((segment.seq - first) | 0) > STREAM_OCTETS - 2 * 1448;
          if (!isTail || lost.has(segment.seq)) return true;
          lost.add(segment.seq);
          return false;
        };
      },
      after: (made) => {
        const segments = dataOf(made);
        const highest = Math.max(...segments.map(({ tcp: segment }) => segment?.seq ?? 0));
        const last = segments.filter(({ tcp: segment }) => segment?.seq === highest);
        holds(last.length >= 2, "the last segment is sent again");
        between((last[1]?.time ?? 0) - (last[0]?.time ?? 0), 2e6, 60e6, "nanoseconds between");
      },
    },
  ),
  dialogue(
    "loss_both_ways",
    "RFC 9293 3.8.1: five frames of a hundred lost each way, and every octet arrives",
    {
      hosts: { wire: { rate: "100Mbps", loss: 0.05 } },
      right: receiveStream,
      left: sendStream,
    },
  ),
  dialogue("duplicates", "RFC 9293 3.10.7.4: segments that come twice are taken once", {
    hosts: { wire: { rate: "100Mbps", duplicate: 0.3 } },
    right: receiveStream,
    left: sendStream,
  }),
  dialogue("reordering", "RFC 9293 3.10.7.4: segments that overtake others are put in order", {
    hosts: { wire: { rate: "100Mbps", delay: "5ms", reorder: { probability: 0.2, delay: "4ms" } } },
    right: receiveStream,
    left: sendStream,
  }),
  dialogue("corruption", "RFC 9293 3.1: a segment whose checksum is wrong is counted and dropped", {
    right: receiveStream,
    left: sendStream,
    prepare: ({ left, right, wire }, bed) => {
      const segment = tcp(LEFT, RIGHT, {
        sourcePort: 1,
        destinationPort: PORT,
        seq: 1,
        flags: SYN,
      });
      segment[16] = (segment[16] ?? 0) ^ 0xff;
      const frame = ipv4Frame(
        right.mac(),
        left.mac(),
        { source: LEFT, destination: RIGHT, protocol: 6 },
        segment,
      );
      bed.at("10ms", () => wire.inject(right, frame));
    },
    after: ({ right, wire }) => {
      same(
        wire.sent(right, ({ tcp: answer }) => answer?.destinationPort === 1),
        [],
        "answers",
      );
      const snmp = right.kernel.proc_read("/proc/net/snmp");
      const lines = String(snmp)
        .split("\n")
        .filter((line) => line.startsWith("Tcp:"));
      const [names = [], values = []] = lines.map((line) => line.split(/\s+/));
      same(values[names.indexOf("InCsumErrors")], "1", "Tcp InCsumErrors");
    },
  }),
];

const windowTests: readonly ConformanceTest[] = [
  dialogue("zero_window", "RFC 9293 3.8.6.1: a window of 0 is probed, and opens again", {
    right: async (posix) => {
      const listener = await listenAt(posix, PORT);
      await posix.setsockopt(listener, SOL_SOCKET, SO_RCVBUF, 8192);
      const socket = await posix.accept(listener);
      await posix.sleep(5);
      await expectPattern(posix, socket, STREAM_OCTETS);
    },
    left: sendStream,
    after: ({ right, wire }) => {
      const closed = wire.sent(right, (packet) => packet.has(ACK) && packet.tcp?.window === 0);
      between(
        closed.length,
        3,
        12,
        "ACKs with a window of 0: the first, and the answers to probes",
      );
    },
  }),
  dialogue(
    "window_scale",
    "RFC 7323 2: more than 64 KiB are under way when the round trip is long",
    {
      hosts: { wire: { rate: "1Gbps", delay: "50ms" } },
      right: async (posix) => {
        await expectPattern(posix, await acceptOne(posix), 2_000_000);
      },
      left: async (posix) => {
        await sendPattern(posix, await connectTo(posix, RIGHT, PORT), 2_000_000);
      },
      after: (made) => {
        const { right, wire } = made;
        const segments = dataOf(made);
        let highest = 0;
        for (const { time, tcp: segment } of segments) {
          const acks = wire.packets.filter(
            (one) => one.from === right.name && one.time <= time - 50e6,
          );
          const acked = acks.at(-1)?.tcp?.ack ?? segment?.seq ?? 0;
          highest = Math.max(highest, ((segment?.seq ?? 0) - acked) | 0);
        }
        holds(highest > 65_536, `most octets under way: ${highest}`);
      },
    },
  ),
  dialogue("tcp_info", "tcp(7) TCP_INFO: state, options, MSS, round trip time", {
    right: async (posix) => {
      const socket = await acceptOne(posix);
      await posix.recv(socket, new Uint8Array(1));
      await posix.close(socket);
    },
    left: async (posix) => {
      const socket = await connectTo(posix, RIGHT, PORT);
      const before = await posix.getsockoptBytes(socket, IPPROTO_TCP, TCP_INFO, 104);
      const view = new DataView(before.buffer, before.byteOffset);
      same(before[0], 1, "state: ESTABLISHED");
      same((before[5] ?? 0) & 7, 7, "options: timestamps, SACK, window scale");
      same(view.getUint32(16, true), 1448, "tcpi_snd_mss");
      between(view.getUint32(68, true), 1900, 4200, "tcpi_rtt in µs");
      await posix.send(socket, "x");
      await posix.usleep(10_000);
      const after = await posix.getsockoptBytes(socket, IPPROTO_TCP, TCP_INFO, 104);
      same(after[0], 8, "state: CLOSE_WAIT");
    },
  }),
];

export const tcpLossTests: readonly ConformanceTest[] = [
  ...deadPeerTests,
  ...recoveryTests,
  ...windowTests,
];
