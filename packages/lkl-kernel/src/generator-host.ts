import type { Blocked, Wait } from "./blocked.ts";
import type {
  LklHostOperations,
  LklMutex,
  LklSem,
  LklTimer,
  LklTlsKey,
} from "./host-operations.ts";

/** Identity of the event loop, where timers fire and interrupts come from. Threads count from 2. */
const MAIN_THREAD = 1;

type Body = (arg: unknown) => void | Wait<unknown>;

class HostThread implements Blocked {
  readonly id: number;
  readonly name: string;
  readonly steps: Wait<void>;
  /** Made at the first tls_set. */
  tls: Map<TlsKey, unknown> | undefined = undefined;
  joiners: HostThread[] | undefined = undefined;
  /** thread_self() of this thread; not its id when programs share one identity. */
  identity: number;
  isDone = false;
  isBlocked = false;
  /** What the call that it blocks in completes with. */
  value = 0;
  waitChannel = "";
  semaphore: Semaphore | undefined = undefined;

  constructor(id: number, name: string, steps: Wait<void>) {
    this.id = id;
    this.identity = id;
    this.name = name;
    this.steps = steps;
  }
}

class Semaphore {
  count: number;
  isFreed = false;
  readonly waiters: HostThread[] = [];

  constructor(count: number) {
    this.count = count;
  }
}

class HostMutex {
  owner = 0;
  depth = 0;
  readonly isRecursive: boolean;
  readonly waiters: HostThread[] = [];

  constructor(isRecursive: boolean) {
    this.isRecursive = isRecursive;
  }
}

class TlsKey {
  readonly destructor: ((value: unknown) => void | Wait<unknown>) | undefined;
  isFreed = false;

  constructor(destructor: ((value: unknown) => void | Wait<unknown>) | undefined) {
    this.destructor = destructor;
  }
}

class HostTimer {
  readonly fn: EventFunction;
  event: HostEvent | undefined = undefined;

  constructor(fn: EventFunction) {
    this.fn = fn;
  }
}

type EventFunction = () => void | Promise<void>;

interface HostEvent {
  readonly at: number;
  readonly fn: EventFunction;
}

/** Ends a thread; never seen outside of this file. */
class ThreadExit extends Error {}

/** What a host has given out and not got back. */
export interface HostCounts {
  threads: number;
  sems: number;
  mutexes: number;
  timers: number;
  tlsKeys: number;
}

/**
 * The smallest host on which a kernel runs, for tests and for trying a kernel out: threads are
 * generators, one runs at a time, in FIFO order; time is a number that moves to the next event when
 * no thread can run. Counts everything that it gives out. Several kernels may share one host.
 */
export class GeneratorHost {
  /** Virtual nanoseconds. */
  now = 0;
  readonly counts: HostCounts = { threads: 0, sems: 0, mutexes: 0, timers: 0, tlsKeys: 0 };
  /** Console output of all kernels on this host. */
  printed = "";
  panics = 0;
  /** Timer expiries and other events so far. */
  eventCount = 0;
  /** Resumptions of threads so far. */
  resumeCount = 0;
  /** thread_create fails from now on when it says so. */
  refusesThread: (name: string) => boolean = () => false;
  /** All programs answer thread_self() with one identity, as fibers do that share an OS thread. */
  programsShareIdentity = false;
  readonly #ready: HostThread[] = [];
  readonly #threads: Map<number, HostThread> = new Map();
  #events: HostEvent[] = [];
  #current: HostThread | undefined = undefined;
  #nextId: number = MAIN_THREAD + 1;
  readonly ops: LklHostOperations = this.#makeOps();

  /** Starts a program: a host thread that is not of a kernel. @returns its id */
  start(body: Body, name = "program"): number {
    const id = this.#create(body, undefined, name);
    const thread = this.#threads.get(id);
    if (thread !== undefined && this.programsShareIdentity) thread.identity = MAIN_THREAD;
    return id;
  }

  /** Calls `fn` in the event loop after `delay` ns. */
  schedule(delay: number, fn: EventFunction): void {
    this.#addEvent(delay, fn);
  }

