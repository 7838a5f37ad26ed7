import { expect, test } from "vitest";
import { Pair, Transfer } from "./pair.ts";

/** Share of a 10 Mbit/s wire that is payload: 1448 of 1514 + 24 octets. */
const PAYLOAD_MBPS = (10 * 1448) / 1538;

test("one connection fills 10 Mbit/s with a round trip of 20 ms", () => {
  const transfer = new Transfer(new Pair(), 5e6).finish();
  expect(transfer.mbps).toBeGreaterThan(0.95 * PAYLOAD_MBPS);
  expect(transfer.clientSock.total_retrans).toBe(0);
});

test("the buffers grow until a path of 100 Mbit/s and 100 ms is filled", () => {
  const pair = new Pair({ rate: 100e6, delay: 50e6 });
  const transfer = new Transfer(pair, 25e6).finish();
  expect(transfer.mbps).toBeGreaterThan(60);
  expect(transfer.serverSock?.sk_rcvbuf).toBeGreaterThan(1e6);
});

test("Reno halves its window on a loss and grows by a segment each round trip", () => {
  const pair = new Pair({
    rate: 0,
    delay: 50e6,
    sysctl: { "net.ipv4.tcp_congestion_control": "reno" },
    fate: (packet, direction) => (direction === 0 && packet === 300 ? [] : [0]),
  });
  const transfer = new Transfer(pair, 3e6);
  pair.run(1.4);
  const before = transfer.clientSock.snd.ssthresh;
  const { cwnd } = transfer.clientSock.snd;
  pair.run(0.5);
  const grown = transfer.clientSock.snd.cwnd - cwnd;
  expect(before).toBeLessThan(0x7fffffff);
  expect(grown).toBeGreaterThanOrEqual(3);
  expect(grown).toBeLessThanOrEqual(6);
  transfer.finish();
  expect(transfer.clientSock.total_retrans).toBe(1);
});

test("CUBIC keeps seven tenths of its window on a loss", () => {
  const pair = new Pair({
    rate: 0,
    delay: 50e6,
    fate: (packet, direction) => (direction === 0 && packet === 300 ? [] : [0]),
  });
  const transfer = new Transfer(pair, 3e6);
  const { tcpExt } = pair.client.net.mib;
  for (let i = 0; i < 200 && tcpExt.TCPSackRecovery === 0; i++) pair.run(0.01);
  const { prior_cwnd, snd } = transfer.clientSock;
  expect(snd.ssthresh / prior_cwnd).toBeCloseTo(0.7, 1);
  transfer.finish();
  expect(transfer.isDone).toBe(true);
});
