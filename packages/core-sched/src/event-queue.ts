import { invariant } from "./invariant.ts";
import { PENDING_EVENTS_MAX } from "./limits.ts";
import type { Brand } from "./time.ts";

/** Names one scheduled event: generation * 2^24 + slot. Never given twice, so a stale id is harmless. */
export type EventId = Brand<number, "EventId">;
// -0 is 0 that V8 keeps as a double. A field that begins as a small integer and outgrows 31 bits
// changes its class's shape in the middle of a run, which throws compiled code away.
// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- constructor of the brand; generations begin at 1
export const NO_EVENT: EventId = -0 as EventId;

/**
 * Runs an event. Keep handlers long-lived and put what differs between events in the integer `arg`.
 * When a promise comes back, virtual time stands still until it settles.
 */
export type EventHandler = (arg: number) => void | Promise<void>;

const SLOT_RANGE = 2 ** 24;
const SLOT_MASK = SLOT_RANGE - 1;
const GENERATION_MAX = 2 ** 29 - 1;

// Times are numbers of 53 bits, taken as seven digits in base 256, the least significant first.
const DIGIT_BITS = 8;
const BUCKETS_PER_LEVEL = 256;
const LEVELS = 7;
const LEVELS_IN_LOW_WORD = 4;
const WORDS_PER_LEVEL = 8;
const TWO_32 = 2 ** 32;

// Memory, in words of 32 bits: one list head for each bucket (next, previous), then the records.
const NEXT = 0;
const PREVIOUS = 1;
const TIME_HIGH = 2;
const TIME_LOW = 3;
const GENERATION = 4;
const CONTEXT = 5;
const ARG = 6; // a float64: words 6 and 7
const RECORD_WORDS = 8;
const RECORD_SHIFT = 3;
const HEAD_WORDS = 2;
const RECORDS_BASE = LEVELS * BUCKETS_PER_LEVEL * HEAD_WORDS;
const INITIAL_SLOTS = 256;
const NONE = -1;

function noHandler(): void {
  invariant(false, "event queue: an event has a handler");
}

/**
 * Pending events in order of time, and of insertion among equal times.
 *
 * A monotone radix heap: `#last` is a lower bound of all pending times, and an event waits in the
 * bucket (level, digit) of the most significant base-256 digit in which its time differs from
 * `#last`. Taking the earliest event empties the lowest bucket into lower levels, so an event moves
 * at most six times. Two events of one time are always in the same bucket, and buckets are first in,
 * first out: ties need no sequence number and nothing wraps. Buckets are doubly linked rings, so
 * cancelling really removes the event, and the memory is bounded by the live events.
 */
export class EventQueue {
  // Of the event that take() took last.
  time = -0;
  context = 0;
  arg = 0;
  handler: EventHandler = noHandler;

  #words: Int32Array;
  #floats: Float64Array;
  #handlers: EventHandler[] = [];
  #slotCount = 0;
  #capacity: number = INITIAL_SLOTS;
  /** Head of the free records, linked through NEXT. */
  #free = NONE;
  #size = 0;
  #lastHigh = 0;
  #lastLow = 0;
  /** A bit for each bucket that is not empty, and for each level a bit for each such word. */
  readonly #bucketBits = new Int32Array(LEVELS * WORDS_PER_LEVEL);
  readonly #levelBits = new Int32Array(LEVELS);

  constructor() {
    const buffer = new ArrayBuffer((RECORDS_BASE + INITIAL_SLOTS * RECORD_WORDS) * 4);
    this.#words = new Int32Array(buffer);
    this.#floats = new Float64Array(buffer);
    for (let head = 0; head < RECORDS_BASE; head += HEAD_WORDS) {
      this.#words[head + NEXT] = head;
      this.#words[head + PREVIOUS] = head;
    }
  }

  /** Events pending. */
  get size(): number {
    return this.#size;
  }

  /** Adds an event. `time` must not be earlier than that of the last event taken, or the limit of the last take(). */
  push(time: number, context: number, handler: EventHandler, arg: number): EventId {
    const record = this.#allocate();
    const words = this.#words;
    const slot = (record - RECORDS_BASE) >> RECORD_SHIFT;
    const high = (time / TWO_32) | 0;
    const low = time | 0;
    words[record + TIME_HIGH] = high;
    words[record + TIME_LOW] = low;
    words[record + CONTEXT] = context;
    this.#floats[(record + ARG) >> 1] = arg;
    this.#handlers[slot] = handler;
    this.#link(record, high, low);
    this.#size++;
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- constructor of the brand
    return (load(words, record + GENERATION) * SLOT_RANGE + slot) as EventId;
  }

