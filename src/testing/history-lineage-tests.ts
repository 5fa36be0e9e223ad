import * as assert from 'node:assert/strict';
import type { LineageQuery, LineageRecord, RunHistory } from '../ports';
import type { ConformanceTests } from './conformance';
import { byKnot, keys, matches } from './expected-records';
import { allPages } from './pages';
import { sampleHash, sampleLineage, sampleRun } from './sample-records';

export const HISTORY_LINEAGE_TESTS: ConformanceTests<RunHistory> = {
  async 'finds the records of some knots of a run'({ adapter }) {
    const ids = Array.from({ length: 300 }, (_, index) => `k${index}`);
    await adapter.commit(ids.map((knot_id) => sampleLineage({ knot_id })));
    const found = await adapter.getRecords('temporal-run-1', ['k7', 'k7', 'k299', 'unknown']);
    assert.deepEqual(found.map((record) => record.knot_id).sort(), ['k299', 'k7']);
    assert.equal((await adapter.getRecords('temporal-run-1', ids)).length, 300);
    assert.deepEqual(await adapter.getRecords('temporal-run-1', []), []);
    assert.deepEqual(await adapter.getRecords('unknown'), []);
  },

  async 'tells what became of some knots of a run'({ adapter }) {
    const ok = sampleLineage({ knot_id: 'ok', extra: { length: 2 } });
    const failed = sampleLineage({ knot_id: 'failed', outcome: 'err', output_hash: null, output_size: null });
    await adapter.commit([ok, failed, sampleLineage({ knot_id: 'another' })]);
    const found = await adapter.getOutcomes('temporal-run-1', ['failed', 'ok', 'ok', 'unknown']);
    const told = found
      .map(({ knot_id, outcome, output_hash, output_size, extra }) => [
        knot_id,
        outcome,
        output_hash,
        output_size,
        extra,
      ])
      .sort();
    assert.deepEqual(told, [
      ['failed', 'err', null, null, failed.extra],
      ['ok', 'ok', ok.output_hash, ok.output_size, { length: 2 }],
    ]);
    assert.deepEqual(await adapter.getOutcomes('unknown', ['ok']), []);
  },

  async 'tells which knots of many runs have an outcome, without elements, if it answers such questions'({
    adapter,
  }) {
    if (!adapter.finishedKnots) return;
    const of = (run: number, knot_id: string, changes: Partial<LineageRecord> = {}): LineageRecord =>
      sampleLineage({ run_id: `run-${run}`, temporal_run_id: `temporal-run-${run}`, knot_id, ...changes });
    const failed = { outcome: 'err', output_hash: null, output_size: null, finished_at: 7 } as const;
    await adapter.commit([
      of(1, 'users', { finished_at: 5 }),
      of(1, 'users[0]'),
      of(1, 'users[1]'),
      of(2, 'a', failed),
      of(3, 'not asked for'),
    ]);
    const found = await adapter.finishedKnots(['temporal-run-2', 'temporal-run-1', 'unknown']);
    assert.deepEqual(
      found.map((knot) => [knot.temporal_run_id, knot.knot_id, knot.outcome, knot.finished_at]).sort(),
      [
        ['temporal-run-1', 'users', 'ok', 5],
        ['temporal-run-2', 'a', 'err', 7],
      ],
    );
    assert.deepEqual(await adapter.finishedKnots([]), []);
  },

  async 'finds by cache key the newest value that was made, and no failure'({ adapter }) {
    const key = (name: string): string => sampleHash(`key ${name}`);
    const of = (name: string, at: number, changes: Partial<LineageRecord> = {}): LineageRecord =>
      sampleLineage({
        run_id: `run-${at}`,
        temporal_run_id: `temporal-run-${at}`,
        knot_id: name,
        cache_key: key(name),
        finished_at: at,
        ...changes,
      });
    const wanted = [of('made', 5), of('taken', 1), of('failed', 1), of('same time', 3)];
    await adapter.commit([
      ...wanted,
      of('made', 3),
      of('taken', 2, { cached_from_run: 'run-1' }),
      of('failed', 2, { outcome: 'err', output_hash: null }),
      of('skipped', 1, { outcome: 'skipped', skip_reason: 'cancelled', output_hash: null }),
      of('other', 1, { cache_key: null }),
    ]);
    const names = ['made', 'taken', 'failed', 'same time', 'skipped', 'other', 'unknown'];
    const found = await adapter.findCached([...names, 'made'].map(key));
    assert.deepEqual(
      new Map([...found].sort()),
      new Map(wanted.map((r) => [r.cache_key!, r] as const).sort()),
    );
    assert.deepEqual(await adapter.findCached([]), new Map());
    const many = Array.from({ length: 1_000 }, (_, index) => of(`k${index}`, 7));
    await adapter.commit(many);
    assert.equal((await adapter.findCached(many.map((record) => record.cache_key!))).size, 1_000);
  },

  async 'finds lineage by every field, alone and together'({ adapter }) {
    const records = lineageOfThreeRuns();
    await adapter.commit(records);
    const queries: LineageQuery[] = [
      {},
      { runId: 'run-1' },
      { temporalRunId: 'temporal-run-2' },
      { knotId: 'k3' },
      { definition: 'odd' },
      { map: 'map' },
      { map: 'map', temporalRunId: 'temporal-run-1', definition: 'odd' },
      { outputHash: sampleHash('out 4') },
      { inputHash: sampleHash('in 4') },
      { inputHash: sampleHash('constant 1') },
      { outcome: 'err' },
      { since: 30, until: 60 },
      { runId: 'run-1', outcome: 'err', definition: 'odd' },
      {
        inputHash: sampleHash('constant 1'),
        outputHash: sampleHash('out 4'),
        temporalRunId: 'temporal-run-0',
      },
      { temporalRunId: 'temporal-run-1', knotId: 'k3' },
      { inputHash: sampleHash('constant 0'), knotId: 'k3', since: 10 },
      { outputHash: sampleHash('out 4'), runId: 'run-0', until: 1_000 },
      { temporalRunId: 'unknown' },
      { inputHash: sampleHash('unknown') },
    ];
    for (const query of queries) {
      const found = await allPages(4, (page) => adapter.findLineage({ ...query, ...page }));
      const expected = records.filter((record) => matches(record, query));
      assert.deepEqual(keys(found), keys(expected), JSON.stringify(query));
      assert.deepEqual(byKnot(found), byKnot(expected), JSON.stringify(query));
    }
    assert.ok(queries.filter((query) => records.some((record) => matches(record, query))).length >= 17);
  },

  async 'tells which values its records name, whatever they are to them'({ adapter }) {
    const hash = (name: string): string => sampleHash(`value ${name}`);
    await adapter.commit([
      sampleLineage({
        knot_id: 'ok',
        output_hash: hash('output'),
        parent_input_hashes: { x: hash('parent'), y: hash('parent 2'), missing: null },
        constant_input_hashes: { c: hash('constant') },
        extra: { extension: hash('fragment'), log: { hash: hash('log'), size: 3 }, note: hash('note') },
      }),
      sampleLineage({
        knot_id: 'failed',
        outcome: 'err',
        output_hash: null,
        output_size: null,
        extra: { error: { message: `it was ${hash('message')}`, traceback_hash: hash('traceback') } },
      }),
      sampleLineage({ knot_id: 'skipped', outcome: 'skipped', output_hash: null, extra: { error: null } }),
    ]);
    const named = ['output', 'parent', 'parent 2', 'constant', 'fragment', 'log', 'traceback'].map(hash);
    const others = [...['note', 'message', 'nothing'].map(hash), 'not a hash'];
    assert.deepEqual(await adapter.referredTo([...others, ...named, named[0]!]), new Set(named));
    assert.deepEqual(await adapter.referredTo(others), new Set());
    assert.deepEqual(await adapter.referredTo([]), new Set());
    const late = Array.from({ length: 1_000 }, (_, index) => hash(`late ${index}`));
    await adapter.commit(
      late.map((output_hash, index) => sampleLineage({ knot_id: `late-${index}`, output_hash })),
    );
    assert.equal((await adapter.referredTo(late)).size, 1_000);
  },

  async 'counts the records of one run by how the ids of their knots begin'({ adapter }) {
    const ids = ['users', 'users[0]', 'users[17]', 'users["é"]', 'users2[0]', 'user[0]'];
    await adapter.commit([
      ...ids.map((knot_id) => sampleLineage({ knot_id })),
      sampleLineage({ knot_id: 'users[1]', temporal_run_id: 'other' }),
    ]);
    assert.equal(await adapter.countRecords('temporal-run-1', 'users['), 3);
    assert.equal(await adapter.countRecords('temporal-run-1', 'users'), 5);
    assert.equal(await adapter.countRecords('temporal-run-1', 'nobody['), 0);
    assert.equal(await adapter.countRecords('other', 'users['), 1);
  },

  async 'finds the hashes of outputs and inputs by how they begin'({ adapter }) {
    const named = (digits: string, kind = 'sha256'): string => `${kind}:${digits.padEnd(64, '0')}`;
    await adapter.commit([
      sampleLineage({
        knot_id: 'one',
        output_hash: named('abc1'),
        parent_input_hashes: { x: named('abc3'), none: null },
        constant_input_hashes: { y: named('abc2'), z: named('abd') },
        code_hash: named('abc9'),
        run_id: named('abc8'),
      }),
      sampleLineage({
        knot_id: 'two',
        output_hash: named('abc1'),
        parent_input_hashes: { x: named('abc1') },
      }),
      sampleLineage({ knot_id: 'bytes', output_hash: named('abc1', 'bytes-sha256') }),
    ]);
    const found = ['abc1', 'abc2', 'abc3'].map((digits) => named(digits));
    assert.deepEqual(await adapter.findHashes('sha256:abc', 10), found);
    assert.deepEqual(await adapter.findHashes('sha256:abc', 2), found.slice(0, 2));
    assert.deepEqual(await adapter.findHashes(named('abd'), 10), [named('abd')]);
    assert.deepEqual(await adapter.findHashes('bytes-sha256:ab', 10), [named('abc1', 'bytes-sha256')]);
    assert.deepEqual(await adapter.findHashes('sha256:abe', 10), []);
  },

  async 'lists lineage newest first and pages through equal times without gap or repeat'({ adapter }) {
    const records = Array.from({ length: 57 }, (_, index) =>
      sampleLineage({ knot_id: `k${index}`, finished_at: 1_000 + ((index * 7) % 5) }),
    );
    await adapter.commit(records);
    for (const query of [{}, { inputHash: sampleHash('5') }, { runId: 'run-1' }]) {
      const found = await allPages(10, (page) => adapter.findLineage({ ...query, ...page }));
      const times = found.map((record) => record.finished_at);
      assert.deepEqual(
        times,
        [...times].sort((a, b) => b - a),
      );
      assert.equal(new Set(found.map((record) => record.knot_id)).size, 57);
      assert.equal(found.length, 57);
    }
  },

  async 'goes on with a listing while newer records come in'({ adapter }) {
    await adapter.commit(
      Array.from({ length: 6 }, (_, index) => sampleLineage({ knot_id: `k${index}`, finished_at: index })),
    );
    const first = await adapter.findLineage({ limit: 3 });
    await adapter.commit([sampleLineage({ knot_id: 'new', finished_at: 100 })]);
    const second = await adapter.findLineage({ limit: 3, cursor: first.cursor });
    assert.deepEqual(
      [...first.items, ...second.items].map((record) => record.knot_id),
      ['k5', 'k4', 'k3', 'k2', 'k1', 'k0'],
    );
    assert.equal(second.cursor, undefined);
  },

  async 'refuses a wrong limit or cursor'({ adapter }) {
    for (const wrong of [
      { limit: 0 },
      { limit: -1 },
      { limit: 1.5 },
      { limit: 1_001 },
      { cursor: 'nonsense' },
    ]) {
      await assert.rejects(async () => adapter.findLineage(wrong), { code: 'InvalidQuery' });
      await assert.rejects(async () => adapter.listRuns(wrong), { code: 'InvalidQuery' });
    }
  },

  async 'keeps the times of workers whose clocks are wrong, and pages through them'({ adapter }) {
    // Times before the epoch, with fractions of a millisecond and in the far future, all in one run.
    const times = [0, -1, -62_135_596_800_000, 0.25, 1_700_000_000_000.125, 253_402_300_799_999, 8.64e15, 1];
    const records = times.map((finished_at, index) =>
      sampleLineage({
        knot_id: `k${index}`,
        // The knot ends before it begins, as clocks may differ.
        scheduled_at: finished_at + 2,
        started_at: finished_at + 1,
        finished_at,
      }),
    );
    await adapter.commit(records);
    const found = await allPages(3, (page) => adapter.findLineage(page));
    assert.deepEqual(
      found,
      records.toSorted((a, b) => b.finished_at - a.finished_at),
    );
    const ofOneHour = await adapter.findLineage({ since: -1, until: 0.5 });
    assert.deepEqual(
      ofOneHour.items.map(({ finished_at }) => finished_at),
      [0.25, 0, -1],
    );
    for (const [index, started_at] of times.entries()) {
      await adapter.startRun(sampleRun({ temporal_run_id: `t${index}`, started_at }));
      const end = { status: 'failed', finished_at: started_at - 1_000, details: {} } as const;
      assert.equal(await adapter.endRun(`t${index}`, end), true);
    }
    const runs = await allPages(3, (page) => adapter.listRuns(page));
    assert.deepEqual(
      runs.map((run) => [run.started_at, run.finished_at]),
      times.toSorted((a, b) => b - a).map((time) => [time, time - 1_000]),
    );
    assert.equal((await adapter.getRun('run-1'))?.started_at, 8.64e15);
  },
};

function lineageOfThreeRuns(): LineageRecord[] {
  return [0, 1, 2].flatMap((run) =>
    Array.from({ length: 8 }, (_, knot) =>
      sampleLineage({
        run_id: run === 2 ? 'run-1' : `run-${run}`,
        temporal_run_id: `temporal-run-${run}`,
        knot_id: knot < 5 ? `k${knot}` : `map${knot === 5 ? 's' : ''}[${knot}]`,
        definition: knot % 2 === 0 ? 'even' : 'odd',
        parent_input_hashes: { x: sampleHash(`in ${knot}`), again: sampleHash(`in ${knot}`), none: null },
        constant_input_hashes: { c: sampleHash(`constant ${run}`), d: sampleHash('constant 1') },
        output_hash: knot === 3 ? null : sampleHash(`out ${knot}`),
        outcome: knot === 3 ? 'err' : 'ok',
        finished_at: run * 10 + knot * 10,
      }),
    ),
  );
}
