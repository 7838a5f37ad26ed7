import { Errno } from "@dcejs/lkl-kernel";
import { expect, test } from "vitest";
import { Wire, message } from "./wire.ts";

const MSG_NOSIGNAL = 0x4000;
const SHUT_WR = 1;
const SIGPIPE = 13;

/** An accepted connection whose program keeps the signals that it gets. */
function connection(): { readonly wire: Wire; readonly signals: number[] } {
  const signals: number[] = [];
  const current = { euid: 0, egid: 0, send_sig: (signal: number) => void signals.push(signal) };
  return { wire: Wire.accepted({ current }), signals };
}

test("send() after shutdown(SHUT_WR) is EPIPE and SIGPIPE, with MSG_NOSIGNAL the error alone", () => {
  const { wire, signals } = connection();
  const { socket } = wire;
  wire.call(() => socket.shutdown(SHUT_WR));
  expect(wire.send(1, MSG_NOSIGNAL)).toBe(-Errno.EPIPE);
  expect(signals).toEqual([]);
  expect(wire.send(1)).toBe(-Errno.EPIPE);
  expect(signals).toEqual([SIGPIPE]);
});

test("a socket that was never connected is a broken pipe", () => {
  const { wire, signals } = connection();
  wire.socket = wire.newSocket();
  expect(wire.send(1)).toBe(-Errno.EPIPE);
  expect(signals).toEqual([SIGPIPE]);
});

test("a reset is told first, without a signal; the next send() is a broken pipe", () => {
  const { wire, signals } = connection();
  wire.inject("R. 1:1(0) ack 1 win 0");
  expect(wire.send(1)).toBe(-Errno.ECONNRESET);
  expect(signals).toEqual([]);
  expect(wire.send(1)).toBe(-Errno.EPIPE);
  expect(signals).toEqual([SIGPIPE]);
});

test("a reset after the peer's FIN is EPIPE, and a signal at once", () => {
  const { wire, signals } = connection();
  wire.inject("F. 1:1(0) ack 1 win 1000");
  expect(wire.send(1)).toBe(1);
  wire.inject("R 2:2(0)");
  expect(wire.send(1)).toBe(-Errno.EPIPE);
  expect(signals).toEqual([SIGPIPE]);
});

test("who sleeps for room when the connection is shut down gets the signal, unless some octets went", () => {
  for (const [more, result, expected] of [
    [10, -Errno.EPIPE, [SIGPIPE]],
    [10_000_000, "some octets", []],
  ] as const) {
    const { wire, signals } = connection();
    const { socket, host } = wire;
    const isFull = more === 10;
    if (isFull) while (wire.send(1000) > 0);
    let sent: number | undefined;
    host.program("writer", function* (enter) {
      sent = yield* enter(() => socket.sendmsg(message(new Uint8Array(more)), 0));
    });
    wire.run(0.1);
    expect([sent, signals]).toEqual([undefined, []]);
    wire.call(() => socket.shutdown(SHUT_WR));
    wire.run(0.1);
    expect([isFull ? sent : Number(sent) > 0 && "some octets", signals]).toEqual([
      result,
      expected,
    ]);
  }
});