  /**
   * Takes the earliest event whose time is at most `limit` and leaves it in `time`, `context`, `arg`
   * and `handler`. After false no event earlier than `limit` may be added.
   * @param limit An integer, or Infinity.
   */
  take(limit: number): boolean {
    const words = this.#words;
    for (;;) {
      const level = this.#lowestLevel();
      if (level < 0) return false;
      const head = this.#firstBucket(level) * HEAD_WORDS;
      const record = load(words, head + NEXT);
      const isAlone = load(words, record + NEXT) === head;
      if (level > 0 && !isAlone) {
        if (!this.#spread(head, level, limit)) return false;
        continue;
      }
      const high = load(words, record + TIME_HIGH);
      const low = load(words, record + TIME_LOW);
      const time = high * TWO_32 + (low >>> 0);
      if (time > limit) return false;
      this.#lastHigh = high;
      this.#lastLow = low;
      this.time = time;
      this.context = load(words, record + CONTEXT) >>> 0;
      this.arg = this.#floats[(record + ARG) >> 1] ?? 0;
      this.handler = this.#handlers[(record - RECORDS_BASE) >> RECORD_SHIFT] ?? noHandler;
      this.#unlink(record);
      this.#release(record);
      return true;
    }
  }

  isPending(id: EventId): boolean {
    return this.#recordOf(id) !== NONE;
  }

  /** Removes the event; false if it has run, was cancelled or never was. */
  cancel(id: EventId): boolean {
    const record = this.#recordOf(id);
    if (record === NONE) return false;
    this.#unlink(record);
    this.#release(record);
    return true;
  }

  /** When the event is to run; undefined if it is not pending. */
  timeOf(id: EventId): number | undefined {
    const record = this.#recordOf(id);
    if (record === NONE) return undefined;
    return this.#timeAt(record);
  }

  /** Removes every event. */
  clear(): void {
    const words = this.#words;
    for (let level = this.#lowestLevel(); level >= 0; level = this.#lowestLevel()) {
      const record = load(words, this.#firstBucket(level) * HEAD_WORDS + NEXT);
      this.#unlink(record);
      this.#release(record);
    }
  }

  #timeAt(record: number): number {
    const words = this.#words;
    return load(words, record + TIME_HIGH) * TWO_32 + (load(words, record + TIME_LOW) >>> 0);
  }

  /** The record of a pending event, or NONE. */
  #recordOf(id: EventId): number {
    const slot = id & SLOT_MASK;
    if (slot >= this.#slotCount) return NONE;
    const record = RECORDS_BASE + slot * RECORD_WORDS;
    const generation = Math.floor(id / SLOT_RANGE);
    return load(this.#words, record + GENERATION) === generation ? record : NONE;
  }

  #bucketOf(high: number, low: number): number {
    const highDifference = high ^ this.#lastHigh;
    if (highDifference !== 0) {
      const level = (31 - Math.clz32(highDifference)) >> 3;
      const digit = (high >>> (level * DIGIT_BITS)) & (BUCKETS_PER_LEVEL - 1);
      return (level + LEVELS_IN_LOW_WORD) * BUCKETS_PER_LEVEL + digit;
    }
    const level = (31 - Math.clz32((low ^ this.#lastLow) | 1)) >> 3;
    const digit = (low >>> (level * DIGIT_BITS)) & (BUCKETS_PER_LEVEL - 1);
    return level * BUCKETS_PER_LEVEL + digit;
  }

  /** Appends the record to its bucket. */
  #link(record: number, high: number, low: number): void {
    const words = this.#words;
    const bucket = this.#bucketOf(high, low);
    const head = bucket * HEAD_WORDS;
    const tail = load(words, head + PREVIOUS);
    words[tail + NEXT] = record;
    words[record + PREVIOUS] = tail;
    words[record + NEXT] = head;
    words[head + PREVIOUS] = record;
    if (tail === head) this.#markFilled(bucket);
  }

  #unlink(record: number): void {
    const words = this.#words;
    const next = load(words, record + NEXT);
    const previous = load(words, record + PREVIOUS);
    words[previous + NEXT] = next;
    words[next + PREVIOUS] = previous;
    // Both neighbours are the same only when they are the list head.
    if (next === previous) this.#markEmpty(next / HEAD_WORDS);
  }

  #markFilled(bucket: number): void {
    const word = bucket >>> 5;
    this.#bucketBits[word] = load(this.#bucketBits, word) | (1 << (bucket & 31));
    const level = bucket >>> 8;
    this.#levelBits[level] = load(this.#levelBits, level) | (1 << (word & 7));
  }

  #markEmpty(bucket: number): void {
    const word = bucket >>> 5;
    const bits = load(this.#bucketBits, word) & ~(1 << (bucket & 31));
    this.#bucketBits[word] = bits;
    if (bits !== 0) return;
    const level = bucket >>> 8;
    this.#levelBits[level] = load(this.#levelBits, level) & ~(1 << (word & 7));
  }

  /** The lowest level that has events, or NONE. */
  #lowestLevel(): number {
    const levelBits = this.#levelBits;
    for (let level = 0; level < LEVELS; level++) if (levelBits[level] !== 0) return level;
    return NONE;
  }

