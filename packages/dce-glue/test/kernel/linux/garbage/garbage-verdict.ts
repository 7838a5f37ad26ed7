import type { GarbageReport } from "./garbage-run.ts";

/**
 * Octets of a kernel's memory that caches may keep: slabs that are not given back, neighbours, routes. One lost packet in
 * a hundred of a million would be ten times as much.
 */
const CACHES_MAX = 1_048_576;

/** Its memory is used up on purpose, which Linux tells of. */
const EXHAUSTED = "small";
const NO_MEMORY = "page allocation failure: ";

/** What may not be after garbage and faults; empty: all is well. */
export function complaintsOf(report: GarbageReport): string[] {
  const complaints = report.warnings
    .filter(({ node, what }) => node !== EXHAUSTED || !what.startsWith(NO_MEMORY))
    .map(({ node, what }) => `${node} warned: ${what}`);
  for (const [node, [before, after]] of Object.entries(report.states)) {
    const lost = before.memoryFree - after.memoryFree;
    if (lost > CACHES_MAX) complaints.push(`${node} has lost ${lost} octets of memory`);
    if (after.sockets !== before.sockets) {
      complaints.push(`${node} keeps sockets: ${after.sockets}, before: ${before.sockets}`);
    }
    if (after.tasks > before.tasks + TASKS_KEPT_MAX) {
      complaints.push(`${node} has ${after.tasks} tasks, and had ${before.tasks}`);
    }
  }
  if (report.acceptedAfterwards === 0) complaints.push("the server accepts nobody any more");
  for (const [kind, count] of Object.entries(report.leaks)) {
    if (count > 0) complaints.push(`leak: ${count} ${kind}`);
  }
  if (report.liveFrames > 0) complaints.push(`leak: ${report.liveFrames} frames of garbage`);
  return complaints;
}

/** Kernel threads come and go with work; host tasks are kept for the next threads. */
const TASKS_KEPT_MAX = 40;
