import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { knot, local, map, tapestry, type Knot } from '../../../src';
import { openBackends } from '../../../src/backends';
import type { Backends } from '../../../src/ports';
import { freshPostgresDatabase } from '../../support/fresh-places';
import { closeAll, onClose, openSelvage, startWorker, temporaryFolder } from '../../support/open-selvage';
import { countAllRecords, rememberDatabase } from '../../support/put-back';
import { runs } from '../../support/thorough';
import { until } from '../../support/until';

afterEach(closeAll);

const RUNS = 12;

const step = knot('step', async ({ x }: { x: number }) => {
  await delay(30);
  return x + 1;
});
const quick = knot('quick', ({ x }: { x: number }) => x + 1);
const list = knot('list', ({ x }: { x: number }) => Array.from({ length: 12 }, (_, index) => index + x));
const long = knot('long', ({ x }: { x: number }) => `${'x'.repeat(3_000)}${x}`);
const join = knot('join', ({ all, of, x }: { all: number[]; of: string; x: number }) => [
  all.reduce((sum, value) => sum + value, 0),
  of.length,
  x,
]);
const shape = tapestry('restored', { parameters: { x: z.number() } }, (_t, { x }) => {
  let last: Knot<number> = step({ x }, { id: 's0' });
  for (let index = 1; index < 6; index++) last = step({ x: last }, { id: `s${index}` });
  let small: Knot<number> = quick({ x }, { id: 'q0', dispatcher: local() });
  for (let index = 1; index < 6; index++)
    small = quick({ x: small }, { id: `q${index}`, dispatcher: local() });
  const all = map({ over: list({ x: small }, { id: 'list' }), each: step, bind: 'x' }, { id: 'all' });
  return { end: join({ all, of: long({ x }, { id: 'long' }), x: last }, { id: 'end' }) };
});
const expected = (x: number) => [
  Array.from({ length: 12 }, (_, index) => index + x + 7).reduce((sum, value) => sum + value, 0),
  3_000 + String(x).length,
  x + 6,
];
/** Knots and elements. */
const RECORDS = 1 + 6 + 6 + 1 + 1 + 12 + 1 + 1;

const TECHNOLOGIES: readonly (readonly [string, () => Promise<Backends>])[] = [
  [
    'SQLite',
    async () =>
      await openBackends({ url: 'sqlite:selvage.db', projectDir: await temporaryFolder(), environment: {} }),
  ],
  [
    'Postgres',
    async () => {
      const database = await freshPostgresDatabase();
      onClose(() => database.drop());
      return await openBackends({ url: database.url, environment: {} });
    },
  ],
];

test.each(TECHNOLOGIES)(
  'under a history that is put back while runs work, each run ends right or says what is lost: %s',
  async (_, open) => {
    const backends = await open();
    onClose(() => backends.close());
    const selvage = await openSelvage({ tapestries: [shape], backends });
    await startWorker(selvage, { tapestries: [shape] });
    for (let round = 0; round < runs(1, 20); round++) {
      const started = await Promise.all(
        Array.from({ length: RUNS }, (_unused, x) => selvage.start(shape, { x: x + 100 * round })),
      );
      // Somewhere in their middle, at another place each round.
      const first = round * RUNS * RECORDS + RUNS * (1 + (round % 8));
      await until('runs work', async () => (await countAllRecords(backends)) >= first);
      const putBack = await rememberDatabase(backends);
      const more = first + RUNS * (3 + (round % 5) * 3);
      await until('they have gone on', async () => (await countAllRecords(backends)) >= more);
      await putBack();
      for (const [x, run] of started.entries()) {
        const result = await run.result();
        if (result.error) {
          expect(result).toMatchObject({ status: 'failed', error: { type: 'HistoryLost' } });
          continue;
        }
        expect(result).toMatchObject({ status: 'succeeded', values: { end: expected(x + 100 * round) } });
        const { runHistory } = backends;
        const { temporal_run_id: key } = (await runHistory.getRun(run.runId))!;
        expect(await runHistory.getRecords(key)).toHaveLength(RECORDS);
      }
    }
    expect((await backends.runHistory.stepsBack!()).length).toBeGreaterThan(0);
  },
  600_000,
);
