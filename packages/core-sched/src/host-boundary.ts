// The one file of this package that touches a host timer.
// oxlint-disable no-restricted-globals -- a macrotask is how the run loop learns that all microtasks have drained

/** Cancels what runInMacrotask asked for, if it has not run. */
export type CancelMacrotask = () => void;

/**
 * Runs `callback` once in a macrotask of the host: when it runs, every microtask (and so every
 * continuation of an already settled promise) has run. It never decides any order inside a
 * simulation; it only tells that a task waits for something outside of it.
 */
export function runInMacrotask(callback: () => void): CancelMacrotask {
  if (typeof setImmediate === "function") {
    const immediate = setImmediate(callback);
    return () => clearImmediate(immediate);
  }
  const channel = new MessageChannel();
  const close = (): void => channel.port1.close();
  channel.port1.addEventListener("message", () => {
    close();
    callback();
  });
  channel.port1.start();
  channel.port2.postMessage(undefined);
  return close;
}
