import type { ColumnType } from './types';

/** The rows of a block: what is hashed as one piece. A table's blocks are counted from its first row. */
export const BLOCK_ROWS = 65_536;

/** Bits, least significant first, from a position on. */
export interface Bits {
  readonly bytes: Uint8Array;
  /** The position of the first bit. */
  readonly offset: number;
}

interface VectorBase {
  readonly type: ColumnType;
  readonly length: number;
  /** A set bit for each value that is not null; absent if none is null. */
  readonly validity?: Bits;
}

/** Little-endian values of a fixed width (1 to 8 bytes; decimals 16), one after another. Null slots hold anything. */
export interface FixedVector extends VectorBase {
  readonly layout: 'fixed';
  readonly values: Uint8Array;
}

export interface BoolVector extends VectorBase {
  readonly layout: 'bool';
  readonly values: Bits;
}

/** Texts in UTF-8, or bytes. Value i is `data` from `offsets[i]` to `offsets[i + 1]`; null slots may have a length. */
export interface BytesVector extends VectorBase {
  readonly layout: 'bytes';
  readonly offsets: Int32Array | Uint32Array | Float64Array;
  readonly data: Uint8Array;
}

/** List i has the items from `offsets[i]` to `offsets[i + 1]`; null slots may have a length. */
export interface ListVector extends VectorBase {
  readonly layout: 'list';
  readonly offsets: Int32Array | Uint32Array | Float64Array;
  readonly items: Vector;
}

/** The fields in the order of the type, each with as many values as the struct. */
export interface StructVector extends VectorBase {
  readonly layout: 'struct';
  readonly fields: readonly Vector[];
}

/** Values of one column in memory, laid out as Arrow does: what is hashed, and what all readers and writers share. */
export type Vector = FixedVector | BoolVector | BytesVector | ListVector | StructVector;

/** Some consecutive rows of a table: for each column of its schema a vector of `rows` values. */
export interface Batch {
  readonly rows: number;
  readonly columns: readonly Vector[];
}

/** Rows `from` up to, and without, `to` of a batch. */
export interface BatchRange {
  readonly batch: Batch;
  readonly from: number;
  readonly to: number;
}

export function bitAt({ bytes, offset }: Bits, index: number): boolean {
  const position = offset + index;
  return ((bytes[position >> 3]! >> (position & 7)) & 1) === 1;
}

/** Copies `count` bits from bit `from` on to bit `at` of `target`, which has zeros there. Without bits, sets them. */
export function copyBits(
  target: Uint8Array,
  at: number,
  bits: Bits | undefined,
  from: number,
  count: number,
): void {
  if (count === 0) return;
  if (at % 8 !== 0) {
    for (let index = 0; index < count; index++) {
      if (bits && !bitAt(bits, from + index)) continue;
      target[(at + index) >> 3]! |= 1 << ((at + index) & 7);
    }
    return;
  }
  const [first, end] = [at >> 3, (at + count + 7) >> 3];
  if (bits) {
    const start = bits.offset + from;
    const source = bits.bytes.subarray(start >> 3, ((start + count - 1) >> 3) + 1);
    const shift = start & 7;
    if (shift === 0) target.set(source, first);
    else {
      for (let index = first; index < end; index++) {
        target[index] = (source[index - first]! >> shift) | ((source[index - first + 1] ?? 0) << (8 - shift));
      }
    }
  } else target.fill(0xff, first, end);
  if (((at + count) & 7) !== 0) target[end - 1]! &= (1 << ((at + count) & 7)) - 1;
}

/** Consecutive rows by blocks of 65,536; the last one may be shorter. Nothing is copied. */
export async function* blocksOf(
  batches: AsyncIterable<Batch> | Iterable<Batch>,
): AsyncGenerator<readonly BatchRange[]> {
  let block: BatchRange[] = [];
  let missing = BLOCK_ROWS;
  for await (const batch of batches) {
    for (let from = 0; from < batch.rows;) {
      const to = Math.min(batch.rows, from + missing);
      block.push({ batch, from, to });
      missing -= to - from;
      from = to;
      if (missing > 0) continue;
      yield block;
      block = [];
      missing = BLOCK_ROWS;
    }
  }
  if (block.length > 0) yield block;
}
