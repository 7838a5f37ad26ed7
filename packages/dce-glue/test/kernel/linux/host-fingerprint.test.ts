import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { completeChecksum } from "@dcejs/links";
import { expect, test } from "vitest";
import type { Posix } from "../../../src/posix/index.ts";
import { runScenario } from "../../../src/scenario/run-scenario.ts";
import { SimulatedLink } from "../../../src/scenario/simulated-link.ts";
import { simulation } from "../../../src/scenario/simulation.ts";
import { missing, RELEASES } from "./built-linux.ts";
import { fingerprintOf, type SegmentFingerprint } from "./segment-fingerprint.ts";
import { checked, connectTo, listenAt } from "./two-linux-hosts.ts";

/** The same conversation between two namespaces of the Linux that runs this. */
const PROGRAM = fileURLToPath(new URL("host_handshake.py", import.meta.url));

interface Recording {
  readonly frames: readonly string[];
  readonly tcp_rmem: string;
}

const { recording, obstacle } = recordHost();
if (obstacle !== undefined) console.warn(`not compared with this machine's Linux: ${obstacle}`);

function recordHost(): { recording?: Recording; obstacle?: string } {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return { obstacle: "not root" };
  try {
    const text = execFileSync("unshare", ["-n", "python3", PROGRAM], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
      timeout: 30_000,
    });
    const value: unknown = JSON.parse(text);
    if (isRecording(value)) return { recording: value };
    return { obstacle: "no frames" };
  } catch (error) {
    const [reason = ""] = String(error).split("\n", 1);
    return { obstacle: `no namespaces, no veth, no python3 or no iproute2: ${reason}` };
  }
}

function isRecording(value: unknown): value is Recording {
  return (
    typeof value === "object" &&
    value !== null &&
    "frames" in value &&
    Array.isArray(value.frames) &&
    value.frames.length > 5 &&
    "tcp_rmem" in value &&
    typeof value.tcp_rmem === "string"
  );
}

async function serve(posix: Posix): Promise<void> {
  const fd = await posix.accept(await listenAt(posix, 80));
  await posix.recv(fd, new Uint8Array(100));
  await posix.send(fd, "world");
  await posix.recv(fd, new Uint8Array(100));
}

async function ask(posix: Posix): Promise<void> {
  const fd = await connectTo(posix, 80);
  await posix.send(fd, "hello");
  await posix.recv(fd, new Uint8Array(100));
}

/** The segments between two simulated hosts. */
async function segmentsOn(kernel: string, rmem: string): Promise<SegmentFingerprint[]> {
  const frames: Uint8Array[] = [];
  const scenario = simulation({}, (sim) => {
    const options = { sysctl: { "net.ipv4.tcp_rmem": rmem } };
    const server = sim.node("server", options);
    const client = sim.node("client", options);
    const link = sim.link(server, client);
    if (!(link instanceof SimulatedLink)) throw new Error("not a link of this package");
    link.ports[1].tap((_direction, frame) => {
      const own = frame.copy();
      completeChecksum(own);
      const octets = own.bytes.slice(own.offset, own.offset + own.length);
      own.release();
      if (octets[12] === 8 && octets[13] === 0 && octets[23] === 6) frames.push(octets);
    });
    server.ip("addr add 10.0.0.1/24 dev sim0");
    client.ip("addr add 10.0.0.2/24 dev sim0");
    server.start(serve);
    client.start(ask, { at: "10ms" });
  });
  checked(await runScenario(scenario, { kernel }));
  return fingerprintOf(frames);
}

for (const kernel of ["emulated", ...RELEASES]) {
  test.skipIf(recording === undefined || missing.includes(kernel))(
    `segments of ${kernel} look like those of this machine's Linux`,
    async () => {
      const { frames = [], tcp_rmem: rmem = "" } = recording ?? {};
      const host = fingerprintOf(frames.map((frame) => Uint8Array.from(Buffer.from(frame, "hex"))));
      expect(host.slice(0, 2).map(({ flags }) => flags)).toEqual(["S", "S."]);
      const ours = await segmentsOn(kernel, rmem.replaceAll("\t", " "));
      expect(ours.slice(0, 2)).toEqual(host.slice(0, 2));
      expect(ours.length).toBeGreaterThan(6);
    },
  );
}

for (const kernel of RELEASES) {
  test.skipIf(recording === undefined || missing.includes(kernel))(
    `the rest of a connection of ${kernel} looks like this machine's too`,
    async () => {
      const { frames = [], tcp_rmem: rmem = "" } = recording ?? {};
      const host = fingerprintOf(frames.map((frame) => Uint8Array.from(Buffer.from(frame, "hex"))));
      const ours = await segmentsOn(kernel, rmem.replaceAll("\t", " "));
      // Whether an acknowledgement is delayed depends on how fast the programs are: one of each kind is compared.
      expect(kindsOf(ours)).toEqual(kindsOf(host));
    },
  );
}

/** One segment of each kind, without what depends on which came before. */
function kindsOf(segments: readonly SegmentFingerprint[]): Record<string, unknown> {
  const kinds: Record<string, unknown> = {};
  for (const { from, flags, payload, id, ...rest } of segments) {
    kinds[`${from} ${flags} ${payload}`] ??= { ...rest, counts: id.startsWith("+") ? "+1" : id };
  }
  return kinds;
}
