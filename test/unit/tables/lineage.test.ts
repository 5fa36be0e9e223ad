import { knot, runLocally, table, tapestry } from '../../../src';
import { createInMemoryBackends } from '../../../src/backends';
import { diffRuns, differenceSentence } from '../../../src/records/questions';

const Wide = table(
  Object.fromEntries(Array.from({ length: 1000 }, (_, index) => [`column_${index}`, 'int8' as const])),
);
const Orders = table({ id: 'int64', price: 'float64', name: 'utf8' });
const given: { rows: { id: number; price: number; name: string }[] } = { rows: [] };
const shop = tapestry('shop', () => ({
  orders: knot('load', { output: Orders }, () => given.rows)({}, { id: 'orders' }),
}));

describe('columns in lineage', () => {
  it('tell how the tables of two runs differ', async () => {
    const backends = createInMemoryBackends();
    const run = async (runId: string, ...rows: typeof given.rows): Promise<void> => {
      given.rows = rows;
      await runLocally(shop, {}, { backends, runId });
    };
    await run('a', { id: 1, price: 1, name: 'x' });
    await run('b', { id: 1, price: 2, name: 'x' });
    await run('c', { id: 1, price: 2, name: 'x' }, { id: 2, price: 3, name: 'y' });
    const sentences = async (one: string, other: string): Promise<string[]> =>
      (await diffRuns(backends.runHistory, one, other)).items.map(differenceSentence);
    expect(await sentences('a', 'b')).toEqual([
      expect.stringMatching(/; column price changed, 1 of 3 columns$/),
    ]);
    expect(await sentences('b', 'c')).toEqual([
      expect.stringMatching(/; its number of rows was 1 and is 2$/),
    ]);
  });

  it('are bounded', async () => {
    const wide = tapestry('wide', () => ({
      wide: knot('wide', { output: Wide }, () => [])({}, { id: 'wide' }),
    }));
    const { lineage } = await runLocally(wide, {});
    const { table: facts } = lineage[0]!.extra as { table: { columns: object[]; more: number } };
    expect(JSON.stringify(facts).length).toBeLessThan(17_000);
    expect(facts.columns.length + facts.more).toBe(1000);
  });
});
