/**
 * Simulated network hardware: cables with loss and delay models, a bus, a learning switch, and
 * captures in pcapng.
 */
export { type ByteSink, MemorySink } from "./byte-sink.ts";
export {
  type Capture,
  captureToFiles,
  type CaptureOptions,
  type NamedPort,
  startCapture,
} from "./capture.ts";
export { type BusOptions, EthernetBus } from "./ethernet-bus.ts";
export { FileSink } from "./file.ts";
export {
  completeChecksum,
  ETHERNET_HEADER_LENGTH,
  type Frame,
  onesComplementSum,
  pendingChecksum,
} from "./frame.ts";
export { LearningSwitch, type SwitchOptions } from "./learning-switch.ts";
export {
  ETHERNET_OVERHEAD,
  type GilbertElliottOptions,
  type JitterOptions,
  type LinkOptions,
  type ReorderOptions,
} from "./link-options.ts";
export { PcapngWriter, type PcapngInterface, type PcapngOptions } from "./pcapng-writer.ts";
export {
  type PerDirectionOptions,
  PointToPointLink,
  type PointToPointOptions,
} from "./point-to-point-link.ts";
export { Port, type PortClient, type PortTap, type Wire } from "./port.ts";
export { DROP_REASONS, type DropReason, PortStats } from "./port-stats.ts";
export { FramePool, SimpleFrame } from "./simple-frame.ts";
export { parseQueueLimit, parseRate, parseSize, type QueueLimit } from "./units.ts";
