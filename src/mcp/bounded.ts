import type { Json } from '../values';

/** Items of a list and characters of a text that are shown at first; halved until the answer is short enough. */
const ITEMS = 100;
const CHARACTERS = 16_384;
/** So many times as many members of an object: mostly they are the fields of a record. */
const MEMBERS = 8;

/** What was left out of all lists, objects or texts at a place. */
interface Cut {
  /** Where it is in the answer: `graph.knots[].error.message`. */
  readonly path: string;
  /** The first item or member that is shown. */
  readonly from: number;
  /** How many items, members or characters are shown … */
  readonly shown: number;
  /** … and how many there are; if there are several such places, in the longest. */
  readonly of: number;
}

/**
 * An answer that a model can read at once. Long lists, objects and texts are cut; the answer then has a field `cut` that names each place
 * of which something is left out.
 *
 * @param skip of the list or object at a path, the first items that are left out: those that were shown already
 * @param most characters of JSON
 */
export function bounded(
  answer: Readonly<Record<string, Json>>,
  skip: Readonly<Record<string, number>>,
  most: number,
): string {
  for (let share = 1; ; share /= 2) {
    const shortener = new Shortener(skip, Math.ceil(ITEMS * share), Math.ceil(CHARACTERS * share));
    const shown = shortener.shorten(answer, '') as object;
    const text = JSON.stringify(
      shortener.cuts.size > 0 ? { ...shown, cut: [...shortener.cuts.values()] } : shown,
    );
    if (text.length <= most || share < 1 / CHARACTERS) return text;
  }
}

class Shortener {
  readonly cuts = new Map<string, Cut>();

  constructor(
    private readonly skip: Readonly<Record<string, number>>,
    private readonly items: number,
    private readonly characters: number,
  ) {}

  shorten(value: Json, path: string): Json {
    if (typeof value === 'string') {
      const text = value.slice(0, this.characters);
      this.note(path, 0, text.length, value.length);
      return text;
    }
    if (Array.isArray(value))
      return this.some(value, path, this.items).map((item) => this.shorten(item, `${path}[]`));
    if (typeof value !== 'object' || value === null) return value;
    const within = path === '' ? '' : `${path}.`;
    const members = this.some(Object.entries(value), path, MEMBERS * this.items);
    return Object.fromEntries(
      members.map(([name, member]) => [name, this.shorten(member, `${within}${name}`)]),
    );
  }

  private some<One>(all: readonly One[], path: string, most: number): readonly One[] {
    const from = Object.hasOwn(this.skip, path) ? this.skip[path]! : 0;
    const shown = all.slice(from, from + most);
    this.note(path, from, shown.length, all.length);
    return shown;
  }

  private note(path: string, from: number, shown: number, of: number): void {
    if (shown === of || of <= (this.cuts.get(path)?.of ?? 0)) return;
    this.cuts.set(path, { path, from, shown, of });
  }
}
