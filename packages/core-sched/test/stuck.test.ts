import { describe, expect, test } from "vitest";
import {
  DeadlockError,
  instant,
  LivelockError,
  RrTaskScheduler,
  Simulator,
  type Task,
  TaskManager,
  type Wait,
} from "../src/index.ts";
import { ms } from "./ms.ts";

describe("deadlock", () => {
  test("is reported with every task, its node, state, channel, time and wakers", async () => {
    const sim = new Simulator();
    const server = new TaskManager(sim, { name: "server" });
    const client = new TaskManager(sim, { name: "client" });
    server.start(
      function* (): Wait<void> {
        yield server.sleepFor("boot", ms(2));
        yield server.sleep("accept");
      },
      { name: "httpd" },
    );
    const lazy = client.start(
      async () => {
        await client.promise(client.sleep("sem_down"));
      },
      { name: "curl" },
    );
    lazy.describeWait = () => ({ waitChannel: "inet_csk_wait", wakers: "a SYN on port 80" });
    server.start(
      function* (): Wait<void> {
        yield server.sleep("irq");
      },
      { name: "ksoftirqd", isDaemon: true },
    );
    const error = await sim.run().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(DeadlockError);
    if (!(error instanceof DeadlockError)) return;
    expect(error.message).toMatchInlineSnapshot(`
      "deadlock at 2ms: no event is left and 2 tasks cannot go on
        node 0 (server)  httpd  BLOCKED  waits for "accept" since 2ms
        node 0 (server)  ksoftirqd (daemon)  BLOCKED  waits for "irq" since 0ns
        node 1 (client)  curl  BLOCKED  waits for "inet_csk_wait" since 0ns; could be woken by a SYN on port 80"
    `);
    expect(error.report[0]).toEqual({
      task: "httpd",
      node: 0,
      nodeName: "node 0 (server)",
      state: "BLOCKED",
      waitChannel: "accept",
      since: 2_000_000,
      wakers: "",
      isDaemon: false,
    });
  });

  test("is none when only daemons wait, or when runUntil reaches its time", async () => {
    const sim = new Simulator();
    const tm = new TaskManager(sim);
    const body = function* (): Wait<void> {
      yield tm.sleep("for ever");
    };
    tm.start(body, { isDaemon: true });
    await sim.run();
    tm.start(body);
    await sim.runUntil(instant(5_000_000));
    expect(sim.now).toBe(5_000_000);
    expect(() => sim.runSync()).toThrow(DeadlockError);
  });

  test("is reported when a scheduler refuses to run an ACTIVE task; reschedule asks it again", () => {
    let isOpen = false;
    class Gate extends RrTaskScheduler {
      override dequeueNext(): Task | undefined {
        return isOpen ? super.dequeueNext() : undefined;
      }
    }
    const sim = new Simulator();
    const tm = new TaskManager(sim, { scheduler: new Gate() });
    const task = tm.start(() => {}, { name: "kept out" });
    expect(() => sim.runSync()).toThrow(/kept out {2}ACTIVE {2}in the run queue/);
    isOpen = true;
    tm.reschedule();
    sim.runSync();
    expect(task.state).toBe("DEAD");
  });
});

describe("livelock", () => {
  test("of two tasks that wake each other at one instant is reported with their names", () => {
    const sim = new Simulator();
    sim.eventsAtOneInstantMax = 10_000;
    const tm = new TaskManager(sim);
    const pair: Task[] = [];
    for (const name of ["ping", "pong"]) {
      const other = name === "ping" ? 1 : 0;
      const body = function* (): Wait<void> {
        for (;;) {
          const task = pair[other];
          if (task !== undefined) tm.wakeup(task);
          yield tm.sleep(name);
        }
      };
      pair.push(tm.start(body, { name }));
    }
    sim.schedule(ms(1), () => {
      const [first] = pair;
      if (first !== undefined) tm.wakeup(first);
    });
    expect(() => sim.runSync()).toThrow(LivelockError);
    sim.eventsAtOneInstantMax = 10_000;
    expect(() => sim.runSync()).toThrow(/"ping" of node 0 \(\d+ slices\), .*"pong" of node 0/);
  });

  test("of a polling program is charged, so that virtual time moves", async () => {
    const sim = new Simulator();
    const tm = new TaskManager(sim);
    tm.busyCallsBeforeCharge = 10;
    let calls = 0;
    tm.start(async () => {
      while (sim.now < ms(1)) {
        calls++;
        if (tm.chargeBusyCall()) await tm.promise(tm.chargedYield());
      }
    });
    await sim.run();
    expect(sim.now).toBe(1_000_000);
    expect(calls).toBe(11 * 1000); // 1 us for each 11th call
  });

  test("of a program that never awaits is thrown at its call", () => {
    const sim = new Simulator();
    const tm = new TaskManager(sim);
    tm.busyCallsMax = 5000;
    tm.start(
      () => {
        for (;;) tm.chargeBusyCall();
      },
      { name: "spinner" },
    );
    expect(() => sim.runSync()).toThrow(/LivelockError: .*"spinner" .* made 5001 calls at 0 ns/);
  });

  test("is none when a task blocks between its calls", () => {
    const sim = new Simulator();
    const tm = new TaskManager(sim);
    tm.busyCallsMax = 100;
    let charged = 0;
    const consumer = tm.start(function* (): Wait<void> {
      for (let i = 0; i < 100; i++) {
        for (let call = 0; call < 90; call++) if (tm.chargeBusyCall()) charged++;
        yield tm.sleep("data");
      }
    });
    tm.start(function* (): Wait<void> {
      for (let i = 0; i < 100; i++) {
        tm.wakeup(consumer);
        yield tm.yield();
      }
    });
    sim.runSync();
    expect([sim.now, charged, consumer.state]).toEqual([0, 0, "DEAD"]);
  });
});
