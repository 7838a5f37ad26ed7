import { parseDuration } from "@dcejs/core-sched";
import { ETHERNET_HEADER_LENGTH } from "./frame.ts";
import { FRAME_LENGTH_MAX, OVERHEAD_MAX, TRANSMIT_RING_MAX } from "./limits.ts";
import { parseRate } from "./units.ts";

/** Preamble, start of frame, frame check sequence and gap between frames: what Ethernet adds. */
export const ETHERNET_OVERHEAD = 24;

/**
 * Losses in bursts: the model of Gilbert and Elliott with the parameters and the order of steps of
 * `netem loss gemodel`. A frame may change the state first and is then lost or not.
 */
export interface GilbertElliottOptions {
  /** Probability of going from the good state to the bad one, for each frame. */
  readonly p: number;
  /** Probability of going back, so that a bad period lasts 1/r frames. @default 1 - p */
  readonly r?: number | undefined;
  /** Probability of a loss in the bad state. @default 1 */
  readonly "1-h"?: number | undefined;
  /** Probability of a loss in the good state. @default 0 */
  readonly "1-k"?: number | undefined;
}

/** Variation of the propagation delay. */
export interface JitterOptions {
  /** uniform: the delay varies by at most this much up and down. normal: standard deviation. */
  readonly amount: string | number;
  /** @default "uniform" */
  readonly distribution?: "uniform" | "normal" | undefined;
  /** Whether a frame may overtake one that was sent before it. @default false */
  readonly reorder?: boolean | undefined;
}

/** Reordering as netem does it: chosen frames take a shorter way than the others. */
export interface ReorderOptions {
  /** Probability that a frame which may be chosen is chosen. */
  readonly probability: number;
  /** At least gap - 1 frames take the normal way between two chosen ones. @default 1 */
  readonly gap?: number | undefined;
  /** Propagation delay of a chosen frame; only a shorter one than `delay` overtakes. @default 0 */
  readonly delay?: string | number | undefined;
}

/** One direction of a cable. All probabilities are from 0 to 1, and 0 turns a model off. */
export interface LinkOptions {
  /** Bit/s, or a text for `parseRate`; 0 sends in no time. @default 0 */
  readonly rate?: string | number | undefined;
  /** Propagation delay: nanoseconds, or a text for `parseDuration`. @default 0 */
  readonly delay?: string | number | undefined;
  /** A duration is the amount of a uniform jitter that keeps the order. @default 0 */
  readonly jitter?: string | number | JitterOptions | undefined;
  /** A number loses each frame with this probability, whatever became of the others. @default 0 */
  readonly loss?: number | GilbertElliottOptions | undefined;
  /** Probability that a frame arrives twice. @default 0 */
  readonly duplicate?: number | undefined;
  /** A number is the probability. @default 0 */
  readonly reorder?: number | ReorderOptions | undefined;
  /** Probability that one bit of a frame is flipped. @default 0 */
  readonly corrupt?: number | undefined;
  /** Frames that `send()` accepts while one is on the wire. @default 1 */
  readonly ring?: number | undefined;
  /** Most octets behind the Ethernet header (and an 802.1Q tag). @default 0, as many as there are */
  readonly mtu?: number | undefined;
  /** Octets that each frame takes on the wire beside its own; see ETHERNET_OVERHEAD. @default 0 */
  readonly overhead?: number | undefined;
}

export interface LossSettings {
  readonly p: number;
  readonly r: number;
  readonly lossInBad: number;
  readonly lossInGood: number;
}

/** Options after reading: numbers in ns, bit/s, octets. */
export interface LinkSettings {
  readonly rate: number;
  readonly overhead: number;
  readonly delay: number;
  readonly jitter: number;
  readonly jitterIsNormal: boolean;
  readonly jitterReorders: boolean;
  readonly loss: number | LossSettings;
  readonly duplicate: number;
  readonly reorder: number;
  readonly reorderGap: number;
  readonly reorderDelay: number;
  readonly corrupt: number;
  readonly ring: number;
  readonly mtu: number;
}

