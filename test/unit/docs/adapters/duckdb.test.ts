import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { knot, runLocally, tapestry } from 'selvage';
import { exportHistory, openAnalyticalHistory } from 'selvage/adapters/run-histories/duckdb';
import { openBackends } from 'selvage/backends';

const half = knot('half', ({ x }: { x: number }) => {
  if (x % 2 === 1) throw new RangeError(`${x} is odd`);
  return x / 2;
});
const halves = tapestry('halves', () => {
  for (const x of [1, 2, 4]) half({ x }, { id: `half-of-${x}` });
});

test('outcomes of each definition, day by day', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'analysis-'));
  const backends = await openBackends({ projectDir: folder });
  await runLocally(halves, {}, { backends });
  await exportHistory(backends.runHistory, { folder: join(folder, 'exported') });
  await backends.close();

  const history = await openAnalyticalHistory({ parquet: join(folder, 'exported') });
  const rows = await history.query(`
    select knot_class, finished::date as day, outcome, count(*) as knots
    from lineage
    group by all order by all`);
  expect(rows).toEqual([
    { knot_class: 'half', day: expect.any(Date), outcome: 'err', knots: 1 },
    { knot_class: 'half', day: expect.any(Date), outcome: 'ok', knots: 2 },
  ]);
  await history.close();
  rmSync(folder, { recursive: true });
});
