import type { Backends, LineageRecord, RunRecord } from '../../src/ports';
import { everyItem } from '../../src/ports/parts/every-item';
import { samplePlan, sampleLineage, sampleRun, sampleValue } from '../../src/testing/sample-records';

export const OPEN_RUN = 'temporal-open';

/** Some runs with records, small and large values, plans and starts; one run is not over. */
export async function fillProject(backends: Backends, runs = 5): Promise<void> {
  const { runHistory, dataStore, tapestryStore, startLedger } = backends;
  const large = new Uint8Array(5 * 1024 * 1024).fill(7);
  const { hash } = await dataStore.putStream(
    (async function* () {
      yield large;
    })(),
  );
  for (let number = 0; number < runs; number++) {
    const ids = { run_id: `run-${number}`, temporal_run_id: `temporal-${number}` };
    const value = sampleValue(`${number}`);
    await tapestryStore.save(samplePlan({ text: `{"format":1,"number":${number}}` }));
    await backends.commit([
      {
        record: sampleLineage({
          ...ids,
          output_hash: value.hash,
          extra: { note: 'line\nnext', made_in: 1.5 },
        }),
        values: [value],
      },
      {
        record: sampleLineage({ ...ids, knot_id: 'users[0]', output_hash: hash, skip_reason: null }),
        values: [],
      },
    ]);
    await runHistory.startRun(
      sampleRun({
        ...ids,
        status: 'succeeded',
        finished_at: 1_700_000_000_005,
        tags: ['a', 'é'],
        details: { counts: { ok: 2 } },
      }),
    );
    await startLedger.claim([
      {
        trigger: 'webhook:x',
        key: `k-${number}`,
        runId: ids.run_id,
        requestHash: null,
        event: { id: number },
      },
    ]);
  }
  await startLedger.markStarted([{ trigger: 'webhook:x', key: 'k-0' }]);
  await runHistory.startRun(
    sampleRun({ run_id: 'open', temporal_run_id: OPEN_RUN, started_at: 1_800_000_000_000 }),
  );
  await runHistory.commit([sampleLineage({ run_id: 'open', temporal_run_id: OPEN_RUN })]);
  // The run of this record is not recorded.
  await runHistory.commit([sampleLineage({ run_id: 'alone', temporal_run_id: 'temporal-alone' })]);
}

/** Everything that a copy must have in common with its source. */
export async function contentsOf(backends: Backends): Promise<unknown> {
  const { runHistory, dataStore, tapestryStore, startLedger } = backends;
  const all = async <T>(items: AsyncIterable<T>): Promise<T[]> => {
    const found: T[] = [];
    for await (const item of items) found.push(item);
    return found;
  };
  const isOpen = ({ temporal_run_id }: RunRecord | LineageRecord): boolean => temporal_run_id === OPEN_RUN;
  const lineage = await all(everyItem((page) => runHistory.findLineage(page)));
  const keyOf = (record: LineageRecord): string => `${record.temporal_run_id}/${record.knot_id}`;
  return {
    runs: (await all(everyItem((page) => runHistory.listRuns(page)))).filter((run) => !isOpen(run)),
    lineage: lineage.filter((one) => !isOpen(one)).sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1)),
    values: (await all(everyItem((page) => dataStore.list(page)))).map(({ hash }) => hash).sort(),
    plans: (await all(everyItem((page) => tapestryStore.list(page)))).map(({ text }) => text).sort(),
    starts: (await all(everyItem((page) => startLedger.list(page))))
      .map(({ key, runId, event, startedAt }) => ({ key, runId, event, isStarted: startedAt !== null }))
      .sort((a, b) => (a.key < b.key ? -1 : 1)),
  };
}
