import { type Nanoseconds, nanoseconds, NSEC_PER_MSEC } from "../src/index.ts";

/** Milliseconds of virtual time. */
export function ms(n: number): Nanoseconds {
  return nanoseconds(n * NSEC_PER_MSEC);
}
