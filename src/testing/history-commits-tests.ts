import * as assert from 'node:assert/strict';
import { SelvageError } from '../errors';
import type { LineageRecord, RunHistory, RunRecord } from '../ports';
import type { ConformanceTests } from './conformance';
import { byKnot } from './expected-records';
import { allPages } from './pages';
import { everyOther, retried } from './retried';
import { sampleHash, sampleLineage, sampleRun } from './sample-records';
import { withDoneButFailed } from './troubled';

export const HISTORY_COMMITS_TESTS: ConformanceTests<RunHistory> = {
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
    // Bodies may throw errors with any text.
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

  async 'tells what it takes in its storage, which grows with its records, or does not tell at all'({
    adapter,
  }) {
    const before = await adapter.space?.();
    if (!before) return;
    const note = 'x'.repeat(10_000);
    const records = Array.from({ length: 20 }, (_, at) =>
      sampleLineage({ knot_id: `k${at}`, extra: { note: `${at}${note}` } }),
    );
    await adapter.commit(records);
    const { bytes, freeBytes = 1 } = (await adapter.space?.())!;
    assert.ok(bytes > before.bytes, `${bytes} bytes after the commit, ${before.bytes} before it`);
    assert.ok(freeBytes > 0, `${freeBytes} bytes left`);
  },

  async 'holds odd text wherever a user can give it, or refuses it for good'({ adapter }) {
    const refused: string[] = [];
    const unlessRefused = async (what: string, work: () => Promise<void>): Promise<void> => {
      try {
        await work();
      } catch (error) {
        if (!SelvageError.is(error, 'NotStorable')) throw error;
        refused.push(what);
      }
    };
    let number = 0;
    for (const [what, text] of Object.entries(ODD_TEXTS)) {
      const object = Object.fromEntries([[text, text]]);
      const runs: Partial<RunRecord>[] = [
        { run_id: `${text}${number}` },
        { actor: text },
        { trigger: text },
        { trigger_key: text },
        { partition: text },
        { tags: ['plain', text] },
        { vcs_commit: text },
        { parent_run_id: text },
        { terminals: object },
        { details: { error: { message: text }, ...object } },
      ];
      for (const change of runs) {
        const run = sampleRun({
          run_id: `run-${++number}`,
          temporal_run_id: `temporal-${number}`,
          ...change,
        });
        await unlessRefused(what, async () => {
          await adapter.startRun(run);
          assert.deepEqual(await adapter.getRunByTemporalId(run.temporal_run_id), run);
          assert.deepEqual(await adapter.getRun(run.run_id), run);
          if (!change.tags) return;
          const { items } = await adapter.listRuns({ tag: text });
          assert.deepEqual(items, [run]);
        });
      }
      const records: Partial<LineageRecord>[] = [
        { knot_id: text },
        { definition: text },
        { definition_version: text },
        { task_queue: text },
        { worker: text },
        { parent_input_hashes: { [`a${text}`]: sampleHash('in') }, parent_knot_ids: { [`a${text}`]: text } },
        { constant_input_hashes: { [`a${text}`]: sampleHash('in') } },
        { extra: { error: { message: text }, ...object } },
      ];
      for (const change of records) {
        const record = sampleLineage({ temporal_run_id: `temporal-${++number}`, ...change });
        await unlessRefused(what, async () => {
          await adapter.commit([record]);
          assert.deepEqual(await adapter.getRecords(record.temporal_run_id, [record.knot_id]), [record]);
        });
      }
    }
    for (const what of ['bidi', 'escape', 'proto', 'quotes'])
      assert.ok(!refused.includes(what), `It refuses ${what}: ${refused.join(', ')}`);
  },

  async 'keeps the first record of a key and answers it to the loser'({ adapter }) {
    const first = sampleLineage({ worker: 'first' });
    const second = sampleLineage({ worker: 'second', outcome: 'err', output_hash: sampleHash('other') });
    assert.deepEqual(await adapter.commit([first]), [{ inserted: true, record: first }]);
    assert.deepEqual(await adapter.commit([second]), [{ inserted: false, record: first }]);
    assert.deepEqual(await adapter.getRecords('temporal-run-1'), [first]);
    assert.deepEqual((await adapter.findLineage({ outputHash: sampleHash('other') })).items, []);
  },

  async 'answers per record when a batch of hundreds is partly there'({ adapter }) {
    const records = Array.from({ length: 300 }, (_, index) => sampleLineage({ knot_id: `k[${index}]` }));
    const isThere = (index: number): boolean => index % 3 === 1 || index > 200;
    await adapter.commit(records.filter((_, index) => isThere(index)));
    const answers = await adapter.commit(records);
    assert.deepEqual(
      answers.map(({ inserted }) => inserted),
      records.map((_, index) => !isThere(index)),
    );
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

  async 'takes again what was done but answered with an error'({ adapter }) {
    const shaky = withDoneButFailed(adapter, everyOther());
    const run = sampleRun();
    await assert.rejects(() => shaky.startRun(run), { code: 'BackendUnavailable' });
    assert.deepEqual(await shaky.startRun({ ...run, started_at: run.started_at + 1 }), run);
    const first = sampleLineage();
    await assert.rejects(() => shaky.commit([first]), { code: 'BackendUnavailable' });
    // The next attempt has other times, and adopts the first record.
    const next = sampleLineage({ attempt: 2, finished_at: first.finished_at + 5_000 });
    assert.deepEqual(await shaky.commit([next]), [{ inserted: false, record: first }]);
    const change = { details: { extended: true } };
    await retried(() => shaky.changeRun('temporal-run-1', change));
    const end = { status: 'succeeded', finished_at: 10, details: { counts: { ok: 1 } } } as const;
    assert.equal(await retried(() => shaky.endRun('temporal-run-1', end)), true);
    const details = { ...run.details, ...change.details, ...end.details };
    assert.deepEqual((await adapter.listRuns()).items, [{ ...run, ...end, details }]);
    assert.deepEqual((await adapter.findLineage({})).items, [first]);
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
    const end = { status: 'succeeded', finished_at: 10, details: {} } as const;
    assert.equal(await retried(() => adapter.endRun('temporal-run-1', end)), true);
    assert.equal((await adapter.getRun('run-1'))?.status, 'succeeded');
    const found = await retried(() => allPages(10, (page) => adapter.findLineage({ ...page })));
    assert.equal(new Set(found.map(({ knot_id }) => knot_id)).size, 41);
  },
};

/** User texts that a database may mishandle. */
const ODD_TEXTS = {
  zero: 'a\0b',
  'half of a character': 'a\ud800b',
  // The text is random, as a database could compress anything else.
  long: Array.from({ length: 160 }, (_, part) => sampleHash(String(part)).slice(-64)).join(''),
  bidi: 'a\u202eb\u2066c',
  escape: 'a\u001b[31mb\u0007\u009b',
  proto: '__proto__',
  quotes: `'";--\\ %_`,
};
