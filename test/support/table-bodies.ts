import { z } from 'zod';
import { knot, map, sql, table, tapestry, threads, type Knot, type Table } from '../../src';

export const Orders = table({ id: 'int64', name: 'utf8?', price: 'decimal(18,2)' }, { key: ['id'] });
type Order = (typeof Orders)['~standard'] extends { types?: { output: Table<infer Row> } } ? Row : never;

export const ORDERS = [
  { id: 3n, name: 'c', price: '3.00' },
  { id: 1n, name: null, price: '1.10' },
  { id: 2n, name: 'b', price: '2.20' },
];

const load = knot('load-orders', { output: Orders }, () => ORDERS);
const cheap = knot('cheap-orders', async ({ orders }: { orders: Table<Order> }) => {
  const rows = await orders.rows().toArray();
  return await Orders.from(rows.filter(({ price }) => Number(price) < 3));
});
const wrapped = knot('wrapped-orders', ({ orders }: { orders: Table<Order> }) => ({
  orders: orders.select('id', 'price'),
  count: orders.rowCount,
}));
const total = knot(
  'total-of-orders',
  async ({ report }: { report: { orders: Table<Pick<Order, 'id' | 'price'>>; count: number } }) => {
    let sum = 0;
    for await (const { price } of report.orders.rows()) sum += Number(price);
    return [report.count, Math.round(sum * 100)];
  },
);
const here = knot('count-of-orders', ({ orders }: { orders: Table<Order> }) => orders.rowCount);

const wire = (place: object) => () => {
  const orders = load({}, { id: 'orders', ...place });
  const few = cheap({ orders }, { id: 'few', ...place });
  const report = wrapped({ orders: few }, { id: 'report', ...place });
  return {
    few,
    report,
    total: total({ report }, { id: 'total', ...place }),
    count: here({ orders }, { id: 'count' }),
  };
};

const host = threads({ name: 'tables', module: __filename, maxWorkers: 1 });
export const inProcess = tapestry('tables-here', wire({}));
export const inThreads = tapestry('tables-in-threads', wire({ dispatcher: host }));

const ids = knot(
  'ids-of-orders',
  { version: '1' },
  async ({ ids: of }: { ids: Table<{ id: bigint }> }) => (await of.columns()).id.length,
);
const one = knot('one-order', async ({ id }: { id: number }) => await Orders.from([{ id, price: '1' }]));
const rowsOf = knot('rows-of', async ({ orders }: { orders: Table<Order> }) => {
  return (await orders.rows().toArray()).length;
});
const list = knot('list', () => [1, 2]);
export const selections = tapestry(
  'selections',
  { parameters: { orders: Orders, more: z.array(z.custom<Table<Order>>()) } },
  (_t, { orders, more }) => {
    const tables = map({ over: list({}, { id: 'list' }), each: one, bind: 'id' }, { id: 'tables' });
    return {
      ids: ids({ ids: orders.select('id') }, { id: 'ids', cache: true }),
      sizes: map({ over: more, each: rowsOf, bind: 'orders' }, { id: 'sizes' }),
      again: map({ over: tables, each: rowsOf, bind: 'orders' }, { id: 'again' }),
    };
  },
);

const rowCount = knot('row-count', ({ ids: of }: { ids: Table<{ id: bigint }> }) => of.rowCount);

export const queries = tapestry(
  'queries',
  { parameters: { orders: Orders, least: z.number() }, failOn: 'never' },
  (_t, { orders, least }) => {
    const some = sql`select id from ${orders} where price >= ${least} order by id`({
      id: 'some',
      cache: true,
    });
    sql`select nothing from ${orders}`({ id: 'wrong', retry: { maximumAttempts: 3 } });
    const typed = some as unknown as Knot<Table<{ id: bigint }>>;
    return { some: typed, count: rowCount({ ids: typed }, { id: 'count' }) };
  },
);
