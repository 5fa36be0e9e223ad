/**
 * Many short lists of numbers in one array. Large graphs have a list for each cell and each line: as separate
 * arrays, most of the time would be spent on garbage collection.
 */
export interface Lists {
  /** The start of each list in `of`, followed by the end of the last one. */
  readonly starts: Int32Array;
  readonly of: Int32Array;
}

/** Appends each value to the list of its key, in order. */
export function listsOf(count: number, keys: Int32Array, values: Int32Array): Lists {
  const { starts, places } = placesOf(count, keys);
  const of = new Int32Array(values.length);
  for (let index = 0; index < values.length; index++) of[places[index]!] = values[index]!;
  return { starts, of };
}

/** For each index of `keys`: the position of its value among all lists. */
export function placesOf(
  count: number,
  keys: Int32Array,
): { readonly starts: Int32Array; readonly places: Int32Array } {
  const starts = new Int32Array(count + 1);
  for (let index = 0; index < keys.length; index++) starts[keys[index]! + 1]!++;
  for (let key = 0; key < count; key++) starts[key + 1]! += starts[key]!;
  const next = starts.slice(0, count);
  const places = new Int32Array(keys.length);
  for (let index = 0; index < keys.length; index++) places[index] = next[keys[index]!]!++;
  return { starts, places };
}
