import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { instant, Simulator } from "@dcejs/core-sched";
import {
  captureToFiles,
  FramePool,
  MemorySink,
  PointToPointLink,
  type Port,
  startCapture,
} from "@dcejs/links";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readPcapng } from "./pcapng-reader.ts";
import { record } from "./recording-client.ts";
import { udpFrame } from "./udp-frame.ts";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "dcejs-links-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Two frames one way and one the other over 8 Mbit/s and 1 ms; each frame is 1000 octets, 1 ms. */
function talk(capture: (ports: readonly Port[]) => void, seed = 1): void {
  const simulator = new Simulator({ seed });
  const cable = new PointToPointLink(simulator, "wan", { rate: "8Mbit", delay: "1ms" });
  const pool = new FramePool();
  record(cable.a);
  record(cable.b);
  cable.a.macAddress = Uint8Array.of(2, 0, 0, 0, 0, 1);
  capture([cable.a, cable.b]);
  const payload = new Uint8Array(1000 - 42);
  simulator.random("payload").bytes(payload);
  cable.a.send(udpFrame(pool, payload));
  cable.a.send(udpFrame(pool, payload));
  simulator.runUntilSync(instant(500_000));
  cable.b.send(udpFrame(pool, payload));
  cable.set({ ab: { loss: 1 } });
  simulator.runSync();
  cable.a.send(udpFrame(pool, payload));
  simulator.runSync();
  simulator.destroy();
  expect(pool.live).toBe(0);
}

function captured(seed?: number): Map<string, Uint8Array> {
  const sinks = new Map<string, MemorySink>();
  talk((ports) => {
    startCapture((fileName) => {
      const sink = new MemorySink();
      sinks.set(fileName, sink);
      return sink;
    }, ports);
  }, seed);
  return new Map([...sinks].map(([fileName, sink]) => [fileName, sink.bytes()]));
}

describe("a capture", () => {
  test("stamps a sent frame when it is handed over and a received one when it has arrived", () => {
    const files = captured();
    const seen = (fileName: string) =>
      readPcapng(files.get(fileName) ?? new Uint8Array()).packets.map(
        ({ time, direction, interfaceId }) => `${interfaceId} ${direction} ${time}`,
      );
    expect([...files.keys()]).toEqual(["wan_a.pcapng", "wan_b.pcapng", "all.pcapng"]);
    expect(seen("wan_a.pcapng")).toEqual(["0 tx 0", "0 tx 0", "0 rx 2500000", "0 tx 3000000"]);
    expect(seen("wan_b.pcapng")).toEqual(["0 tx 500000", "0 rx 2000000", "0 rx 3000000"]);
    expect(seen("all.pcapng")).toEqual([
      "0 tx 0",
      "0 tx 0",
      "1 tx 500000",
      "1 rx 2000000",
      "0 rx 2500000",
      "1 rx 3000000",
      "0 tx 3000000",
    ]);
  });

  test("describes the ports and ends with their statistics", () => {
    const { interfaces, statistics } = readPcapng(captured().get("all.pcapng") ?? new Uint8Array());
    expect(interfaces).toMatchObject([
      { name: "wan:a", speed: 8_000_000n, macAddress: "020000000001" },
      { name: "wan:b", speed: 8_000_000n, macAddress: undefined },
    ]);
    expect(statistics).toEqual([
      { interfaceId: 0, time: 3_000_000n, received: 4n, dropped: 1n },
      { interfaceId: 1, time: 3_000_000n, received: 3n, dropped: 0n },
    ]);
  });

  test("of the same seed has the same bytes, of another seed others", () => {
    expect(captured(7)).toEqual(captured(7));
    expect(captured(7)).not.toEqual(captured(8));
  });

  test("in files has the bytes of one in memory", () => {
    const target = join(folder, "deep", "er");
    talk((ports) => captureToFiles(target, ports));
    const inMemory = captured();
    expect(readdirSync(target).toSorted()).toEqual([...inMemory.keys()].toSorted());
    for (const [fileName, bytes] of inMemory) {
      expect(new Uint8Array(readFileSync(join(target, fileName)))).toEqual(bytes);
    }
  });

  test("names files after devices, can do without the merged one, and ends when it is closed", () => {
    const simulator = new Simulator();
    const cable = new PointToPointLink(simulator, "l");
    const pool = new FramePool();
    const sink = new MemorySink();
    const capture = startCapture(() => sink, [{ port: cable.a, name: "client/sim0" }], {
      merged: false,
    });
    expect(capture.files).toEqual(["client_sim0.pcapng"]);
    cable.a.send(pool.from(new Uint8Array(60)));
    capture.close();
    capture.close();
    cable.a.send(pool.from(new Uint8Array(60)));
    const file = readPcapng(sink.bytes());
    expect(file.packets).toHaveLength(1);
    expect(file.interfaces[0]?.name).toBe("client/sim0");
  });

  test("refuses two ports of the same name", () => {
    const cable = new PointToPointLink(new Simulator(), "l");
    const ports = [
      { port: cable.a, name: "x" },
      { port: cable.b, name: "x" },
    ];
    expect(() => startCapture(() => new MemorySink(), ports)).toThrow("x.pcapng");
  });
});

const tsharkIsMissing = spawnSync("tshark", ["--version"]).error !== undefined;
if (tsharkIsMissing) console.log("skipped: tshark is not on PATH, so it cannot read our captures");

test.skipIf(tsharkIsMissing)("tshark reads times, interfaces, directions and checksums", () => {
  talk((ports) => captureToFiles(folder, ports));
  const fields = [
    "frame.time_epoch",
    "frame.interface_name",
    "frame.packet_flags_direction",
    "frame.len",
    "ip.src",
    "udp.dstport",
    "ip.checksum.status",
    "udp.checksum.status",
  ];
  const file = join(folder, "all.pcapng");
  const checks = ["-o", "udp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE"];
  const columns = ["-T", "fields", "-E", "separator= ", ...fields.flatMap((name) => ["-e", name])];
  const { stdout, stderr, status } = spawnSync("tshark", ["-r", file, ...checks, ...columns], {
    encoding: "utf8",
  });
  expect([status, stderr.includes("appears to have been cut short")]).toEqual([0, false]);
  const packet = "1000 10.0.0.1 2000 1 1";
  expect(stdout.trimEnd().split("\n")).toEqual([
    `0.000000000 wan:a 0x00000002 ${packet}`,
    `0.000000000 wan:a 0x00000002 ${packet}`,
    `0.000500000 wan:b 0x00000002 ${packet}`,
    `0.002000000 wan:b 0x00000001 ${packet}`,
    `0.002500000 wan:a 0x00000001 ${packet}`,
    `0.003000000 wan:b 0x00000001 ${packet}`,
    `0.003000000 wan:a 0x00000002 ${packet}`,
  ]);
});
