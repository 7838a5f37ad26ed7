/**
 * Simulated network hardware: cables with loss and delay models, a bus, a learning switch, and
 * captures in pcapng.
 */
export { completeChecksum, ETHERNET_HEADER_LENGTH, type Frame } from "./frame.ts";
export {
  ETHERNET_OVERHEAD,
  type GilbertElliottOptions,
  type JitterOptions,
} from "./link-options.ts";
export type { LinkOptions, ReorderOptions } from "./link-options.ts";
export { PointToPointLink } from "./point-to-point-link.ts";
export { Port, type PortClient, type PortTap, type Wire } from "./port.ts";
export { type DropReason, PortStats } from "./port-stats.ts";
export { FramePool, SimpleFrame } from "./simple-frame.ts";
export { parseQueueLimit, parseRate, parseSize, type QueueLimit } from "./units.ts";
