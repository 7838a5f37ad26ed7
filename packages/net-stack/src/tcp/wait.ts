/** Sleeping in a TCP call (sk_wait_event). */
import {
  wait_event_interruptible,
  wait_event_interruptible_exclusive,
  wait_event_interruptible_timeout,
} from "@dcejs/lkl-kernel";
import type { Wait } from "@dcejs/lkl-kernel";
import { MAX_SCHEDULE_TIMEOUT } from "../socket/sock.ts";
import type { TcpSock } from "./tcp-sock.ts";

/**
 * Sleeps until `condition()` holds, at most `timeo` jiffies.
 * @returns Jiffies that are left (at least 1 when it holds), 0 when time ran out, negative errno on a signal.
 */
export function* wait_for_event(
  tp: TcpSock,
  wchan: string,
  condition: () => boolean,
  timeo: number,
  isExclusive = false,
): Wait {
  const wq = tp.sk_wq;
  if (wq === undefined) return 0;
  if (timeo === MAX_SCHEDULE_TIMEOUT) {
    const wait = isExclusive ? wait_event_interruptible_exclusive : wait_event_interruptible;
    const err = yield* wait(tp.kernel, wq, condition, wchan);
    return err < 0 ? err : timeo;
  }
  return yield* wait_event_interruptible_timeout(tp.kernel, wq, condition, timeo, wchan);
}
