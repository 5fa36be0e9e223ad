import * as assert from 'node:assert/strict';
import type { RunHistory, RunQuery, RunRecord } from '../ports';
import type { ConformanceTests } from './conformance';
import { isAsked } from './expected-records';
import { allPages } from './pages';
import { sampleHash, sampleLineage, sampleRun } from './sample-records';

export const HISTORY_RUNS_TESTS: ConformanceTests<RunHistory> = {
  async 'answers a run as it was started, and the first of two starts'({ adapter }) {
    const run = sampleRun();
    assert.deepEqual(await adapter.startRun(run), run);
    assert.deepEqual(await adapter.startRun({ ...run, actor: 'somebody else', tags: ['other'] }), run);
    assert.deepEqual(await adapter.getRun('run-1'), run);
    assert.deepEqual(await adapter.getRunByTemporalId('temporal-run-1'), run);
    assert.deepEqual((await adapter.listRuns({ tag: 'other' })).items, []);
    assert.equal(await adapter.getRun('unknown'), undefined);
    assert.equal(await adapter.getRunByTemporalId('unknown'), undefined);
  },

  async 'answers the latest run of a run id'({ adapter }) {
    await adapter.startRun(sampleRun({ temporal_run_id: 'older', started_at: 1 }));
    await adapter.startRun(sampleRun({ temporal_run_id: 'newest', started_at: 3 }));
    await adapter.startRun(sampleRun({ temporal_run_id: 'old', started_at: 2 }));
    assert.equal((await adapter.getRun('run-1'))?.temporal_run_id, 'newest');
  },

  async 'ends a run once, merging what is said of the details'({ adapter }) {
    await adapter.startRun(sampleRun());
    const end = { status: 'succeeded', finished_at: 10, details: { counts: { ok: 3 } } } as const;
    assert.equal(await adapter.endRun('temporal-run-1', end), true);
    const ended = { ...sampleRun(), ...end, details: { node: '20.3.0', counts: { ok: 3 } } };
    assert.deepEqual(await adapter.getRun('run-1'), ended);
    await adapter.endRun('temporal-run-1', {
      status: 'failed',
      finished_at: 20,
      details: { late: true },
    });
    assert.deepEqual(await adapter.getRun('run-1'), {
      ...ended,
      details: { ...ended.details, late: true },
    });
  },

  async 'says that an unknown run cannot end'({ adapter }) {
    assert.equal(await adapter.endRun('unknown', { status: 'failed', finished_at: 1, details: {} }), false);
  },

  async 'lets a terminated run have its true end'({ adapter }) {
    await adapter.startRun(sampleRun());
    await adapter.endRun('temporal-run-1', { status: 'terminated', finished_at: 10, details: {} });
    await adapter.endRun('temporal-run-1', { status: 'succeeded', finished_at: 11, details: {} });
    const run = await adapter.getRun('run-1');
    assert.equal(run?.status, 'succeeded');
    assert.equal(run?.finished_at, 11);
  },

  async 'changes the plan, the terminals and the details of a run, over or not'({ adapter }) {
    await adapter.startRun(sampleRun());
    const change = {
      plan_hash: sampleHash('extended'),
      terminals: { more: 'k2' },
      details: { extended: true },
    };
    assert.equal(await adapter.changeRun('temporal-run-1', change), true);
    const details = { ...sampleRun().details, extended: true };
    assert.deepEqual(await adapter.getRun('run-1'), { ...sampleRun(), ...change, details });
    await adapter.endRun('temporal-run-1', { status: 'succeeded', finished_at: 10, details: {} });
    assert.equal(await adapter.changeRun('temporal-run-1', { details: { late: true } }), true);
    const run = await adapter.getRun('run-1');
    assert.equal(run?.status, 'succeeded');
    assert.equal(run?.plan_hash, change.plan_hash);
    assert.deepEqual(run?.details, { ...details, late: true });
    assert.equal(await adapter.changeRun('unknown', change), false);
  },

  async 'keeps every run that goes on from another one, once, in order'({ adapter }) {
    await adapter.startRun(sampleRun());
    await adapter.changeRun('temporal-run-1', { resumedAs: 'first' });
    await Promise.all(
      ['second', 'third', 'first'].map((resumedAs) => adapter.changeRun('temporal-run-1', { resumedAs })),
    );
    const { resumed_as: resumes } = (await adapter.getRun('run-1'))!.details as { resumed_as: string[] };
    assert.deepEqual([resumes[0], resumes.toSorted()], ['first', ['first', 'second', 'third']]);
  },

  async 'ends a run only where all that is required is on record'({ adapter }) {
    await adapter.startRun(sampleRun());
    const end = { status: 'succeeded', finished_at: 10, details: {} } as const;
    const ends = (knots: readonly string[], elements: readonly (readonly [string, number])[] = []) =>
      adapter.endRun('temporal-run-1', end, { knots, elements });
    const ids = ['a', 'users', 'users[0]', 'users[1]'];
    await adapter.commit([
      ...ids.map((knot_id) => sampleLineage({ knot_id })),
      sampleLineage({ knot_id: 'b', temporal_run_id: 'other' }),
    ]);
    assert.equal(await ends(['a', 'b']), false);
    assert.equal(await ends(['a'], [['users[', 3]]), false);
    assert.equal((await adapter.getRun('run-1'))?.status, 'running');
    const all = { knots: ['a', 'users', 'a'], elements: [['users[', 2]] } as const;
    assert.equal(await adapter.endRun('unknown', end, all), false);
    assert.equal(await adapter.endRun('temporal-run-1', end, all), true);
    assert.equal((await adapter.getRun('run-1'))?.status, 'succeeded');
  },

  async 'lists runs by every field, newest first, in pages'({ adapter }) {
    const runs = manyRuns();
    for (const run of runs) await adapter.startRun(run);
    const queries: RunQuery[] = [
      {},
      { tapestry: 'a' },
      { status: 'failed' },
      { actor: 'ann' },
      { trigger: 'cli' },
      { tag: 'tag1' },
      { since: 3, until: 6 },
      { tapestry: 'b', status: 'running', tag: 'all' },
      { actor: 'nobody' },
    ];
    for (const query of queries) {
      const found = await allPages(3, (page) => adapter.listRuns({ ...query, ...page }));
      const expected = runs.filter((run) => runMatches(run, query));
      const times = found.map((run) => run.started_at);
      assert.deepEqual(
        times,
        [...times].sort((a, b) => b - a),
        JSON.stringify(query),
      );
      assert.deepEqual(
        found.map((run) => run.temporal_run_id).sort(),
        expected.map((run) => run.temporal_run_id).sort(),
        JSON.stringify(query),
      );
    }
  },

  async 'lets one of two adapters start a run that both start at once'({ adapter, another }) {
    const other = await another();
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        (index % 2 === 0 ? adapter : other).startRun(sampleRun({ actor: `actor-${index}` })),
      ),
    );
    const standing = await adapter.getRunByTemporalId('temporal-run-1');
    for (const answer of answers) assert.deepEqual(answer, standing);
    assert.equal((await other.listRuns()).items.length, 1);
  },
};

function manyRuns(): RunRecord[] {
  return Array.from({ length: 10 }, (_, index) =>
    sampleRun({
      run_id: `run-${index}`,
      temporal_run_id: `temporal-run-${index}`,
      tapestry: index % 2 === 0 ? 'a' : 'b',
      status: index % 3 === 0 ? 'failed' : 'running',
      actor: index % 4 === 0 ? 'ann' : null,
      trigger: index % 5 === 0 ? 'cli' : 'code',
      tags: ['all', `tag${index % 3}`, 'all'],
      started_at: Math.floor(index / 2) + 1,
    }),
  );
}

function runMatches(run: RunRecord, query: RunQuery): boolean {
  return (
    isAsked(query.tapestry, run.tapestry) &&
    isAsked(query.status, run.status) &&
    isAsked(query.actor, run.actor) &&
    isAsked(query.trigger, run.trigger) &&
    (query.tag === undefined || run.tags.includes(query.tag)) &&
    run.started_at >= (query.since ?? -Infinity) &&
    run.started_at < (query.until ?? Infinity)
  );
}
