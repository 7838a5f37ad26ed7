/** Largest rate in bit/s. Keeps the serialisation arithmetic (bits × 10⁹ + remainder) below 2^53. */
export const RATE_MAX = 1e15;

/** Longest frame in octets that any medium carries. Linux: GSO_LEGACY_MAX_SIZE is 65,536. */
export const FRAME_LENGTH_MAX = 262_144;

/** Most octets that `overhead` may add to each frame. */
export const OVERHEAD_MAX = 65_536;

/** Most frames in a transmit ring. Drivers of real cards stop at 4,096 or 8,192 (`ethtool -g`). */
export const TRANSMIT_RING_MAX = 8_192;

/** Most frames under way in one direction of a cable, on a bus or inside a switch. */
export const IN_FLIGHT_MAX = 1_048_576;

/** Most packets that an output queue may be told to hold. */
export const QUEUE_PACKETS_MAX = 1_048_576;

/** Most octets that an output queue may be told to hold. */
export const QUEUE_BYTES_MAX = 1_073_741_824;

/** Most addresses that a switch learns; real switches hold 8 to 16 thousand. */
export const MAC_TABLE_MAX = 8_192;

/** Most ports of one switch or bus. Linux: BR_MAX_PORTS. */
export const PORTS_MAX = 1_024;

/** Most taps on one port. */
export const TAPS_MAX = 16;

/** Most frames of one pool that are in somebody's hands at the same time. */
export const FRAME_POOL_LIVE_MAX = 4_194_304;

/** Longest capture of one frame in octets. tcpdump: MAXIMUM_SNAPLEN. */
export const SNAPLEN_MAX = 262_144;

/** Octets that a capture gathers before it calls its sink. */
export const CAPTURE_CHUNK_LENGTH = 65_536;

/** Most octets that a sink in memory keeps. */
export const MEMORY_SINK_MAX = 1_073_741_824;
