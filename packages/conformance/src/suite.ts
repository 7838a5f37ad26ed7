import { behaviourParts } from "./behaviour/behaviour.ts";
import { bootPart } from "./boot/boot.ts";
import type { Part } from "./conformance-test.ts";
import { diskPart } from "./disk/disk.ts";
import { extraPart } from "./extra/extra.ts";
import { hijackPart } from "./hijack/hijack.ts";
import { netPart } from "./net/net-test.ts";

/** Everything, in the order of the report. */
export const suite: readonly Part[] = [
  bootPart,
  netPart,
  diskPart,
  hijackPart,
  extraPart,
  ...behaviourParts,
];
