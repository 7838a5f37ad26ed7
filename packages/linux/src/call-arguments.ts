import type { Machine } from "./machine.ts";

/**
 * What a system call can be given: an integer; octets, which the kernel reads and writes; text, which it reads as a
 * C string; undefined or null for a null pointer.
 */
export type CallArgument = number | string | Uint8Array | null | undefined;

const SLOTS = 6;
const ENOMEM = 12;
/** No less is asked of the kernel, so that it can tell every pointer from another. */
const ROOM_MIN = 8;
/** kmalloc() gives no more. */
const ROOM_MAX = 4 * 1024 * 1024;

const encoder = new TextEncoder();

interface Room {
  readonly address: number;
  /** Where it goes back to. */
  readonly bytes: Uint8Array;
}

/** The arguments of one call, in the kernel's memory from `put` to `takeBack`. */
export class CallArguments {
  readonly slots: number[] = Array.from({ length: SLOTS }, () => 0);
  readonly #machine: Machine;
  readonly #rooms: Room[] = [];

  constructor(machine: Machine) {
    this.#machine = machine;
  }

  /**
   * @returns 0, or -ENOMEM: the kernel has no memory for them, and nothing is taken
   * @throws {TypeError} one is something else than a {@link CallArgument}
   */
  put(values: readonly unknown[]): number {
    for (let index = 0; index < SLOTS; index++) {
      const value = values[index];
      const slot = typeof value === "number" ? value : this.#pointer(value);
      if (slot === undefined) {
        this.free();
        return -ENOMEM;
      }
      this.slots[index] = slot;
    }
    return 0;
  }

  /** What the kernel has written is in the caller's arrays. */
  takeBack(): void {
    if (this.#rooms.length === 0) return;
    const { u8 } = this.#machine;
    for (const { address, bytes } of this.#rooms) {
      bytes.set(u8.subarray(address, address + bytes.length));
    }
    this.free();
  }

  /** Nobody wants them any more. */
  free(): void {
    for (const { address } of this.#rooms) this.#machine.exports.wasm_free(address);
    this.#rooms.length = 0;
  }

  #pointer(value: unknown): number | undefined {
    if (value === undefined || value === null) return 0;
    if (value instanceof Uint8Array) return this.#room(value);
    if (typeof value === "string") return this.#room(encoder.encode(`${value}\0`));
    this.free();
    throw new TypeError(`a system call is given numbers, octets and text, not ${typeof value}`);
  }

  #room(bytes: Uint8Array): number | undefined {
    if (bytes.length > ROOM_MAX) return undefined;
    const address = this.#machine.exports.wasm_room(Math.max(bytes.length, ROOM_MIN)) >>> 0;
    if (address === 0) return undefined;
    this.#machine.u8.set(bytes, address);
    this.#rooms.push({ address, bytes });
    return address;
  }
}
