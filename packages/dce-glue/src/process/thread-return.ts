import type { Thread } from "./thread.ts";

/**
 * The function of a thread has returned while a call that it did not await is still blocked. The
 * call is interrupted as by an exit, now, and over when this is: a thread can leave, and functions of
 * atexit() can make calls, only when it runs.
 * @throws what a call has failed with that nobody awaited, as an unhandled rejection.
 */
export async function breakOff(thread: Thread): Promise<void> {
  await leaveCall(thread);
  const { failedCall } = thread;
  thread.failedCall = undefined;
  if (failedCall !== undefined && !failedCall.call.isAwaited) throw failedCall.error;
}

/** As breakOff, for a thread that ends with an error of its own. */
export async function leaveCall(thread: Thread): Promise<void> {
  if (thread.inflight === undefined) return;
  const wasToEnd = thread.mustEnd;
  thread.hasReturned = true;
  thread.mustEnd = true;
  thread.updateWork();
  thread.interrupt();
  // oxlint-disable-next-line no-await-in-loop -- from the call of a signal's handler to the one that it interrupted
  while (thread.inflight !== undefined) await thread.inflight.over;
  thread.hasReturned = false;
  thread.mustEnd = wasToEnd;
  thread.updateWork();
}
