/** Tables as Arrow's. Buffers are shared where the layout is the same. */
import type { ArrowOptions, ArrowTable } from '../tables/engine';
import { nameOf, unsupported, type Field } from '../tables/types';
import { bitAt, copyBits, type Batch, type Bits, type BytesVector, type Vector } from '../tables/vector';
import {
  batchType,
  Column,
  tableFromColumns,
  type Batch as ArrowBatch,
  type DataType,
} from './arrow-library';
import { arrowType } from './arrow-types';

const MAX_OFFSET = 0x7fff_ffff;

/** A table of Flechette with a batch for each of those given. */
export async function toArrow(
  batches: AsyncIterable<Batch>,
  fields: readonly Field[],
  options: ArrowOptions,
): Promise<ArrowTable> {
  const columns = fields.map(({ name, type }) => ({
    name,
    type: arrowType(type),
    data: [] as ArrowBatch<unknown>[],
  }));
  for await (const batch of batches) {
    columns.forEach(({ name, type, data }, at) =>
      data.push(batchOf(batch.columns[at]!, type, name, options)),
    );
  }
  return tableFromColumns(columns.map(({ name, type, data }) => [name, new Column(data, type)]));
}

function batchOf(vector: Vector, type: DataType, column: string, options: ArrowOptions): ArrowBatch<unknown> {
  const { length } = vector;
  const validity = vector.validity ? bitmapOf(vector.validity, length) : new Uint8Array();
  const nullCount = vector.validity ? length - countOf(vector.validity, length) : 0;
  const children = 'children' in type ? type.children.map((field) => field.type) : [];
  const make = batchType(type, options) as unknown as new (parts: object) => ArrowBatch<unknown>;
  const batch = (parts: object): ArrowBatch<unknown> =>
    new make({ length, nullCount, type, validity, ...parts });
  const inner = (child: Vector, at: number): ArrowBatch<unknown> =>
    batchOf(child, children[at]!, column, options);
  switch (vector.layout) {
    case 'fixed': {
      const { values: ofWidth } = type as { values: Float64ArrayConstructor };
      const bytes =
        vector.values.byteOffset % ofWidth.BYTES_PER_ELEMENT === 0 ? vector.values : vector.values.slice();
      const values = new ofWidth(
        bytes.buffer as ArrayBuffer,
        bytes.byteOffset,
        bytes.length / ofWidth.BYTES_PER_ELEMENT,
      );
      return batch({ values });
    }
    case 'bool':
      return batch({ values: bitmapOf(vector.values, length) });
    case 'bytes':
      return batch({ offsets: offsetsOf(vector, column), values: vector.data });
    case 'list':
      return batch({ offsets: offsetsOf(vector, column), children: [inner(vector.items, 0)] });
    case 'struct':
      return batch({ children: vector.fields.map(inner) });
  }
}

function bitmapOf(bits: Bits, length: number): Uint8Array {
  const bytes = new Uint8Array((length + 7) >> 3);
  copyBits(bytes, 0, bits, 0, length);
  return bytes;
}

function countOf(bits: Bits, length: number): number {
  let count = 0;
  for (let index = 0; index < length; index++) count += Number(bitAt(bits, index));
  return count;
}

function offsetsOf(
  { offsets, type, length }: Pick<BytesVector, 'offsets' | 'type' | 'length'>,
  column: string,
): Int32Array {
  if (offsets[length]! <= MAX_OFFSET)
    return offsets instanceof Int32Array ? offsets : Int32Array.from(offsets);
  return unsupported(
    column,
    nameOf(type),
    'its values of 65,536 rows take more than 2 GiB, for which the offsets of Arrow have no room. Take a slice of fewer rows',
  );
}
