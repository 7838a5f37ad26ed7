import { expect, test } from "vitest";
import { Socket } from "../../src/socket/socket.ts";
import { LOCAL_PORT, Wire } from "./wire.ts";

/** Another peer's port. */
function from(wire: Wire, port: number): Wire {
  wire.peerPort = port;
  return wire;
}

function handshakeFrom(wire: Wire, port: number): string[] {
  from(wire, port);
  wire.forgetIss();
  wire.inject("S 0:0(0) win 65535 <mss 1000>");
  const answers = wire.sent();
  if (answers.length > 0) wire.inject(". 1:1(0) ack 1 win 1000");
  return answers;
}

test("a backlog of 1 holds two connections; then SYNs are dropped and counted", () => {
  const wire = new Wire().listen(1, LOCAL_PORT);
  expect(handshakeFrom(wire, 1001).length).toBe(1);
  expect(handshakeFrom(wire, 1002).length).toBe(1);
  expect(handshakeFrom(wire, 1003).length).toBe(0);
  const { ListenOverflows, ListenDrops } = wire.host.net.mib.tcpExt;
  expect([ListenOverflows, ListenDrops]).toEqual([1, 1]);
  const listener = wire.socket;
  expect(wire.call(() => listener.accept(0o4000))).toBeInstanceOf(Socket);
  expect(handshakeFrom(wire, 1003).length).toBe(1);
});

test("the last ACK meets a full queue: it is ignored, or answered with tcp_abort_on_overflow", () => {
  for (const abort of [0, 1]) {
    const wire = new Wire({ sysctl: { "net.ipv4.tcp_abort_on_overflow": abort } }).listen(0);
    // Three half-open ones while the queue is empty.
    for (const port of [1001, 1002]) {
      from(wire, port);
      wire.inject("S 0:0(0) win 65535 <mss 1000>");
    }
    wire.sent();
    const { tcp } = wire.host;
    const requests = [...tcp.hashinfo.nodes()];
    expect(requests.length).toBe(2);
    for (const request of requests) {
      const isn = "snt_isn" in request ? Number(request.snt_isn) : 0;
      from(wire, request.inet_dport).setIss(isn >>> 0);
      wire.inject(". 1:1(0) ack 1 win 1000");
    }
    const { ListenOverflows } = wire.host.net.mib.tcpExt;
    expect([ListenOverflows, wire.sent()]).toEqual([1, abort === 1 ? ["R 1:1(0)"] : []]);
  }
});

test("close() of a listener resets who waits for accept(), and forgets the half-open", () => {
  const wire = new Wire().listen(5);
  handshakeFrom(wire, 1001);
  from(wire, 1002).forgetIss();
  wire.inject("S 0:0(0) win 65535 <mss 1000>");
  wire.sent();
  wire.close();
  expect(wire.sent().length).toBe(1);
  const { tcp, net } = wire.host;
  expect([tcp.hashinfo.size, net.skbPool.skbsLive]).toEqual([0, 0]);
  wire.run(100);
  expect(wire.sent()).toEqual([]);
});
