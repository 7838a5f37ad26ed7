import type { Blocked, Wait } from "@dcejs/core-sched";

/** The number that a call of KernelHandle ends with, whether it has to wait or not. */
export function* completed(result: number | Blocked): Wait {
  return typeof result === "number" ? result : yield result;
}
