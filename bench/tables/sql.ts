import path from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { runLocally, sql, table, tapestry } from 'selvage';
import { openBackends } from 'selvage/backends';
import { freshFolder } from '../backends/places';
import { limited, readable, type Benchmark, type Row } from '../benchmark';
import { compare, median } from '../statistics';

const ROWS = 10_000_000;
const FACTOR = 1.2;
const Orders = table({ id: 'int64', customer: 'int32', price: 'decimal(18,2)' });
const Totals = table({ customer: 'int32', total: 'decimal(38,2)' }, { key: ['customer'] });
const MADE = `select i as id, (i * 7919 % 1000)::int as customer, (i % 100000 / 100)::decimal(18,2) as price
  from range(${ROWS}) r(i)`;
const asked = (orders: string): string =>
  `select customer, sum(price) as total from ${orders} where id % 10 > 0 group by customer`;

/** A filter and an aggregate as a knot of a run in process, against a DuckDB that reads the same Parquet file and writes one. */
export const queries: Benchmark = {
  name: 'tables: sql',
  async run({ repetitions }) {
    const { url: folder, drop } = await freshFolder((made) => made);
    const database = `sqlite:${path.join(folder, 'selvage.db')}`;
    const backends = await openBackends({
      environment: {},
      url: database,
      data: `file:${path.join(folder, 'data')}`,
    });
    try {
      const making = tapestry('made', () => ({
        orders: sql({ query: MADE, output: Orders }, { id: 'orders' }),
      }));
      const made = await runLocally(making, {}, { backends });
      const orders = made.values.orders!;
      const file = path.join(folder, 'orders.parquet');
      await alone(MADE, file);
      const totals = tapestry('totals', { parameters: { orders: Orders } }, (_t, given) => ({
        totals: sql({ query: asked('orders'), inputs: given, output: Totals }, { id: 'totals' }),
      }));
      const times = await compare(
        repetitions,
        async () => {
          const { status } = await runLocally(totals, { orders }, { backends });
          if (status !== 'succeeded') throw new Error(`The run has ${status}.`);
        },
        () => alone(asked(`'${file}'`), path.join(folder, 'totals.parquet')),
      );
      return [row(times.ours, times.raw)];
    } finally {
      await backends.close();
      await drop();
    }
  },
};

/** In a DuckDB of its own, as a script does it. */
async function alone(query: string, file: string): Promise<void> {
  const instance = await DuckDBInstance.create(':memory:');
  try {
    await (
      await instance.connect()
    ).run(`copy (${query}) to '${file}' (format parquet, row_group_size 65536)`);
  } finally {
    instance.closeSync();
  }
}

function row(ours: readonly number[], raw: readonly number[]): Row {
  const [cost, least] = [median(ours), median(raw)];
  const remark = `${readable(cost)} ms, DuckDB ${readable(least)} ms`;
  const measure = 'tables: a query over 10,000,000 rows as a knot / DuckDB alone';
  return limited(measure, cost / least, FACTOR, 'x', { ours, raw }, remark);
}
