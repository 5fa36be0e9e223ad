import * as assert from 'node:assert/strict';
import type { RunHistory, Statistics } from '../ports';
import type { ConformanceTests } from './conformance';
import { sampleLineage, sampleRun } from './sample-records';

const AT = 1_700_000_000_000;
const DAY = { since: AT, until: AT + 86_400_000 };

export const HISTORY_STATISTICS_TESTS: ConformanceTests<RunHistory> = {
  async 'adds up what knots of a definition came to in a window'({ adapter }) {
    const times = Array.from({ length: 100 }, (_, index) => index + 1);
    const record = (number: number, took: number): Parameters<typeof sampleLineage>[0] => ({
      knot_id: `double-${number}`,
      scheduled_at: AT + 100,
      started_at: AT + 103,
      finished_at: AT + 103 + took,
      output_size: 10,
    });
    await adapter.commit([
      ...times.map((took) => sampleLineage(record(took, took))),
      sampleLineage({ ...record(200, 5_000), outcome: 'err', output_size: null, output_hash: null }),
      sampleLineage({ ...record(201, 0), outcome: 'skipped', output_size: null, output_hash: null }),
      sampleLineage({
        ...record(202, 0),
        cached_from_run: 'earlier',
        extra: { made_by: 'double', made_in: 250.5, note: '\u0000' },
      }),
      sampleLineage({ ...record(203, 0), cached_from_run: 'earlier', extra: { made_in: 1_000 } }),
      sampleLineage({ ...record(204, 7), definition: 'parameter', knot_id: 'param:x' }),
      sampleLineage({ ...record(205, 7), definition: 'another', output_size: null }),
      sampleLineage({ ...record(206, 7), finished_at: AT - 1 }),
      sampleLineage({ ...record(207, 7), finished_at: DAY.until }),
    ]);
    const found = sorted(await adapter.statistics({ by: 'definition', ...DAY }));
    assert.deepEqual(
      found.map(({ name }) => name),
      ['another', 'double'],
    );
    const { durationMs, ...counts } = found[1]!;
    assert.deepEqual(counts, {
      name: 'double',
      ran: 101,
      failed: 1,
      skipped: 1,
      reused: 2,
      savedMs: 1_250.5,
      bytes: 1_000,
      queuedMs: { p50: 3, p95: 3, p99: 3 },
    });
    for (const [share, exact] of [
      ['p50', 51],
      ['p95', 96],
      ['p99', 100],
    ] as const)
      assert.ok(Math.abs(durationMs![share] - exact) <= exact * 0.03, `${share} is ${durationMs![share]}.`);
    assert.deepEqual(found[0], {
      name: 'another',
      ran: 1,
      failed: 0,
      skipped: 0,
      reused: 0,
      savedMs: 0,
      bytes: 0,
      durationMs: { p50: 7, p95: 7, p99: 7 },
      queuedMs: { p50: 3, p95: 3, p99: 3 },
    });
    assert.deepEqual(await adapter.statistics({ by: 'definition', since: 0, until: 1_000 }), []);
  },

  async 'adds up knots by id, with all elements of a map under one name'({ adapter }) {
    const ids = ['users', 'users[0]', 'users[17]', 'users[0]/deep[3]', '|\\\'"é'];
    await adapter.commit(ids.map((knot_id) => sampleLineage({ knot_id, finished_at: AT + 5 })));
    const found = sorted(await adapter.statistics({ by: 'knot', ...DAY }));
    assert.deepEqual(
      found.map(({ name, ran }) => [name, ran]),
      [
        ['users', 1],
        ['users[]', 3],
        ['|\\\'"é', 1],
      ],
    );
  },

  async 'adds up what runs of a tapestry came to'({ adapter }) {
    const statuses = ['succeeded', 'failed', 'cancelled', 'terminated', 'running', 'succeeded'] as const;
    for (const [number, status] of statuses.entries()) {
      const ids = { run_id: `run-${number}`, temporal_run_id: `temporal-${number}` };
      const finished_at = status === 'running' ? null : AT + 12;
      await adapter.startRun(sampleRun({ ...ids, status, started_at: AT, finished_at }));
    }
    assert.deepEqual(await adapter.statistics({ by: 'tapestry', ...DAY }), [
      {
        name: 'quickstart',
        ran: 3,
        failed: 1,
        skipped: 2,
        reused: 0,
        savedMs: 0,
        bytes: 0,
        durationMs: { p50: 12, p95: 12, p99: 12 },
        queuedMs: null,
      },
    ]);
  },

  async 'forgets in its figures what is removed, and counts what comes after'({ adapter }) {
    // The records are more than any technology keeps summed up together, in several runs.
    const runs = Array.from({ length: 5 }, (_, number) => `temporal-${number}`);
    for (const temporal_run_id of runs) {
      const run_id = temporal_run_id;
      await adapter.startRun(sampleRun({ run_id, temporal_run_id, status: 'succeeded', finished_at: AT }));
      await adapter.commit(
        Array.from({ length: 700 }, (_, index) =>
          sampleLineage({ run_id, temporal_run_id, knot_id: `knot-${index}`, finished_at: AT + 1 }),
        ),
      );
    }
    const count = async (): Promise<number | undefined> =>
      (await adapter.statistics({ by: 'definition', ...DAY }))[0]?.ran;
    assert.equal(await count(), 3_500);
    await adapter.deleteRun('temporal-2');
    assert.equal(await count(), 2_800);
    await adapter.deleteRun('temporal-4');
    assert.equal(await count(), 2_100);
    await adapter.commit([sampleLineage({ temporal_run_id: 'later', finished_at: AT + 1 })]);
    assert.equal(await count(), 2_101);
    for (const run of ['temporal-0', 'temporal-1', 'temporal-3']) await adapter.deleteRun(run);
    assert.equal(await count(), 1);
  },
};

function sorted(found: readonly Statistics[]): Statistics[] {
  return [...found].sort((a, b) => (a.name < b.name ? -1 : 1));
}
