import { expect, test } from "vitest";
import {
  AF_INET,
  type Posix,
  SA_RESTART,
  SIGALRM,
  SIGPIPE,
  SIGUSR1,
  SOCK_STREAM,
  MSG_NOSIGNAL,
} from "../../../src/posix/index.ts";
import { noReleases, noUsual, onBackEnds, onReleases } from "./built-linux.ts";
import {
  connectTo,
  errnoOf,
  listenAt,
  MSEC,
  readAll,
  runAlone,
  runPair,
  SERVER,
  udpAt,
} from "./two-linux-hosts.ts";

const SOL_SOCKET = 1;
const SO_LINGER = 13;

/** An alarm's handler counts. @returns how often it has run */
function alarms(posix: Posix, flags: number, afterMs: number, everyMs = 0): () => number {
  let count = 0;
  posix.sigaction(SIGALRM, { handler: () => void count++, flags });
  posix.setitimer({ valueNs: afterMs * MSEC, intervalNs: everyMs * MSEC });
  return () => count;
}

function noMoreAlarms(posix: Posix): void {
  posix.setitimer({ valueNs: 0, intervalNs: 0 });
}

test.skipIf(noUsual).for(onBackEnds)(
  "a signal ends recv, accept and recvfrom with EINTR ($kernel $stacks)",
  async (on) => {
    await runAlone(on, async (posix) => {
      const listener = await listenAt(posix, 80);
      const udp = await udpAt(posix, 9);
      const handled = alarms(posix, 0, 10);
      const before = posix.now();
      expect(await errnoOf(() => posix.accept(listener))).toBe("EINTR");
      expect((posix.now() - before) / MSEC).toBe(10);
      alarms(posix, 0, 10);
      expect(await errnoOf(() => posix.recvfrom(udp, new Uint8Array(1)))).toBe("EINTR");
      expect(handled()).toBe(1);
    });
  },
);

test.skipIf(noUsual).for(onBackEnds)(
  "with SA_RESTART recv and accept go on waiting ($kernel $stacks)",
  async (on) => {
    await runPair(
      on,
      async (posix) => {
        const listener = await listenAt(posix, 80);
        const handled = alarms(posix, SA_RESTART, 3, 7);
        const fd = await posix.accept(listener);
        const atAccept = handled();
        expect(atAccept).toBeGreaterThan(0);
        expect((await readAll(posix, fd)).length).toBe(5);
        expect(handled()).toBeGreaterThan(atAccept);
        // A socket with a timeout is not restarted: signal(7).
        await posix.setReceiveTimeout(listener, 1000 * MSEC);
        expect(await errnoOf(() => posix.accept(listener))).toBe("EINTR");
        noMoreAlarms(posix);
      },
      async (posix) => {
        await posix.usleep(30_000);
        const fd = await connectTo(posix, 80);
        await posix.usleep(30_000);
        await posix.send(fd, "hello");
      },
    );
  },
);

test.skipIf(noReleases).for(onReleases)(
  "a signal ends a send that waits for room; what was taken is told ($kernel)",
  async (on) => {
    await runPair(
      on,
      async (posix) => {
        const fd = await posix.accept(await listenAt(posix, 80));
        await posix.usleep(200_000);
        expect((await readAll(posix, fd)).length).toBeGreaterThan(0);
      },
      async (posix) => {
        const fd = await connectTo(posix, 80);
        await posix.setReceiveBuffer(fd, 4096);
        alarms(posix, 0, 50);
        const sent = await posix.send(fd, new Uint8Array(20_000_000));
        expect(sent).toBeGreaterThan(0);
        expect(sent).toBeLessThan(20_000_000);
        alarms(posix, 0, 20);
        expect(await errnoOf(() => posix.send(fd, new Uint8Array(1000)))).toMatch(/EINTR|^$/);
        noMoreAlarms(posix);
      },
    );
  },
);

test.skipIf(noReleases).for(onReleases)(
  "a connect that a signal has ended goes on by itself ($kernel)",
  async (on) => {
    await runPair(
      on,
      async (posix) => {
        const fd = await posix.accept(await listenAt(posix, 80));
        expect(await posix.recv(fd, new Uint8Array(10))).toBe(2);
      },
      async (posix) => {
        const fd = await posix.socket(AF_INET, SOCK_STREAM);
        alarms(posix, 0, 20);
        const to = { address: SERVER, port: 80 };
        expect(await errnoOf(() => posix.connect(fd, to))).toBe("EINTR");
        expect(await errnoOf(() => posix.connect(fd, to))).toBe("");
        expect(await posix.send(fd, "ok")).toBe(2);
      },
      { link: { delay: "50ms" } },
    );
  },
);

test.skipIf(noReleases).for(onReleases)(
  "a write into a connection that is reset raises SIGPIPE, MSG_NOSIGNAL only fails ($kernel)",
  async (on) => {
    await runPair(
      on,
      async (posix) => {
        const fd = await posix.accept(await listenAt(posix, 80));
        await posix.setsockopt(fd, SOL_SOCKET, SO_LINGER, Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0));
        await posix.close(fd);
      },
      async (posix) => {
        const fd = await connectTo(posix, 80);
        let pipes = 0;
        posix.sigaction(SIGPIPE, () => void pipes++);
        await posix.usleep(20_000);
        expect(await errnoOf(() => posix.recv(fd, new Uint8Array(1)))).toBe("ECONNRESET");
        expect(await errnoOf(() => posix.send(fd, "x", MSG_NOSIGNAL))).toBe("EPIPE");
        expect(pipes).toBe(0);
        expect(await errnoOf(() => posix.send(fd, "x"))).toBe("EPIPE");
        expect(pipes).toBe(1);
      },
    );
  },
);

