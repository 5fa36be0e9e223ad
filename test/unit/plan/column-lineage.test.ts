import { dataset, gate, knot, sink, source, tapestry } from '../../../src';
import { recordOf } from '../../../src/authoring';
import { columnOrigins, compile } from '../../../src/plan';
import { refusal } from '../../support/refusal';
import { thrownBy } from '../../support/thrown-by';

const orders = dataset('postgres://reader:secret@db/shop/orders');
const rates = dataset('s3://bucket/rates.csv');
const report = dataset('postgres://db/shop/reports.daily');

interface Row {
  readonly amount: number;
}

const sum = knot(
  'sum',
  { columns: { total: ['orders.amount', 'rates.factor'], day: ['orders.day'] } },
  ({ orders, rates }: { orders: Row[]; rates: Row[] }) => ({ total: orders.length * rates.length, day: 1 }),
);

const daily = tapestry('daily', () => {
  const read = (): Row[] => [];
  const read1 = source({ read }, { id: 'orders', reads: orders });
  const read2 = source({ read }, { id: 'rates', reads: rates, columns: { factor: ['rate_to_eur'] } });
  const open = gate({ input: read1, predicate: () => true }, { id: 'open' });
  const total = sum({ orders: open, rates: read2 }, { id: 'total' });
  sink({ inputs: { total }, write: () => 1 }, { id: 'store', writes: report });
});

test('columns are followed up from what is written to what was read', () => {
  const { plan } = compile(recordOf(daily));
  const knotOf = (id: string) => plan.knots.find((knot) => knot.id === id)!;
  expect(columnOrigins(plan, knotOf('store'))).toEqual({
    total: [
      { namespace: 'postgres://db:5432', name: 'shop.public.orders', field: 'amount' },
      { namespace: 's3://bucket', name: 'rates.csv', field: 'rate_to_eur' },
    ],
    day: [{ namespace: 'postgres://db:5432', name: 'shop.public.orders', field: 'day' }],
  });
  expect(columnOrigins(plan, knotOf('orders'))).toBeUndefined();
});

test('what is said of data changes the plan, and neither hashes of knots nor the wiring', () => {
  const plain = tapestry('plain', () => void source({ read: () => 1 }, { id: 'it' }));
  const said = tapestry('plain', () => void source({ read: () => 1 }, { id: 'it', reads: orders }));
  const [a, b] = [plain, said].map((one) => compile(recordOf(one)));
  expect(a!.hash).not.toBe(b!.hash);
  expect(a!.plan.knots[0]!.configHash).toBe(b!.plan.knots[0]!.configHash);
});

test.each([
  ['postgresql://db.example.com/shop/sales.orders', 'postgres://db.example.com:5432', 'shop.sales.orders'],
  ['mysql://db/shop/orders', 'mysql://db:3306', 'shop.orders'],
  ['bigquery://my-project/sales.orders', 'bigquery', 'my-project.sales.orders'],
  ['bigquery://my-project/sales/orders', 'bigquery', 'my-project.sales.orders'],
  ['snowflake://me:secret@org-account/SHOP/PUBLIC.ORDERS', 'snowflake://org-account', 'SHOP.PUBLIC.ORDERS'],
  [
    'snowflake://org-account.snowflakecomputing.com/SHOP/PUBLIC/ORDERS?warehouse=w',
    'snowflake://org-account',
    'SHOP.PUBLIC.ORDERS',
  ],
  // Two containers of one account are two places.
  ['abfss://raw@lake.dfs.core.windows.net/orders/day', 'abfss://raw@lake.dfs.core.windows.net', 'orders/day'],
  ['s3a://bucket/a/b.parquet', 's3://bucket', 'a/b.parquet'],
  ['kafka://broker:9092/orders', 'kafka://broker:9092', 'orders'],
  ['file:///data/in.csv', 'file', '/data/in.csv'],
  ['https://api.example.com/rates?key=secret', 'https://api.example.com', 'rates'],
])('%s', (url, namespace, name) => {
  expect(dataset(url)).toEqual({ namespace, name });
});

test.each([
  'bigquery://my-project/orders',
  'bigquery://my-project.sales.orders',
  'snowflake://org-account/SHOP/ORDERS',
])('%s lacks a part of the name', (url) => {
  expect(thrownBy(() => dataset(url))).toMatchObject(refusal('InvalidConfig', url));
});

test('what names no dataset is refused, without a password', () => {
  const error = thrownBy(() => dataset('postgres://me:pass word@db'));
  expect(error).toMatchObject(refusal('InvalidConfig', 'Give a URL with a path'));
  expect(error.message).not.toContain('pass word');
  expect(thrownBy(() => dataset(7 as never))).toMatchObject(refusal('InvalidConfig', 'dataset'));
});

test('columns of an input that a knot does not have are refused', () => {
  const wrong = () =>
    tapestry('wrong', () => void source({ read: () => 1 }, { id: 'it', columns: { a: ['x.b'] } }));
  expect(thrownBy(wrong)).toMatchObject(refusal('InvalidConfig', 'comes from "x.b"'));
  const inherited = () => tapestry('wrong', { knots: { reads: orders } as never }, () => {});
  expect(thrownBy(inherited)).toMatchObject(refusal('InvalidConfig', '"reads"'));
});
