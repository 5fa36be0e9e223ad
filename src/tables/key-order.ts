/** The order of a keyed table: by value, texts and bytes by their bytes; NaN after all numbers, null after all values. */
import { SelvageError } from '../errors';
import { take } from './take';
import { readerOf, valuesOf } from './to-values';
import { BLOCK_ROWS, type Batch, type Vector } from './vector';
import type { Field } from './types';

export type KeyValue = number | bigint | boolean | Uint8Array | null;

/** The key of a row of a batch, column by column. */
export type KeyReader = (column: number, row: number) => KeyValue;

/** The fields of a table by which its rows are sorted. */
export class Key {
  private readonly places: readonly number[];

  constructor(
    fields: readonly Field[],
    private readonly names: readonly string[],
  ) {
    this.places = names.map((name) => fields.findIndex((field) => field.name === name));
  }

  reader({ columns }: Batch): KeyReader {
    const readers = this.places.map((place) => comparable(columns[place]!));
    return (column, row) => readers[column]!(row);
  }

  compare(a: KeyReader, rowOfA: number, b: KeyReader, rowOfB: number): number {
    for (let column = 0; column < this.places.length; column++) {
      const order = compare(a(column, rowOfA), b(column, rowOfB));
      if (order !== 0) return order;
    }
    return 0;
  }

  duplicate({ columns }: Batch, row: number, ...rows: readonly number[]): SelvageError {
    const values = this.places.map((place) => String(valuesOf(columns[place]!, row, row + 1)[0]));
    const shown = this.names.map((name, index) => `${name} = ${values[index]!.slice(0, 60)}`).join(', ');
    return new SelvageError(
      'InvalidRows',
      `The key ${shown} comes twice, in rows ${[...rows].sort((a, b) => a - b).join(' and ')}. Each row of a keyed table has a key of its own: drop one, or add a column to the key.`,
      { details: { key: Object.fromEntries(this.names.map((name, index) => [name, values[index]!])), rows } },
    );
  }
}

/**
 * Batches in the order of the key. They are sorted in memory up to `maximum` bytes. Beyond that, they must come in order.
 *
 * @throws SelvageError `InvalidRows` for a key that comes twice; `TableTooLarge`
 */
export async function* inKeyOrder(
  batches: AsyncIterable<Batch> | Iterable<Batch>,
  fields: readonly Field[],
  names: readonly string[],
  maximum: number,
): AsyncGenerator<Batch> {
  const key = new Key(fields, names);
  let held: Batch[] = [];
  let bytes = 0;
  let rows = 0;
  let isSorted = true;
  let last: { readonly read: KeyReader; readonly row: number } | undefined;
  for await (const batch of batches) {
    const read = key.reader(batch);
    for (let row = 0; isSorted && row < batch.rows; row++) {
      const order = last ? key.compare(last.read, last.row, read, row) : -1;
      if (order === 0) throw key.duplicate(batch, row, rows + row - 1, rows + row);
      isSorted = order < 0;
      last = { read, row };
    }
    rows += batch.rows;
    bytes += sizeOf(batch);
    held.push(batch);
    if (bytes <= maximum) continue;
    if (!isSorted) throw tooLarge(maximum);
    yield* held;
    held = [];
  }
  if (isSorted) yield* held;
  else yield* sorted(held, rows, key);
}

function* sorted(batches: readonly Batch[], count: number, key: Key): Generator<Batch> {
  const readers = batches.map((batch) => key.reader(batch));
  const order = new Uint32Array(count).map((_, index) => index);
  const sources = new Uint32Array(count);
  const rows = new Int32Array(count);
  let start = 0;
  batches.forEach((batch, index) => {
    sources.fill(index, start, start + batch.rows);
    for (let row = 0; row < batch.rows; row++) rows[start + row] = row;
    start += batch.rows;
  });
  const compareAt = (a: number, b: number): number =>
    key.compare(readers[sources[a]!]!, rows[a]!, readers[sources[b]!]!, rows[b]!);
  order.sort(compareAt);
  order.forEach((row, index) => {
    const before = order[index - 1];
    if (before === undefined || compareAt(before, row) !== 0) return;
    throw key.duplicate(batches[sources[row]!]!, rows[row]!, before, row);
  });
  for (let from = 0; from < count; from += BLOCK_ROWS) {
    const some = order.subarray(from, from + BLOCK_ROWS);
    const picks = {
      sources: some.map((row) => sources[row]!),
      rows: Int32Array.from(some, (row) => rows[row]!),
    };
    const columns = batches[0]!.columns.map((_, column) =>
      take(
        batches.map((batch) => batch.columns[column]!),
        picks,
      ),
    );
    yield { rows: some.length, columns };
  }
}

/** Values as they compare: texts by their bytes, and the rest by units. */
export function comparable(vector: Vector): (row: number) => KeyValue {
  const type = vector.type.kind === 'utf8' ? { kind: 'binary' as const } : vector.type;
  return readerOf({ ...vector, type }, (units) => units) as (row: number) => KeyValue;
}

export function compare(a: KeyValue, b: KeyValue): number {
  if (a === null || b === null) return Number(a === null) - Number(b === null);
  if (a instanceof Uint8Array) return compareBytes(a, b as Uint8Array);
  if (a < b) return -1;
  if (a > b) return 1;
  return Number(Number.isNaN(a)) - Number(Number.isNaN(b));
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length);
  for (let index = 0; index < length; index++) {
    if (a[index] !== b[index]) return a[index]! - b[index]!;
  }
  return a.length - b.length;
}

export function sizeOf(batch: Batch): number {
  const ofVector = (vector: Vector): number => {
    switch (vector.layout) {
      case 'list':
        return vector.offsets.byteLength + ofVector(vector.items);
      case 'struct':
        return vector.fields.reduce((sum, field) => sum + ofVector(field), 0);
      case 'bytes':
        return vector.offsets.byteLength + vector.data.byteLength;
      case 'bool':
        return vector.length / 8;
      case 'fixed':
        return vector.values.byteLength;
    }
  };
  return batch.columns.reduce((sum, vector) => sum + ofVector(vector), 0);
}

function tooLarge(maximum: number): SelvageError {
  return new SelvageError(
    'TableTooLarge',
    `The rows are not in the order of the table's key, and take more than the ${Math.round(maximum / 1024 ** 2)} MiB that are sorted in memory. Give them in that order, such as by ORDER BY, or leave the key out.`,
    { details: { maximum } },
  );
}
