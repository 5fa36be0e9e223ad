import { readFileSync } from 'node:fs';
import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import * as apache from 'apache-arrow';
import * as fc from 'fast-check';
import { nodeSha256 } from '../../src/node/node-sha256';
import { engine } from '../../src/table-files';
import { tableFromIPC } from '../../src/table-files/arrow-library';
import { nameOfArrow } from '../../src/table-files/arrow-types';
import { TableHasher } from '../../src/table-files/table-hasher';
import { batchesOfRows } from '../../src/tables/from-values';
import { tableHash } from '../../src/tables/manifest';
import { fieldOf, type ColumnType, type Field } from '../../src/tables/types';
import { blocksOf, type Batch } from '../../src/tables/vector';
import { FORMS, inForm } from '../support/physical-forms';
import { runs } from '../support/thorough';

/** `SELVAGE_TABLES=5000` compares more random tables. */
const TABLES = Number(process.env['SELVAGE_TABLES'] ?? runs(60, 600));

const LEAVES = [
  ...[
    'int8',
    'int16',
    'int32',
    'int64',
    'uint8',
    'uint16',
    'uint32',
    'uint64',
    'float32',
    'float64',
    'bool',
    'utf8',
  ],
  ...[
    'binary',
    'date32',
    'time64[us]',
    'time64[ns]',
    'timestamp[s]',
    'timestamp[ms]',
    'timestamp[us]',
    'timestamp[ns]',
  ],
  ...[
    'timestamp[us, tz=UTC]',
    'timestamp[ms, tz=Europe/Berlin]',
    'decimal(9,2)',
    'decimal(18,0)',
    'decimal(38,10)',
  ],
];

function types(depth: number): fc.Arbitrary<string> {
  const leaf = fc.constantFrom(...LEAVES);
  if (depth === 0) return leaf;
  const struct = fc
    .array(types(depth - 1), { minLength: 1, maxLength: 3 })
    .map((fields) => `struct<${fields.map((type, at) => `"f${at}":${type}`).join(',')}>`);
  return fc.oneof(
    { arbitrary: leaf, weight: 6 },
    { arbitrary: types(depth - 1).map((item) => `list<${item}>`), weight: 1 },
    { arbitrary: struct, weight: 1 },
  );
}

function values(type: ColumnType): fc.Arbitrary<unknown> {
  switch (type.kind) {
    case 'float64':
      return fc.double();
    case 'float32':
      return fc.float();
    case 'bool':
      return fc.boolean();
    case 'utf8':
      return fc.oneof(
        fc.string({ unit: 'binary' }),
        fc.constantFrom('\ufeff', '日本語🧵 and more than twelve bytes'),
      );
    case 'binary':
      return fc.oneof(fc.uint8Array({ maxLength: 20 }), fc.uint8Array({ minLength: 4, maxLength: 4 }));
    case 'date32':
      return fc.integer({ min: -700_000, max: 2_900_000 }).map(BigInt);
    case 'time64':
      return fc.bigInt({ min: 0n, max: 86_399_999_999n });
    case 'timestamp':
      return fc.bigInt({ min: -(2n ** 53n), max: 2n ** 53n });
    case 'decimal': {
      const limit = 10n ** BigInt(type.precision) - 1n;
      return fc.bigInt({ min: -limit, max: limit }).map((units) => {
        const digits = String(units < 0n ? -units : units).padStart(type.scale + 1, '0');
        const point = digits.length - type.scale;
        return `${units < 0n ? '-' : ''}${digits.slice(0, point)}${type.scale > 0 ? '.' : ''}${digits.slice(point)}`;
      });
    }
    case 'list':
      return fc.array(fc.option(values(type.item), { freq: 4 }), { maxLength: 3 });
    case 'struct':
      return fc.record(
        Object.fromEntries(
          type.fields.map((field) => [field.name, fc.option(values(field.type), { freq: 4 })]),
        ),
        { noNullPrototype: true },
      );
    default: {
      const bits = BigInt(/\d+/.exec(type.kind)![0]);
      const [min, max] = type.kind.startsWith('u')
        ? [0n, 2n ** bits - 1n]
        : [-(2n ** (bits - 1n)), 2n ** (bits - 1n) - 1n];
      return fc.oneof(fc.bigInt({ min, max }), fc.constantFrom(min, max));
    }
  }
}

type Rows = Record<string, unknown>[];

