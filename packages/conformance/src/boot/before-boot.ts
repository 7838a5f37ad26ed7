import type { ConformanceTest } from "../conformance-test.ts";
import { holds, same } from "../expectation.ts";
import { completed } from "../testbed/completed.ts";

/** PTHREAD_MUTEX_RECURSIVE */
const RECURSIVE = 1;

/** The host's own operations, before any kernel runs on them. */
export const beforeBootTests: readonly ConformanceTest[] = [
  {
    name: "mutex",
    source: "boot.c: a plain mutex locks and unlocks, a recursive one twice; before the boot",
    run: async (bed) => {
      const host = bed.host("host");
      const { dceHandle, factory } = host;
      let locked = 0;
      host.beforeBoot = function* () {
        for (const type of [0, RECURSIVE]) {
          const attributes = dceHandle.pthread_mutexattr_init(factory);
          dceHandle.pthread_mutexattr_settype(factory, attributes, type);
          const mutex = dceHandle.pthread_mutex_init(factory, attributes);
          if (mutex === undefined) return;
          for (let times = 0; times <= type; times++) {
            const wait = dceHandle.pthread_mutex_lock(factory, mutex);
            if (wait !== undefined) yield wait;
            locked++;
          }
          for (let times = 0; times <= type; times++) {
            same(dceHandle.pthread_mutex_unlock(factory, mutex), 0, "unlock");
          }
          same(dceHandle.pthread_mutex_destroy(factory, mutex), 0, "destroy");
        }
      };
      await bed.run();
      same(locked, 3, "times that a mutex was locked");
    },
  },
  {
    name: "semaphore",
    source: "boot.c: down takes what alloc put in, then up; before the boot",
    run: async (bed) => {
      const host = bed.host("host");
      const { dceHandle, factory } = host;
      let steps = "";
      host.beforeBoot = function* () {
        const semaphore = dceHandle.sem_init(factory, 1);
        if (semaphore === undefined) return;
        const wait = dceHandle.sem_wait(factory, semaphore);
        steps += wait === undefined ? "down" : "blocked";
        if (wait !== undefined) yield wait;
        same(dceHandle.sem_post(factory, semaphore), 0, "up");
        same(dceHandle.sem_destroy(factory, semaphore), 0, "free");
        steps += " up";
      };
      await bed.run();
      same(steps, "down up", "what happened");
    },
  },
  {
    name: "join",
    source: "boot.c: thread_join gives 0 when the thread has returned; before the boot",
    run: async (bed) => {
      const host = bed.host("host");
      const { dceHandle, factory } = host;
      let joined = -1;
      let hasRun = false;
      host.beforeBoot = function* () {
        const thread = dceHandle.pthread_create(
          factory,
          () => {
            hasRun = true;
          },
          undefined,
        );
        holds(thread > 0, "pthread_create gives a thread");
        joined = yield* completed(dceHandle.pthread_join(factory, thread));
      };
      await bed.run();
      same({ joined, hasRun }, { joined: 0, hasRun: true }, "the thread");
    },
  },
];
