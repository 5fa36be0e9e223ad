import * as assert from 'node:assert/strict';
import type { LineageQuery, LineageRecord, RunHistory, RunQuery, RunRecord } from '../protocols';
import { describeConformance, type ConformanceTests, type Subject, type SuiteOptions } from './conformance';
import { allPages } from './pages';
import { everyOther, retried } from './retried';
import { sampleHash, sampleLineage, sampleRun } from './sample-records';
import { withDoneButFailed } from './troubled';

const TESTS: ConformanceTests<RunHistory, Subject<RunHistory>> = {
  async 'names its technology'({ adapter }) {
    assert.match(adapter.technology, /^[a-z][a-z0-9-]*$/);
  },

  async 'has one identity, whoever has it open'({ adapter, another }) {
    const identity = await adapter.identity();
    assert.match(identity, /^\S{8,100}$/);
    assert.equal(await adapter.identity(), identity);
    assert.equal(await (await another()).identity(), identity);
  },

  async 'answers a record as it was committed'({ adapter }) {
    const plain = sampleLineage();
    const rich = sampleLineage({
      knot_id: 'users["a b\tç😀"]',
      definition_version: '2',
      code_hash: null,
      output_hash: null,
      output_size: null,
      outcome: 'err',
      error_record_id: sampleHash('error'),
      cached_from_run: 'run-0',
      cache_key: sampleHash('key'),
      task_queue: null,
      worker: null,
      attempt: 3,
      finished_at: 1_700_000_000_002.5,
      extra: { error: { message: 'no\nway', cause: null }, list: [1, 2.5, 'x'] },
    });
    // Bodies throw errors with any text.
    const odd = sampleLineage({
      knot_id: 'odd',
      extra: { message: '\u0000 \ud83d \\u0000 "ü" 😀', 'a\tb': [''] },
    });
    const skipped = sampleLineage({ knot_id: 'skipped', outcome: 'skipped', skip_reason: 'cancelled' });
    const records = [plain, rich, odd, skipped];
    assert.deepEqual(
      await adapter.commit(records),
      records.map((record) => ({ inserted: true, record })),
    );
    const stored = await adapter.getRecords('temporal-run-1');
    assert.deepEqual(byKnot(stored), byKnot(records));
  },

  async 'keeps the first record of a key and answers it to the loser'({ adapter }) {
    const first = sampleLineage({ worker: 'first' });
    const second = sampleLineage({ worker: 'second', outcome: 'err', output_hash: sampleHash('other') });
    assert.deepEqual(await adapter.commit([first]), [{ inserted: true, record: first }]);
    assert.deepEqual(await adapter.commit([second]), [{ inserted: false, record: first }]);
    assert.deepEqual(await adapter.getRecords('temporal-run-1'), [first]);
    assert.deepEqual((await adapter.findLineage({ outputHash: sampleHash('other') })).items, []);
  },

  async 'answers per record, in order, when a batch is partly there or has a key twice'({ adapter }) {
    const there = sampleLineage({ knot_id: 'b', worker: 'earlier' });
    await adapter.commit([there]);
    const a = sampleLineage({ knot_id: 'a', output_hash: sampleHash('a') });
    const b = sampleLineage({ knot_id: 'b', output_hash: sampleHash('b') });
    const c = sampleLineage({ knot_id: 'c', output_hash: sampleHash('c') });
    const cAgain = sampleLineage({ knot_id: 'c', output_hash: sampleHash('c again') });
    const d = sampleLineage({ knot_id: 'd', output_hash: sampleHash('d') });
    assert.deepEqual(await adapter.commit([a, b, c, cAgain, d]), [
      { inserted: true, record: a },
      { inserted: false, record: there },
      { inserted: true, record: c },
      { inserted: false, record: c },
      { inserted: true, record: d },
    ]);
    for (const [name, expected] of Object.entries({ a: ['a'], b: [], c: ['c'], 'c again': [], d: ['d'] })) {
      const { items } = await adapter.findLineage({ outputHash: sampleHash(name) });
      assert.deepEqual(
        items.map((record) => record.knot_id),
        expected,
      );
    }
  },

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
      { extension: sampleHash(`more of ${name}`) },
      { error: { message: 'no \u0000 way', traceback_hash: sampleHash(`trace of ${name}`) } },
    ];
    const records = (name: Name): LineageRecord[] =>
      mentioned(name).map((extra, knot) =>
        sampleLineage({
          run_id: name,
          temporal_run_id: `temporal ${name}`,
          knot_id: `k${knot}`,
          knot_class: name,
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
      ...['in', 'constant of', 'out of', 'more of', 'trace of'].map((what) => sampleHash(`${what} ${name}`)),
    ];
    // What goes was committed last.
    for (const name of ['stays', 'gone'] as const) {
      await adapter.startRun(run(name));
      await adapter.commit(records(name));
    }
    // So that it is known to any index.
    assert.equal((await adapter.referredTo(namedBy('gone'))).size, 5);
    assert.equal((await adapter.findLineage({ knotClass: 'gone' })).items.length, 3);

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
        { knotClass: 'gone' },
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
    // What comes now is found, wherever its row is.
    await adapter.startRun(run('later'));
    await adapter.commit(records('later'));
    await check(['later', 'stays']);
    // Its id is free again.
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

  async 'commits nothing for an empty batch'({ adapter }) {
    assert.deepEqual(await adapter.commit([]), []);
  },

  async 'keeps records of another Temporal run of the same run id apart'({ adapter }) {
    const before = sampleLineage();
    const after = sampleLineage({ temporal_run_id: 'temporal-run-2' });
    assert.equal((await adapter.commit([before]))[0]?.inserted, true);
    assert.equal((await adapter.commit([after]))[0]?.inserted, true);
    assert.deepEqual(await adapter.getRecords('temporal-run-2'), [after]);
  },

  async 'lets exactly one of many racing attempts win'({ adapter }) {
    const attempts = Array.from({ length: 50 }, (_, index) => sampleLineage({ worker: `worker-${index}` }));
    const results = (await Promise.all(attempts.map((record) => adapter.commit([record])))).flat();
    const winners = results.filter((result) => result.inserted);
    assert.equal(winners.length, 1);
    for (const result of results) assert.deepEqual(result.record, winners[0]?.record);
  },

  async 'keeps every record of 50 concurrent writers'({ adapter }) {
    const batches = Array.from({ length: 50 }, (_, writer) =>
      Array.from({ length: 20 }, (_, index) => sampleLineage({ knot_id: `k${writer}-${index}` })),
    );
    const results = await Promise.all(batches.map((batch) => adapter.commit(batch)));
    assert.ok(results.flat().every((result) => result.inserted));
    assert.equal((await adapter.getRecords('temporal-run-1')).length, 1_000);
  },

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
      { knotClass: 'odd' },
      { outputHash: sampleHash('out 4') },
      { inputHash: sampleHash('in 4') },
      { inputHash: sampleHash('constant 1') },
      { outcome: 'err' },
      { since: 30, until: 60 },
      { runId: 'run-1', outcome: 'err', knotClass: 'odd' },
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
    assert.ok(queries.filter((query) => records.some((record) => matches(record, query))).length >= 15);
  },

  async 'tells which values its records name, whatever they are to them'({ adapter }) {
    const hash = (name: string): string => sampleHash(`value ${name}`);
    await adapter.commit([
      sampleLineage({
        knot_id: 'ok',
        output_hash: hash('output'),
        parent_input_hashes: { x: hash('parent'), y: hash('parent 2'), missing: null },
        constant_input_hashes: { c: hash('constant') },
        extra: { extension: hash('fragment'), note: hash('note') },
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
    const named = ['output', 'parent', 'parent 2', 'constant', 'fragment', 'traceback'].map(hash);
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

  async 'ends a run once, merging what is said of the environment'({ adapter }) {
    await adapter.startRun(sampleRun());
    const end = { status: 'succeeded', finished_at: 10, environment: { counts: { ok: 3 } } } as const;
    assert.equal(await adapter.endRun('temporal-run-1', end), true);
    const ended = { ...sampleRun(), ...end, environment: { node: '20.3.0', counts: { ok: 3 } } };
    assert.deepEqual(await adapter.getRun('run-1'), ended);
    await adapter.endRun('temporal-run-1', {
      status: 'failed',
      finished_at: 20,
      environment: { late: true },
    });
    assert.deepEqual(await adapter.getRun('run-1'), {
      ...ended,
      environment: { ...ended.environment, late: true },
    });
  },

  async 'lets a terminated run have its true end'({ adapter }) {
    await adapter.startRun(sampleRun());
    await adapter.endRun('temporal-run-1', { status: 'terminated', finished_at: 10, environment: {} });
    await adapter.endRun('temporal-run-1', { status: 'succeeded', finished_at: 11, environment: {} });
    const run = await adapter.getRun('run-1');
    assert.equal(run?.status, 'succeeded');
    assert.equal(run?.finished_at, 11);
  },

  async 'changes the plan, the terminals and the environment of a run, over or not'({ adapter }) {
    await adapter.startRun(sampleRun());
    const change = {
      plan_hash: sampleHash('extended'),
      terminals: { more: 'k2' },
      environment: { extended: true },
    };
    assert.equal(await adapter.changeRun('temporal-run-1', change), true);
    const environment = { ...sampleRun().environment, extended: true };
    assert.deepEqual(await adapter.getRun('run-1'), { ...sampleRun(), ...change, environment });
    await adapter.endRun('temporal-run-1', { status: 'succeeded', finished_at: 10, environment: {} });
    assert.equal(await adapter.changeRun('temporal-run-1', { environment: { late: true } }), true);
    const run = await adapter.getRun('run-1');
    assert.equal(run?.status, 'succeeded');
    assert.equal(run?.plan_hash, change.plan_hash);
    assert.deepEqual(run?.environment, { ...environment, late: true });
    assert.equal(await adapter.changeRun('unknown', change), false);
  },

  async 'says that an unknown run cannot end'({ adapter }) {
    assert.equal(
      await adapter.endRun('unknown', { status: 'failed', finished_at: 1, environment: {} }),
      false,
    );
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

  async 'shows what another adapter committed'({ adapter, another }) {
    const record = sampleLineage();
    const run = sampleRun();
    await adapter.startRun(run);
    await adapter.commit([record]);
    const other = await another();
    assert.deepEqual(await other.commit([sampleLineage({ worker: 'other' })]), [{ inserted: false, record }]);
    assert.deepEqual(await other.getRun('run-1'), run);
  },

  async 'lets one of two adapters win each key that they race for, in whatever order'({ adapter, another }) {
    const other = await another();
    const keys = Array.from({ length: 20 }, (_, index) => `k${index}`);
    const batches = Array.from({ length: 10 }, (_, batch) => {
      const from = batch % 2 === 0 ? adapter : other;
      const order = batch % 4 < 2 ? keys : keys.toReversed();
      return from.commit(order.map((knot_id) => sampleLineage({ knot_id, worker: `worker-${batch}` })));
    });
    const single = keys.map((knot_id) => other.commit([sampleLineage({ knot_id, worker: 'single' })]));
    const results = (await Promise.all([...batches, ...single])).flat();
    const stored = await adapter.getRecords('temporal-run-1');
    assert.equal(stored.length, keys.length);
    for (const record of stored) {
      const answers = results.filter((result) => result.record.knot_id === record.knot_id);
      assert.equal(answers.length, batches.length + 1);
      assert.equal(answers.filter(({ inserted }) => inserted).length, 1, record.knot_id);
      for (const answer of answers) assert.deepEqual(answer.record, record);
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

  async 'takes again what was done but answered with an error'({ adapter }) {
    const shaky = withDoneButFailed(adapter, everyOther());
    const run = sampleRun();
    await assert.rejects(() => shaky.startRun(run), { code: 'BackendUnavailable' });
    assert.deepEqual(await shaky.startRun({ ...run, started_at: run.started_at + 1 }), run);
    const first = sampleLineage();
    await assert.rejects(() => shaky.commit([first]), { code: 'BackendUnavailable' });
    // The next attempt has other times, and adopts.
    const next = sampleLineage({ attempt: 2, finished_at: first.finished_at + 5_000 });
    assert.deepEqual(await shaky.commit([next]), [{ inserted: false, record: first }]);
    const change = { environment: { extended: true } };
    await retried(() => shaky.changeRun('temporal-run-1', change));
    const end = { status: 'succeeded', finished_at: 10, environment: { counts: { ok: 1 } } } as const;
    assert.equal(await retried(() => shaky.endRun('temporal-run-1', end)), true);
    const environment = { ...run.environment, ...change.environment, ...end.environment };
    assert.deepEqual((await adapter.listRuns()).items, [{ ...run, ...end, environment }]);
    assert.deepEqual((await adapter.findLineage({})).items, [first]);
  },

  async 'keeps the times of workers whose clocks are wrong, and pages through them'({ adapter }) {
    // Long ago, before the epoch, with parts of a millisecond, in the far future, all in one run.
    const times = [0, -1, -62_135_596_800_000, 0.25, 1_700_000_000_000.125, 253_402_300_799_999, 8.64e15, 1];
    const records = times.map((finished_at, index) =>
      sampleLineage({
        knot_id: `k${index}`,
        // It ends before it begins.
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
      const end = { status: 'failed', finished_at: started_at - 1_000, environment: {} } as const;
      assert.equal(await adapter.endRun(`t${index}`, end), true);
    }
    const runs = await allPages(3, (page) => adapter.listRuns(page));
    assert.deepEqual(
      runs.map((run) => [run.started_at, run.finished_at]),
      times.toSorted((a, b) => b - a).map((time) => [time, time - 1_000]),
    );
    assert.equal((await adapter.getRun('run-1'))?.started_at, 8.64e15);
  },

  async 'loses nothing when its connections break, and makes new ones by itself'({
    adapter,
    cutConnections,
  }) {
    await adapter.startRun(sampleRun());
    const commits = Array.from({ length: 40 }, (_, index) => {
      const records = [sampleLineage({ knot_id: `k${index}` }), sampleLineage({ knot_id: 'of all' })];
      return retried(() => adapter.commit(records));
    });
    await cutConnections();
    const answers = await Promise.all(commits);
    assert.ok(answers.every((answer) => answer.length === 2));
    assert.equal((await retried(() => adapter.getRecords('temporal-run-1'))).length, 41);
    await cutConnections();
    const end = { status: 'succeeded', finished_at: 10, environment: {} } as const;
    assert.equal(await retried(() => adapter.endRun('temporal-run-1', end)), true);
    assert.equal((await adapter.getRun('run-1'))?.status, 'succeeded');
    const found = await retried(() => allPages(10, (page) => adapter.findLineage({ ...page })));
    assert.equal(new Set(found.map(({ knot_id }) => knot_id)).size, 41);
  },
};

function lineageOfThreeRuns(): LineageRecord[] {
  return [0, 1, 2].flatMap((run) =>
    Array.from({ length: 8 }, (_, knot) =>
      sampleLineage({
        run_id: run === 2 ? 'run-1' : `run-${run}`,
        temporal_run_id: `temporal-run-${run}`,
        knot_id: `k${knot}`,
        knot_class: knot % 2 === 0 ? 'even' : 'odd',
        parent_input_hashes: { x: sampleHash(`in ${knot}`), again: sampleHash(`in ${knot}`), none: null },
        constant_input_hashes: { c: sampleHash(`constant ${run}`), d: sampleHash('constant 1') },
        output_hash: knot === 3 ? null : sampleHash(`out ${knot}`),
        outcome: knot === 3 ? 'err' : 'ok',
        finished_at: run * 10 + knot * 10,
      }),
    ),
  );
}

function matches(record: LineageRecord, query: LineageQuery): boolean {
  const inputs = [
    ...Object.values(record.parent_input_hashes),
    ...Object.values(record.constant_input_hashes),
  ];
  return (
    isAsked(query.runId, record.run_id) &&
    isAsked(query.temporalRunId, record.temporal_run_id) &&
    isAsked(query.knotId, record.knot_id) &&
    isAsked(query.knotClass, record.knot_class) &&
    isAsked(query.outputHash, record.output_hash) &&
    isAsked(query.outcome, record.outcome) &&
    (query.inputHash === undefined || inputs.includes(query.inputHash)) &&
    record.finished_at >= (query.since ?? -Infinity) &&
    record.finished_at < (query.until ?? Infinity)
  );
}

function isAsked(asked: string | undefined, value: string | null): boolean {
  return asked === undefined || value === asked;
}

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

function keys(records: readonly LineageRecord[]): string[] {
  return records.map((record) => `${record.temporal_run_id}/${record.knot_id}`).sort();
}

function byKnot(records: readonly LineageRecord[]): LineageRecord[] {
  const key = (record: LineageRecord): string => `${record.temporal_run_id}/${record.knot_id}`;
  return [...records].sort((a, b) => (key(a) < key(b) ? -1 : 1));
}

/** Runs the tests that every {@link RunHistory} must pass, in the test file where this is called (jest, vitest, mocha). */
export function describeRunHistory(technology: string, options: SuiteOptions<Subject<RunHistory>>): void {
  describeConformance(`${technology} run history`, TESTS, options);
}
