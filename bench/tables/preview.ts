import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { knot, runLocally, table, tapestry } from 'selvage';
import { openBackends } from 'selvage/backends';
import { freshFolder, freshS3 } from '../backends/places';
import { MEBIBYTE } from '../backends/pieces';
import { onServices } from '../backends/services';
import { limited, readable, type Benchmark, type BenchmarkOptions, type Row } from '../benchmark';
import { asked, CommandProcess, endServer } from '../seeing/page-process';
import { median, timed } from '../statistics';

const ROWS = 6_000_000;
/** Random texts, so that the file is as large as its values. */
const TEXT_BYTES = 96;
const LIMIT_MS = 500;
const Orders = table({ id: 'int64', name: 'utf8', note: 'utf8', price: 'float64', at: 'timestamp[us]' });

/** The first rows and the statistics of a table, as the page asks for them. */
export const preview: Benchmark = {
  ...onServices('preview', [{ name: 'tables: preview of 1 GB in S3', place: freshS3, run: previewed }]),
  name: 'tables: preview',
};

async function previewed(url: string, { repetitions }: BenchmarkOptions): Promise<Row[]> {
  const { url: folder, drop } = await freshFolder((made) => made);
  const { hash, size } = await stored(folder, url);
  const page = CommandProcess.start(folder, ['ui', '--port', '0'], { SELVAGE_DATA: url });
  try {
    const origin = await page.origin();
    const times: number[] = [];
    const show = async (): Promise<void> => {
      const shown = await asked(origin, 'tables.show', { hash, rows: 100 });
      if (shown.form !== 'table' || shown.table.cells.length !== 100)
        throw new Error('The table was not shown.');
    };
    await show();
    for (let repetition = 0; repetition < repetitions; repetition++) times.push(await timed(show));
    const measure = 'tables: preview of 1 GB of Parquet in S3 on the page';
    const remark = `${ROWS.toLocaleString('en')} rows, ${readable(size / MEBIBYTE)} MiB`;
    return [limited(measure, median(times), LIMIT_MS, 'ms', { times, size }, remark)];
  } finally {
    await page.end();
    await endServer(folder);
    await drop();
  }
}

/** A run in process whose value is the table. */
async function stored(folder: string, data: string): Promise<{ hash: string; size: number }> {
  const project = path.join(folder, '.selvage');
  mkdirSync(project);
  const url = `sqlite:${path.join(project, 'selvage.db')}`;
  const backends = await openBackends({ environment: {}, url, data });
  try {
    const make = knot('orders', { output: Orders }, () => Orders.from(rows()));
    const made = tapestry('made', () => ({ orders: make({}, { id: 'orders' }) }));
    const { values } = await runLocally(made, {}, { backends });
    const { items } = await backends.dataStore.list();
    return { hash: values.orders!.hash, size: Math.max(...items.map(({ size }) => size)) };
  } finally {
    await backends.close();
  }
}

async function* rows() {
  for (let id = 0; id < ROWS; id++) {
    const text = randomBytes(TEXT_BYTES).toString('base64url');
    yield { id, name: `customer ${id % 100_003}`, note: text, price: id * 0.01, at: BigInt(id) * 1_000_000n };
  }
}
