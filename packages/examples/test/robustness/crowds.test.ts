import {
  AF_INET,
  type Posix,
  type RunResult,
  runScenario,
  simulation,
  SOCK_DGRAM,
  SOCK_STREAM,
} from "@dcejs/dce-glue";
import { expect, test } from "vitest";
import { ping } from "../../src/programs/ping.ts";
import { codeOf, listenOn, NOTHING_LEFT, runPair } from "./hosts.ts";

test("5,000 processes start at one instant, and all end", async () => {
  const run = await runScenario(
    simulation({}, (sim) => {
      const host = sim.node("host");
      for (let i = 0; i < 5000; i++) {
        host.start(
          async (posix) => {
            await posix.socket(AF_INET, SOCK_DGRAM);
            await posix.sleep(1);
          },
          { at: "1s" },
        );
      }
    }),
  );
  expect(run.processes.filter(({ exit, endNs }) => exit === 0 && endNs === 2e9)).toHaveLength(5000);
  expect(run.leaks).toEqual(NOTHING_LEFT);
});

async function pauses(posix: Posix): Promise<void> {
  await posix.pause();
}

test("a fork bomb fills the table of processes, is told EAGAIN, and the host can go on", async () => {
  const codes = new Set<string>();
  let spawned = 0;
  const run = await runScenario(
    simulation({ until: "2s" }, (sim) => {
      const host = sim.node("host");
      host.start(
        async (posix) => {
          for (let code = "none"; code === "none"; codes.add(code)) {
            code = await codeOf(() => posix.spawn(pauses));
            if (code === "none") spawned++;
          }
        },
        { expect: "any" },
      );
      host.start(ping, { args: ["127.0.0.1", 1], at: "1s", expect: "any" });
    }),
  );
  expect([...codes]).toEqual(["none", "EAGAIN"]);
  // DCE's pids have 16 bits.
  expect(spawned).toBeGreaterThan(30_000);
  expect(run.leaks).toEqual(NOTHING_LEFT);
});

/** 2,000 connections at one instant to a listener with a backlog of 8. @returns how many got which answer. */
async function crowdAtADoor(serviceUs: number): Promise<[Map<string, number>, RunResult]> {
  const answers = new Map<string, number>();
  const connectOnce = async (posix: Posix): Promise<void> => {
    const buffer = new Uint8Array(5);
    const fd = await posix.socket(AF_INET, SOCK_STREAM);
    const code = await codeOf(async () => {
      await posix.connect(fd, { address: "10.0.0.2", port: 80 });
      // Its retransmissions remind a listener whose queue was full.
      await posix.send(fd, "who are you?");
      await posix.recv(fd, buffer);
    });
    const answer = code === "none" ? new TextDecoder().decode(buffer) : code;
    answers.set(answer, (answers.get(answer) ?? 0) + 1);
    await posix.close(fd);
  };
  const run = await runPair(
    ({ left, right }) => {
      right.start(
        async (posix) => {
          const listener = await listenOn(posix, 80, 8);
          for (;;) {
            const fd = await posix.accept(listener);
            await posix.recv(fd, new Uint8Array(100));
            await codeOf(() => posix.send(fd, "hello"));
            await posix.close(fd);
            await posix.usleep(serviceUs);
          }
        },
        { daemon: true },
      );
      // A process has 1,024 descriptors.
      for (let client = 0; client < 4; client++) {
        left.start(async (posix) => {
          const threads = Array.from({ length: 500 }, () =>
            posix.createThread(() => connectOnce(posix)),
          );
          for (const thread of threads) await posix.join(thread);
        });
      }
    },
    { rate: "100Mbps", delay: "5ms" },
  );
  return [answers, run];
}

test("2,000 connections at once to a quick server with a backlog of 8 all get their answer", async () => {
  const [answers, run] = await crowdAtADoor(1);
  expect(Object.fromEntries(answers)).toEqual({ hello: 2000 });
  expect(run.leaks).toEqual(NOTHING_LEFT);
});

