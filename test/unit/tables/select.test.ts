import { knot, runLocally, table, tapestry, type Table } from '../../../src';
import { createInMemoryBackends } from '../../../src/backends';
import type { Backends } from '../../../src/ports';
import { thrownBy } from '../../support/thrown-by';

const Orders = table({ id: 'int64', price: 'decimal(18,2)', 'name of it': 'utf8?' });
const load = knot('load', { output: Orders }, () => rows);
const count = knot('count', { version: '1' }, async ({ ids }: { ids: Table<{ id: bigint }> }) => {
  calls.push('count');
  return (await ids.columns()).id.map(Number);
});
const calls: string[] = [];
let rows: { id: number; price: string; 'name of it': string | null }[];

const shop = tapestry('shop', () => {
  const orders = load({}, { id: 'orders' });
  return { count: count({ ids: orders.select('id') }, { id: 'count', cache: true }) };
});
const run = async (backends: Backends, price: string) => {
  rows = [{ id: 1, price, 'name of it': null }];
  return await runLocally(shop, {}, { backends });
};

describe('the selection of columns of a table', () => {
  it('is the same while other columns change, so that cached consumers are reused', async () => {
    const backends = createInMemoryBackends();
    const first = await run(backends, '1.00');
    const second = await run(backends, '2.00');
    expect(calls).toEqual(['count']);
    expect(second.values).toEqual({ count: [1] });
    const hashes = [first, second].map(({ lineage }) =>
      Object.fromEntries(lineage.map((record) => [record.knot_id, record.output_hash])),
    );
    expect(hashes[0]!['orders']).not.toBe(hashes[1]!['orders']);
    expect(hashes[0]!['orders.select.id']).toBe(hashes[1]!['orders.select.id']);
  });

  it('is the same knot for the same columns, with a readable id', () => {
    const ids: string[] = [];
    const wired = tapestry('wired', { parameters: { given: Orders } }, (_t, { given }) => {
      const orders = load({}, { id: 'orders' });
      expect(orders.select('id', 'price').id).toBe(orders.select('id', 'price').id);
      ids.push(
        orders.select('id', 'price').id,
        orders.select('price', 'id').id,
        orders.select(['id'], { id: 'own', summary: 'ids' }).id,
        given.select('id').id,
      );
      expect(orders.select('name of it').id).toMatch(/^orders\.select:[0-9a-f]{16}$/);
    });
    expect(wired.name).toBe('wired');
    expect(ids).toEqual(['orders.select.id.price', 'orders.select.price.id', 'own', 'param.given.select.id']);
  });

  it('is refused with a remedy for columns that there are not, and for what is no table', async () => {
    rows = [];
    const two = knot('two', () => 2);
    const wrong = tapestry('wrong', () => {
      const orders = load({}, { id: 'orders' });
      const none = (orders as never as { select(name: string): typeof orders }).select('no');
      return { none, two: (two({}, { id: 'two' }) as never as typeof orders).select('id') };
    });
    const { outcomes } = await runLocally(wrong, {});
    expect(outcomes).toMatchObject({
      'orders.select.no': {
        error: { type: 'UnsupportedTable', message: expect.stringContaining('"id", "price"') },
      },
      'two.select.id': {
        error: { type: 'UnsupportedTable', message: expect.stringContaining('"two.select.id"') },
      },
    });
    const mistake = thrownBy(() =>
      tapestry('none', () => {
        (load({}, { id: 'o' }) as never as { select(): unknown }).select();
      }),
    );
    expect(mistake).toMatchObject({ code: 'InvalidConfig', details: { node: 'select' } });
  });
});
