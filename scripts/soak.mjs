// The main job for many seeds: intact for each, and the same trace hash in two processes.
//   node scripts/bootstrap.mjs -- node scripts/soak.mjs [seeds] [loss] [--kernel NAME] [--captures N]
// NAME is a kernel of dce's, default "emulated", or "mixed": emulated to linux-6.12 and the other way round
// ("mixed:linux-6.1" with another). Real Linux runs on both back ends, whose hashes have to agree too.
// The captures of the first N seeds are read by tshark, with checksums checked.
import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs, promisify } from "node:util";

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    kernel: { type: "string", default: "emulated" },
    captures: { type: "string", default: "0" },
  },
});
const seeds = Number(positionals[0] ?? 200);
const loss = positionals[1] ?? "0.02";
const capturedSeeds = Number(values.captures);
const run = promisify(execFile);

/** What runs for each seed: words for `dce run`, and the back ends. */
function variantsOf(kernel) {
  if (!kernel.startsWith("mixed")) {
    const stacks = kernel.startsWith("linux-") ? ["jspi", "wasmfx"] : ["jspi"];
    return [{ name: kernel, words: ["dce-tcp-file", "--kernel", kernel], stacks }];
  }
  const linux = kernel.split(":")[1] ?? "linux-6.12";
  return [
    ["emulated", linux],
    [linux, "emulated"],
  ].map(([sender, receiver]) => ({
    name: `${sender} to ${receiver}`,
    words: ["scripts/soak-mixed.mjs", "--sender", sender, "--receiver", receiver],
    stacks: ["jspi", "wasmfx"],
  }));
}

async function once({ words }, seed, stacks, pcap) {
  const args = [
    "packages/cli/bin/dce.mjs",
    "run",
    ...words,
    "--loss",
    loss,
    "--seed",
    String(seed),
    "--stacks",
    stacks,
    "--json",
    ...(pcap === undefined ? [] : ["--pcap", pcap]),
  ];
  try {
    return JSON.parse((await run(process.execPath, args)).stdout);
  } catch (error) {
    return { failure: String(error.stderr ?? error) };
  }
}

const WRONG = [
  "_ws.malformed",
  "ip.checksum.status == 0",
  "tcp.checksum.status == 0",
  "udp.checksum.status == 0",
  "icmp.checksum.status == 0",
  "_ws.expert.severity == error",
].join(" || ");
const CHECKSUMS_ON = ["ip", "tcp", "udp"].flatMap((protocol) => [
  "-o",
  `${protocol}.check_checksum:TRUE`,
]);

/** Lines of tshark about what is wrong in the captures of a folder. */
async function wrongIn(folder) {
  const found = [];
  for (const file of readdirSync(folder)) {
    const args = ["-n", ...CHECKSUMS_ON, "-r", join(folder, file), "-Y", WRONG];
    const { stdout } = await run("tshark", args, { maxBuffer: 1 << 28 });
    if (stdout !== "") found.push(`${file}: ${stdout.split("\n", 1)[0]}`);
  }
  return found;
}

async function checked(variant, seed) {
  const folder = seed <= capturedSeeds ? mkdtempSync(join(tmpdir(), "dcejs-soak-")) : undefined;
  try {
    const [first, ...others] = variant.stacks;
    const runs = [await once(variant, seed, first, folder), await once(variant, seed, first)];
    for (const stacks of others) runs.push(await once(variant, seed, stacks));
    const failure = runs.find((one) => one.failure !== undefined)?.failure;
    const intact = runs.every(
      ({ result }) => result?.sha256Sent === result?.sha256Received && result?.bytes === 1_000_000,
    );
    const hashes = runs.map((one) => one.traceHash);
    const warnings = runs.flatMap((one) => one.warnings ?? []);
    const wrong = folder === undefined ? [] : await wrongIn(folder);
    return { seed, failure, intact, hashes, warnings, wrong };
  } finally {
    if (folder !== undefined) rmSync(folder, { recursive: true });
  }
}

function isBad({ failure, intact, hashes, warnings, wrong }) {
  const isSame = hashes.every((hash) => hash === hashes[0]);
  return failure !== undefined || !intact || !isSame || warnings.length > 0 || wrong.length > 0;
}

/** All seeds of a variant, on all processors. @returns how many are bad */
async function soak(variant) {
  let next = 1;
  const bad = [];
  const hashes = new Set();
  async function worker() {
    while (next <= seeds) {
      const found = await checked(variant, next++);
      if (isBad(found)) bad.push(found);
      hashes.add(found.hashes[0]);
    }
  }
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
  for (const each of bad) console.error(JSON.stringify(each));
  console.log(
    JSON.stringify({
      kernel: variant.name,
      seeds,
      loss: Number(loss),
      captures: Math.min(capturedSeeds, seeds),
      bad: bad.length,
      distinctTraces: hashes.size,
    }),
  );
  return bad.length;
}

let bad = 0;
for (const variant of variantsOf(values.kernel)) bad += await soak(variant);
process.exit(bad === 0 ? 0 : 1);
