import {
  AF_INET,
  type Posix,
  type Program,
  runScenario,
  SIGKILL,
  type SimNode,
  type Simulation,
  simulation,
  SOCK_DGRAM,
  SOCK_STREAM,
} from "@dcejs/dce-glue";
import { expect, test } from "vitest";
import { listenOn, NOTHING_LEFT } from "./hosts.ts";

const CYCLES = 10_000;
const WARM_UP = 50;
/** Longer than any connection of the cycles needs to die: TIME_WAIT is 60 s. */
const QUIET_S = 200;

/** Ways in which a program may end. Each gets the port of a server that accepts and says nothing. */
const endings: readonly Program[] = [
  () => 0,
  async function throws() {
    await Promise.resolve();
    throw new Error("on purpose");
  },
  async function dropsSockets(posix) {
    const socket = await posix.socket(AF_INET, SOCK_DGRAM);
    await posix.bind(socket, { address: "127.0.0.1", port: 9 });
    await posix.sendto(socket, "never read", { address: "127.0.0.1", port: 9 });
    await posix.socket(AF_INET, SOCK_STREAM);
    await posix.pipe();
    return 3;
  },
  async function leavesDataPending(posix) {
    const socket = await posix.socket(AF_INET, SOCK_STREAM);
    await posix.connect(socket, { address: "127.0.0.1", port: 7 });
    await posix.send(socket, new Uint8Array(50_000));
    return 0;
  },
  async function leavesThreadsBlocked(posix) {
    const socket = await posix.socket(AF_INET, SOCK_DGRAM);
    posix.createThread(() => posix.recv(socket, new Uint8Array(10)));
    posix.createThread(() => posix.pause());
    posix.createThread(() => posix.nanosleep(1e15));
    const mutex = posix.mutex();
    await mutex.lock();
    posix.createThread(() => mutex.lock());
    await posix.usleep(1);
    return 0;
  },
  async function killsItself(posix) {
    posix.createThread((self: Posix = posix) => self.pause());
    await posix.usleep(1);
    await posix.kill(posix.getpid(), SIGKILL);
  },
  async function isKilledInAccept(posix) {
    const listener = await posix.socket(AF_INET, SOCK_STREAM);
    await posix.listen(listener, 1);
    posix.alarm(1);
    await posix.accept(listener);
  },
];

interface Left {
  readonly tasks: number;
  readonly events: number;
  readonly sockets: string;
  readonly processes: number;
}

function leftOn(sim: Simulation, host: SimNode): Left {
  return {
    tasks: sim.simulator.taskManagers.reduce((sum, one) => sum + one.liveTaskCount, 0),
    events: sim.simulator.pendingEvents,
    sockets: host.proc("/proc/net/sockstat"),
    processes: host.fs.list("/proc").filter((name) => /^\d+$/.test(name)).length,
  };
}

test("10,000 starts and exits of programs of all kinds leave nothing on the host that runs them", async () => {
  const counts: Left[] = [];
  const statuses = new Map<number, number>();
  const run = await runScenario(
    simulation({ name: "cycles" }, (sim) => {
      const host = sim.node("host");
      host.start(
        async function sink(posix) {
          const listener = await listenOn(posix, 7);
          for (;;) await posix.close(await posix.accept(listener));
        },
        { daemon: true },
      );
      host.start(async function parent(posix) {
        for (let cycle = 0; cycle < CYCLES + WARM_UP; cycle++) {
          if (cycle === WARM_UP) {
            await posix.sleep(QUIET_S);
            counts.push(leftOn(sim, host));
          }
          posix.spawn(endings[cycle % endings.length] ?? (() => 0));
          const { status } = await posix.waitpid(-1);
          statuses.set(status, (statuses.get(status) ?? 0) + 1);
        }
        await posix.sleep(QUIET_S);
        counts.push(leftOn(sim, host));
      });
    }),
  );
  // Of seven kinds three end with 0, one throws (1), one returns 3, SIGKILL and SIGALRM end one each.
  expect(Object.fromEntries(statuses)).toEqual({
    0: 4308,
    256: 1436,
    768: 1436,
    9: 1435,
    14: 1435,
  });
  expect(run.ok).toBe(true);
  const [before, after] = counts;
  expect(after).toEqual(before);
  expect(before).toMatchObject({ sockets: expect.stringContaining("TCP: inuse 1 orphan 0 tw 0") });
  expect(run.leaks).toEqual(NOTHING_LEFT);
}, 60_000);
