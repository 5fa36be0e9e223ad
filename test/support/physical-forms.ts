/** Vectors in the physical forms of Arrow, as tables of Flechette. */
import { isDeepStrictEqual } from 'node:util';
import * as arrow from '../../src/table-files/arrow-library';
import type { Batch as ArrowBatch, DataType } from '../../src/table-files/arrow-library';
import { arrowType } from '../../src/table-files/arrow-types';
import { toArrow } from '../../src/table-files/write-arrow';
import type { ArrowTable } from '../../src/tables/engine';
import { take } from '../../src/tables/take';
import { valuesOf } from '../../src/tables/to-values';
import type { Field } from '../../src/tables/types';
import { bitAt, type Batch, type Vector } from '../../src/tables/vector';

export const FORMS = [
  'plain',
  'large',
  'views',
  'dictionary',
  'runs',
  'garbage',
  'widths',
  'chunks',
] as const;
export type Form = (typeof FORMS)[number];

const EXACT = { useBigInt: true, useBigIntTimestamp: true, useDecimalInt: true };
const VIEW_BYTES = 16;
const INLINE_BYTES = 12;

/** A table of one batch, but for chunks. Columns that a form does not know are plain. */
export async function inForm(
  fields: readonly Field[],
  { rows, columns }: Batch,
  form: Form,
): Promise<ArrowTable> {
  if (form === 'plain' || form === 'chunks') {
    const step = form === 'plain' ? Math.max(rows, 1) : 3;
    const starts = Array.from({ length: Math.ceil(rows / step) }, (_, index) => index * step);
    const parts = starts.map((start) => ({
      rows: Math.min(step, rows - start),
      columns: columns.map((vector) => part(vector, start, Math.min(start + step, rows))),
    }));
    return await toArrow(each(parts), fields, EXACT);
  }
  const made = columns.map((vector) => formOf(vector, form, true));
  return arrow.tableFromColumns(fields.map(({ name }, at) => [name, new arrow.Column([made[at]!])]));
}

async function* each(batches: readonly Batch[]): AsyncGenerator<Batch> {
  for (const batch of batches) yield await Promise.resolve(batch);
}

/** A part whose bits begin within a byte, and whose offsets begin after zero. */
function part(vector: Vector, from: number, to: number): Vector {
  const { validity } = vector;
  const base = {
    length: to - from,
    ...(validity && { validity: { ...validity, offset: validity.offset + from } }),
  };
  switch (vector.layout) {
    case 'fixed': {
      const width = vector.values.length / Math.max(vector.length, 1);
      return { ...vector, ...base, values: vector.values.subarray(width * from, width * to) };
    }
    case 'bool':
      return { ...vector, ...base, values: { ...vector.values, offset: vector.values.offset + from } };
    case 'bytes':
    case 'list':
      return { ...vector, ...base, offsets: vector.offsets.slice(from, to + 1) };
    case 'struct':
      return { ...vector, ...base, fields: vector.fields.map((field) => part(field, from, to)) };
  }
}

