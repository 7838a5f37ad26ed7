import { expect, test } from "vitest";
import { Simulator, type TraceRecord } from "../src/index.ts";
import { ms } from "./ms.ts";

test("a tracepoint is off until a pattern enables it and a sink listens", () => {
  const { tracer } = new Simulator();
  const probe = tracer.tracepoint("tcp:tcp_probe");
  expect(probe.isEnabled).toBe(false);
  tracer.enable("tcp:*");
  expect(probe.isEnabled).toBe(false);
  tracer.onRecord(() => {});
  expect(probe.isEnabled).toBe(true);
  expect(tracer.tracepoint("tcp:tcp_reset").isEnabled).toBe(true);
  expect(tracer.tracepoint("udp:tcp:x").isEnabled).toBe(false);
});

test("a record has time, node, name and arguments", () => {
  const sim = new Simulator();
  const records: TraceRecord[] = [];
  sim.tracer.enable("net:net_dev_xmit");
  sim.tracer.onRecord((record) => records.push(record));
  const point = sim.tracer.tracepoint("net:net_dev_xmit");
  sim.scheduleWithContext(2, ms(1), () => point.emit("sim0", 1514, true));
  sim.runSync();
  expect(records).toEqual([
    { time: 1_000_000, context: 2, name: "net:net_dev_xmit", args: ["sim0", 1514, true] },
  ]);
});

test("names are those of all tracepoints, and each name is one object", () => {
  const { tracer } = new Simulator();
  const b = tracer.tracepoint("b:b");
  tracer.tracepoint("a:a");
  expect(tracer.tracepoint("b:b")).toBe(b);
  expect(tracer.names).toEqual(["a:a", "b:b"]);
});

test("characters of a pattern other than * stand for themselves", () => {
  const { tracer } = new Simulator();
  tracer.onRecord(() => {});
  tracer.enable("a.b:*");
  expect(tracer.tracepoint("axb:c").isEnabled).toBe(false);
  expect(tracer.tracepoint("a.b:c").isEnabled).toBe(true);
});
