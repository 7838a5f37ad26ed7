import { type Posix, WEXITSTATUS } from "@dcejs/dce-glue";
import type { ConformanceTest } from "../conformance-test.ts";
import { holds, same } from "../expectation.ts";

const SLEEP_NS = 87_654_321;
const THREADS = 64;
const LATENCY_CALLS = 1000;

function program(
  name: string,
  source: string,
  main: (posix: Posix) => Promise<void>,
): ConformanceTest {
  return {
    name,
    source: `boot.c: ${source}`,
    run: (bed) => {
      bed.host("host").start(main);
      return bed.run();
    },
  };
}

/** Processes, threads and time as programs see them. */
export const taskTests: readonly ConformanceTest[] = [
  program(
    "getpid",
    "a process has its number (LKL's one process is 1; here 1 is init)",
    async (posix) => {
      holds(posix.getpid() > 1, "it is larger than 1");
      same(posix.getpid(), posix.process.pid, "the number");
    },
  ),
  program("gettid", "(before 2017) the first thread's number is the process'", async (posix) => {
    same(posix.gettid(), posix.getpid(), "the number");
  }),
  program("syscall_latency", "1000 calls; in virtual time they take none", async (posix) => {
    const before = posix.now();
    for (let i = 0; i < LATENCY_CALLS; i++) posix.getpid();
    same(posix.now() - before, 0, "virtual nanoseconds");
  }),
  program("umask", "the first umask is 022", async (posix) => {
    same(posix.umask(0o777), 0o022, "umask");
  }),
  program("umask2", "the second call gives the first one's", async (posix) => {
    posix.umask(0o777);
    same(posix.umask(0), 0o777, "umask");
  }),
  program("nanosleep", "takes as long as asked; in virtual time exactly", async (posix) => {
    const before = posix.now();
    same(await posix.nanosleep(SLEEP_NS), 0, "nanosleep");
    same(posix.now() - before, SLEEP_NS, "nanoseconds");
  }),
  program("many_syscall_threads", "64 threads call and end, one after the other", async (posix) => {
    const tasks = posix.process.node.taskManager.liveTaskCount;
    for (let i = 0; i < THREADS; i++) {
      const thread = posix.createThread(() => posix.getpid());
      same(await posix.join(thread), posix.getpid(), "what the thread saw");
    }
    same(posix.process.node.taskManager.liveTaskCount, tasks, "tasks afterwards");
  }),
  program(
    "new_tgid_threads",
    "64 children have numbers of their own and this parent",
    async (posix) => {
      const parent = posix.getpid();
      const pids = new Set<number>([parent]);
      for (let i = 0; i < THREADS; i++) {
        const child = posix.spawn((its) => (its.getppid() === parent ? 7 : 1));
        const { pid, status } = await posix.waitpid(child);
        same({ pid, exit: WEXITSTATUS(status) }, { pid: child, exit: 7 }, "child");
        pids.add(pid);
      }
      same(pids.size, THREADS + 1, "different numbers");
    },
  ),
];
