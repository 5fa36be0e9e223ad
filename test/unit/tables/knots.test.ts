import { knot, runLocally, table, tapestry, type Table } from '../../../src';
import { inProcess, inThreads, ORDERS, Orders } from '../../support/table-bodies';

describe('tables as values of knots', () => {
  it.each([
    ['in process', inProcess],
    ['in threads', inThreads],
  ])('are handed on, alone and in other values, %s', async (_where, of) => {
    const run = await runLocally(of, {});
    expect(run.outcomes).toMatchObject({
      total: { kind: 'ok', value: [2, 330] },
      count: { kind: 'ok', value: 3 },
    });
    const made = await Orders.from(ORDERS);
    const hashOf = (id: string): unknown => run.lineage.find(({ knot_id: one }) => one === id)?.output_hash;
    expect(hashOf('orders')).toBe(made.hash);
    const few = run.values.few!;
    expect(hashOf('few')).toBe(few.hash);
    expect((await few.rows().toArray()).map(({ id }) => id)).toEqual([1n, 2n]);
    expect((await run.values.report!.orders.columns()).price).toEqual(['1.10', '2.20']);
  });

  it('are refused with column, type and row', async () => {
    const wrong = knot('wrong', { output: table({ id: 'int8' }) }, () => [{ id: 1 }, { id: 1000 }]);
    const run = await runLocally(
      tapestry('wrong', () => ({ wrong: wrong({}, { id: 'wrong' }) })),
      {},
    );
    expect(run.outcomes['wrong']).toMatchObject({
      kind: 'err',
      error: { type: 'InvalidOutput', message: expect.stringMatching(/"id" \(int8\).*1000.*row 1/) },
    });
  });

  it('are stored for each run that they were not read from', async () => {
    const made = await Orders.from(ORDERS);
    const keep = knot('keep', () => made);
    const count = knot('count', ({ orders }: { orders: Table }) => orders.rows().toArray());
    const both = tapestry('both', (t) => {
      const given = t.parameter('orders', Orders);
      return {
        given: count({ orders: given }, { id: 'given' }),
        kept: count({ orders: keep({}, { id: 'keep' }) }, { id: 'kept' }),
      };
    });
    // Each run has a data store of its own.
    for (const _ of ['first', 'second']) {
      const { values } = await runLocally(both, { orders: made });
      expect([values.given?.length, values.kept?.length]).toEqual([ORDERS.length, ORDERS.length]);
    }
  });

  it('are refused where a column has a null that the declaration does not allow', async () => {
    const loose = table({ id: 'int64', name: 'utf8?' });
    const strict = table({ id: 'int64', name: 'utf8' });
    const rows = [
      { id: 1, name: 'a' },
      { id: 2, name: null },
    ];
    const load = knot('load', { output: strict }, () => loose.from(rows) as never);
    const run = await runLocally(
      tapestry('loaded', () => ({ load: load({}, { id: 'load' }) })),
      {},
    );
    expect(run.outcomes['load']).toMatchObject({
      kind: 'err',
      error: { type: 'InvalidOutput', message: expect.stringMatching(/"name" \(utf8\) of row 1 is null/) },
    });
  });
});
