import fc from 'fast-check';
import { InMemoryDataStore } from '../../../../src/adapters/memory/data-store';
import { InMemoryRunHistory } from '../../../../src/adapters/memory/run-history';
import { prune } from '../../../../src/records/retention';
import { sampleRun } from '../../../../src/testing/sample-records';

const DAY_MS = 86_400_000;
const NOW = Date.now();
const ENDED = { gone: 150, needed: 150, unheard: 95, young: 10 } as const;

/** Runs in the order in which they began: who started each, if a run did, and how it stands. */
const RUNS = fc.array(
  fc.record({
    startedBy: fc.option(fc.nat(), { freq: 3 }),
    standing: fc.oneof(
      { arbitrary: fc.constant('gone' as const), weight: 6 },
      { arbitrary: fc.constantFrom('needed', 'unheard', 'young', 'running'), weight: 1 },
    ),
  }),
  { minLength: 1, maxLength: 10 },
);

test('a run goes with all that its knots have started, and stays with all of it where one of them stays', async () => {
  await fc.assert(
    fc.asyncProperty(RUNS, async (runs) => {
      const runHistory = new InMemoryRunHistory();
      await runHistory.startRun(sampleRun({ run_id: 'first', temporal_run_id: 'first', status: 'running' }));
      await runHistory
        .emitterTableBeside()
        .begin('slow', { position: (await runHistory.lastChange())!, positionAt: NOW - 100 * DAY_MS });
      const roots: number[] = [];
      for (const [at, { startedBy, standing }] of runs.entries()) {
        const parent = startedBy === null || at === 0 ? undefined : startedBy % at;
        roots.push(parent === undefined ? at : roots[parent]!);
        await runHistory.startRun(
          sampleRun({
            run_id: `run ${at}`,
            temporal_run_id: `temporal ${at}`,
            status: standing === 'running' ? 'running' : 'succeeded',
            started_at: NOW - 200 * DAY_MS + at,
            finished_at: standing === 'running' ? null : NOW - ENDED[standing] * DAY_MS,
            parent_run_id: parent === undefined ? null : `run ${parent}`,
            details: parent === undefined ? {} : { parent_temporal_run_id: `temporal ${parent}` },
          }),
        );
      }
      const needed = runs.flatMap(({ standing }, at) => (standing === 'needed' ? [`run ${at}`] : []));
      const stays = new Set(runs.flatMap(({ standing }, at) => (standing === 'gone' ? [] : [roots[at]])));
      const report = await prune(
        { runHistory, dataStore: new InMemoryDataStore() },
        { olderThan: 90 * DAY_MS },
        { needed: new Set(needed) },
      );
      const left = (await runHistory.listRuns({ limit: 100 })).items.map(({ run_id }) => run_id);
      const expected = runs.flatMap((_, at) => (stays.has(roots[at]) ? [`run ${at}`] : []));
      expect(left.filter((id) => id !== 'first').sort()).toEqual(expected.sort());
      expect(report.runs).toBe(runs.length - expected.length);
      const old = runs.filter(
        ({ standing }, at) => stays.has(roots[at]) && standing !== 'young' && standing !== 'running',
      );
      expect(report.retained + report.undelivered).toBe(old.length);
    }),
    { numRuns: 500 },
  );
});
