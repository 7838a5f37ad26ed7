/** Sleeping in socket calls (net/core/sock.c, net/core/datagram.c). Nothing here runs unless a call must sleep. */
import {
  Errno,
  wait_event_interruptible,
  wait_event_interruptible_timeout,
} from "@dcejs/lkl-kernel";
import type { Wait } from "@dcejs/lkl-kernel";
import { MAX_SCHEDULE_TIMEOUT, sock_intr_errno } from "./sock.ts";
import type { Sock } from "./sock.ts";

/**
 * Sleeps on the socket until `condition()` holds, at most `timeo` jiffies.
 * @returns the jiffies that are left (MAX_SCHEDULE_TIMEOUT stays what it is), 0 when time ran out,
 * -ERESTARTSYS or -EINTR when a signal came.
 */
export function* sk_wait_event(
  sk: Sock,
  timeo: number,
  condition: () => boolean,
  wchan: string,
): Wait {
  const wq = sk.sk_wq;
  if (wq === undefined) return -Errno.EBADF;
  if (timeo === MAX_SCHEDULE_TIMEOUT) {
    const result = yield* wait_event_interruptible(sk.kernel, wq, condition, wchan);
    return result < 0 ? sock_intr_errno(timeo) : MAX_SCHEDULE_TIMEOUT;
  }
  const left = yield* wait_event_interruptible_timeout(sk.kernel, wq, condition, timeo, wchan);
  return left < 0 ? sock_intr_errno(timeo) : left;
}
