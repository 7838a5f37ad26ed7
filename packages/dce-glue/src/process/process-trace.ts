import type { Process } from "./process.ts";

/** What the trace hash is told, so that the same number never means two things. */
const STARTED = 1;
const ENDED = 2;

/** A process has begun, or goes on with another program: time, node, pid and argv are in the run's fingerprint. */
export function hashStart(process: Process): void {
  add(process, STARTED);
  const argv = encoder.encode(process.argv.join("\0"));
  process.node.simulator.traceHash.addBytes(argv, 0, argv.length);
}

/** A process is over: so are time, node, pid, and the status as waitpid() encodes it. */
export function hashEnd(process: Process): void {
  add(process, ENDED);
  process.node.simulator.traceHash.add(process.exitStatus ?? 0);
}

function add(process: Process, what: number): void {
  const { simulator, nodeId } = process.node;
  const hash = simulator.traceHash;
  hash.add(what);
  hash.add(simulator.now);
  hash.add(nodeId);
  hash.add(process.pid);
}

const encoder = new TextEncoder();
