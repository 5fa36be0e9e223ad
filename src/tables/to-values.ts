/** Values of JavaScript from vectors; the way in is from-values.ts. */
import { setOwn } from '../values/sorted-tree';
import { decimalText } from './decimals';
import { dateText, timestampText, timeText } from './times';
import type { ColumnType, Field } from './types';
import { bitAt, type Batch, type FixedVector, type Vector } from './vector';

type Read = (index: number) => unknown;

/**
 * What a date, a time, a timestamp or a decimal is read as. Its units are a number for dates, else a bigint. If given,
 * bytes are not copied, either.
 */
export type FromUnits = (units: number | bigint, type: ColumnType) => unknown;

/** Texts with the full precision of their type. */
const asText: FromUnits = (units, type) => {
  switch (type.kind) {
    case 'date32':
      return dateText(units as number);
    case 'time64':
      return timeText(units as bigint, type.unit);
    case 'timestamp':
      return timestampText(units as bigint, type.unit, type.tz);
    default:
      return decimalText(units as bigint, (type as Extract<ColumnType, { kind: 'decimal' }>).scale);
  }
};

/**
 * The values of a vector as `Table` says. Timestamps of a time zone end in `Z`; lists are arrays, and structs
 * objects. Nothing loses precision.
 */
export function valuesOf(vector: Vector, from = 0, to = vector.length, fromUnits = asText): unknown[] {
  const read = readerOf(vector, fromUnits);
  return Array.from({ length: to - from }, (_, index) => read(from + index));
}

/** The rows of a batch as objects, with the values of {@link valuesOf}. */
export function rowsOf(fields: readonly Field[], batch: Batch): Record<string, unknown>[] {
  const read = structReader(fields, batch.columns, asText);
  return Array.from({ length: batch.rows }, (_, index) => read(index));
}

/** Reads one value at a time, as {@link valuesOf} does. */
export function readerOf(vector: Vector, fromUnits: FromUnits): Read {
  const { validity } = vector;
  const read = plainReaderOf(vector, fromUnits);
  return validity ? (index) => (bitAt(validity, index) ? read(index) : null) : read;
}

function plainReaderOf(vector: Vector, fromUnits: FromUnits): Read {
  switch (vector.layout) {
    case 'fixed':
      return fixedReader(vector, fromUnits);
    case 'bool':
      return (index) => bitAt(vector.values, index);
    case 'bytes': {
      const { offsets, data } = vector;
      const bytes = (index: number): Uint8Array => data.subarray(offsets[index], offsets[index + 1]);
      if (vector.type.kind === 'binary')
        return fromUnits === asText ? (index) => bytes(index).slice() : bytes;
      // A mark at the beginning belongs to the text.
      const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
      return (index) => decoder.decode(bytes(index));
    }
    case 'list': {
      const { offsets } = vector;
      const read = readerOf(vector.items, fromUnits);
      return (index) => {
        const start = offsets[index]!;
        return Array.from({ length: offsets[index + 1]! - start }, (_, item) => read(start + item));
      };
    }
    case 'struct': {
      const { fields } = vector.type as Extract<ColumnType, { kind: 'struct' }>;
      return structReader(fields, vector.fields, fromUnits);
    }
  }
}

function structReader(
  fields: readonly Field[],
  vectors: readonly Vector[],
  fromUnits: FromUnits,
): (index: number) => Record<string, unknown> {
  const readers = vectors.map((vector) => readerOf(vector, fromUnits));
  return (index) => {
    const row: Record<string, unknown> = {};
    fields.forEach(({ name }, column) => setOwn(row, name, readers[column]!(index)));
    return row;
  };
}

function fixedReader({ type, values }: FixedVector, fromUnits: FromUnits): Read {
  const view = new DataView(values.buffer, values.byteOffset, values.byteLength);
  switch (type.kind) {
    case 'int8':
      return (index) => view.getInt8(index);
    case 'uint8':
      return (index) => view.getUint8(index);
    case 'int16':
      return (index) => view.getInt16(2 * index, true);
    case 'uint16':
      return (index) => view.getUint16(2 * index, true);
    case 'int32':
      return (index) => view.getInt32(4 * index, true);
    case 'uint32':
      return (index) => view.getUint32(4 * index, true);
    case 'uint64':
      return (index) => view.getBigUint64(8 * index, true);
    case 'float32':
      return (index) => view.getFloat32(4 * index, true);
    case 'float64':
      return (index) => view.getFloat64(8 * index, true);
    case 'date32':
      return (index) => fromUnits(view.getInt32(4 * index, true), type);
    case 'decimal':
      return (index) => {
        const high = view.getBigInt64(16 * index + 8, true);
        return fromUnits((high << 64n) | view.getBigUint64(16 * index, true), type);
      };
    case 'time64':
    case 'timestamp':
      return (index) => fromUnits(view.getBigInt64(8 * index, true), type);
    default:
      return (index) => view.getBigInt64(8 * index, true);
  }
}
