import type { SelvageError } from '../../errors';

/**
 * The troubles that currently hold up parts of some work. One trouble is reported at a time, the first one that lasts.
 * A trouble that passes by itself (`brief` in its details) is reported only if there is no other.
 */
export class Troubles<Trouble extends SelvageError | string, Part = unknown> {
  readonly #all = new Map<Part, Trouble>();
  #told: Trouble | undefined;
  #note: string | undefined;

  /** @param tell receives the note only if there is no trouble */
  constructor(private readonly tell: (trouble: Trouble | undefined, note: string | undefined) => void) {}

  get told(): Trouble | undefined {
    return this.#told;
  }

  /** @param trouble undefined if the part works again. An error with the part's present code is no news. */
  set(part: Part, trouble: Trouble | undefined): void {
    const before = this.#all.get(part);
    if (before === trouble || (before && trouble && kindOf(before) === kindOf(trouble))) return;
    if (trouble === undefined) this.#all.delete(part);
    else this.#all.set(part, trouble);
    this.#update();
  }

  /** Sets a remark that is reported while there is no trouble. */
  note(text: string | undefined): void {
    if (text === this.#note) return;
    this.#note = text;
    this.#update(true);
  }

  /** Drops the troubles of parts that now belong to others. */
  keepOnly(isKept: (part: Part) => boolean): void {
    for (const part of [...this.#all.keys()]) if (!isKept(part)) this.#all.delete(part);
    this.#update();
  }

  #update(isNews = false): void {
    const all = [...this.#all.values()];
    const first = all.find((trouble) => !isBrief(trouble)) ?? all[0];
    if (first === this.#told && !isNews) return;
    this.#told = first;
    this.tell(first, first === undefined ? this.#note : undefined);
  }
}

function kindOf(trouble: SelvageError | string): string {
  return typeof trouble === 'string' ? trouble : trouble.code;
}

function isBrief(trouble: SelvageError | string): boolean {
  return typeof trouble !== 'string' && trouble.details['brief'] === true;
}
