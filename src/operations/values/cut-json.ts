import type { Json } from '../../values';

const MOST_ITEMS = 1_000;
const MOST_TEXT = 16 * 1024;
const MOST_DEPTH = 100;

/** Cuts JSON to about a number of characters: shortens lists, objects and texts, and drops deeply nested parts. */
export function cutJson(
  json: Json,
  characters: number,
): { readonly json: Json; readonly truncated: boolean } {
  const cutter = new Cutter(characters);
  return { json: cutter.cut(json, 0), truncated: cutter.isCut };
}

class Cutter {
  isCut = false;

  constructor(private left: number) {}

  cut(json: Json, depth: number): Json {
    if (typeof json === 'string') return this.#text(json);
    this.left -= 8;
    if (typeof json !== 'object' || json === null) return json;
    if (depth >= MOST_DEPTH) {
      this.isCut = true;
      return null;
    }
    return Array.isArray(json) ? this.#list(json, depth) : this.#object(json, depth);
  }

  #text(text: string): string {
    const shown = text.slice(0, Math.max(0, Math.min(MOST_TEXT, this.left)));
    this.left -= shown.length + 2;
    if (shown.length < text.length) this.isCut = true;
    return shown;
  }

  #list(list: readonly Json[], depth: number): Json[] {
    const shown: Json[] = [];
    for (const item of list) {
      if (shown.length >= MOST_ITEMS || this.left <= 0) {
        this.isCut = true;
        break;
      }
      shown.push(this.cut(item, depth + 1));
    }
    return shown;
  }

  #object(object: Readonly<Record<string, Json>>, depth: number): Json {
    const shown: [string, Json][] = [];
    for (const key of Object.keys(object)) {
      if (shown.length >= MOST_ITEMS || this.left <= 0) {
        this.isCut = true;
        break;
      }
      this.left -= key.length + 3;
      shown.push([key, this.cut(object[key]!, depth + 1)]);
    }
    // Assignment would fail for the key `__proto__`.
    return Object.fromEntries(shown);
  }
}
