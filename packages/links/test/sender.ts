import type { FramePool, Port } from "@dcejs/links";
import { RecordingClient } from "./recording-client.ts";

/** Sends numbered frames as fast as the port takes them. */
export class Sender extends RecordingClient {
  readonly #port: Port;
  readonly #pool: FramePool;
  readonly #length: number;
  #left = 0;
  /** Frames that `send()` has taken; the next frame's number. */
  accepted = 0;

  constructor(port: Port, pool: FramePool, length = 100) {
    super(port);
    this.#port = port;
    this.#pool = pool;
    this.#length = length;
    this.onWritable = () => this.#fill();
  }

  send(count: number): void {
    this.#left += count;
    this.#fill();
  }

  #fill(): void {
    while (this.#left > 0) {
      const frame = this.#pool.alloc(this.#length);
      frame.bytes.fill(0, 0, this.#length);
      frame.view.setUint32(0, this.accepted);
      if (!this.#port.send(frame)) {
        frame.release();
        return;
      }
      this.accepted++;
      this.#left--;
    }
  }
}