/** Rows, another value for one of their cells, and where rows are cut. */
const tables = fc.array(types(2), { minLength: 1, maxLength: 3 }).chain((names) => {
  const fields: Field[] = names.map((name, at) => fieldOf(`c${at}`, `${name}?`));
  const row = fc.record(
    Object.fromEntries(fields.map(({ name, type }) => [name, fc.option(values(type), { freq: 4 })])),
  );
  const repeated = fc.array(row, { maxLength: 6 }).map((rows) => rows.flatMap((one) => [one, one, one]));
  return fc.record({
    fields: fc.constant(fields),
    rows: fc.oneof(fc.array(row, { maxLength: 20 }), repeated),
    other: row,
    place: fc.nat(),
  });
});

async function hashOf(
  fields: readonly Field[],
  batches: AsyncIterable<Batch> | Iterable<Batch>,
): Promise<string> {
  const hasher = new TableHasher(fields);
  for await (const block of blocksOf(batches)) hasher.add(block);
  return tableHash(hasher.end(), nodeSha256);
}

function joined(fields: readonly Field[], rows: Rows): Batch {
  const [batch] = batchesOfRows(fields, rows);
  return batch ?? { rows: 0, columns: [] };
}

test('the hash of a table does not depend on its physical form', async () => {
  await fc.assert(
    fc.asyncProperty(tables, async ({ fields, rows }) => {
      const given = joined(fields, rows);
      const expected = await hashOf(fields, rows.length > 0 ? [given] : []);
      if (rows.length > 0) {
        for (const form of FORMS) {
          const made = await inForm(fields, given, form);
          expect([form, await hashOf(fields, engine.arrow(made, fields))]).toEqual([form, expected]);
          const bytes = engine.arrowFile(made);
          expect([form, await hashOf(fields, engine.arrow(bytes, fields))]).toEqual([form, expected]);
        }
      }
      const { manifest, bytes } = await engine.write([given], { fields });
      expect(tableHash(manifest, nodeSha256)).toBe(expected);
      const names = fields.map(({ name }) => name);
      const read = engine.read(bytes, manifest, { columns: names, from: 0, to: rows.length });
      expect(await hashOf(fields, read)).toBe(expected);
    }),
    { numRuns: TABLES },
  );
});

test('another implementation of Arrow writes tables, and slices of them, with the same hash', async () => {
  await fc.assert(
    fc.asyncProperty(tables, async ({ fields, rows, place }) => {
      fc.pre(rows.length > 0);
      const plain = engine.arrowFile(await inForm(fields, joined(fields, rows), 'plain'));
      const table = apache.tableFromIPC(plain);
      const expected = await hashOf(fields, [joined(fields, rows)]);
      for (const format of ['file', 'stream'] as const) {
        expect(await hashOf(fields, engine.arrow(apache.tableToIPC(table, format), fields))).toBe(expected);
      }
      const from = place % rows.length;
      const slice = apache.tableToIPC(table.slice(from));
      expect(await hashOf(fields, engine.arrow(slice, fields))).toBe(
        await hashOf(fields, [joined(fields, rows.slice(from))]),
      );
    }),
    { numRuns: TABLES },
  );
});

test('another value in one cell changes the hash', async () => {
  await fc.assert(
    fc.asyncProperty(tables, async ({ fields, rows, other, place }) => {
      fc.pre(rows.length > 0);
      const { name } = fields[place % fields.length]!;
      const row = place % rows.length;
      fc.pre(!isDeepStrictEqual(rows[row]![name], (other as Rows[number])[name]));
      const changed = rows.map((one, at) =>
        at === row ? { ...one, [name]: (other as Rows[number])[name] } : one,
      );
      const [before, after] = [joined(fields, rows), joined(fields, changed)];
      expect(await hashOf(fields, [after])).not.toBe(await hashOf(fields, [before]));
    }),
    { numRuns: TABLES },
  );
});

const FOLDER = process.env['SELVAGE_TABLE_FILES'];

/** Files of python/tests/table_hash_campaign.py, which pyarrow, pandas, polars and DuckDB have laid out. */
(FOLDER === undefined ? test.skip : test)(
  'tables that Python has written have the hashes that Python found',
  async () => {
    const hashes = JSON.parse(readFileSync(path.join(FOLDER!, 'hashes.json'), 'utf8')) as Record<
      string,
      string
    >;
    const found: Record<string, string> = {};
    for (const name of Object.keys(hashes)) {
      const bytes = new Uint8Array(readFileSync(path.join(FOLDER!, name)));
      const { fields: columns } = tableFromIPC(bytes, {
        useBigInt: true,
        useBigIntTimestamp: true,
        useDecimalInt: true,
      }).schema;
      const fields = columns.map((column) => fieldOf(column.name, `${nameOfArrow(column)}?`));
      found[name] = await hashOf(fields, engine.arrow(bytes, fields));
    }
    expect(Object.keys(found).filter((name) => found[name] !== hashes[name])).toEqual([]);
  },
);
