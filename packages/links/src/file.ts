import type * as FileSystem from "node:fs";
import type { ByteSink } from "./byte-sink.ts";

/** Writes a file, at once and in the order of the calls. Needs Node. */
export class FileSink implements ByteSink {
  readonly #fs: typeof FileSystem = nodeFileSystem();
  #descriptor: number | undefined;

  /**
   * Creates the file or empties it; makes the folders above it.
   * @throws the errors of `fs.openSync` and `fs.mkdirSync`.
   */
  constructor(path: string) {
    const folder = path.replace(/[^/\\]*$/, "");
    if (folder !== "") this.#fs.mkdirSync(folder, { recursive: true });
    this.#descriptor = this.#fs.openSync(path, "w");
  }

  write(bytes: Uint8Array): void {
    if (this.#descriptor === undefined) throw new Error("the file has been closed");
    let written = 0;
    while (written < bytes.length) {
      written += this.#fs.writeSync(this.#descriptor, bytes, written);
    }
  }

  close(): void {
    if (this.#descriptor === undefined) return;
    this.#fs.closeSync(this.#descriptor);
    this.#descriptor = undefined;
  }
}

/** Asked for at run time, so that bundles for browsers hold no import of Node's modules. */
function nodeFileSystem(): typeof FileSystem {
  const fs = globalThis.process?.getBuiltinModule?.("node:fs");
  if (fs === undefined) throw new Error("files need Node.js 20.16 or newer; use a MemorySink here");
  return fs;
}