test.skipIf(noUsual).for(onBackEnds)(
  "a program that does not expect SIGPIPE is killed by it, in its sleep too ($kernel $stacks)",
  async (on) => {
    const run = await runPair(
      on,
      async (posix) => {
        const fd = await posix.accept(await listenAt(posix, 80));
        await posix.usleep(100_000);
        await posix.setsockopt(fd, SOL_SOCKET, SO_LINGER, Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0));
        await posix.close(fd);
      },
      async (posix) => {
        const fd = await connectTo(posix, 80);
        for (;;) await errnoOf(() => posix.send(fd, new Uint8Array(1_000_000)));
      },
      { client: { expect: "SIGPIPE" } },
    );
    expect(run.processes[1]?.signal).toBe("SIGPIPE");
  },
);

test.skipIf(noReleases).for(onReleases)(
  "SO_SNDTIMEO and SO_RCVTIMEO end waits on time ($kernel)",
  async (on) => {
    await runPair(
      on,
      async (posix) => {
        const fd = await posix.accept(await listenAt(posix, 80));
        await posix.usleep(900_000);
        await posix.close(fd);
      },
      async (posix) => {
        const fd = await connectTo(posix, 80);
        await posix.setSendTimeout(fd, 100 * MSEC);
        await posix.setReceiveTimeout(fd, 50 * MSEC);
        let before = posix.now();
        expect(await errnoOf(() => posix.recv(fd, new Uint8Array(1)))).toBe("EAGAIN");
        expect((posix.now() - before) / MSEC).toBeGreaterThanOrEqual(50);
        expect((posix.now() - before) / MSEC).toBeLessThan(55);
        await posix.send(fd, new Uint8Array(10_000_000));
        before = posix.now();
        expect(await errnoOf(() => posix.send(fd, new Uint8Array(100_000)))).toBe("EAGAIN");
        expect((posix.now() - before) / MSEC).toBeLessThan(130);
        const away = await posix.socket(AF_INET, SOCK_STREAM);
        await posix.setSendTimeout(away, 300 * MSEC);
        before = posix.now();
        const nobody = { address: "10.0.0.77", port: 80 };
        expect(await errnoOf(() => posix.connect(away, nobody))).toBe("EINPROGRESS");
        expect((posix.now() - before) / MSEC).toBeLessThan(310);
      },
    );
  },
);

test.skipIf(noReleases).for(onReleases)(
  "close with SO_LINGER waits for the last acknowledgement, and no longer than it says ($kernel)",
  async (on) => {
    await runPair(
      on,
      async (posix) => {
        const listener = await listenAt(posix, 80);
        expect((await readAll(posix, await posix.accept(listener))).length).toBe(1000);
        const slow = await posix.accept(listener);
        await posix.usleep(5_000_000);
        await posix.close(slow);
      },
      async (posix) => {
        const linger = Uint8Array.of(1, 0, 0, 0, 2, 0, 0, 0);
        const fd = await connectTo(posix, 80);
        await posix.setsockopt(fd, SOL_SOCKET, SO_LINGER, linger);
        await posix.send(fd, new Uint8Array(1000));
        let before = posix.now();
        await posix.close(fd);
        // The peer's FIN comes with its own end: data and FIN are acknowledged after one round trip.
        expect((posix.now() - before) / MSEC).toBeGreaterThanOrEqual(20);
        expect((posix.now() - before) / MSEC).toBeLessThan(70);
        const stuck = await connectTo(posix, 80);
        await posix.setsockopt(stuck, SOL_SOCKET, SO_LINGER, linger);
        await posix.setSendTimeout(stuck, 100 * MSEC);
        await posix.send(stuck, new Uint8Array(20_000_000));
        before = posix.now();
        await posix.close(stuck);
        expect((posix.now() - before) / MSEC).toBeGreaterThanOrEqual(2000);
        expect((posix.now() - before) / MSEC).toBeLessThan(2064);
      },
      { link: { delay: "10ms" } },
    );
  },
);

test.skipIf(noUsual).for(onBackEnds)(
  "processes that are stopped by force in the kernel leave it, and others go on ($kernel $stacks)",
  async (on) => {
    const run = await runPair(
      on,
      async (posix) => {
        const listener = await listenAt(posix, 80);
        const udp = await udpAt(posix, 9);
        for (let i = 0; i < 20; i++) {
          posix.createThread(async () => {
            if (i % 2 === 0) await posix.accept(listener);
            else await posix.recv(udp, new Uint8Array(10));
          });
        }
        await posix.recv(udp, new Uint8Array(10));
      },
      async (posix) => {
        await posix.usleep(300_000);
        expect(await errnoOf(() => connectTo(posix, 80))).toBe("ECONNREFUSED");
        expect(await errnoOf(() => connectTo(posix, 81))).toBe("");
      },
      {
        more: (sim, { server }) => {
          const [victim] = server.processes;
          if (victim !== undefined) server.stopProcess(victim, "100ms");
          server.start(async (posix) => void (await posix.accept(await listenAt(posix, 81))), {
            name: "other",
            at: "200ms",
          });
        },
      },
    );
    expect(run.processes[0]?.signal).toBe("SIGKILL");
  },
);

test.skipIf(noReleases).for(onReleases)(
  "a signal of another thread's reaches a thread in the kernel ($kernel)",
  async (on) => {
    await runAlone(on, async (posix) => {
      const udp = await udpAt(posix, 9);
      posix.sigaction(SIGUSR1, () => undefined);
      const thread = posix.createThread(() => errnoOf(() => posix.recv(udp, new Uint8Array(1))));
      await posix.usleep(1000);
      await posix.threadKill(thread, SIGUSR1);
      expect(await posix.join(thread)).toBe("EINTR");
    });
  },
);
