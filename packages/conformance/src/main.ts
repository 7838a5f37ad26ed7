import { parseArgs } from "node:util";
import { availableKernels } from "./kernels.ts";
import { KernelUnderTest } from "./kernel-under-test.ts";
import { readResults, writeResults } from "./report/files.ts";
import { countVerdicts, type KernelResults, mergeResults, runParts } from "./report/results.ts";
import { terminalReport } from "./report/terminal.ts";
import { suite } from "./suite.ts";

const USAGE = `Usage: npm run conformance -- [--kernel NAME]… [--peer NAME] [--test TEXT] [--write]

Runs the conformance tests on every kernel that is built here and prints a table.
  --kernel NAME  only this kernel
  --peer NAME    all hosts of a test but the first have this kernel: two kernels talk to each other
  --test TEXT    only tests with TEXT in "part: name"
  --write        writes docs/CONFORMANCE.md and packages/conformance/results.json
`;

/** @returns exit code: 0, 1 a test has failed, 2 wrong usage */
async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      kernel: { type: "string", multiple: true },
      peer: { type: "string" },
      test: { type: "string" },
      write: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  const { kernel: wanted, peer, test: text = "", write, help } = values;
  if (help || (write && (text !== "" || peer !== undefined))) {
    process.stdout.write(USAGE);
    return help ? 0 : 2;
  }
  const available = await availableKernels();
  const named = [...(wanted ?? []), ...(peer === undefined ? [] : [peer])];
  const unknown = named.find((name) => !available.includes(name));
  if (unknown !== undefined) {
    process.stderr.write(`${unknown} is not built; there is: ${available.join(", ")}\n`);
    return 2;
  }
  const isWanted = (key: string): boolean => key.includes(text);
  const fresh: Record<string, KernelResults> = {};
  for (const name of wanted ?? available) {
    // oxlint-disable-next-line no-await-in-loop -- one kernel after the other
    fresh[name] = await runParts(suite, new KernelUnderTest(name, peer), isWanted);
  }
  process.stdout.write(terminalReport(suite, fresh, isWanted));
  if (write) writeResults(suite, mergeResults(readResults(), fresh));
  return Object.values(fresh).some((verdicts) => countVerdicts(verdicts).FAIL > 0) ? 1 : 0;
}

try {
  process.exitCode = await main();
} catch (error) {
  const isUsage = error instanceof TypeError && "code" in error;
  process.stderr.write(isUsage ? `${error.message}\n${USAGE}` : `${String(error)}\n`);
  process.exitCode = isUsage ? 2 : 1;
}
