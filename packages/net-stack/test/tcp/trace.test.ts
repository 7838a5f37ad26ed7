import type { Tracepoint } from "@dcejs/lkl-kernel";
import { expect, test } from "vitest";
import { Wire } from "./wire.ts";

/** A tracer that keeps what it is told. */
function recorder(): { make: (name: string) => Tracepoint; lines: string[] } {
  const lines: string[] = [];
  return {
    lines,
    make: (name) => ({
      name,
      isEnabled: true,
      emit: (...args) => lines.push(`${name} ${args.join(" ")}`),
    }),
  };
}

test("state changes, retransmissions, resets and ACKs can be traced", () => {
  const { make, lines } = recorder();
  const wire = Wire.accepted({ rtt: 0.01, tracepoint: make });
  wire.send(1000);
  wire.run(0.5);
  wire.inject(". 1:1(0) ack 1001 win 1000");
  wire.inject("P. 1:101(100) ack 1001 win 1000");
  wire.close();
  const states = lines.filter((line) => line.startsWith("sock:inet_sock_set_state"));
  expect(states.map((line) => line.split(" ").slice(1, 3).join(" → "))).toEqual([
    "CLOSE → LISTEN",
    "SYN_RECV → ESTABLISHED",
    "ESTABLISHED → CLOSE",
  ]);
  const named = (name: string): number => lines.filter((line) => line.startsWith(name)).length;
  expect(named("tcp:tcp_retransmit_skb")).toBeGreaterThan(0);
  expect(named("tcp:tcp_probe")).toBeGreaterThan(0);
  expect(named("tcp:tcp_send_reset")).toBe(1);
});
