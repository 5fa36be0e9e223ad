import { SelvageError } from '../errors';
import type { Json } from '../values';

/** Items of a list, and characters of a text, that are shown at first; halved until the answer is short enough. */
const ITEMS = 100;
const CHARACTERS = 16_384;
/** So many times as many members of an object: mostly they are the fields of a record. */
const MEMBERS = 8;
/** Places that are named of those that were cut. */
const NAMED = 50;

/** What was left out of all lists, objects or texts at a place. */
interface Cut {
  /** Where it is in the answer: `graph.knots[].error.message`. */
  readonly path: string;
  readonly unit: 'items' | 'members' | 'characters';
  /** The first that is shown. */
  readonly from: number;
  readonly shown: number;
  /** How many there are; if there are several such places, in the longest. */
  readonly of: number;
}

/**
 * An answer that a model can read at once. Long lists, objects and texts are cut; the answer then has a field `cut` that names each place
 * of which something is left out. While its `items` are cut, it has no `cursor`, which would lead past them.
 *
 * @param skip of the list, object or text at a path, how much is left out at the beginning: what was shown already
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

  /** What is shown of so many, and notes what is not. */
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
