const RATE_SECONDS = 60;

/** Number of elements finished per second, over the last minute. */
export class Rate {
  #finished = 0;
  readonly #samples: { readonly at: number; readonly finished: number }[] = [];

  add(elements: number): void {
    this.#finished += elements;
  }

  /** @param at the current time in milliseconds */
  sample(at: number): number {
    const samples = this.#samples;
    samples.push({ at, finished: this.#finished });
    while (samples.length > 2 && at - samples[1]!.at > RATE_SECONDS * 1_000) samples.shift();
    const [first] = samples as [(typeof samples)[number]];
    const seconds = (at - first.at) / 1_000;
    return seconds > 0 ? (this.#finished - first.finished) / seconds : 0;
  }
}
