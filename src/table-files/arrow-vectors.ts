/** Vectors of Arrow's buffers. Where the layout is the same, nothing is copied. */
import { take, type Picks } from '../tables/take';
import { widthOf, type ColumnType } from '../tables/types';
import { bitAt, type Bits, type BytesVector, type Vector } from '../tables/vector';
import { Type, type Batch, type TypedArray } from './arrow-library';

type Offsets = BytesVector['offsets'];

const DECIMAL_BYTES = 16;
/** A view has a length, and then either the bytes, or four of them, a number of a buffer and a place in it. */
const VIEW_BYTES = 16;
const INLINE_BYTES = 12;

/**
 * The values of a batch in any physical form of its type.
 *
 * @throws Error for buffers that are shorter than what they should hold
 */
export function vectorOf(batch: Batch<unknown>, type: ColumnType): Vector {
  const { length, type: form } = batch;
  const validity = validityOf(batch);
  const base = { type, length, ...(validity && { validity }) };
  const [child] = batch.children ?? [];
  switch (form.typeId) {
    case Type.Dictionary: {
      const { data, offsets } = (
        batch as Batch<unknown> & { dictionary: { data: Batch<unknown>[]; offsets: Int32Array } }
      ).dictionary;
      const picks = picked(base, offsets.at(-1)!, (row) => Number(batch.values[row]));
      picks.rows.forEach((key, row) => {
        if (key < 0) return;
        // A dictionary may have grown on the way.
        while (offsets[picks.sources[row]! + 1]! <= key) picks.sources[row]!++;
        picks.rows[row]! -= offsets[picks.sources[row]!]!;
      });
      return take(
        data.map((part) => vectorOf(part, type)),
        picks,
      );
    }
    case Type.RunEndEncoded: {
      const ends = child!.values;
      let run = 0;
      const runOf = (row: number): number => {
        while (ends[run]! <= row) run++;
        return run;
      };
      return take([vectorOf(batch.children[1]!, type)], picked(base, child!.length, runOf));
    }
    case Type.Bool:
      return {
        ...base,
        layout: 'bool',
        values: { bytes: atLeast(bytesOf(batch.values), (length + 7) >> 3), offset: 0 },
      };
    case Type.Utf8:
    case Type.LargeUtf8:
    case Type.Binary:
    case Type.LargeBinary: {
      const data = bytesOf(batch.values);
      return { ...base, layout: 'bytes', offsets: offsetsOf(batch.offsets, length, data.length), data };
    }
    case Type.FixedSizeBinary: {
      const data = atLeast(bytesOf(batch.values), length * form.stride);
      return { ...base, layout: 'bytes', offsets: steps(length, form.stride), data };
    }
    case Type.Utf8View:
    case Type.BinaryView:
      return {
        ...base,
        layout: 'bytes',
        ...joinViews(base, batch as Batch<unknown> & { data: Uint8Array[] }),
      };
    case Type.List:
    case Type.LargeList: {
      const offsets = offsetsOf(batch.offsets, length, child!.length);
      return { ...base, layout: 'list', offsets, items: itemsOf(child!, type) };
    }
    case Type.FixedSizeList: {
      if (child!.length < length * form.stride) throw new Error('a list has fewer items than its type says');
      return { ...base, layout: 'list', offsets: steps(length, form.stride), items: itemsOf(child!, type) };
    }
    case Type.ListView:
    case Type.LargeListView: {
      const { offsets, picks } = joinListViews(base, batch, child!.length);
      return { ...base, layout: 'list', offsets, items: take([itemsOf(child!, type)], picks) };
    }
    case Type.Struct: {
      const { fields } = type as Extract<ColumnType, { kind: 'struct' }>;
      if (batch.children.some((field) => field.length < length))
        throw new Error('a field has fewer values than its struct');
      return {
        ...base,
        layout: 'struct',
        fields: fields.map((field, at) => vectorOf(batch.children[at]!, field.type)),
      };
    }
    case Type.Decimal:
      return { ...base, layout: 'fixed', values: decimals(base, bytesOf(batch.values), form.bitWidth / 8) };
    default:
      return { ...base, layout: 'fixed', values: atLeast(bytesOf(batch.values), length * widthOf(type)!) };
  }
}

interface Base {
  readonly length: number;
  readonly validity?: Bits;
}

function validityOf({ validity, nullCount, length, type }: Batch<unknown>): Bits | undefined {
  if (nullCount === 0 || type.typeId === Type.RunEndEncoded) return undefined;
  return { bytes: atLeast(validity ?? new Uint8Array(), (length + 7) >> 3), offset: 0 };
}

function isNull({ validity }: Base, row: number): boolean {
  return validity !== undefined && !bitAt(validity, row);
}

