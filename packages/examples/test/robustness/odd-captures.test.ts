import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  AF_INET,
  type Posix,
  runScenario,
  type SimLinkOptions,
  SIGPIPE,
  type Simulation,
  simulation,
  SO_LINGER,
  SOCK_DGRAM,
  SOCK_STREAM,
  SOL_SOCKET,
} from "@dcejs/dce-glue";
import { expect, test } from "vitest";
import { ping } from "../../src/programs/ping.ts";
import { codeOf, listenOn, makePair, streamClient, streamServer } from "./hosts.ts";

const hasTshark = spawnSync("tshark", ["--version"]).status === 0;
if (!hasTshark) console.warn("no tshark on PATH: the tests that read captures with it are skipped");

const CHECKSUMS_ON = ["ip", "tcp", "udp"].flatMap((name) => ["-o", `${name}.check_checksum:TRUE`]);
const WRONG = [
  "_ws.malformed",
  "ip.checksum.status == 0",
  "tcp.checksum.status == 0",
  "udp.checksum.status == 0",
  "icmp.checksum.status == 0",
  "_ws.expert.severity == error",
].join(" || ");

function tshark(file: string, filter: string): string[] {
  const args = ["-n", ...CHECKSUMS_ON, "-r", file, "-Y", filter];
  return execFileSync("tshark", args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] })
    .split("\n")
    .filter((line) => line !== "");
}

function stream(link: SimLinkOptions): (sim: Simulation) => void {
  return (sim) => {
    const { left, right } = makePair(sim, link);
    right.start(streamServer(9000));
    left.start(streamClient("10.0.0.2", 9000, 200_000), { at: "1ms" });
  };
}

/** Datagrams of many sizes, answered; the large ones in fragments. */
async function datagrams(posix: Posix): Promise<void> {
  const socket = await posix.socket(AF_INET, SOCK_DGRAM);
  for (const size of [0, 1, 548, 549, 1471, 1472, 1473, 2961, 9000, 65_507]) {
    await posix.sendto(socket, new Uint8Array(size).fill(0x41), { address: "10.0.0.2", port: 7 });
    await posix.usleep(100_000);
  }
}

async function echoes(posix: Posix): Promise<void> {
  const socket = await posix.socket(AF_INET, SOCK_DGRAM);
  await posix.bind(socket, { address: "0.0.0.0", port: 7 });
  const buffer = new Uint8Array(65_536);
  for (;;) {
    const { length, address } = await posix.recvfrom(socket, buffer);
    if (address !== undefined) await posix.sendto(socket, buffer.subarray(0, length), address);
  }
}

/** Errors of ICMP: port, host, net, fragmentation needed, time exceeded. */
function icmpErrors(sim: Simulation): void {
  const [host, router, far] = [sim.node("host"), sim.router("router"), sim.node("far")];
  sim.link(host, router, { rate: "10Mbps", delay: "1ms" });
  sim.link(router, far, { rate: "10Mbps", delay: "1ms", mtu: 600 });
  host.ip("addr add 10.0.0.1/24 dev sim0");
  router.ip("addr add 10.0.0.2/24 dev sim0");
  router.ip("addr add 10.0.1.1/24 dev sim1");
  far.ip("addr add 10.0.1.2/24 dev sim0");
  host.ip("route add default via 10.0.0.2");
  far.ip("route add default via 10.0.1.1");
  router.ip("route add prohibit 30.0.0.0/8");
  router.ip("route add 31.0.0.0/8 via 10.0.0.1");
  for (const address of ["10.0.1.2", "10.0.1.99", "20.0.0.1", "30.0.0.1", "31.0.0.1"]) {
    host.start(ping, { args: [address, 1], expect: "any" });
    host.start(async (posix) => {
      const socket = await posix.socket(AF_INET, SOCK_DGRAM);
      const to = { address, port: 5 };
      for (let i = 0; i < 3; i++) {
        await codeOf(() => posix.sendto(socket, new Uint8Array(i === 1 ? 1200 : 100), to));
        await posix.sleep(1);
      }
    });
  }
}

