/** Events at one instant after which the simulator reports a livelock (it notices before twice as many). */
export const EVENTS_AT_ONE_INSTANT_MAX = 10_000_000;

/** Events between two calls of Simulator.onProgress. */
export const PROGRESS_EVERY_EVENTS = 100_000;

/** Non-blocking calls of one task at one instant after which each next one asks for a charged yield. */
export const BUSY_CALLS_BEFORE_CHARGE = 1_000;

/** Non-blocking calls of one task at one instant after which the next one throws LivelockError. */
export const BUSY_CALLS_MAX = 1_000_000;

/** Virtual time that a charged yield takes, nanoseconds. DCE's poll() sleeps as long. */
export const CHARGED_YIELD_NS = 1_000;

/** Events that may be pending at one time (their number must fit in an EventId). */
export const PENDING_EVENTS_MAX: number = 2 ** 24;

/** `yield`s that code being killed may do in its finally blocks. */
export const YIELDS_WHILE_UNWINDING_MAX = 100;

/** Tasks named in a LivelockError. */
export const TASKS_NAMED_MAX = 8;
