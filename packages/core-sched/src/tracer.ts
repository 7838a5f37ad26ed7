import type { Instant } from "./time.ts";

export type TraceValue = string | number | boolean;

/** One hit of a tracepoint. */
export interface TraceRecord {
  readonly time: Instant;
  /** Node id of the running event; NO_CONTEXT outside of events. */
  readonly context: number;
  /** As Linux names it: "tcp:tcp_retransmit_skb". */
  readonly name: string;
  readonly args: readonly TraceValue[];
}

/** Write `if (tp.isEnabled) tp.emit(…)`: a tracepoint that is off costs one branch. */
export interface Tracepoint {
  readonly name: string;
  readonly isEnabled: boolean;
  emit(...args: readonly TraceValue[]): void;
}

/** Where the tracer reads time and node from. */
export interface TraceClock {
  readonly now: Instant;
  readonly context: number;
}

/** Holds the tracepoints of a simulation; they are off until a pattern enables them and a sink listens. */
export class Tracer {
  readonly #clock: TraceClock;
  readonly #points = new Map<string, Point>();
  readonly #patterns: RegExp[] = [];
  readonly #sinks: ((record: TraceRecord) => void)[] = [];

  constructor(clock: TraceClock) {
    this.#clock = clock;
  }

  /** The tracepoint of that name; the same object each time. */
  tracepoint(name: string): Tracepoint {
    let point = this.#points.get(name);
    if (point === undefined) {
      point = new Point(name, this.#clock, this.#sinks);
      this.#points.set(name, point);
      this.#refresh(point);
    }
    return point;
  }

  /** Enables all tracepoints, also later ones, that match: "tcp:tcp_probe", "tcp:*", "*". */
  enable(pattern: string): void {
    const source = pattern.split("*").map(escapeRegExp).join(".*");
    this.#patterns.push(new RegExp(`^${source}$`));
    this.#refreshAll();
  }

  /** Adds a sink, which gets every record of the enabled tracepoints. */
  onRecord(sink: (record: TraceRecord) => void): void {
    this.#sinks.push(sink);
    this.#refreshAll();
  }

  /** Names of all tracepoints made so far, sorted. */
  get names(): string[] {
    return [...this.#points.keys()].toSorted();
  }

  #refreshAll(): void {
    for (const point of this.#points.values()) this.#refresh(point);
  }

  #refresh(point: Point): void {
    point.isEnabled =
      this.#sinks.length > 0 && this.#patterns.some((pattern) => pattern.test(point.name));
  }
}

class Point implements Tracepoint {
  readonly name: string;
  isEnabled = false;
  readonly #clock: TraceClock;
  readonly #sinks: readonly ((record: TraceRecord) => void)[];

  constructor(name: string, clock: TraceClock, sinks: readonly ((record: TraceRecord) => void)[]) {
    this.name = name;
    this.#clock = clock;
    this.#sinks = sinks;
  }

  emit(...args: readonly TraceValue[]): void {
    if (!this.isEnabled) return;
    const { now: time, context } = this.#clock;
    const record: TraceRecord = { time, context, name: this.name, args };
    for (const sink of this.#sinks) sink(record);
  }
}

function escapeRegExp(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
