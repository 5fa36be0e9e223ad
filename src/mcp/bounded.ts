import { SelvageError } from '../errors';
import type { Json } from '../values';

/** Items of a list, and characters of a text, shown at first; halved until the answer is short enough. */
const ITEMS = 100;
const CHARACTERS = 16_384;
/** How many times more members an object shows than a list shows items: most members are fields of records. */
const MEMBERS = 8;
/** Maximum number of places in `cut`. */
const NAMED = 50;

/** A place where items, members or characters were left out. */
interface Cut {
  /** Such as `graph.knots[].error.message`. */
  readonly path: string;
  readonly unit: 'items' | 'members' | 'characters';
  /** Index of the first entry that is shown. */
  readonly from: number;
  readonly shown: number;
  /** Number of all entries; if the path has several places, the number in the longest of them. */
  readonly of: number;
}

/**
 * Shortens an answer for a model: cuts long lists, objects and texts, and names the places in a field `cut`. Drops
 * `cursor` if `items` are cut, since it would lead past them.
 *
 * @param skip by path: how much of a list, object or text to leave out at the beginning
 * @param most characters of JSON
 * @throws SelvageError `InvalidRequest` if there is nothing at a path of `skip`
 */
export function bounded(
  answer: Readonly<Record<string, Json>>,
  skip: Readonly<Record<string, number>>,
  most: number,
): string {
  for (let share = 1; share >= 1 / CHARACTERS; share /= 2) {
    const shortener = new Shortener(skip, share);
    const text = JSON.stringify(shortener.answer(answer));
    if (share === 1) shortener.requireMet();
    if (text.length <= most) return text;
  }
  const text = JSON.stringify(answer);
  return JSON.stringify({
    cut: [{ path: '', unit: 'characters', from: 0, shown: Math.floor(most / 4), of: text.length }],
    beginning: text.slice(0, most / 4),
  });
}

class Shortener {
  readonly #cuts = new Map<string, Cut>();
  readonly #met = new Set<string>();

  constructor(
    private readonly skip: Readonly<Record<string, number>>,
    private readonly share: number,
  ) {}

  answer(whole: Readonly<Record<string, Json>>): object {
    const shown = this.shorten(whole, '') as Record<string, Json>;
    const cuts = [...this.#cuts.values()];
    if (cuts.length === 0) return shown;
    const { cursor: _, ...others } = shown;
    const goesOn = cuts.some(({ path, from, shown, of }) => path === 'items' && from + shown < of);
    const more = cuts.length - NAMED;
    return {
      ...(goesOn ? others : shown),
      cut: cuts.slice(0, NAMED),
      ...(more > 0 && { morePlacesCut: more }),
    };
  }

  requireMet(): void {
    const unmet = Object.keys(this.skip).find((path) => !this.#met.has(path));
    if (unmet === undefined) return;
    throw new SelvageError(
      'InvalidRequest',
      `"skip" names ${JSON.stringify(unmet)}, where the answer has no list, object or text. Paths are those in "cut".`,
    );
  }

  private shorten(value: Json, path: string): Json {
    if (typeof value === 'string') {
      const { from, end } = this.range(path, 'characters', value.length, CHARACTERS);
      return value.slice(from, end);
    }
    if (Array.isArray(value)) {
      const { from, end } = this.range(path, 'items', value.length, ITEMS);
      return value.slice(from, end).map((item) => this.shorten(item, `${path}[]`));
    }
    if (typeof value !== 'object' || value === null) return value;
    const members = Object.entries(value);
    const { from, end } = this.range(path, 'members', members.length, MEMBERS * ITEMS);
    const within = path === '' ? '' : `${path}.`;
    return Object.fromEntries(
      members.slice(from, end).map(([name, member]) => [name, this.shorten(member, `${within}${name}`)]),
    );
  }

  /** The range to show of `of` entries. Notes the others. */
  private range(path: string, unit: Cut['unit'], of: number, usual: number): { from: number; end: number } {
    this.#met.add(path);
    const from = Math.min(of, Object.hasOwn(this.skip, path) ? this.skip[path]! : 0);
    const end = Math.min(of, from + Math.ceil(usual * this.share));
    const key = `${unit} ${path}`;
    if (end - from < of && of > (this.#cuts.get(key)?.of ?? 0))
      this.#cuts.set(key, { path, unit, from, shown: end - from, of });
    return { from, end };
  }
}
