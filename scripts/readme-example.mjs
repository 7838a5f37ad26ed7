import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

/**
 * Runs the first ```ts block of a README and gives back what it printed beside the ```text block that follows it.
 * The program is written next to the README, so that its imports resolve as a reader's would in that package.
 */
export function runReadmeExample(readmePath) {
  const readme = readFileSync(readmePath, "utf8");
  const found = /```ts\n([\s\S]*?)```[\s\S]*?```text\n([\s\S]*?)```/.exec(readme);
  if (found === null)
    throw new Error(`${readmePath} has no \`\`\`ts block followed by a \`\`\`text block`);
  const [, source, expected] = found;
  const folder = mkdtempSync(join(dirname(readmePath), ".readme-"));
  try {
    const file = join(folder, "example.ts");
    writeFileSync(file, source);
    const run = spawnSync(process.execPath, ["-C", "@dcejs/source", file], {
      encoding: "utf8",
      cwd: folder,
    });
    if (run.status !== 0)
      throw new Error(`the example of ${readmePath} exited with ${run.status}:\n${run.stderr}`);
    return { expected, actual: run.stdout };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