/** The row of one vector of `count` values for each value that is not null. */
function picked(base: Base, count: number, place: (row: number) => number): Picks {
  const rows = Int32Array.from({ length: base.length }, (_, row) => {
    if (isNull(base, row)) return -1;
    const at = place(row);
    if (at >= 0 && at < count) return at;
    throw new Error(`value ${row} of a batch refers to value ${at} of ${count}`);
  });
  return { rows, sources: new Uint32Array(base.length) };
}

function itemsOf(child: Batch<unknown>, type: ColumnType): Vector {
  return vectorOf(child, (type as Extract<ColumnType, { kind: 'list' }>).item);
}

function bytesOf({ buffer, byteOffset, byteLength }: TypedArray): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function atLeast(bytes: Uint8Array, size: number): Uint8Array {
  if (bytes.length < size) throw new Error(`a buffer has ${bytes.length} bytes in place of ${size}`);
  return bytes.subarray(0, size);
}

/** Offsets may be missing if there are no values. */
function offsetsOf(given: Int32Array | BigInt64Array, length: number, limit: number): Offsets {
  if (length === 0) return new Int32Array(1);
  const some = given.subarray(0, length + 1);
  const offsets = some instanceof Int32Array ? some : Float64Array.from(some, Number);
  let last = 0;
  for (const offset of offsets) {
    if (offset < last || offset > limit)
      throw new Error(`the offset ${offset} is not between ${last} and ${limit}`);
    last = offset;
  }
  if (offsets.length <= length) throw new Error(`there are ${offsets.length} offsets for ${length} values`);
  return offsets;
}

function steps(length: number, stride: number): Float64Array {
  return Float64Array.from({ length: length + 1 }, (_, index) => index * stride);
}

function joinViews(base: Base, { values, data: buffers }: { values: TypedArray; data: Uint8Array[] }) {
  const { length } = base;
  const views = atLeast(bytesOf(values), length * VIEW_BYTES);
  const view = new DataView(views.buffer, views.byteOffset, views.byteLength);
  const offsets = new Float64Array(length + 1);
  const parts = Array.from({ length }, (_, row): Uint8Array => {
    const at = row * VIEW_BYTES;
    const size = isNull(base, row) ? 0 : view.getUint32(at, true);
    offsets[row + 1] = offsets[row]! + size;
    if (size <= INLINE_BYTES) return views.subarray(at + 4, at + 4 + size);
    const start = view.getUint32(at + 12, true);
    const part = buffers[view.getUint32(at + 8, true)]?.subarray(start, start + size);
    return atLeast(part ?? new Uint8Array(), size);
  });
  const joined = new Uint8Array(offsets[length]!);
  parts.forEach((part, row) => joined.set(part, offsets[row]));
  return { offsets, data: joined };
}

function joinListViews(
  base: Base,
  { offsets: starts, sizes }: Batch<unknown>,
  limit: number,
): { offsets: Float64Array; picks: Picks } {
  const offsets = new Float64Array(base.length + 1);
  for (let row = 0; row < base.length; row++) {
    const [start, size] = isNull(base, row) ? [0, 0] : [Number(starts[row]), Number(sizes[row])];
    if (!(start >= 0 && size >= 0 && start + size <= limit)) {
      throw new Error(`list ${row} of a batch has the items from ${start} on of ${limit}, ${size} in all`);
    }
    offsets[row + 1] = offsets[row]! + size;
  }
  const rows = new Int32Array(offsets[base.length]!);
  for (let row = 0; row < base.length; row++) {
    for (let at = offsets[row]!, item = Number(starts[row]); at < offsets[row + 1]!; at++) rows[at] = item++;
  }
  return { offsets, picks: { rows, sources: new Uint32Array(rows.length) } };
}

/** Of all widths as 16 bytes. */
function decimals(base: Base, given: Uint8Array, width: number): Uint8Array {
  const source = atLeast(given, base.length * width);
  if (width === DECIMAL_BYTES) return source;
  const values = new Uint8Array(base.length * DECIMAL_BYTES);
  const kept = Math.min(width, DECIMAL_BYTES);
  for (let row = 0; row < base.length; row++) {
    const [from, to] = [row * width, row * DECIMAL_BYTES];
    const sign = source[from + kept - 1]! & 0x80 ? 0xff : 0;
    values.set(source.subarray(from, from + kept), to);
    values.fill(sign, to + kept, to + DECIMAL_BYTES);
    const isTooWide = source.subarray(from + kept, from + width).some((byte) => byte !== sign);
    if (isTooWide && !isNull(base, row)) throw new Error(`value ${row} of a batch has more than 38 digits`);
  }
  return values;
}