/** Resets: a closed port, data left unread, SO_LINGER 0, an accept queue that is closed, a killed peer. */
function resets(sim: Simulation): void {
  const { left, right } = makePair(sim, { rate: "10Mbps", delay: "5ms" });
  const server = right.start(
    async (posix) => {
      const listener = await listenOn(posix, 80);
      const unread = await posix.accept(listener);
      await posix.sleep(1);
      await posix.close(unread);
      const lingering = await posix.accept(listener);
      await posix.setsockopt(
        lingering,
        SOL_SOCKET,
        SO_LINGER,
        Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0),
      );
      await posix.close(lingering);
      await posix.sleep(1);
      await posix.close(listener);
      await posix.sleep(60);
    },
    { expect: "any" },
  );
  right.stopProcess(server, "5s");
  left.start(async (posix) => {
    posix.sigaction(SIGPIPE, "SIG_IGN");
    for (const port of [81, 80, 80, 80, 80]) {
      const fd = await posix.socket(AF_INET, SOCK_STREAM);
      await codeOf(() => posix.connect(fd, { address: "10.0.0.2", port }));
      await codeOf(() => posix.send(fd, "data that nobody reads"));
      await posix.usleep(300_000);
      await codeOf(() => posix.send(fd, "and more"));
    }
    await posix.sleep(6);
  });
}

const captures: [string, (sim: Simulation) => void, string, number][] = [
  [
    "a lossy link",
    stream({ rate: "10Mbps", delay: "5ms", loss: 0.1 }),
    "tcp.analysis.retransmission",
    5,
  ],
  [
    "a reordering link",
    stream({ rate: "10Mbps", delay: "5ms", reorder: 0.2 }),
    "tcp.options.sack_le",
    5,
  ],
  [
    "a duplicating link",
    stream({ rate: "10Mbps", delay: "5ms", duplicate: 0.5 }),
    "tcp.len > 0",
    200,
  ],
  [
    "a link with an MTU of 68",
    stream({ rate: "10Mbps", delay: "5ms", mtu: 68 }),
    "tcp.len > 0",
    5000,
  ],
  [
    "a link with an MTU of 65535",
    stream({ rate: "1Gbps", delay: "1ms", mtu: 65_535 }),
    "tcp.len > 1460",
    3,
  ],
  [
    "fragments over an MTU of 576",
    (sim) => {
      const { left, right } = makePair(sim, { rate: "10Mbps", delay: "5ms", mtu: 576 });
      right.start(echoes, { daemon: true });
      left.start(datagrams);
    },
    "ip.flags.mf == 1",
    200,
  ],
  [
    "fragments over a link that loses, doubles and reorders them",
    (sim) => {
      const link = { rate: "10Mbps", delay: "5ms", loss: 0.05, duplicate: 0.1, reorder: 0.3 };
      const { left, right } = makePair(sim, link);
      right.start(echoes, { daemon: true });
      left.start(datagrams);
    },
    "ip.flags.mf == 1",
    20,
  ],
  ["errors of ICMP", icmpErrors, "icmp.type == 3 || icmp.type == 11 || icmp.type == 5", 8],
  ["resets", resets, "tcp.flags.reset == 1", 4],
];

test.skipIf(!hasTshark).for(captures)(
  "tshark finds nothing wrong in the captures of %s",
  async ([, build, filter, framesMin]) => {
    const folder = mkdtempSync(join(tmpdir(), "dcejs-odd-"));
    try {
      await runScenario(simulation({}, build), { pcap: folder });
      let shown = 0;
      for (const name of readdirSync(folder)) {
        if (name === "all.pcapng") continue;
        expect(tshark(join(folder, name), WRONG)).toEqual([]);
        shown += tshark(join(folder, name), filter).length;
      }
      // The captures show what they are about.
      expect(shown).toBeGreaterThanOrEqual(framesMin);
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
);