function formOf(vector: Vector, form: Form, isColumn = false): ArrowBatch<unknown> {
  const { length, validity } = vector;
  const isNull = (row: number): boolean => validity !== undefined && !bitAt(validity, row);
  const rows = Array.from({ length }, (_, row) => row);
  const nulls = rows.filter(isNull);
  const bitmap = nulls.length > 0 ? validity!.bytes : new Uint8Array();
  const build = (type: DataType, parts: object): ArrowBatch<unknown> => {
    const make = arrow.batchType(type, EXACT) as unknown as new (parts: object) => ArrowBatch<unknown>;
    return new make({ length, nullCount: nulls.length, type, validity: bitmap, ...parts });
  };
  // Flechette writes no dictionaries of lists and structs.
  if (isColumn && form === 'dictionary' && vector.layout !== 'list' && vector.layout !== 'struct') {
    // Backwards, with an entry that nobody refers to.
    const reversed = take([vector], {
      sources: new Uint32Array(length + 1),
      rows: Int32Array.from([...rows.reverse(), -1]),
    });
    const entries = formOf(reversed, 'plain');
    const type = arrow.dictionary(entries.type, arrow.int16());
    const values = Int16Array.from({ length }, (_, row) => (isNull(row) ? -7 : length - 1 - row));
    const made = build(type, { values }) as ArrowBatch<unknown> & {
      setDictionary(of: object): ArrowBatch<unknown>;
    };
    return made.setDictionary(new arrow.Column([entries]));
  }
  if (isColumn && form === 'runs' && length > 0) {
    const values = valuesOf(vector);
    const ends = rows.filter((row) => row + 1 === length || !isDeepStrictEqual(values[row], values[row + 1]));
    const runs = formOf(
      take([vector], { sources: new Uint32Array(ends.length), rows: Int32Array.from(ends) }),
      'plain',
    );
    const type = arrow.runEndEncoded(
      arrow.field('run_ends', arrow.int32(), false),
      arrow.field('values', runs.type),
    );
    const places = new arrow.Column([
      new (arrow.batchType(arrow.int32()) as unknown as new (parts: object) => ArrowBatch<unknown>)({
        length: ends.length,
        nullCount: 0,
        type: arrow.int32(),
        validity: new Uint8Array(),
        values: Int32Array.from(ends, (end) => end + 1),
      }),
    ]);
    return build(type, { nullCount: 0, children: [places.data[0], runs] });
  }
  switch (vector.layout) {
    case 'fixed': {
      const values = vector.values.slice();
      const width = values.length / Math.max(length, 1);
      if (form === 'garbage')
        for (const row of nulls) values.fill(0xa5 + row, width * row, width * (row + 1));
      if (form !== 'widths' || vector.type.kind !== 'decimal') return plain(arrowType(vector.type), values);
      const { precision, scale } = vector.type;
      const bits = precision <= 9 ? 32 : precision <= 18 ? 64 : 256;
      const wide = new Uint8Array((length * bits) / 8);
      for (const row of rows) {
        const at = (row * bits) / 8;
        wide.fill(values[16 * row + 15]! & 0x80 ? 0xff : 0, at, at + bits / 8);
        wide.set(values.subarray(16 * row, 16 * row + Math.min(16, bits / 8)), at);
      }
      return plain(arrow.decimal(precision, scale, bits), wide);
    }
    case 'bool':
      return build(arrow.bool(), {
        values:
          form === 'garbage'
            ? vector.values.bytes.map((byte, at) => byte | ~(bitmap[at] ?? 0xff))
            : vector.values.bytes,
      });
    case 'bytes': {
      const isText = vector.type.kind === 'utf8';
      const parts = rows.map((row) =>
        form === 'garbage' && isNull(row)
          ? Uint8Array.of(0xff, row)
          : vector.data.subarray(vector.offsets[row], vector.offsets[row + 1]),
      );
      const data = new Uint8Array(Buffer.concat(parts));
      const offsets = endsOf(parts.map((part) => part.length));
      const size = parts[0]?.length ?? 0;
      if (form === 'views') return build(isText ? arrow.utf8View() : arrow.binaryView(), views(parts));
      if (form === 'large')
        return build(isText ? arrow.largeUtf8() : arrow.largeBinary(), {
          offsets: BigInt64Array.from(offsets, BigInt),
          values: data,
        });
      if (form === 'widths' && !isText && size > 0 && parts.every((part) => part.length === size))
        return build(arrow.fixedSizeBinary(size), { values: data });
      return build(isText ? arrow.utf8() : arrow.binary(), { offsets, values: data });
    }
    case 'list': {
      const sizes = rows.map((row) => vector.offsets[row + 1]! - vector.offsets[row]!);
      if (form === 'garbage' && vector.items.length > 0) for (const row of nulls) sizes[row] = 1;
      const order = form === 'views' ? [...rows].reverse() : rows;
      const starts = new Int32Array(length);
      const picked: number[] = [];
      for (const row of order) {
        starts[row] = picked.length;
        for (let item = 0; item < sizes[row]!; item++)
          picked.push(isNull(row) ? item : vector.offsets[row]! + item);
      }
      const items = formOf(
        take([vector.items], { sources: new Uint32Array(picked.length), rows: Int32Array.from(picked) }),
        form,
      );
      const field = arrow.field('item', items.type);
      const children = [items];
      const size = sizes[0] ?? 0;
      if (form === 'views')
        return build(arrow.listView(field), { offsets: starts, sizes: Int32Array.from(sizes), children });
      if (form === 'large')
        return build(arrow.largeList(field), {
          offsets: BigInt64Array.from(endsOf(sizes), BigInt),
          children,
        });
      if (form === 'widths' && size > 0 && sizes.every((one) => one === size))
        return build(arrow.fixedSizeList(field, size), { children });
      return build(arrow.list(field), { offsets: endsOf(sizes), children });
    }
    case 'struct': {
      const children = vector.fields.map((field) => formOf(field, form));
      const { fields } = vector.type as Extract<typeof vector.type, { kind: 'struct' }>;
      return build(arrow.struct(fields.map(({ name }, at) => arrow.field(name, children[at]!.type))), {
        children,
      });
    }
  }

  function plain(type: DataType, bytes: Uint8Array): ArrowBatch<unknown> {
    const { values: ofWidth } = type as { values: Float64ArrayConstructor };
    return build(type, { values: new ofWidth(bytes.buffer as ArrayBuffer) });
  }
}

function endsOf(sizes: readonly number[]): Int32Array {
  const ends = new Int32Array(sizes.length + 1);
  sizes.forEach((size, index) => (ends[index + 1] = ends[index]! + size));
  return ends;
}

/** Long values lie in two buffers, in turn. */
function views(parts: readonly Uint8Array[]): { values: Uint8Array; data: Uint8Array[] } {
  const values = Buffer.alloc(parts.length * VIEW_BYTES);
  const data = [Buffer.alloc(0), Buffer.alloc(0)];
  parts.forEach((part, row) => {
    const at = row * VIEW_BYTES;
    values.writeUInt32LE(part.length, at);
    values.set(part.subarray(0, part.length <= INLINE_BYTES ? INLINE_BYTES : 4), at + 4);
    if (part.length <= INLINE_BYTES) return;
    const buffer = row % 2;
    values.writeUInt32LE(buffer, at + 8);
    values.writeUInt32LE(data[buffer]!.length, at + 12);
    data[buffer] = Buffer.concat([data[buffer]!, part]);
  });
  return { values: new Uint8Array(values), data: data.map((bytes) => new Uint8Array(bytes)) };
}
