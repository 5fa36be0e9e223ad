/** Tables of Arrow: of its IPC bytes, or in memory. */
import { isUtf8 } from 'node:buffer';
import * as zlib from 'node:zlib';
import { SelvageError } from '../errors';
import type { ArrowTable } from '../tables/engine';
import { invalid } from '../tables/from-values';
import { readerOf } from '../tables/to-values';
import { typeOf, unsupported, type Field } from '../tables/types';
import { bitAt, type Batch, type BytesVector, type ListVector, type Vector } from '../tables/vector';
import {
  CompressionType,
  Endianness,
  getCompressionCodec,
  setCompressionCodec,
  tableFromIPC,
} from './arrow-library';
import { nameOfArrow } from './arrow-types';
import { vectorOf } from './arrow-vectors';
import { checkDeclared, missingColumn } from './declared';

/** Buffers lie at multiples of eight bytes from the beginning. */
const ALIGNMENT = 8;
/** Flechette decodes dictionaries on its own. Numbers could not hold all of their values. */
const EXACT = { useBigInt: true, useBigIntTimestamp: true, useDecimalInt: true } as const;

/** Node 20 has no Zstandard. */
const { zstdCompressSync, zstdDecompressSync } = zlib as {
  zstdCompressSync?: (bytes: Uint8Array) => Uint8Array;
  zstdDecompressSync?: (bytes: Uint8Array) => Uint8Array;
};
/** Copies lie at a multiple of eight bytes. */
const codec = zstdCompressSync &&
  zstdDecompressSync && {
    encode: (bytes: Uint8Array): Uint8Array => zstdCompressSync(bytes),
    decode: (bytes: Uint8Array): Uint8Array => new Uint8Array(zstdDecompressSync(bytes)),
  };

/** The row of the value at an index; undefined if the value is no part of the table. */
type RowOf = (index: number) => number | undefined;
type Refuse = (row: number, why: string) => never;

/**
 * The declared columns of Arrow data, a batch for each of its own.
 *
 * @param name what errors call the data, such as `the file x.arrow`
 * @throws SelvageError `UnsupportedTable`, `InvalidRows`, `UnreadableFile`
 */
export function* readArrow(
  source: Uint8Array | ArrowTable,
  name: string,
  fields: readonly Field[],
): Generator<Batch> {
  const table = source instanceof Uint8Array ? decoded(source, name) : source;
  const columns = fields.map((field) => columnOf(table, field, name));
  const batches = columns[0]!.data.length;
  let done = 0;
  for (let index = 0; index < batches; index++) {
    const rows = columns[0]!.data[index]!.length;
    yield {
      rows,
      columns: fields.map((field, at): Vector => {
        const { data } = columns[at]!;
        const batch = data[index];
        if (data.length !== batches || batch?.length !== rows)
          throw unreadable(
            name,
            new Error('its batches have other lengths than those of other columns'),
            field.name,
          );
        const vector = readable(name, field.name, () => vectorOf(batch, field.type));
        const first = done;
        checkValues(
          vector,
          (row) => first + row,
          (row, why) => invalid(field.name, row, why, field.type),
        );
        return vector;
      }),
    };
    done += rows;
  }
}

function decoded(bytes: Uint8Array, name: string): ArrowTable {
  if (codec && !getCompressionCodec(CompressionType.ZSTD)) setCompressionCodec(CompressionType.ZSTD, codec);
  const table = readable(name, undefined, () =>
    tableFromIPC(bytes.byteOffset % ALIGNMENT === 0 ? bytes : new Uint8Array(bytes), EXACT),
  );
  if (table.schema.endianness === Endianness.Big)
    throw unreadable(name, new Error('its numbers have the most significant byte first'));
  return table;
}

function columnOf(table: ArrowTable, field: Field, name: string): ArrowTable['children'][number] {
  const places = table.names.flatMap((of, place) => (of === field.name ? [place] : []));
  const [place] = places;
  if (place === undefined) missingColumn(field, name);
  if (places.length > 1)
    unsupported(field.name, undefined, `in ${name} there are two columns of this name. Rename one`);
  checkDeclared(field, typeOf(nameOfArrow(table.schema.fields[place]!), field.name), name);
  return table.children[place]!;
}

/** Refuses texts that are not UTF-8, and decimals with too many digits. What stands in null slots does not count. */
function checkValues(vector: Vector, rowOf: RowOf, refuse: Refuse): void {
  const { type, validity, length } = vector;
  const check = (index: number, isGood: boolean, why: string): void => {
    const row = isGood || (validity && !bitAt(validity, index)) ? undefined : rowOf(index);
    if (row !== undefined) refuse(row, why);
  };
  switch (vector.layout) {
    case 'bytes':
      if (type.kind !== 'utf8' || areTexts(vector)) return;
      for (let index = 0; index < length; index++)
        check(
          index,
          isUtf8(bytesAt(vector, index)),
          'is not UTF-8. Correct it, or declare the column as binary',
        );
      return;
    case 'fixed': {
      if (type.kind !== 'decimal') return;
      const limit = 10n ** BigInt(type.precision);
      const read = readerOf(vector, (units) => units) as (index: number) => bigint | null;
      for (let index = 0; index < length; index++) {
        const units = read(index) ?? 0n;
        const isGood = units < limit && units > -limit;
        check(
          index,
          isGood,
          `has more than ${type.precision} digits. Correct it, or declare a larger precision`,
        );
      }
      return;
    }
    case 'struct':
      for (const field of vector.fields)
        checkValues(
          field,
          (index) => (validity && !bitAt(validity, index) ? undefined : rowOf(index)),
          refuse,
        );
      return;
    case 'bool':
      return;
    case 'list': {
      let owners: Int32Array | undefined;
      checkValues(
        vector.items,
        (item) => {
          const owner = (owners ??= ownersOf(vector))[item]!;
          return owner < 0 ? undefined : rowOf(owner);
        },
        refuse,
      );
    }
  }
}

/** Whether all bytes are UTF-8, and no value begins within a character. */
function areTexts({ offsets, data, length }: BytesVector): boolean {
  for (let index = 0; index < length; index++) if ((data[offsets[index]!]! & 0xc0) === 0x80) return false;
  return isUtf8(data.subarray(offsets[0], offsets[length]));
}

function bytesAt({ offsets, data }: BytesVector, index: number): Uint8Array {
  return data.subarray(offsets[index], offsets[index + 1]);
}

/** The list of each item; -1 for items of null and of no list. */
function ownersOf({ offsets, items, length, validity }: ListVector): Int32Array {
  const owners = new Int32Array(items.length).fill(-1);
  for (let index = 0; index < length; index++) {
    if (!validity || bitAt(validity, index)) owners.fill(index, offsets[index], offsets[index + 1]);
  }
  return owners;
}

function readable<T>(name: string, column: string | undefined, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw unreadable(name, cause, column);
  }
}

function unreadable(name: string, cause: unknown, column?: string): SelvageError {
  const reason = cause instanceof Error ? cause.message.replace(/\.$/, '') : String(cause);
  const what = column === undefined ? '' : `, column ${JSON.stringify(column)},`;
  return new SelvageError(
    'UnreadableFile',
    `The Arrow data of ${name}${what} cannot be read: ${reason}. Write it anew, without compression.`,
    { cause, details: { file: name, ...(column !== undefined && { column }) } },
  );
}