  /** The bucket of the smallest digit in a level that has events. */
  #firstBucket(level: number): number {
    const word = level * WORDS_PER_LEVEL + lowestBit(load(this.#levelBits, level));
    return word * 32 + lowestBit(load(this.#bucketBits, word));
  }

  /**
   * Moves the events of the lowest bucket, which is of a level above 0, to lower levels. `#last`
   * rises to the least of them, but not beyond `limit`, before which nothing may be added later.
   * Returns false when the whole bucket is later than `limit`.
   */
  #spread(head: number, level: number, limit: number): boolean {
    const words = this.#words;
    const first = load(words, head + NEXT);
    const firstTime = this.#timeAt(first);
    const base = firstTime - (firstTime % BUCKETS_PER_LEVEL ** level);
    if (base > limit) return false;
    // From level 1 all go to level 0, whatever the least of them is.
    const last = level === 1 ? base : Math.min(this.#earliestIn(head), limit);
    this.#lastHigh = (last / TWO_32) | 0;
    this.#lastLow = last | 0;
    words[head + NEXT] = head;
    words[head + PREVIOUS] = head;
    this.#markEmpty(head / HEAD_WORDS);
    let record = first;
    while (record !== head) {
      const next = load(words, record + NEXT);
      this.#link(record, load(words, record + TIME_HIGH), load(words, record + TIME_LOW));
      record = next;
    }
    return true;
  }

  #earliestIn(head: number): number {
    const words = this.#words;
    let earliest = Infinity;
    for (let record = load(words, head + NEXT); record !== head; ) {
      const time = this.#timeAt(record);
      if (time < earliest) earliest = time;
      record = load(words, record + NEXT);
    }
    return earliest;
  }

  #allocate(): number {
    const free = this.#free;
    if (free !== NONE) {
      this.#free = load(this.#words, free + NEXT);
      return free;
    }
    if (this.#slotCount === this.#capacity) this.#grow();
    const record = RECORDS_BASE + this.#slotCount * RECORD_WORDS;
    this.#slotCount++;
    this.#handlers.push(noHandler);
    this.#words[record + GENERATION] = 1;
    return record;
  }

  #release(record: number): void {
    const words = this.#words;
    const generation = load(words, record + GENERATION) + 1;
    words[record + GENERATION] = generation;
    this.#handlers[(record - RECORDS_BASE) >> RECORD_SHIFT] = noHandler;
    this.#size--;
    // A slot whose generations are used up is retired, so that no id is ever given twice.
    if (generation > GENERATION_MAX) return;
    words[record + NEXT] = this.#free;
    this.#free = record;
  }

  #grow(): void {
    const capacity = this.#capacity * 2;
    invariant(capacity <= PENDING_EVENTS_MAX, `event queue: at most ${PENDING_EVENTS_MAX} slots`);
    const buffer = new ArrayBuffer((RECORDS_BASE + capacity * RECORD_WORDS) * 4);
    const words = new Int32Array(buffer);
    words.set(this.#words);
    this.#words = words;
    this.#floats = new Float64Array(buffer);
    this.#capacity = capacity;
  }
}

/** Typed-array read that is known to be in range. */
function load(words: Int32Array, index: number): number {
  return words[index] ?? 0;
}

/** Number of the lowest 1 bit; `bits` is not 0. */
function lowestBit(bits: number): number {
  return 31 - Math.clz32(bits & -bits);
}
