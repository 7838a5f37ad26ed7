import type { Simulator } from "@dcejs/core-sched";
import { Direction } from "./direction.ts";
import { type LinkOptions, type LinkSettings, readLinkOptions } from "./link-options.ts";
import { Port } from "./port.ts";

/** Options for each direction its own. */
export interface PerDirectionOptions {
  readonly ab?: LinkOptions | undefined;
  readonly ba?: LinkOptions | undefined;
}

/** Options for both directions, or for each its own. */
export type PointToPointOptions = LinkOptions | PerDirectionOptions;

/**
 * A full-duplex cable between two ports. Each direction has its own rate, delay and models.
 *
 * What happens to a frame is decided when `send()` takes it, in this order: loss, duplication,
 * corruption (for each copy), reordering, jitter. Each model draws from a random stream of its own,
 * `link:<name>:<ab or ba>:<model>`, and a model that is off draws nothing: turning one on does not
 * change what the others do.
 *
 * @example
 * const cable = new PointToPointLink(simulator, "wan", { rate: "10Mbit", delay: "20ms", loss: 0.01 });
 * cable.a.attach(clientOfA);
 * cable.b.attach(clientOfB);
 * cable.set({ ab: { loss: { p: 0.01, r: 0.3 } } });
 */
export class PointToPointLink {
  readonly name: string;
  readonly a: Port;
  readonly b: Port;
  readonly #ab: Direction;
  readonly #ba: Direction;
  #isUp = true;
  #settingsAb: LinkSettings;
  #settingsBa: LinkSettings;

  /** @throws RangeError which names the option and its value. */
  constructor(simulator: Simulator, name: string, options: PointToPointOptions = {}) {
    this.name = name;
    this.#settingsAb = readLinkOptions(optionsOf(options, "ab"));
    this.#settingsBa = readLinkOptions(optionsOf(options, "ba"));
    this.a = new Port(simulator, `${name}:a`);
    this.b = new Port(simulator, `${name}:b`);
    this.#ab = new Direction(`link:${name}:ab`, this.a, this.b, this.#settingsAb);
    this.#ba = new Direction(`link:${name}:ba`, this.b, this.a, this.#settingsBa);
    this.a.plug(this.#ab);
    this.b.plug(this.#ba);
    simulator.scheduleDestroy(() => {
      this.#ab.discard();
      this.#ba.discard();
    });
  }

  get isUp(): boolean {
    return this.#isUp;
  }

  /**
   * Cuts the cable or mends it. Frames in the transmit rings and under way are lost when it is cut,
   * and counted as `carrier` drops of the port that sent them. The clients are told in events of
   * their own nodes at this instant.
   */
  setUp(up: boolean): void {
    if (up === this.#isUp) return;
    this.#isUp = up;
    this.#ab.setUp(up);
    this.#ba.setUp(up);
  }

  /**
   * Changes the options that are named; the others stay. Holds for frames sent from now on: those
   * that `send()` has taken already keep their times, and no frame overtakes them unless a model
   * that reorders is on.
   * @throws RangeError which names the option and its value; nothing is changed then.
   */
  set(options: PointToPointOptions): void {
    const ab = readLinkOptions(optionsOf(options, "ab"), this.#settingsAb);
    const ba = readLinkOptions(optionsOf(options, "ba"), this.#settingsBa);
    this.#settingsAb = ab;
    this.#settingsBa = ba;
    this.#ab.apply(ab);
    this.#ba.apply(ba);
  }
}

function optionsOf(options: PointToPointOptions, direction: "ab" | "ba"): LinkOptions {
  return isPerDirection(options) ? (options[direction] ?? {}) : options;
}

function isPerDirection(options: PointToPointOptions): options is PerDirectionOptions {
  return "ab" in options || "ba" in options;
}