  /** Runs until no thread can run and nothing is due. @returns who still waits, as "name: channel" */
  run(until: number = Number.POSITIVE_INFINITY): string[] {
    for (let event = this.#nextEvent(until); event; event = this.#nextEvent(until)) {
      if (event.fn() instanceof Promise)
        throw new Error("a timer returned a promise: use runAsync");
    }
    return this.#whoWaits();
  }

  /** As run(), for kernels whose timers return promises: each is waited for. */
  async runAsync(until: number = Number.POSITIVE_INFINITY): Promise<string[]> {
    for (let event = this.#nextEvent(until); event; event = this.#nextEvent(until)) {
      const settled = event.fn();
      // oxlint-disable-next-line eslint/no-await-in-loop -- time stands still until it has settled
      if (settled instanceof Promise) await settled;
    }
    return this.#whoWaits();
  }

  /** Runs one program to its end with everything that it needs. @returns what it returned */
  runProgram<T>(body: () => Wait<T>, name = "main"): T {
    let result: { value: T } | undefined;
    this.start(function* (): Wait<void> {
      result = { value: yield* body() };
    }, name);
    const waiting = this.run();
    if (result === undefined) throw new Error(`deadlock: ${waiting.join(", ")}`);
    return result.value;
  }

  /** As runProgram(), over runAsync(). */
  async runProgramAsync<T>(body: () => Wait<T>, name = "main"): Promise<T> {
    let result: { value: T } | undefined;
    this.start(function* (): Wait<void> {
      result = { value: yield* body() };
    }, name);
    const waiting = await this.runAsync();
    if (result === undefined) throw new Error(`deadlock: ${waiting.join(", ")}`);
    return result.value;
  }

  /** Ends a blocked thread from outside, without its TLS destructors. */
  kill(id: number): void {
    const thread = this.#threads.get(id);
    if (thread === undefined) return;
    for (const list of [this.#ready, thread.semaphore?.waiters ?? []]) {
      const index = list.indexOf(thread);
      if (index >= 0) list.splice(index, 1);
    }
    thread.tls = undefined;
    thread.steps.return();
    this.#end(thread);
  }

  /** A call that only lets other threads run. */
  yieldThread(): Blocked {
    const thread = this.#block("yield");
    this.#wake(thread, 0);
    return thread;
  }

  /** Sleeps in the host, without a kernel. After 0 ns everything that could run has run. */
  sleep(ns: number): Blocked {
    const thread = this.#block("sleep");
    this.#addEvent(ns, () => this.#wake(thread, 0));
    return thread;
  }

  /** Makes a call's result whole: waits for it if need be. */
  *finish<T>(call: T | Wait<T>): Wait<T> {
    return isWait(call) ? yield* call : call;
  }

  /** Runs what can run, then goes on to the next event. */
  #nextEvent(until: number): HostEvent | undefined {
    this.#runThreads();
    const event = this.#events[0];
    if (event === undefined || event.at > until) return undefined;
    this.#events.shift();
    this.now = event.at;
    this.eventCount++;
    return event;
  }

  #whoWaits(): string[] {
    return [...this.#threads.values()].map((thread) => `${thread.name}: ${thread.waitChannel}`);
  }

