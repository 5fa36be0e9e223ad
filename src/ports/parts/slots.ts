/** Limits how much work is in progress at once; the rest waits, first come, first served. */
export class Slots {
  readonly #waiting: { readonly weight: number; readonly begin: () => void }[] = [];
  #used = 0;

  constructor(private readonly limit: number) {}

  /** @param weight of this work in the limit. Work that exceeds the limit is done alone */
  async use<T>(work: () => Promise<T>, weight = 1): Promise<T> {
    if (this.#waiting.length > 0 || !this.#fits(weight))
      await new Promise<void>((begin) => this.#waiting.push({ weight, begin }));
    else this.#used += weight;
    try {
      return await work();
    } finally {
      this.#used -= weight;
      while (this.#waiting.length > 0 && this.#fits(this.#waiting[0]!.weight)) {
        const next = this.#waiting.shift()!;
        this.#used += next.weight;
        next.begin();
      }
    }
  }

  #fits(weight: number): boolean {
    return this.#used === 0 || this.#used + weight <= this.limit;
  }
}
