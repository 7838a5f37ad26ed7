import type { Part } from "../conformance-test.ts";
import { multiInterfaceTests } from "./multi-interface.ts";
import { oneHostTests } from "./one-host.ts";
import { twoHostTests } from "./two-hosts.ts";

export const hijackPart: Part = {
  title: "hijack-test.sh",
  about:
    "LKL's tools/lkl/tests/hijack-test.sh. Its tap device and its pipes are simulated cables, its host is a second host with the same kernel, its ping and netperf are programs of ours.",
  tests: [...oneHostTests, ...twoHostTests, ...multiInterfaceTests],
};