test("2,000 connections at once to a slow server with a backlog of 8: each gets an answer or an error", async () => {
  const [answers, run] = await crowdAtADoor(500);
  // Their SYNs come back all at the same times: for some the queue is full each time.
  expect([...answers.keys()].toSorted()).toEqual(["ECONNRESET", "ETIMEDOUT", "hello"]);
  expect([...answers.values()].reduce((sum, count) => sum + count)).toBe(2000);
  expect(run.nodes[1]?.mib.TcpExt?.ListenOverflows).toBeGreaterThan(0);
  expect(run.leaks).toEqual(NOTHING_LEFT);
});

test("when all local ports are in use, each kind of call has Linux's error", async () => {
  const codes: Record<string, string[]> = { connect: [], bind: [], udp: [], other: [] };
  const run = await runPair(({ left, right }) => {
    left.sysctl.set("net.ipv4.ip_local_port_range", "50000 50009");
    right.start(
      async (posix) => {
        const listener = await listenOn(posix, 80);
        for (;;) await posix.accept(listener);
      },
      { daemon: true },
    );
    left.start(async (posix) => {
      const peer = { address: "10.0.0.2", port: 80 };
      const any = { address: "10.0.0.1", port: 0 };
      for (let i = 0; i < 11; i++) {
        const fd = await posix.socket(AF_INET, SOCK_STREAM);
        codes.connect?.push(await codeOf(() => posix.connect(fd, peer)));
      }
      const tcp = await posix.socket(AF_INET, SOCK_STREAM);
      codes.bind?.push(await codeOf(() => posix.bind(tcp, any)));
      for (let i = 0; i < 11; i++) {
        const fd = await posix.socket(AF_INET, SOCK_DGRAM);
        codes.udp?.push(await codeOf(() => posix.bind(fd, any)));
      }
      const udp = await posix.socket(AF_INET, SOCK_DGRAM);
      codes.other?.push(await codeOf(() => posix.sendto(udp, "x", peer)));
      codes.other?.push(await codeOf(() => posix.listen(tcp, 1)));
    });
  });
  const tenTimes = Array.from({ length: 10 }, () => "none");
  expect(codes).toEqual({
    connect: [...tenTimes, "EADDRNOTAVAIL"],
    bind: ["EADDRINUSE"],
    udp: [...tenTimes, "EADDRINUSE"],
    other: ["EAGAIN", "EADDRINUSE"],
  });
  expect(run.leaks).toEqual(NOTHING_LEFT);
});

test("a chain of 200 hops: a TTL of 64 dies on the way, one of 255 arrives", async () => {
  const HOSTS = 202;
  const outputs: string[] = [];
  for (const ttl of [64, 255]) {
    const run = await runScenario(
      simulation({}, (sim) => {
        const sysctl = { "net.ipv4.ip_default_ttl": ttl };
        const hosts = Array.from({ length: HOSTS }, (_, i) =>
          i === 0 || i === HOSTS - 1 ? sim.node(`h${i}`, { sysctl }) : sim.router(`h${i}`),
        );
        for (const [i, host] of hosts.entries()) {
          const next = hosts[i + 1];
          if (next !== undefined) {
            sim.link(host, next, { rate: "1Gbps", delay: "1ms" });
            host.ip(`addr add 10.${i}.0.1/24 dev sim${i === 0 ? 0 : 1}`);
            next.ip(`addr add 10.${i}.0.2/24 dev sim0`);
          }
          if (i < HOSTS - 2) host.ip(`route add 10.${HOSTS - 2}.0.0/24 via 10.${i}.0.2`);
          if (i > 1) host.ip(`route add 10.0.0.0/24 via 10.${i - 1}.0.1`);
        }
        const pinging = hosts[0]?.start(ping, { args: [`10.${HOSTS - 2}.0.2`, 2], expect: "any" });
        return () => pinging?.stdout;
      }),
    );
    outputs.push(String(run.result));
    expect(run.leaks).toEqual(NOTHING_LEFT);
  }
  expect(outputs[0]).toContain("2 packets transmitted, 0 received");
  expect(outputs[1]).toContain(`ttl=${255 - 200}`);
  expect(outputs[1]).toContain("2 packets transmitted, 2 received");
});
