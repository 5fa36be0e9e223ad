import { Orders, ORDERS, inThreads, queries, selections } from '../support/table-bodies';
import { table } from '../../src';
import { closeAll, openSelvage } from '../support/open-selvage';

afterAll(closeAll);

test('tables pass from thread to thread on Temporal, and are read from the values of the run', async () => {
  const selvage = await openSelvage({ tapestries: [inThreads] });
  const run = await selvage.start(inThreads, {});
  const { values, status } = await run.result();
  expect({ status, total: values.total, count: values.count }).toEqual({
    status: 'succeeded',
    total: [2, 330],
    count: 3,
  });
  const made = await Orders.from(ORDERS);
  const records = await run.lineage();
  expect(records.find(({ knot_id: id }) => id === 'orders')?.output_hash).toBe(made.hash);
  expect((await values.few!.rows().toArray()).map(({ id }) => id)).toEqual([1n, 2n]);
});

test('tables are parameters and elements of maps on Temporal, and a selection is reused', async () => {
  const selvage = await openSelvage({ tapestries: [selections] });
  const run = async (price: string) => {
    const orders = await Orders.from(ORDERS.map((order) => ({ ...order, price })));
    const started = await selvage.start(selections, { orders, more: [orders] });
    const { values } = await started.result();
    const records = new Map((await started.lineage()).map((record) => [record.knot_id, record]));
    expect(records.get('param:orders')).toMatchObject({
      output_hash: orders.hash,
      extra: { table: { rows: 3 } },
    });
    return { values, records };
  };
  const first = await run('1.00');
  const second = await run('2.00');
  expect(first.values).toEqual({ ids: 3, sizes: [3], again: [1, 1] });
  expect(second.values).toEqual(first.values);
  expect(first.records.get('ids')?.cached_from_run).toBeNull();
  expect(second.records.get('ids')?.cached_from_run).toBe(first.records.get('ids')?.run_id);
});

test('queries run on Temporal, and one whose query is refused is not tried again', async () => {
  const selvage = await openSelvage({ tapestries: [queries] });
  const orders = await Orders.from(ORDERS);
  const run = await selvage.start(queries, { orders, least: 2 });
  const { values, outcomes } = await run.result();
  expect(await values.some!.rows().toArray()).toEqual([{ id: 2n }, { id: 3n }]);
  expect(values.count).toBe(2);
  expect(outcomes['wrong']).toMatchObject({ kind: 'err', error: { type: 'InvalidSql' } });
  const records = await run.lineage();
  expect(records.find(({ knot_id: id }) => id === 'wrong')).toMatchObject({ attempt: 1 });
  expect(records.find(({ knot_id: id }) => id === 'some')).toMatchObject({
    definition: 'selvage.sql',
    output_hash: (await table({ id: 'int64' }).from([{ id: 2n }, { id: 3n }])).hash,
  });
  const second = await selvage.start(queries, { orders, least: 2 });
  await second.result();
  const again = await second.lineage();
  expect(again.find(({ knot_id: id }) => id === 'some')?.cached_from_run).toBe(records[0]!.run_id);
});
