import { randomExponential, randomGamma, randomNormal } from "d3-random";
import { uniformInt } from "pure-rand/distribution/uniformInt";
import { xoroshiro128plusFromState } from "pure-rand/generator/xoroshiro128plus";
import type { RandomGenerator } from "pure-rand/types/RandomGenerator";
import { finalMix } from "./trace-hash.ts";
import { sampleZipf } from "./zipf.ts";

const TWO_POW_26 = 2 ** 26;
const TWO_POW_53 = 2 ** 53;

/**
 * A stream of random numbers that depends on a seed and a name only: what other streams draw, and
 * in which order streams are made, changes nothing. Generator: xoroshiro128+ (npm pure-rand).
 *
 * All distributions give floating-point numbers; for times round them and wrap in `nanoseconds`.
 */
export class RandomStream {
  readonly name: string;
  readonly #generator: RandomGenerator;
  readonly #standardNormal: () => number;
  readonly #standardExponential: () => number;
  readonly #gammaOfShape: (shape: number) => () => number;
  #gammaShape = 1;
  #gamma: () => number;

  /** @param seed A safe integer. Streams of one simulation come from Simulator.random(name). */
  constructor(seed: number, name: string) {
    this.name = name;
    this.#generator = xoroshiro128plusFromState(initialState(seed, name));
    const source = (): number => this.next();
    this.#standardNormal = randomNormal.source(source)(0, 1);
    this.#standardExponential = randomExponential.source(source)(1);
    this.#gammaOfShape = randomGamma.source(source);
    this.#gamma = this.#gammaOfShape(this.#gammaShape);
  }

  /** An integer in [0, 2^32). */
  nextU32(): number {
    return this.#generator.next() >>> 0;
  }

  /** A number in [0, 1), of 53 random bits. */
  next(): number {
    const high = this.nextU32() >>> 5;
    const low = this.nextU32() >>> 6;
    return (high * TWO_POW_26 + low) / TWO_POW_53;
  }

  /** A number in [a, b). */
  uniform(a: number, b: number): number {
    return a + (b - a) * this.next();
  }

  /** An integer from `minIncl` to `maxIncl`, each as likely as the others. */
  integer(minIncl: number, maxIncl: number): number {
    if (!Number.isSafeInteger(minIncl) || !Number.isSafeInteger(maxIncl) || minIncl > maxIncl) {
      throw new RangeError(`integer(${minIncl}, ${maxIncl}): two safe integers, the lesser first`);
    }
    return uniformInt(this.#generator, minIncl, maxIncl);
  }

  /** True with probability `p`. Always draws, so that a change of `p` does not shift the stream. */
  bernoulli(p: number): boolean {
    return this.next() < p;
  }

  exponential(mean: number): number {
    return mean * this.#standardExponential();
  }

  /** @param sd Standard deviation, not the variance. */
  normal(mean: number, sd: number): number {
    return mean + sd * this.#standardNormal();
  }

  /** e to the power of normal(mu, sigma). */
  lognormal(mu: number, sigma: number): number {
    return Math.exp(this.normal(mu, sigma));
  }

  /** At least `scale`. The mean is scale * shape / (shape - 1) if shape > 1, else infinite. */
  pareto(shape: number, scale: number): number {
    return scale * Math.exp(this.#standardExponential() / shape);
  }

  weibull(shape: number, scale: number): number {
    return scale * this.#standardExponential() ** (1 / shape);
  }

  /** The mean is shape * scale. */
  gamma(shape: number, scale: number): number {
    if (shape !== this.#gammaShape) {
      this.#gamma = this.#gammaOfShape(shape);
      this.#gammaShape = shape;
    }
    return scale * this.#gamma();
  }

  triangular(min: number, mode: number, max: number): number {
    const u = this.next();
    const split = max > min ? (mode - min) / (max - min) : 0;
    return u < split
      ? min + Math.sqrt(u * (max - min) * (mode - min))
      : max - Math.sqrt((1 - u) * (max - min) * (max - mode));
  }

  /** An integer k in 1..n, with probability in proportion to k^-alpha (alpha >= 0). No tables: O(1). */
  zipf(n: number, alpha: number): number {
    return sampleZipf(this, n, alpha);
  }

  /** One of `values`, each in proportion to the weight of the same index (>= 0, not all 0). */
  empirical(values: readonly number[], weights: readonly number[]): number {
    let total = 0;
    for (const weight of weights) total += weight;
    if (values.length !== weights.length || !(total > 0)) {
      throw new RangeError("empirical: one weight for each value, and a sum above 0");
    }
    let left = this.next() * total;
    let chosen = 0;
    for (let i = 0; i < weights.length; i++) {
      const weight = weights[i] ?? 0;
      if (weight <= 0) continue;
      chosen = i;
      left -= weight;
      if (left < 0) break;
    }
    return values[chosen] ?? 0;
  }

  /** One element, each as likely as the others. Throws RangeError when there is none. */
  pick<T>(array: readonly T[]): T {
    if (array.length === 0) throw new RangeError("pick: the array is empty");
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the index is in range; T may include undefined
    return array[this.integer(0, array.length - 1)] as T;
  }

  /** Reorders in place; every order is as likely. */
  shuffle(array: unknown[]): void {
    for (let i = array.length - 1; i > 0; i--) {
      const j = this.integer(0, i);
      [array[i], array[j]] = [array[j], array[i]];
    }
  }

  /** Fills the whole of `into`. */
  bytes(into: Uint8Array): void {
    let word = 0;
    for (let i = 0; i < into.length; i++) {
      if ((i & 3) === 0) word = this.nextU32();
      into[i] = word & 255;
      word >>>= 8;
    }
  }
}

/** Four well-mixed words, different for each (seed, name), never all 0. */
function initialState(seed: number, name: string): [number, number, number, number] {
  let a = finalMix((seed | 0) ^ 0x6a09e667);
  let b = finalMix(Math.floor(seed / 2 ** 32) ^ 0xbb67ae85);
  let c = finalMix(a + 0x3c6ef372);
  let d = finalMix(b + 0xa54ff53a);
  for (let i = 0; i < name.length; i++) {
    const unit = name.charCodeAt(i);
    a = Math.imul(b ^ unit, 0x9e3779b1);
    b = Math.imul(c + unit, 0x85ebca6b) ^ (a >>> 15);
    c = Math.imul(d ^ a, 0xc2b2ae35);
    d = (Math.imul(a + b, 0x27d4eb2f) ^ (c >>> 13)) + i;
  }
  return [finalMix(a ^ d) | 1, finalMix(b + a), finalMix(c ^ b), finalMix(d + c)];
}
