// The main job for many seeds: intact for each, and the same trace hash in two processes.
//   node scripts/bootstrap.mjs -- node scripts/soak.mjs [seeds] [loss]
import { execFile } from "node:child_process";
import { availableParallelism } from "node:os";
import { promisify } from "node:util";

const seeds = Number(process.argv[2] ?? 200);
const loss = process.argv[3] ?? "0.02";
const run = promisify(execFile);

async function once(seed) {
  const args = [
    "packages/cli/bin/dce.mjs",
    "run",
    "dce-tcp-file",
    "--loss",
    loss,
    "--seed",
    String(seed),
    "--json",
  ];
  return JSON.parse((await run(process.execPath, args)).stdout);
}

let next = 1;
const bad = [];
const hashes = new Set();
async function worker() {
  while (next <= seeds) {
    const seed = next++;
    const [first, second] = [await once(seed), await once(seed)];
    const intact =
      first.result.sha256Sent === first.result.sha256Received && first.result.bytes === 1_000_000;
    if (!intact || first.traceHash !== second.traceHash)
      bad.push({ seed, intact, hashes: [first.traceHash, second.traceHash] });
    hashes.add(first.traceHash);
  }
}
await Promise.all(Array.from({ length: availableParallelism() }, worker));
for (const each of bad) console.error(JSON.stringify(each));
console.log(
  JSON.stringify({ seeds, loss: Number(loss), bad: bad.length, distinctTraces: hashes.size }),
);
process.exit(bad.length === 0 ? 0 : 1);
