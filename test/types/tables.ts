import { z } from 'zod';
import { gate, knot, table, tapestry, type OptionalKnot, type Table, type ValueOf } from '../../src';
import { expectType, type Same } from './expect-type';

const Orders = table(
  { id: 'int64', name: 'utf8?', price: 'decimal(18,2)', at: 'timestamp[us]?', tags: 'list<utf8>' },
  { key: ['id'] },
);
interface Order {
  readonly id: bigint;
  readonly name: string | null;
  readonly price: string;
  readonly at: string | null;
  readonly tags: (string | null)[];
}
const made = async (): Promise<void> => {
  const orders = await Orders.from([{ id: 1, price: 1.5, tags: [], at: new Date() }]);
  const [row] = await orders.rows().toArray();
  expectType<Same<Order, Readonly<NonNullable<typeof row>>>>(true);
  expectType<Same<typeof two, Table<Pick<NonNullable<typeof row>, 'id' | 'at'>>>>(true);
  const two = orders.select('id', 'at');
  // @ts-expect-error there is no such column
  orders.select('ids');
  // @ts-expect-error a price is missing
  await Orders.from([{ id: 1, tags: [] }]);
};
void made;

// @ts-expect-error the key is no column
table({ id: 'int64' }, { key: ['no'] });

const People = table(z.object({ name: z.string(), born: z.date(), age: z.int32().optional() }));
const people = async (): Promise<void> => {
  const [row] = await (await People.from([{ name: 'a', born: new Date() }])).rows().toArray();
  expectType<Same<NonNullable<typeof row>, { name: string; born: string; age: number | null }>>(true);
};
void people;

knot('orders', { output: Orders }, () => [{ id: 1n, price: '1.00', tags: ['a'] }]);
// @ts-expect-error the id is a text
knot('orders', { output: Orders }, () => [{ id: 'x', price: '1.00', tags: ['a'] }]);

const load = knot('load', { output: Orders }, () => [{ id: 1n, price: '1.00', tags: [] }]);
const count = knot('count', ({ ids }: { ids: Table<{ id: bigint }> }) => ids.rowCount);
tapestry('selections', () => {
  const orders = load({}, { id: 'orders' });
  const ids = orders.select('id');
  expectType<Same<ValueOf<typeof ids>, Table<Pick<Order, 'id'>>>>(true);
  const named = orders.select(['id', 'at'], { id: 'when' });
  expectType<Same<typeof named.id, 'when'>>(true);
  // @ts-expect-error there is no such column
  orders.select('ids');
  // @ts-expect-error there is no such column
  orders.select(['ids'], { id: 'named' });
  // @ts-expect-error a column is needed
  orders.select();
  // @ts-expect-error a number has no columns
  count({ ids }, { id: 'count' }).select('id');
  const perhaps = gate({ input: orders, predicate: () => true }, { id: 'gate' }).select('id');
  // What may be absent stays so.
  expectType<Same<typeof perhaps, OptionalKnot<Table<Pick<Order, 'id'>>, string, 'gate'>>>(true);
});