  #runThreads(): void {
    for (let resumes = 0; ; resumes++) {
      // What livelocks should fail, not hang.
      if (resumes > 10_000_000) throw new Error("livelock: threads run and time stands still");
      const thread = this.#ready.shift();
      if (thread === undefined) return;
      this.#current = thread;
      thread.isBlocked = false;
      this.resumeCount++;
      const step = thread.steps.next(thread.value);
      this.#current = undefined;
      if (step.done === true) this.#end(thread);
      else if (step.value !== thread || !thread.isBlocked) {
        throw new Error(`${thread.name} yielded a handle that is not its own`);
      }
    }
  }

  #end(thread: HostThread): void {
    thread.isDone = true;
    this.counts.threads--;
    this.#threads.delete(thread.id);
    for (const joiner of thread.joiners ?? []) this.#wake(joiner, 0);
  }

  #create(body: Body, arg: unknown, name: string): number {
    if (this.refusesThread(name)) return 0;
    const id = this.#nextId++;
    const thread = new HostThread(id, name, this.#live(id, body, arg));
    this.#threads.set(id, thread);
    this.#ready.push(thread);
    this.counts.threads++;
    return id;
  }

  *#live(id: number, body: Body, arg: unknown): Wait<void> {
    try {
      const running = body(arg);
      if (running !== undefined) yield* running;
    } catch (error) {
      if (!(error instanceof ThreadExit)) throw error;
    }
    const thread = this.#threads.get(id);
    for (const [key, value] of thread?.tls ?? []) {
      thread?.tls?.delete(key);
      if (key.isFreed || key.destructor === undefined) continue;
      const running = key.destructor(value);
      if (running !== undefined) yield* running;
    }
  }

  #block(channel: string): HostThread {
    const thread = this.#current;
    if (thread === undefined) throw new Error(`the event loop must not block in ${channel}`);
    thread.isBlocked = true;
    thread.waitChannel = channel;
    return thread;
  }

  #wake(thread: HostThread, value: number): void {
    thread.value = value;
    thread.waitChannel = "";
    thread.semaphore = undefined;
    this.#ready.push(thread);
  }

  #addEvent(delay: number, fn: EventFunction): HostEvent {
    const event: HostEvent = { at: this.now + delay, fn };
    let index = this.#events.length;
    while (index > 0 && (this.#events[index - 1]?.at ?? 0) > event.at) index--;
    this.#events.splice(index, 0, event);
    return event;
  }

  #cancel(event: HostEvent | undefined): void {
    if (event === undefined) return;
    this.#events = this.#events.filter((other) => other !== event);
  }

  #self(): number {
    return this.#current?.identity ?? MAIN_THREAD;
  }

  /** The thread whose TLS the current one uses: its own, or that of the first with its identity. */
  #tlsOwner(): HostThread {
    if (this.#current === undefined) throw new Error("the event loop has no TLS");
    if (!this.programsShareIdentity) return this.#current;
    const self = this.#current.identity;
    const first = [...this.#threads.values()].find((thread) => thread.identity === self);
    return first ?? this.#current;
  }

  #makeOps(): LklHostOperations {
    return {
      print: (text) => {
        this.printed += text;
      },
      panic: () => {
        this.panics++;
      },
      ...this.#semOps(),
      ...this.#mutexOps(),
      ...this.#threadOps(),
      ...this.#tlsOps(),
      mem_alloc: (size) => new Uint8Array(size),
      mem_free: () => {},
      ...this.#timeOps(),
      jmp_buf_set: (_buf, f) => f(),
      jmp_buf_longjmp: () => {
        throw new Error("nobody jumps here");
      },
    };
  }

  #semOps(): Pick<LklHostOperations, "sem_alloc" | "sem_free" | "sem_up" | "sem_down"> {
    return {
      sem_alloc: (count) => {
        this.counts.sems++;
        return new Semaphore(count);
      },
      sem_free: (sem) => {
        const semaphore = asA(Semaphore, sem);
        if (semaphore.waiters.length > 0) throw new Error("sem_free with waiters");
        if (semaphore.isFreed) throw new Error("sem_free twice");
        semaphore.isFreed = true;
        this.counts.sems--;
      },
      sem_up: (sem: LklSem) => {
        const semaphore = asA(Semaphore, sem);
        if (semaphore.isFreed) throw new Error("sem_up after sem_free");
        const waiter = semaphore.waiters.shift();
        if (waiter === undefined) semaphore.count++;
        else this.#wake(waiter, 0);
      },
      sem_down: (sem: LklSem) => {
        const semaphore = asA(Semaphore, sem);
        if (semaphore.isFreed) throw new Error("sem_down after sem_free");
        if (semaphore.count > 0) {
          semaphore.count--;
          return undefined;
        }
        const thread = this.#block("sem_down");
        thread.semaphore = semaphore;
        semaphore.waiters.push(thread);
        return thread;
      },
    };
  }

  #mutexOps(): Pick<
    LklHostOperations,
    "mutex_alloc" | "mutex_free" | "mutex_lock" | "mutex_unlock"
  > {
    return {
      mutex_alloc: (recursive) => {
        this.counts.mutexes++;
        return new HostMutex(recursive !== 0);
      },
      mutex_free: () => {
        this.counts.mutexes--;
      },
      mutex_lock: (mutex: LklMutex) => {
        const hostMutex = asA(HostMutex, mutex);
        const self = this.#self();
        if (hostMutex.owner === 0 || (hostMutex.isRecursive && hostMutex.owner === self)) {
          hostMutex.owner = self;
          hostMutex.depth++;
          return undefined;
        }
        const thread = this.#block("mutex_lock");
        hostMutex.waiters.push(thread);
        return thread;
      },
      mutex_unlock: (mutex: LklMutex) => {
        const hostMutex = asA(HostMutex, mutex);
        if (hostMutex.owner !== this.#self()) throw new Error("unlock by a stranger");
        if (--hostMutex.depth > 0) return;
        const next = hostMutex.waiters.shift();
        hostMutex.owner = next?.identity ?? 0;
        hostMutex.depth = next === undefined ? 0 : 1;
        if (next !== undefined) this.#wake(next, 0);
      },
    };
  }

  #threadOps(): Pick<
    LklHostOperations,
    "thread_create" | "thread_exit" | "thread_join" | "thread_self" | "thread_equal"
  > {
    return {
      thread_create: (f, arg, name = "thread") => this.#create(f, arg, name),
      thread_exit: () => {
        throw new ThreadExit();
      },
      thread_join: (id) => {
        const thread = this.#threads.get(id);
        if (thread === undefined) return id > MAIN_THREAD && id < this.#nextId ? 0 : -1;
        const self = this.#block(`thread_join ${thread.name}`);
        thread.joiners ??= [];
        thread.joiners.push(self);
        return self;
      },
      thread_self: () => this.#self(),
      thread_equal: (a, b) => a === b,
    };
  }

  #tlsOps(): Required<Pick<LklHostOperations, "tls_alloc" | "tls_free" | "tls_set" | "tls_get">> {
    return {
      tls_alloc: (destructor) => {
        this.counts.tlsKeys++;
        return new TlsKey(destructor);
      },
      tls_free: (key) => {
        asA(TlsKey, key).isFreed = true;
        this.counts.tlsKeys--;
      },
      tls_set: (key: LklTlsKey, value) => {
        const owner = this.#tlsOwner();
        owner.tls ??= new Map();
        owner.tls.set(asA(TlsKey, key), value);
        return 0;
      },
      tls_get: (key: LklTlsKey) => this.#tlsOwner().tls?.get(asA(TlsKey, key)),
    };
  }

  #timeOps(): Required<
    Pick<LklHostOperations, "time" | "timer_alloc" | "timer_set_oneshot" | "timer_free">
  > {
    return {
      time: () => this.now,
      timer_alloc: (fn) => {
        this.counts.timers++;
        return new HostTimer(fn);
      },
      timer_set_oneshot: (timer: LklTimer, delta) => {
        const hostTimer = asA(HostTimer, timer);
        this.#cancel(hostTimer.event);
        hostTimer.event = this.#addEvent(delta, () => {
          hostTimer.event = undefined;
          return hostTimer.fn();
        });
        return 0;
      },
      timer_free: (timer) => {
        this.#cancel(asA(HostTimer, timer).event);
        this.counts.timers--;
      },
    };
  }
}

function isWait<T>(call: T | Wait<T>): call is Wait<T> {
  return typeof call === "object" && call !== null && Symbol.iterator in call;
}

function asA<T>(kind: new (...args: never[]) => T, value: object): T {
  if (value instanceof kind) return value;
  throw new TypeError(`not a ${kind.name} of this host`);
}
