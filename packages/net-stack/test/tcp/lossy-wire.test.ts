import * as fc from "fast-check";
import { expect, test } from "vitest";
import { xorshift } from "./hosts.ts";
import { Pair, Transfer } from "./pair.ts";

const NOTHING_LEFT = {
  inFlight: 0,
  skbs: 0,
  buffers: 0,
  connections: 0,
  ports: 0,
  orphans: 0,
  timeWaits: 0,
  timers: 0,
};

const weather = fc.record({
  seed: fc.integer({ min: 1, max: 1e9 }),
  loss: fc.double({ min: 0, max: 0.1, noNaN: true }),
  duplicate: fc.double({ min: 0, max: 0.05, noNaN: true }),
  reorder: fc.double({ min: 0, max: 0.1, noNaN: true }),
  congestion: fc.constantFrom("reno", "cubic"),
  sack: fc.constantFrom(1, 1, 0),
  timestamps: fc.constantFrom(1, 1, 0),
  recovery: fc.constantFrom(1, 1, 0),
});

test("a file arrives intact over any wire, and nothing is left behind", () => {
  fc.assert(
    fc.property(weather, (w) => {
      const random = xorshift(w.seed);
      const chance = (p: number): boolean => random() / 2 ** 32 < p;
      const pair = new Pair({
        sysctl: {
          "net.ipv4.tcp_congestion_control": w.congestion,
          "net.ipv4.tcp_sack": w.sack,
          "net.ipv4.tcp_timestamps": w.timestamps,
          "net.ipv4.tcp_recovery": w.recovery,
        },
        fate: () => {
          if (chance(w.loss)) return [];
          const late = chance(w.reorder) ? random() % 20e6 : 0;
          return chance(w.duplicate) ? [late, late + (random() % 5e6)] : [late];
        },
      });
      const transfer = new Transfer(pair, 200_000).finish();
      expect(transfer.isDone).toBe(true);
      expect(transfer.receivedLength).toBe(transfer.sent.length);
      expect(Buffer.compare(transfer.received, transfer.sent)).toBe(0);
      expect(pair.leftovers()).toEqual(NOTHING_LEFT);
    }),
    { numRuns: 40 },
  );
});

test("the counters of the scoreboard equal the tags of the packets, after every segment", () => {
  const random = xorshift(7);
  const pair = new Pair({
    fate: () => (random() % 20 === 0 ? [] : random() % 10 === 0 ? [random() % 30e6] : [0]),
  });
  const transfer = new Transfer(pair, 500_000);
  const { clientSock: tp } = transfer;
  const receive = pair.client.receiveSkb.bind(pair.client);
  let checks = 0;
  pair.client.receiveSkb = (arrived) => {
    receive(arrived);
    const packets = Array.from({ length: tp.tcp_rtx_queue.length }, (_, i) =>
      tp.tcp_rtx_queue.at(i),
    );
    const tagged = (bit: number): number =>
      packets.filter((skb) => skb !== undefined && (skb.sacked & bit) !== 0).length;
    expect([tp.packets_out, tp.sacked_out, tp.retrans_out, tp.lost_out]).toEqual([
      packets.length,
      tagged(1),
      tagged(2),
      tagged(4),
    ]);
    const ends = packets.map((skb) => skb?.end_seq);
    expect(packets.slice(1).map((skb) => skb?.seq)).toEqual(ends.slice(0, -1));
    checks++;
  };
  transfer.finish();
  expect(checks).toBeGreaterThan(100);
  expect(Buffer.compare(transfer.received, transfer.sent)).toBe(0);
});
