// Ten minutes of virtual time with traffic, faults and a million frames of garbage into four kernels, which may not oops,
// warn or leak:
//   node scripts/bootstrap.mjs -- node --conditions=@dcejs/source scripts/garbage.mjs --kernel linux-6.12
// --stacks jspi|wasmfx, --frames N, --seconds N of virtual time, --seed N
import { parseArgs } from "node:util";
import { runGarbage } from "../packages/dce-glue/test/kernel/linux/garbage/garbage-run.ts";
import { complaintsOf } from "../packages/dce-glue/test/kernel/linux/garbage/garbage-verdict.ts";

const { values } = parseArgs({
  options: {
    kernel: { type: "string", default: "linux-6.12" },
    stacks: { type: "string", default: "jspi" },
    frames: { type: "string", default: "1000000" },
    seconds: { type: "string", default: "600" },
    seed: { type: "string", default: "1" },
  },
});
const { kernel, stacks } = values;
const [frames, seconds, seed] = [values.frames, values.seconds, values.seed].map(Number);
const report = await runGarbage({ kernel, stacks, frames, seconds, seed });
const complaints = complaintsOf(report);
console.log(JSON.stringify({ kernel, stacks, seed, ...report, complaints }));
process.exit(complaints.length === 0 ? 0 : 1);
