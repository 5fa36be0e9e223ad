import path from 'node:path';
import { Client } from 'pg';
import {
  daily,
  knot,
  python,
  pythonKnot,
  sql,
  table,
  tapestry,
  type Table,
  type TimePartition,
} from 'selvage';

const Orders = table(
  {
    id: 'int64',
    customer: 'int64',
    article: 'utf8',
    pieces: 'int32',
    price: 'decimal(18,2)',
    note: 'utf8?',
  },
  { key: ['id'] },
);
const Customers = table({ id: 'int64', email: 'utf8?', country: 'utf8' }, { key: ['id'] });
const Sales = table(
  { country: 'utf8', article: 'utf8', pieces: 'int64', revenue: 'decimal(38,2)' },
  { key: ['country', 'article'] },
);
const Judged = table({ country: 'utf8', article: 'utf8', distance: 'float64' });

const readOrders = knot('read-orders', { output: Orders }, ({ day }: { day: TimePartition }) =>
  Orders.fromCsv(path.join(process.env['SHOP_ORDERS'] ?? 'orders', `${day.key}.csv`)),
);

const readCustomers = knot('read-customers', { output: Customers }, async () => {
  const client = new Client({ connectionString: process.env['SHOP_DATABASE'] });
  await client.connect();
  try {
    const { rows } = await client.query<{ id: string; email: string | null; country: string }>(
      'select id, email, country from customers',
    );
    return rows.map(({ id, ...others }) => ({ id: BigInt(id), ...others }));
  } finally {
    await client.end();
  }
});

interface Judgement {
  country: string;
  article: string;
  /** From the other countries, in standard deviations. */
  distance: number;
}

/** `python/shop/model.py`, which takes a frame of pandas and returns one. */
const judge = pythonKnot<{ sales: Table }, Table<Judgement>>('shop.model:judge', {
  output: Judged,
  version: '1',
});

const write = knot(
  'write-summary',
  { version: '1' },
  async ({ sales, judged }: { sales: Table; judged: Table<Judgement> }) => {
    let most: Judgement | undefined;
    for await (const row of judged.rows()) {
      if (Math.abs(row.distance) > Math.abs(most?.distance ?? 0)) most = row;
    }
    const unusual = most ? `${most.article} in ${most.country}` : 'nothing';
    return `${sales.rowCount} lines of sales; unlike the others: ${unusual}`;
  },
);

export const shop = tapestry(
  'shop',
  {
    partition: daily('2026-11-01', { last: '2026-11-30' }),
    knots: { dispatcher: python({ path: [path.join(__dirname, 'python')] }) },
  },
  (_t, { partition }) => {
    // What a source has now is read by each run.
    const orders = readOrders({ day: partition }, { id: 'orders' });
    const customers = readCustomers({}, { id: 'customers' });

    // The rest depends on these columns alone: other notes or addresses change nothing below.
    const sold = orders.select('customer', 'article', 'pieces', 'price');
    const homes = customers.select('id', 'country');
    const sales = sql`
      select country, article, sum(pieces)::bigint as pieces, sum(pieces * price)::decimal(38, 2) as revenue
      from ${sold} as sold join ${homes} as homes on homes.id = sold.customer
      group by country, article`({ id: 'sales', output: Sales, cache: true });
    const judged = judge({ sales }, { id: 'judged', cache: true });
    return { sales, summary: write({ sales, judged }, { id: 'summary', cache: true }) };
  },
);
