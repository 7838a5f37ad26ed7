// The one file of this package that touches the host's own queues.
// oxlint-disable no-restricted-globals, no-restricted-properties -- this is how the run loop learns that all microtasks have drained

/** Takes back what afterMicrotasks asked for, if it has not run. */
export type CancelAfterMicrotasks = () => void;

/**
 * Calls `callback` once when every microtask (and so every continuation of an already settled
 * promise) has run. It never decides any order inside a simulation; it only tells that a task waits
 * for something outside of it.
 */
export function afterMicrotasks(callback: () => void): CancelAfterMicrotasks {
  return typeof process === "object" && typeof process.nextTick === "function"
    ? inNextTick(callback)
    : inMessage(callback);
}

/**
 * Node runs a tick that was asked for inside a microtask as soon as the microtasks have drained, and
 * before anything of the host's can settle. A tick asked for elsewhere would run before them.
 */
function inNextTick(callback: () => void): CancelAfterMicrotasks {
  let isCancelled = false;
  queueMicrotask(() => {
    process.nextTick(() => {
      if (!isCancelled) callback();
    });
  });
  return () => {
    isCancelled = true;
  };
}

/** Elsewhere a message is the nearest to it: something that the host settles first may be missed. */
function inMessage(callback: () => void): CancelAfterMicrotasks {
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
