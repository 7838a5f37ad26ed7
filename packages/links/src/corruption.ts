import type { RandomStream } from "@dcejs/core-sched";
import { completeChecksum, type Frame } from "./frame.ts";

/**
 * Flips one bit of a frame, each with the same probability. A checksum that is still missing is
 * completed first, so that the receiver has the means to notice. Works on a copy, because the
 * octets may be shared with the sender's retransmission queue.
 * @returns the frame to go on with; `frame` has been released.
 */
export function flipOneBit(frame: Frame, stream: RandomStream): Frame {
  if (frame.length === 0) return frame;
  const own = frame.copy();
  frame.release();
  completeChecksum(own);
  const bit = stream.integer(0, own.length * 8 - 1);
  const at = own.offset + (bit >>> 3);
  own.view.setUint8(at, own.view.getUint8(at) ^ (1 << (bit & 7)));
  return own;
}
