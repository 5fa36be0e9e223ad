/** Limits how much work is in progress at once; the rest waits in order of arrival. */
export class Slots {
  readonly #waiting: { readonly weight: number; readonly begin: () => void }[] = [];
  #used = 0;

  constructor(private readonly limit: number) {}

  /** @param weight the weight of this work in the limit. Work that is heavier than the limit runs alone */
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
