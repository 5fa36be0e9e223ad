import { gate, knot, runLocally, tapestry } from 'selvage';
import { z } from 'zod';

const report = knot('report', ({ north, south }: { north: number; south: number }) => north + south);

const sales = tapestry('sales', (t) => {
  const north = t.parameter('north', z.number());
  const known = gate({ input: north, predicate: (north) => north >= 0 }, { id: 'known' });
  // A report that is missing is an error, and not a skip that nobody sees.
  return { report: report({ north: known, south: 5 }, { id: 'report', errorPolicy: 'requireAllParents' }) };
});

test('with all parents Ok it runs', async () => {
  const { values } = await runLocally(sales, { north: 3 });
  expect(values.report).toBe(8);
});

test('without one it fails, and says which', async () => {
  const { outcomes, succeeded } = await runLocally(sales, { north: -1 });
  expect(outcomes['report']).toMatchObject({ kind: 'err', error: { type: 'RequireAllParents' } });
  expect(succeeded).toBe(false);
});
