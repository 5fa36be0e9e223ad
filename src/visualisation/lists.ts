/** Many short lists in one array: separate arrays would spend most time of large graphs on garbage collection. */
export interface Lists {
  /** Start of each list in `of`, and the end of the last. */
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

/** The position of each key's value among all lists. */
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
