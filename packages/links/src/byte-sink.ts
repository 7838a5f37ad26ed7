import { invariant } from "@dcejs/core-sched";
import { MEMORY_SINK_MAX } from "./limits.ts";

/** Where a capture goes. */
export interface ByteSink {
  /** Takes the octets before it returns: the caller writes over them afterwards. */
  write(bytes: Uint8Array): void;
  close(): void;
}

/** Keeps what is written, for tests and browsers. At most MEMORY_SINK_MAX octets. */
export class MemorySink implements ByteSink {
  readonly #chunks: Uint8Array[] = [];
  #length = 0;

  write(bytes: Uint8Array): void {
    this.#length += bytes.length;
    invariant(this.#length <= MEMORY_SINK_MAX, "memory sink: a capture this long goes to a file");
    this.#chunks.push(bytes.slice());
  }

  close(): void {}

  /** All octets so far. */
  bytes(): Uint8Array {
    const all = new Uint8Array(this.#length);
    let at = 0;
    for (const chunk of this.#chunks) {
      all.set(chunk, at);
      at += chunk.length;
    }
    return all;
  }
}
