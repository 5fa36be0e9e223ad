import { contentHash, gate, knot, map, runLocally, subTapestry, tapestry, type Table } from '../../../src';
import { ORDERS, Orders } from '../../support/table-bodies';

type Given = Awaited<ReturnType<typeof Orders.from>>;
const count = knot('count', async ({ orders }: { orders: Given }) => (await orders.rows().toArray()).length);
const one = knot(
  'one',
  async ({ id }: { id: number }) => await Orders.from([{ id, name: null, price: '1' }]),
);
const sizes = knot('sizes', async ({ tables }: { tables: readonly Table[] }) => {
  const all = await Promise.all(tables.map((table) => table.rows().toArray()));
  return all.map((rows) => rows.length);
});
const inner = tapestry('inner', { parameters: { orders: Orders } }, (_t, { orders }) => ({
  count: count({ orders }, { id: 'count' }),
}));

describe('tables as values', () => {
  it('are parameters, also of runs that knots start, and pass gates', async () => {
    const outer = tapestry('outer', { parameters: { orders: Orders } }, (_t, { orders }) => ({
      nested: subTapestry({ tapestry: inner, inputs: { orders } }, { id: 'nested' }),
      passed: gate({ input: orders, predicate: () => true }, { id: 'passed' }),
    }));
    const orders = await Orders.from(ORDERS);
    expect(contentHash(orders)).toBe(orders.hash);
    const { values, lineage } = await runLocally(outer, { orders });
    expect(values.nested).toEqual({ count: 3 });
    expect(values.passed?.hash).toBe(orders.hash);
    const columns = [{ name: 'id', type: 'int64' }, { name: 'name' }, { name: 'price' }];
    for (const id of ['param:orders', 'passed']) {
      const record = lineage.find(({ knot_id: knotId }) => knotId === id);
      expect(record).toMatchObject({ output_hash: orders.hash, extra: { table: { rows: 3, columns } } });
    }
  });

  it('are elements of maps', async () => {
    const ids = knot('ids', () => [1, 2]);
    const many = tapestry('many', () => {
      const tables = map({ over: ids({}, { id: 'ids' }), each: one, bind: 'id' }, { id: 'tables' });
      return {
        sizes: sizes({ tables }, { id: 'sizes' }),
        again: map({ over: tables, each: count, bind: 'orders' }, { id: 'again' }),
      };
    });
    const { values } = await runLocally(many, {});
    expect(values).toEqual({ sizes: [1, 1], again: [1, 1] });
  });

  it('that are only in this process are refused as constants, with a remedy', async () => {
    const orders = await Orders.from(ORDERS);
    const constant = tapestry('constant', () => ({ count: count({ orders }, { id: 'count' }) }));
    await expect(runLocally(constant, {})).rejects.toMatchObject({ code: 'NotEncodable' });
  });
});
