import * as assert from 'node:assert/strict';
import type { LineageQuery, LineageRecord, RunHistory, RunQuery, RunRecord } from '../ports';
import type { ConformanceTests } from './conformance';
import { byKnot, keys, matches } from './expected-records';
import { sampleHash, sampleLineage, sampleRun } from './sample-records';

export const HISTORY_REMOVAL_TESTS: ConformanceTests<RunHistory> = {
  async 'removes a run that is over with all its lineage, and nothing of others'({ adapter }) {
    const times = { stays: 10, gone: 20, later: 30 };
    type Name = keyof typeof times;
    const run = (name: Name): RunRecord =>
      sampleRun({
        run_id: name,
        temporal_run_id: `temporal ${name}`,
        status: 'succeeded',
        tags: ['all', name],
        started_at: times[name],
        finished_at: times[name] + 5,
      });
    const mentioned = (name: Name): LineageRecord['extra'][] => [
      {},
      { extension: sampleHash(`more of ${name}`), log: { hash: sampleHash(`log of ${name}`), size: 1 } },
      { error: { message: 'no \u0000 way', traceback_hash: sampleHash(`trace of ${name}`) } },
    ];
    const records = (name: Name): LineageRecord[] =>
      mentioned(name).map((extra, knot) =>
        sampleLineage({
          run_id: name,
          temporal_run_id: `temporal ${name}`,
          knot_id: `k${knot}`,
          definition: name,
          parent_input_hashes: { x: sampleHash(`in ${name}`), y: sampleHash('in all'), none: null },
          constant_input_hashes: { c: sampleHash(`constant of ${name}`), again: sampleHash('in all') },
          output_hash: knot === 2 ? null : sampleHash(knot === 1 ? 'out of all' : `out of ${name}`),
          outcome: knot === 2 ? 'err' : 'ok',
          cache_key: sampleHash('key'),
          finished_at: times[name] + knot,
          extra,
        }),
      );
    const ofAll = ['in all', 'out of all'].map(sampleHash);
    const namedBy = (name: Name): string[] => [
      ...['in', 'constant of', 'out of', 'more of', 'log of', 'trace of'].map((what) =>
        sampleHash(`${what} ${name}`),
      ),
    ];
    // The run to be removed is committed last.
    for (const name of ['stays', 'gone'] as const) {
      await adapter.startRun(run(name));
      await adapter.commit(records(name));
    }
    // Asking for the values ensures that every index knows the run.
    assert.equal((await adapter.referredTo(namedBy('gone'))).size, 6);
    assert.equal((await adapter.findLineage({ definition: 'gone' })).items.length, 3);

    assert.equal(await adapter.deleteRun('temporal gone'), 3);
    const check = async (left: readonly Name[]): Promise<void> => {
      assert.equal(await adapter.getRun('gone'), undefined);
      assert.equal(await adapter.getRunByTemporalId('temporal gone'), undefined);
      assert.deepEqual(await adapter.getRecords('temporal gone'), []);
      const runs = async (query: RunQuery): Promise<string[]> =>
        (await adapter.listRuns(query)).items.map((found) => found.run_id);
      assert.deepEqual(await runs({}), left);
      assert.deepEqual(await runs({ tag: 'all' }), left);
      assert.deepEqual(await runs({ tag: 'gone' }), []);
      const found = async (query: LineageQuery): Promise<string[]> =>
        keys((await adapter.findLineage(query)).items);
      const own = left.flatMap(records);
      for (const query of [
        { runId: 'gone' },
        { temporalRunId: 'temporal gone' },
        { definition: 'gone' },
        { outputHash: sampleHash('out of gone') },
        { inputHash: sampleHash('in gone') },
        { inputHash: sampleHash('constant of gone') },
        { knotId: 'k1' },
        { outcome: 'err' },
        { inputHash: ofAll[0]! },
        { outputHash: ofAll[1]! },
        {},
      ] as const)
        assert.deepEqual(await found(query), keys(own.filter((record) => matches(record, query))));
      assert.deepEqual(
        await adapter.referredTo([...ofAll, ...namedBy('gone'), ...left.flatMap(namedBy)]),
        new Set([...ofAll, ...left.flatMap(namedBy)]),
      );
      const cached = (await adapter.findCached([sampleHash('key')])).get(sampleHash('key'));
      assert.deepEqual([cached?.run_id, cached?.knot_id], [left[0], 'k1']);
    };
    await check(['stays']);
    assert.equal(await adapter.deleteRun('temporal gone'), undefined);
    // New records are found, wherever in the tables their rows are.
    await adapter.startRun(run('later'));
    await adapter.commit(records('later'));
    await check(['later', 'stays']);
    // The id of a removed run is free again.
    assert.deepEqual(await adapter.startRun(run('gone')), run('gone'));
    assert.ok((await adapter.commit(records('gone'))).every(({ inserted }) => inserted));
    assert.deepEqual(byKnot(await adapter.getRecords('temporal gone')), byKnot(records('gone')));
  },

  async 'removes no run that is running, and none that is not there'({ adapter }) {
    await adapter.startRun(sampleRun());
    await adapter.commit([sampleLineage()]);
    assert.equal(await adapter.deleteRun('temporal-run-1'), undefined);
    assert.equal(await adapter.deleteRun('unknown'), undefined);
    assert.deepEqual(await adapter.getRecords('temporal-run-1'), [sampleLineage()]);
  },

  async 'removes a run of many records, though several ask for it and others write meanwhile'({ adapter }) {
    await adapter.startRun(sampleRun({ status: 'failed', finished_at: 2 }));
    const many = Array.from({ length: 1_203 }, (_, index) => sampleLineage({ knot_id: `k${index}` }));
    await adapter.commit(many);
    const written: LineageRecord[] = [];
    let isRemoved = false;
    const write = async (): Promise<void> => {
      do {
        const input = sampleHash(`in ${written.length}`);
        const record = sampleLineage({
          temporal_run_id: 'temporal-run-2',
          knot_id: `k${written.length}`,
          parent_input_hashes: { x: input },
        });
        await adapter.commit([record]);
        written.push(record);
      } while (!isRemoved);
    };
    const removed = Promise.all([1, 2, 3].map(() => adapter.deleteRun('temporal-run-1'))).then(() => {
      isRemoved = true;
    });
    await Promise.all([removed, write()]);
    await adapter.deleteRun('temporal-run-1');
    assert.equal(await adapter.getRun('run-1'), undefined);
    assert.deepEqual(await adapter.getRecords('temporal-run-1'), []);
    assert.deepEqual(byKnot(await adapter.getRecords('temporal-run-2')), byKnot(written));
    for (const { knot_id: knotId, parent_input_hashes: inputs } of written.slice(0, 50)) {
      const { items } = await adapter.findLineage({ inputHash: inputs['x']! });
      assert.deepEqual(
        items.map((record) => record.knot_id),
        [knotId],
      );
    }
  },
};
