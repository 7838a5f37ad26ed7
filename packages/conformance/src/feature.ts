import type { Testbed } from "./testbed/testbed.ts";

/** Something that a kernel may lack. */
export interface Feature {
  readonly name: string;
  /** Asks the kernel itself. */
  isThere(bed: Testbed): Promise<boolean>;
}
