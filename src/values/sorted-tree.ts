import type { Json, JsonObject } from './json';

/**
 * Prints JSON trees of objects with sorted keys. `JSON.stringify` is several times faster than printing here, and
 * writes RFC 8785 with one exception. JavaScript's objects list keys like array indexes first and by number (`9` before
 * `10`, both before `$`). Such objects, and their containers, are noted while the tree is built and printed here.
 */
export class SortedTree {
  private readonly misordered = new Set<object>();

  /** Read this mark before building parts, and pass it to {@link add} afterwards. */
  get mark(): number {
    return this.misordered.size;
  }

  /** Registers and returns a list or object whose parts have been registered since the mark. */
  add<T extends Json[] | JsonObject>(container: T, mark: number): T {
    if (this.misordered.size > mark) this.misordered.add(container);
    return container;
  }

  /** Like {@link add}, for unknown keys. */
  addObject(object: JsonObject, sortedKeys: readonly string[], mark: number): JsonObject {
    if (!listsInOrder(object, sortedKeys)) this.misordered.add(object);
    return this.add(object, mark);
  }

  print(json: Json): string {
    if (typeof json !== 'object' || json === null || !this.misordered.has(json)) return JSON.stringify(json);
    if (Array.isArray(json)) return `[${json.map((element) => this.print(element)).join(',')}]`;
    const members = sortKeys(Object.keys(json)).map(
      (key) => `${JSON.stringify(key)}:${this.print(json[key]!)}`,
    );
    return `{${members.join(',')}}`;
  }
}

/** Sorts keys in place, by UTF-16 units. Most lists of keys are short, where insertion beats the built-in sort. */
export function sortKeys(keys: string[]): string[] {
  if (keys.length > 24) return keys.sort();
  for (let i = 1; i < keys.length; i++) {
    const key = keys[i]!;
    let to = i;
    for (; to > 0 && keys[to - 1]! > key; to--) keys[to] = keys[to - 1]!;
    keys[to] = key;
  }
  return keys;
}

/** Sets a member, also for the key `__proto__`. */
export function setOwn(object: Record<string, unknown>, key: string, value: unknown): void {
  if (key === '__proto__') {
    Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
  } else {
    object[key] = value;
  }
}

const SURROGATE = /[\ud800-\udfff]/;
const LONE_SURROGATE = /\p{Surrogate}/u;

/** Whether the text has no lone surrogate, which UTF-8 cannot hold. */
export function isWellFormed(text: string): boolean {
  return !SURROGATE.test(text) || !LONE_SURROGATE.test(text);
}

function listsInOrder(object: JsonObject, sortedKeys: readonly string[]): boolean {
  if (!sortedKeys.some(beginsWithDigit)) return true;
  return Object.keys(object).every((key, i) => key === sortedKeys[i]);
}

function beginsWithDigit(key: string): boolean {
  const unit = key.charCodeAt(0);
  return unit >= 0x30 && unit <= 0x39;
}
