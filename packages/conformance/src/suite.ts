import { bootPart } from "./boot/boot.ts";
import type { Part } from "./conformance-test.ts";

/** Everything, in the order of the report. */
export const suite: readonly Part[] = [bootPart];