const DEFAULT_LINK_SETTINGS: LinkSettings = {
  rate: 0,
  overhead: 0,
  delay: 0,
  jitter: 0,
  jitterIsNormal: false,
  jitterReorders: false,
  loss: 0,
  duplicate: 0,
  reorder: 0,
  reorderGap: 1,
  reorderDelay: 0,
  corrupt: 0,
  ring: 1,
  mtu: 0,
};

/**
 * Reads options; what they do not name stays as it was.
 * @throws RangeError which names the option and its value.
 */
export function readLinkOptions(
  options: LinkOptions,
  previous: LinkSettings = DEFAULT_LINK_SETTINGS,
): LinkSettings {
  assertKnown(options);
  const { rate, delay, duplicate, corrupt, ring, mtu, overhead } = options;
  return {
    ...previous,
    ...(rate !== undefined && { rate: parseRate(rate) }),
    ...(delay !== undefined && { delay: parseDuration(delay) }),
    ...(options.jitter !== undefined && readJitter(options.jitter)),
    ...(options.loss !== undefined && { loss: readLoss(options.loss) }),
    ...(duplicate !== undefined && { duplicate: probability("duplicate", duplicate) }),
    ...(options.reorder !== undefined && readReorder(options.reorder)),
    ...(corrupt !== undefined && { corrupt: probability("corrupt", corrupt) }),
    ...(ring !== undefined && { ring: integer("ring", ring, 0, TRANSMIT_RING_MAX) }),
    ...(mtu !== undefined && { mtu: integer("mtu", mtu, 0, MTU_MAX) }),
    ...(overhead !== undefined && { overhead: integer("overhead", overhead, 0, OVERHEAD_MAX) }),
  };
}

/** Every option, so that a misspelt one does not silently do nothing. */
const KNOWN_OPTIONS: Readonly<Record<keyof LinkOptions, true>> = {
  rate: true,
  delay: true,
  jitter: true,
  loss: true,
  duplicate: true,
  reorder: true,
  corrupt: true,
  ring: true,
  mtu: true,
  overhead: true,
};

function assertKnown(options: LinkOptions): void {
  for (const name of Object.keys(options)) {
    if (Object.hasOwn(KNOWN_OPTIONS, name)) continue;
    const known = Object.keys(KNOWN_OPTIONS).join(", ");
    throw new RangeError(`there is no option "${name}"; there are ${known}`);
  }
}

const MTU_MAX = FRAME_LENGTH_MAX - ETHERNET_HEADER_LENGTH;

type JitterSettings = Pick<LinkSettings, "jitter" | "jitterIsNormal" | "jitterReorders">;

function readJitter(jitter: string | number | JitterOptions): JitterSettings {
  const { amount, distribution, reorder } =
    typeof jitter === "object"
      ? jitter
      : { amount: jitter, distribution: "uniform", reorder: false };
  return {
    jitter: parseDuration(amount),
    jitterIsNormal: distribution === "normal",
    jitterReorders: reorder === true,
  };
}

function readLoss(loss: number | GilbertElliottOptions): number | LossSettings {
  if (typeof loss === "number") return probability("loss", loss);
  const p = probability("loss.p", loss.p);
  return {
    p,
    r: probability("loss.r", loss.r ?? 1 - p),
    lossInBad: probability("loss.1-h", loss["1-h"] ?? 1),
    lossInGood: probability("loss.1-k", loss["1-k"] ?? 0),
  };
}

type ReorderSettings = Pick<LinkSettings, "reorder" | "reorderGap" | "reorderDelay">;

function readReorder(reorder: number | ReorderOptions): ReorderSettings {
  const options = typeof reorder === "number" ? { probability: reorder } : reorder;
  return {
    reorder: probability("reorder", options.probability),
    reorderGap: integer("reorder.gap", options.gap ?? 1, 1, Number.MAX_SAFE_INTEGER),
    reorderDelay: parseDuration(options.delay ?? 0),
  };
}

function probability(option: string, value: number): number {
  if (value >= 0 && value <= 1) return value;
  throw new RangeError(`${option} must be a probability from 0 to 1, not ${value}`);
}

function integer(option: string, value: number, min: number, max: number): number {
  if (Number.isInteger(value) && value >= min && value <= max) return value;
  throw new RangeError(`${option} must be an integer from ${min} to ${max}, not ${value}`);
}
