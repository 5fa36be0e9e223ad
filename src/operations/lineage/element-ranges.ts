import { mapOfElement } from '../../authoring/element-id';
import { append } from '../../values/append';

const NAMED = 10;

/** Joins elements of a map into at most ten ranges: `pages[0–17, 20]`, `users["ada", "bob"]`. */
export function foldElements(ids: readonly string[]): string[] {
  const elements = new Map<string, string[]>();
  for (const id of ids) {
    const map = mapOfElement(id);
    append(elements, map ?? id, id);
  }
  return [...elements].flatMap(([map, of]) => {
    const [own, inner] = [of.filter((id) => id === map), of.filter((id) => id !== map)];
    const keys = inner.map((id) => id.slice(map.length + 1, -1));
    const names = inner.length > 1 ? [`${map}[${rangesOf(keys)}]`] : inner;
    return of[0] === map ? [...own, ...names] : [...names, ...own];
  });
}

function rangesOf(names: readonly string[]): string {
  const ranges: { first: string; last: string }[] = [];
  for (const name of names) {
    const range = ranges.at(-1);
    if (range && isNext(range.last, name)) range.last = name;
    else ranges.push({ first: name, last: name });
  }
  const shown = ranges
    .slice(0, NAMED)
    .map(({ first, last }) => (first === last ? first : `${first}–${last}`));
  const more = ranges.length - shown.length;
  return `${shown.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

function isNext(before: string, name: string): boolean {
  return /^\d+$/.test(before) && Number(name) === Number(before) + 1;
}
