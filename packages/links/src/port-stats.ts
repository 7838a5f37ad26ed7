/**
 * Why a frame ended its way before a client got it:
 * `loss` the loss model took it · `carrier` no cable, or the cable was cut · `oversize` longer than
 * the medium carries · `overflow` too many frames under way (IN_FLIGHT_MAX) · `queue` an output
 * queue was full · `malformed` not a frame that a switch forwards · `unattached` nobody at the port.
 */
export type DropReason = (typeof DROP_REASONS)[number];

/** In the order of the numbers that stand for them in the trace hash, from 1. */
export const DROP_REASONS = [
  "loss",
  "carrier",
  "oversize",
  "overflow",
  "queue",
  "malformed",
  "unattached",
] as const;

/** What a port has counted since it was made. Octets are those of the frames, without overhead. */
export class PortStats {
  /** Frames put on the wire, also those that are lost there. */
  txPackets = 0;
  txBytes = 0;
  /** Frames that came out of the wire, duplicates included. */
  rxPackets = 0;
  rxBytes = 0;
  /** Second copies that the wire made of frames sent here. */
  duplicated = 0;
  /** Frames sent here in which the wire flipped a bit. */
  corrupted = 0;
  /** Frames sent here that were chosen to overtake others. */
  reordered = 0;
  readonly drops: Record<DropReason, number> = {
    loss: 0,
    carrier: 0,
    oversize: 0,
    overflow: 0,
    queue: 0,
    malformed: 0,
    unattached: 0,
  };

  /** All drops together. */
  get dropped(): number {
    let sum = 0;
    for (const reason of DROP_REASONS) sum += this.drops[reason];
    return sum;
  }
}
