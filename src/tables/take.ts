import { widthOf } from './types';
import {
  bitAt,
  type Bits,
  type BoolVector,
  type BytesVector,
  type FixedVector,
  type ListVector,
  type StructVector,
  type Vector,
} from './vector';

/** Rows of several vectors. */
export interface Picks {
  /** The vector of each row. */
  readonly sources: Uint32Array;
  /** Its place in that vector; -1 for null. */
  readonly rows: Int32Array;
}

/** The picked rows, in the order of the picks. There is at least one vector, and all have one type. */
export function take(vectors: readonly Vector[], picks: Picks): Vector {
  const [{ type, layout }] = vectors as readonly [Vector];
  const { rows, sources } = picks;
  const validity = takeBits(picks, (source) => vectors[source]!.validity ?? true);
  const base = { type, length: rows.length, ...(validity && { validity }) };
  switch (layout) {
    case 'bool': {
      const bools = vectors as readonly BoolVector[];
      const values = takeBits(picks, (source) => bools[source]!.values) ?? allSet(rows.length);
      return { ...base, layout, values };
    }
    case 'bytes': {
      const from = vectors as readonly BytesVector[];
      const offsets = takeOffsets(from, picks);
      const data = new Uint8Array(offsets.at(-1)!);
      rows.forEach((row, index) => {
        if (row < 0) return;
        const { offsets: places, data: source } = from[sources[index]!]!;
        data.set(source.subarray(places[row], places[row + 1]), offsets[index]);
      });
      return { ...base, layout, offsets, data };
    }
    case 'list': {
      const from = vectors as readonly ListVector[];
      const offsets = takeOffsets(from, picks);
      const inner = { sources: new Uint32Array(offsets.at(-1)!), rows: new Int32Array(offsets.at(-1)!) };
      rows.forEach((row, index) => {
        if (row < 0) return;
        const source = sources[index]!;
        const start = from[source]!.offsets[row]! - offsets[index]!;
        for (let at = offsets[index]!; at < offsets[index + 1]!; at++) {
          inner.sources[at] = source;
          inner.rows[at] = start + at;
        }
      });
      const items = take(
        from.map((list) => list.items),
        inner,
      );
      return { ...base, layout, offsets, items };
    }
    case 'struct': {
      const from = vectors as readonly StructVector[];
      const fields = from[0]!.fields.map((_, place) =>
        take(
          from.map((struct) => struct.fields[place]!),
          picks,
        ),
      );
      return { ...base, layout, fields };
    }
    case 'fixed': {
      const from = vectors as readonly FixedVector[];
      const width = widthOf(type)!;
      const values = new Uint8Array(width * rows.length);
      rows.forEach((row, index) => {
        const source = from[sources[index]!]!.values;
        if (row < 0) return;
        for (let byte = 0; byte < width; byte++) values[width * index + byte] = source[width * row + byte]!;
      });
      return { ...base, layout, values };
    }
  }
}

/** Undefined if all are set. */
function takeBits({ sources, rows }: Picks, bitsOf: (source: number) => Bits | true): Bits | undefined {
  const bytes = new Uint8Array((rows.length + 7) >> 3);
  let isSet = true;
  rows.forEach((row, index) => {
    const bits = bitsOf(sources[index]!);
    if (row >= 0 && (bits === true || bitAt(bits, row))) bytes[index >> 3]! |= 1 << (index & 7);
    else isSet = false;
  });
  return isSet ? undefined : { bytes, offset: 0 };
}

function allSet(length: number): Bits {
  return { bytes: new Uint8Array((length + 7) >> 3).fill(0xff), offset: 0 };
}

/** Offsets stay exact as floats where 32 bits would not do. */
function takeOffsets(vectors: readonly (BytesVector | ListVector)[], { sources, rows }: Picks): Float64Array {
  const offsets = new Float64Array(rows.length + 1);
  rows.forEach((row, index) => {
    const from = vectors[sources[index]!]?.offsets;
    offsets[index + 1] = offsets[index]! + (row < 0 || !from ? 0 : from[row + 1]! - from[row]!);
  });
  return offsets;
}
