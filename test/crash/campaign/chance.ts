import { below, randomOf, type Random } from '../../../src/testing/simulator/random';

/** Numbers that look random and are the same for the same seed, in any process and for ever. */
export class Chance {
  private readonly random: Random;

  constructor(seed: number, stream = 0) {
    this.random = randomOf(Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(stream + 1, 0xc2b2ae35));
  }

  /** From 0 to below 1. */
  fraction(): number {
    return this.random();
  }

  /** A whole number below `limit`. */
  below(limit: number): number {
    return below(this.random, limit);
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!;
  }
}
