import type { LinuxKernel } from "../../src/index.ts";
import type { World } from "./world.ts";

/** Frames that a card holds; more have to wait in the kernel. */
const RING = 256;

export interface CableOptions {
  /** ns. */
  readonly delay: number;
  /** Bits in a second; Infinity: none of a frame's octets takes any time. */
  readonly rate: number;
  /** Whether this frame is lost. */
  readonly isLost?: () => boolean;
}

/** One end of a cable. */
export class Port {
  peer: Port | undefined = undefined;
  sent = 0;
  readonly #world: World;
  readonly #options: CableOptions;
  #kernel: LinuxKernel | undefined = undefined;
  #card = 0;
  #freeAt = 0;
  #inRing = 0;
  #isFull = false;

  constructor(world: World, options: CableOptions) {
    this.#world = world;
    this.#options = options;
  }

  plugInto(kernel: LinuxKernel, card: number): void {
    this.#kernel = kernel;
    this.#card = card;
  }

  send(
    memory: Uint8Array,
    data: number,
    length: number,
    csumStart: number,
    csumOffset: number,
  ): boolean {
    if (this.#inRing >= RING) {
      this.#isFull = true;
      return false;
    }
    const { events } = this.#world;
    const { rate, delay, isLost } = this.#options;
    const frame = memory.slice(data, data + length);
    this.sent++;
    this.#world.frame(frame);
    if (rate !== Infinity) {
      this.#freeAt =
        Math.max(events.now, this.#freeAt) + Math.round((length * 8 * 1_000_000_000) / rate);
      this.#inRing++;
      events.add(this.#freeAt, this.#leaves);
    }
    if (isLost?.() === true) return true;
    const { peer } = this;
    events.add(Math.max(events.now, this.#freeAt) + delay, () =>
      peer?.receive(frame, csumStart, csumOffset),
    );
    return true;
  }

  receive(frame: Uint8Array, csumStart: number, csumOffset: number): void {
    this.#kernel?.netReceive(this.#card, frame, 0, frame.length, csumStart, csumOffset);
  }

  readonly #leaves = (): void => {
    this.#inRing--;
    if (!this.#isFull || this.#inRing > RING / 2) return;
    this.#isFull = false;
    this.#kernel?.netWake(this.#card);
  };
}

/** @returns both ends of a cable */
export function cable(world: World, options: CableOptions): readonly [Port, Port] {
  const ends = [new Port(world, options), new Port(world, options)] as const;
  ends[0].peer = ends[1];
  ends[1].peer = ends[0];
  return ends;
}
