import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import { limited, readable, type Benchmark, type Row } from '../benchmark';
import { compare, median } from '../statistics';

/** What hashes tables is no entry point of the package: it is measured where it is built. */
const built = createRequire(__filename);
const { TableHasher } = built(
  '../../lib/table-files/table-hasher',
) as typeof import('../../src/table-files/table-hasher');
const { table: declare } = built('../../lib') as typeof import('../../src');
const { readArrow } = built(
  '../../lib/table-files/read-arrow',
) as typeof import('../../src/table-files/read-arrow');
const { blocksOf, BLOCK_ROWS } = built('../../lib/tables/vector') as typeof import('../../src/tables/vector');
const { fieldOf } = built('../../lib/tables/types') as typeof import('../../src/tables/types');
const arrow = built(
  '../../lib/table-files/arrow-library',
) as typeof import('../../src/table-files/arrow-library');

const ROWS = 1_000_000;
const DIGEST_BYTES = 32;
const APPENDED = ROWS / 100;
const FIELDS = Object.entries({ id: 'int64', name: 'utf8', x: 'float64', t: 'timestamp[us]' }).map(
  ([name, type]) => fieldOf(name, type),
);

/** A million rows in Arrow's buffers, against SHA-256 of the same bytes. */
export const hashed: Benchmark = {
  name: 'tables: hash',
  async run({ repetitions }) {
    const table = makeTable(ROWS);
    const buffers = table.children.flatMap(({ data }) => {
      const { values, offsets } = data[0]!;
      return offsets ? [offsets, values] : [values];
    });
    const ours = async (): Promise<void> => {
      const hasher = new TableHasher(FIELDS);
      for await (const block of blocksOf(readArrow(table, 'the table', FIELDS))) hasher.add(block);
      hasher.end();
    };
    const raw = (): Promise<void> => {
      for (const buffer of buffers) createHash('sha256').update(buffer).digest();
      return Promise.resolve();
    };
    const taken = await compare(repetitions, ours, raw);
    const [cost, least] = [median(taken.ours), median(taken.raw)];
    const remark = `${readable(cost)} ms, SHA-256 of the bytes ${readable(least)} ms`;
    return [
      ...(await appending(repetitions)),
      limited(
        'tables: hash of 1,000,000 rows of 4 columns / SHA-256 of their bytes',
        cost / least,
        3,
        'x',
        { ours: taken.ours, raw: taken.raw },
        remark,
      ),
    ];
  },
};

/** One percent of rows, behind a million: their hash, and in all what it takes to make the longer table. */
async function appending(repetitions: number): Promise<Row[]> {
  const all = makeTable(ROWS + APPENDED);
  const [batch] = readArrow(all, 'the table', FIELDS);
  const rows = { batch: batch!, from: ROWS - (ROWS % BLOCK_ROWS), to: ROWS + APPENDED };
  const hashAll = async (): Promise<readonly string[]> => {
    const hasher = new TableHasher(FIELDS);
    for await (const block of blocksOf([batch!])) hasher.add(block);
    return hasher.end().blocks!;
  };
  const digests = (await hashAll()).map((text) =>
    Buffer.from(text, 'base64').subarray(0, (rows.from / BLOCK_ROWS) * DIGEST_BYTES),
  );
  const hashRest = (): Promise<unknown> => {
    const hasher = new TableHasher(FIELDS, rows.from, digests);
    hasher.add([rows]);
    return Promise.resolve(hasher.end());
  };
  const hashes = await compare(repetitions, hashRest, hashAll);

  const orders = declare({ id: 'int64', name: 'utf8', x: 'float64', t: 'timestamp[us]' });
  const before = await orders.fromArrow(makeTable(ROWS));
  const more = await orders.fromArrow(makeTable(APPENDED));
  const written = await compare(
    repetitions,
    () => orders.append(before, more),
    () => orders.fromArrow(all),
  );
  const [ours, raw] = [median(written.ours), median(written.raw)];
  return [
    limited(
      'tables: hash of 1 % more rows / of all rows',
      (100 * median(hashes.ours)) / median(hashes.raw),
      5,
      '%',
      { ours: hashes.ours, raw: hashes.raw },
    ),
    {
      measure: 'tables: 1 % more rows, hashed and written / all rows',
      measured: `${readable((100 * ours) / raw)} % (${readable(ours)} ms, ${readable(raw)} ms)`,
      numbers: { ours: written.ours, raw: written.raw },
    },
  ];
}

function makeTable(rows: number): import('../../src/tables/engine').ArrowTable {
  const columns = {
    id: arrow.columnFromArray(
      BigInt64Array.from({ length: rows }, (_, row) => BigInt(row)),
      arrow.int64(),
    ),
    name: arrow.columnFromArray(
      Array.from({ length: rows }, (_, row) => `customer ${row * 7919}`),
      arrow.utf8(),
    ),
    x: arrow.columnFromArray(Float64Array.from({ length: rows }, (_, row) => Math.sin(row))),
    t: arrow.columnFromArray(
      Array.from({ length: rows }, (_, row) => 1_700_000_000_000 + row),
      arrow.timestamp(arrow.TimeUnit.MICROSECOND),
    ),
  };
  return arrow.tableFromColumns(columns as never);
}
