import * as assert from 'node:assert/strict';
import type { RunHistory, RunRecord } from '../ports';
import type { ConformanceTests } from './conformance';
import { sampleHash, sampleLineage, sampleRun } from './sample-records';

/** These tests are optional, because not every technology has `partitions`. */
export const HISTORY_PARTITIONS_TESTS: ConformanceTests<RunHistory> = {
  async 'tells of each partition its newest run and the newest that succeeded, if it answers such questions'({
    adapter,
  }) {
    const { partitions } = adapter;
    if (!partitions) return;
    const runs: [
      partition: string | null,
      startedAt: number,
      status: RunRecord['status'],
      tapestry?: string,
    ][] = [
      ['a', 10, 'succeeded'],
      ['a', 30, 'failed'],
      ['a', 20, 'succeeded'],
      ['b', 10, 'running'],
      // This run was recorded last, so it is the newest.
      ['c', 10, 'failed'],
      ['c', 10, 'succeeded'],
      ['d', 10, 'succeeded'],
      ['d', 10, 'cancelled'],
      [null, 40, 'succeeded'],
      ['e', 10, 'succeeded', 'another'],
      ['|\\\'"é', 10, 'terminated'],
    ];
    for (const [number, [partition, started_at, status, tapestry = 'quickstart']] of runs.entries()) {
      const ids = { run_id: `run-${number}`, temporal_run_id: `temporal-${number}` };
      await adapter.startRun(sampleRun({ ...ids, tapestry, partition, started_at, status }));
    }
    const found = await partitions.partitionRuns('quickstart');
    const told = found.map(({ partition, runs: count, newest, newestOk }) => [
      partition,
      count,
      newest.run_id,
      newestOk?.run_id ?? null,
    ]);
    assert.deepEqual(told.sort(), [
      ['a', 3, 'run-1', 'run-2'],
      ['b', 1, 'run-3', null],
      ['c', 2, 'run-5', 'run-5'],
      ['d', 2, 'run-7', 'run-6'],
      ['|\\\'"é', 1, 'run-10', null],
    ]);
    const { newest, newestOk } = found.find(({ partition }) => partition === 'c')!;
    assert.strictEqual(newest, newestOk);
    const { plan_hash, parameter_hashes, terminals } = sampleRun();
    const expected = { plan_hash, parameter_hashes, terminals, status: 'succeeded' };
    const times = { started_at: 10, finished_at: null };
    assert.deepEqual(newest, { run_id: 'run-5', temporal_run_id: 'temporal-5', ...expected, ...times });
    assert.deepEqual(await partitions.partitionRuns('nothing'), []);
  },

  async 'tells what knots of many runs were made by, and what they have made, if it answers such questions'({
    adapter,
  }) {
    const { partitions } = adapter;
    if (!partitions) return;
    const runs = Array.from({ length: 2_500 }, (_, number) => `temporal-${number}`);
    const [now, before] = [sampleHash('now'), sampleHash('before')];
    const codeOf = (number: number): string => (number % 1_000 === 7 ? before : now);
    await adapter.commit(
      runs.flatMap((temporal_run_id, number) => [
        sampleLineage({ temporal_run_id, knot_id: 'a', code_hash: codeOf(number) }),
        // The code hash belongs to the other knot, and is wrong for this knot.
        sampleLineage({ temporal_run_id, knot_id: 'b', code_hash: number === 3 ? now : before }),
        sampleLineage({
          temporal_run_id,
          knot_id: 'c',
          code_hash: null,
          output_hash: sampleHash(`${number}`),
        }),
      ]),
    );
    const codes = new Map([
      ['a', now],
      ['b', before],
      ['c', now],
    ]);
    const others = await partitions.otherCode(runs, codes);
    assert.deepEqual(others.map(({ temporal_run_id, knot_id }) => [temporal_run_id, knot_id]).sort(), [
      ['temporal-1007', 'a'],
      ['temporal-2007', 'a'],
      ['temporal-3', 'b'],
      ['temporal-7', 'a'],
    ]);
    assert.deepEqual(await partitions.otherCode([], codes), []);
    assert.deepEqual(await partitions.otherCode(runs, new Map([['c', now]])), []);
    assert.deepEqual(await partitions.outputsOf(['temporal-5', 'temporal-none'], ['c']), [
      { temporal_run_id: 'temporal-5', knot_id: 'c', output_hash: sampleHash('5') },
    ]);
  },

  async 'tells for which partitions values were made, if it answers such questions'({ adapter }) {
    const { partitions } = adapter;
    if (!partitions) return;
    for (const [partition, temporal_run_id] of [
      ['a', 'temporal-a'],
      [null, 'temporal-none'],
    ] as const)
      await adapter.startRun(sampleRun({ run_id: temporal_run_id, temporal_run_id, partition }));
    const output_hash = sampleHash('made');
    for (const temporal_run_id of ['temporal-a', 'temporal-none']) {
      await adapter.commit([
        sampleLineage({ temporal_run_id, knot_id: 'made', output_hash, output_size: 40 }),
        sampleLineage({ temporal_run_id, knot_id: 'param:x', definition: 'parameter', output_hash }),
      ]);
    }
    assert.deepEqual(await partitions.madeForPartitions([output_hash, sampleHash('unknown')]), [
      {
        hash: output_hash,
        output_size: 40,
        tapestry: 'quickstart',
        partition: 'a',
        knot_id: 'made',
        temporal_run_id: 'temporal-a',
        finished_at: sampleLineage().finished_at,
      },
    ]);
  },
};
