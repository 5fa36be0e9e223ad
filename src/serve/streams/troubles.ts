/** What currently holds up the parts of some work. One trouble at a time is told: the first that is not over. */
export class Troubles<Trouble> {
  readonly #all = new Map<object, Trouble>();
  readonly #tell: (trouble: Trouble | undefined) => void;
  #told: Trouble | undefined;

  constructor(tell: (trouble: Trouble | undefined) => void) {
    this.#tell = tell;
  }

  get told(): Trouble | undefined {
    return this.#told;
  }

  /** @param trouble undefined: the part goes on */
  set(part: object, trouble: Trouble | undefined): void {
    if (trouble === undefined) this.#all.delete(part);
    else this.#all.set(part, trouble);
    const [first] = this.#all.values();
    if (first === this.#told) return;
    this.#told = first;
    this.#tell(first);
  }
}
