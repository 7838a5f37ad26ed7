import type { TraceRecord } from "@dcejs/core-sched";

/** A trace record as ftrace prints one: virtual seconds, node, name, values. */
export function traceLine({ time, context, name, args }: TraceRecord): string {
  const node = context === 0xffffffff ? "-" : String(context);
  return `${(time / 1e9).toFixed(9)} [${node}] ${name}: ${args.join(" ")}`;
}
