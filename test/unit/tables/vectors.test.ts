import { createHmac } from 'node:crypto';
import { nodeSha256 } from '../../../src/node/node-sha256';
import { TableHasher } from '../../../src/table-files/table-hasher';
import { batchesOfColumns } from '../../../src/tables/from-values';
import { tableHash } from '../../../src/tables/manifest';
import { digestedManifest } from '../../../src/tables/manifest-parts';
import { checkFields, fieldOf, type ColumnType, type Field } from '../../../src/tables/types';
import { blocksOf } from '../../../src/tables/vector';
import vectors from '../../vectors/table-hash.json';

interface Column {
  readonly name: string;
  readonly type: string;
  readonly canonicalType?: string;
  readonly values?: readonly unknown[];
  readonly range?: {
    readonly rows: number;
    readonly from?: string;
    readonly step?: string;
    readonly nulls?: number;
  };
  readonly hash?: string;
  readonly blocks?: readonly string[];
}
interface Case {
  readonly name: string;
  readonly rows?: number;
  readonly key?: string;
  readonly hash?: string;
  readonly columns: readonly Column[];
}

const FLOATS: Readonly<Record<string, number>> = { NaN, '-0.0': -0, Infinity, '-Infinity': -Infinity };

/** A value as the file writes it, as a value that a row of JavaScript has. */
function read(type: ColumnType, given: unknown): unknown {
  if (given === null) return null;
  switch (type.kind) {
    case 'float32':
    case 'float64':
      if (typeof given !== 'string') return given;
      return given.startsWith('0x') ? ofBits(given) : FLOATS[given];
    case 'bool':
    case 'decimal':
      return given;
    case 'utf8':
      return typeof given === 'object' ? textOf(Buffer.from((given as { hex: string }).hex, 'hex')) : given;
    case 'binary':
      return new Uint8Array(Buffer.from(given as string, 'hex'));
    case 'list':
      return (given as unknown[]).map((item) => read(type.item, item));
    case 'struct':
      return Object.fromEntries(
        type.fields.map((field) => [
          field.name,
          read(field.type, (given as Record<string, unknown>)[field.name]),
        ]),
      );
    default:
      return BigInt(given as string);
  }
}

/** Bytes that are no text stay bytes, as from a Parquet file. */
function textOf(bytes: Uint8Array): string | Uint8Array {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return new Uint8Array(bytes);
  }
}

function ofBits(text: string): number {
  const bytes = Buffer.from(text.slice(2), 'hex');
  return bytes.length === 4 ? bytes.readFloatBE() : bytes.readDoubleBE();
}

function valuesOf({ type: name, values, range }: Column, type: ColumnType): unknown[] {
  if (values) return values.map((value) => read(type, value));
  const { rows, from = '0', step = '1', nulls } = range!;
  return Array.from({ length: rows }, (_, row) => {
    const v = BigInt(from) + BigInt(row) * BigInt(step);
    if (nulls !== undefined && row % nulls === 0) return null;
    if (name === 'utf8') return `row ${v}`;
    if (name === 'bool') return v % 2n === 1n;
    if (name === 'list<int64>') return [v, v + 1n].slice(0, row % 3);
    return name.startsWith('float') ? Number(v) : v;
  });
}

async function hashed({ columns, key }: Case) {
  const fields: Field[] = columns.map(({ name, type }) => ({ ...fieldOf(name, type), nullable: true }));
  checkFields(fields);
  const hasher = new TableHasher(fields);
  const given = Object.fromEntries(
    columns.map((column, at) => [column.name, valuesOf(column, fields[at]!.type)]),
  );
  for await (const block of blocksOf(batchesOfColumns(fields, given))) hasher.add(block);
  const plain = { ...hasher.end(), blob: '', size: 0 };
  const digest =
    key === undefined
      ? nodeSha256
      : (data: Uint8Array | string) =>
          createHmac('sha256', Buffer.from(key, 'hex'))
            .update(Buffer.from(nodeSha256(data), 'hex'))
            .digest('hex');
  const manifest = key === undefined ? plain : digestedManifest(plain, digest);
  return { hash: tableHash(manifest, digest), columns: manifest.columns };
}

test.each(
  (vectors.tables as readonly Case[])
    .filter(({ columns }) => columns.length > 0)
    .map((one) => [one.name, one]),
)('%s', async (_, one) => {
  const { hash, columns } = await hashed(one);
  expect({ columns, hash }).toEqual({
    columns: one.columns.map(({ name, type, canonicalType = type, hash: of }) => ({
      name,
      type: canonicalType,
      hash: of,
    })),
    hash: one.hash,
  });
});

test.each((vectors.refusals as readonly Case[]).map((one) => [one.name, one]))(
  'refused: %s',
  async (_, one) => {
    await expect(hashed(one)).rejects.toThrow();
  },
);
