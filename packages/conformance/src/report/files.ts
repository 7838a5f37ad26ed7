import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Part } from "../conformance-test.ts";
import { markdownReport } from "./markdown.ts";
import { formatResults, parseResults, type Results } from "./results.ts";

const RESULTS = fileURLToPath(new URL("../../results.json", import.meta.url));
const DOCUMENT = fileURLToPath(new URL("../../../../docs/CONFORMANCE.md", import.meta.url));

/** What has been recorded of each kernel. */
export function readResults(): Results {
  return existsSync(RESULTS) ? parseResults(readFileSync(RESULTS, "utf8")) : {};
}

export function readDocument(): string {
  return existsSync(DOCUMENT) ? readFileSync(DOCUMENT, "utf8") : "";
}

export function writeResults(parts: readonly Part[], results: Results): void {
  writeFileSync(RESULTS, formatResults(results));
  writeFileSync(DOCUMENT, markdownReport(parts, results));
}
