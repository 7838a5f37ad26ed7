import type { Feature } from "./feature.ts";
import { Testbed } from "./testbed/testbed.ts";

/** A kernel, and what is known of it. */
export class KernelUnderTest {
  readonly name: string;
  readonly #features = new Map<Feature, Promise<boolean>>();

  constructor(name: string) {
    this.name = name;
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
