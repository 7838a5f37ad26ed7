import type { RandomStream } from "@dcejs/core-sched";
import type { LossSettings } from "./link-options.ts";

/** Decides frame by frame which ones a medium loses. */
export interface LossModel {
  /** True: the frame is lost. Called once for each frame, in the order of sending. */
  isLost(stream: RandomStream): boolean;
}

/** The model for these settings; undefined when none can be lost. */
export function createLossModel(loss: number | LossSettings): LossModel | undefined {
  if (typeof loss === "number") return loss > 0 ? new IndependentLoss(loss) : undefined;
  return new GilbertElliottLoss(loss);
}

/** Each frame is lost with the same probability. */
class IndependentLoss implements LossModel {
  readonly #probability: number;

  constructor(probability: number) {
    this.#probability = probability;
  }

  isLost(stream: RandomStream): boolean {
    return stream.bernoulli(this.#probability);
  }
}

/**
 * Two states, of which the bad one loses more; the steps are those of `loss_gilb_ell` in Linux'
 * net/sched/sch_netem.c: the state may change first, and the loss is drawn with the probability of
 * the state in which the frame was met. A frame always takes two draws.
 */
class GilbertElliottLoss implements LossModel {
  readonly #settings: LossSettings;
  #isBad = false;

  constructor(settings: LossSettings) {
    this.#settings = settings;
  }

  isLost(stream: RandomStream): boolean {
    const { p, r, lossInBad, lossInGood } = this.#settings;
    const wasBad = this.#isBad;
    if (stream.bernoulli(wasBad ? r : p)) this.#isBad = !wasBad;
    return stream.bernoulli(wasBad ? lossInBad : lossInGood);
  }
}
