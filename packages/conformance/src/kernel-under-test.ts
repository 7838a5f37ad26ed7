import type { Feature } from "./feature.ts";
import { Testbed } from "./testbed/testbed.ts";

/** A kernel, and what is known of it. */
export class KernelUnderTest {
  readonly name: string;
  /** The kernel that it talks to. */
  readonly peer: string;
  readonly #features = new Map<Feature, Promise<boolean>>();

  constructor(name: string, peer: string = name) {
    this.name = name;
    this.peer = peer;
  }

  /** Asks once, in a simulation of its own. */
  has(feature: Feature): Promise<boolean> {
    let answer = this.#features.get(feature);
    if (answer === undefined) {
      answer = this.#ask(feature);
      this.#features.set(feature, answer);
    }
    return answer;
  }

  async #ask(feature: Feature): Promise<boolean> {
    const bed = new Testbed(this.name);
    try {
      return await feature.isThere(bed);
    } finally {
      await bed.dispose();
    }
  }
}
