import { type IpArguments, invalidArgument, unsignedArgument } from "./ip-arguments.ts";

/** RTAX_*: what a route says about the path. Order is that of iproute2's output. */
const METRICS: readonly (readonly [string, number])[] = [
  ["mtu", 2],
  ["window", 3],
  ["rtt", 4],
  ["rttvar", 5],
  ["ssthresh", 6],
  ["cwnd", 7],
  ["advmss", 8],
  ["reordering", 9],
  ["hoplimit", 10],
  ["initcwnd", 11],
  ["features", 12],
  ["rto_min", 13],
  ["initrwnd", 14],
  ["quickack", 15],
];
const RTAX_LOCK = 1;
const RTAX_RTT = 4;
const RTAX_RTTVAR = 5;
const RTAX_RTO_MIN = 13;

type Metrics = readonly (readonly [number, number])[];

function numberOf(word: string): number | undefined {
  const name = word === "mss" ? "advmss" : word;
  return METRICS.find(([metric]) => metric === name)?.[1];
}

export function isMetricWord(word: string): boolean {
  return word !== "features" && numberOf(word) !== undefined;
}

/** Takes "[lock] VALUE" and adds it to what there is. */
export function metricArgument(metrics: Metrics, word: string, args: IpArguments): Metrics {
  const type = numberOf(word) ?? 0;
  const next = args.take();
  const isLocked = next === "lock" || type === RTAX_RTO_MIN;
  const text = next === "lock" ? args.take() : next;
  const value =
    type === RTAX_RTO_MIN || type === RTAX_RTT || type === RTAX_RTTVAR
      ? milliseconds(text, word) * (type === RTAX_RTT ? 8 : type === RTAX_RTTVAR ? 4 : 1)
      : unsignedArgument(text, `"${word}" value is invalid`);
  const lock = metrics.find(([other]) => other === RTAX_LOCK)?.[1] ?? 0;
  const rest = metrics.filter(([other]) => other !== type && other !== RTAX_LOCK);
  const locks = isLocked ? lock | (1 << type) : lock;
  return [...(locks === 0 ? [] : [[RTAX_LOCK, locks] as const]), ...rest, [type, value]];
}

/** `get_time_rtt()`: "40ms", "1s", or milliseconds. */
function milliseconds(text: string, word: string): number {
  const match = /^(\d+(?:\.\d+)?)(s|sec|secs|ms|msec|msecs)?$/.exec(text);
  if (match === null) throw invalidArgument(`"${word}" value is invalid`, text);
  return Math.round(Number(match[1]) * (match[2]?.startsWith("s") === true ? 1000 : 1));
}

/** "mtu lock 1300 advmss 900 " */
export function metricsToText(metrics: Metrics): string {
  const lock = metrics.find(([type]) => type === RTAX_LOCK)?.[1] ?? 0;
  let text = "";
  for (const [name, type] of METRICS) {
    const value = metrics.find(([other]) => other === type)?.[1];
    if (value === undefined) continue;
    const isLocked = ((lock >>> type) & 1) !== 0;
    text += `${name} ${isLocked ? "lock " : ""}${valueToText(type, value)} `;
  }
  return text;
}

function valueToText(type: number, value: number): string {
  if (type === RTAX_RTO_MIN) return `${value}ms`;
  if (type === RTAX_RTT) return `${Math.floor(value / 8)}ms`;
  if (type === RTAX_RTTVAR) return `${Math.floor(value / 4)}ms`;
  return String(value);
}

export function metricsObject(metrics: Metrics): Record<string, number> {
  const object: Record<string, number> = {};
  for (const [name, type] of METRICS) {
    const value = metrics.find(([other]) => other === type)?.[1];
    if (value !== undefined) object[name] = value;
  }
  return object;
}
