import * as assert from 'node:assert/strict';
import { SelvageError } from '../errors';
import type { ChangesOptions, HistoryChange, LineageRecord, RunHistory } from '../ports';
import type { ConformanceTests } from './conformance';
import { sampleLineage, sampleRun } from './sample-records';

const START = 1_700_000_000_000;

export const HISTORY_CHANGES_TESTS: ConformanceTests<RunHistory> = {
  async 'tells starts, knots and ends as they became durable, and goes on behind each of them'({ adapter }) {
    assert.equal(await adapter.lastChange!(), undefined);
    const start = START + 0.5;
    await adapter.startRun(sampleRun({ started_at: start }));
    await adapter.commit([knot('a'), knot('b', { outcome: 'err', finished_at: START + 7.5 })]);
    await adapter.startRun(sampleRun({ started_at: start }));
    await adapter.startRun(
      sampleRun({ run_id: 'run-2', temporal_run_id: 'temporal-run-2', tapestry: 'other' }),
    );
    await adapter.commit([knot('a'), knot('c', { outcome: 'skipped', skip_reason: 'cancelled' })]);
    await adapter.endRun('temporal-run-1', { status: 'failed', finished_at: START + 9, details: {} });
    await adapter.changeRun('temporal-run-1', { details: { more: 1 } });
    await adapter.commit([knot('a'), knot('b')]);
    const changes = await told(adapter, 6);
    const one = { run_id: 'run-1', temporal_run_id: 'temporal-run-1', tapestry: 'quickstart' };
    const finished = { ...one, kind: 'knot-finished', at: START + 2 };
    assert.deepEqual(
      changes.map(({ position: _, ...change }) => change),
      [
        { ...one, kind: 'run-started', at: start },
        { ...finished, knot_id: 'a', outcome: 'ok' },
        { ...finished, knot_id: 'b', outcome: 'err', at: START + 7.5 },
        {
          kind: 'run-started',
          run_id: 'run-2',
          temporal_run_id: 'temporal-run-2',
          tapestry: 'other',
          at: START,
        },
        { ...finished, knot_id: 'c', outcome: 'skipped' },
        { ...one, kind: 'run-ended', status: 'failed', at: START + 9 },
      ],
    );
    assert.equal(new Set(changes.map(({ position }) => position)).size, 6);
    for (const [index, { position }] of changes.entries()) {
      assert.equal(typeof position, 'string');
      assert.deepEqual(await told(adapter, 5 - index, { after: position }), changes.slice(index + 1));
    }
    assert.equal(await adapter.lastChange!(), changes.at(-1)!.position);
  },

  async 'tells a knot whose run is not on record'({ adapter }) {
    await adapter.commit([knot('a')]);
    const [change] = await told(adapter, 1);
    assert.equal(change!.tapestry, '');
    assert.equal(change!.isBeforeRun, true);
  },

  async 'says which records are older than their run, and which run was over when it was put on record'({
    adapter,
  }) {
    const other = { run_id: 'run-2', temporal_run_id: 'temporal-run-2' };
    await adapter.commit([knot('a'), knot('b')]);
    await adapter.startRun(sampleRun());
    await adapter.commit([knot('c'), knot('x', other)]);
    await adapter.startRun(sampleRun({ ...other, status: 'failed', finished_at: START + 3 }));
    await adapter.endRun('temporal-run-1', { status: 'succeeded', finished_at: START + 9, details: {} });
    const changes = await told(adapter, 7);
    assert.deepEqual(
      changes.map(({ kind, knot_id, isBeforeRun, status }) => [knot_id ?? kind, isBeforeRun, status]),
      [
        ['a', true, undefined],
        ['b', true, undefined],
        ['run-started', undefined, undefined],
        ['c', undefined, undefined],
        ['x', true, undefined],
        ['run-started', undefined, 'failed'],
        ['run-ended', undefined, 'succeeded'],
      ],
    );
    const before = await adapter.recordsBeforeRun!(['temporal-run-1', 'temporal-run-2', 'unknown']);
    assert.deepEqual(before.map(({ knot_id }) => knot_id).sort(), ['a', 'b', 'x']);
    const records = await adapter.recordsOf!([
      ['temporal-run-1', 'c'],
      ['temporal-run-2', 'x'],
      ['temporal-run-2', 'c'],
    ]);
    assert.deepEqual(records.map(({ knot_id }) => knot_id).sort(), ['c', 'x']);
    assert.deepEqual(await adapter.recordsOf!([]), []);
    const runs = await adapter.runsOf!(['temporal-run-2', 'unknown']);
    assert.deepEqual(runs, [await adapter.getRunByTemporalId('temporal-run-2')]);
  },

  async 'tells a reader that waits of what comes'({ adapter }) {
    await adapter.commit([knot('before')]);
    const [before] = await told(adapter, 1);
    const reading = told(adapter, 3, { after: before!.position });
    await adapter.startRun(sampleRun());
    await adapter.commit([knot('a'), knot('b')]);
    assert.deepEqual(namesOf(await reading), ['run-started run-1', 'a', 'b']);
  },

  async 'tells of changes that another adapter makes, and goes on in one where another adapter was'({
    adapter,
    another,
  }) {
    const other = await another();
    const first = told(adapter, 1);
    await other.commit([knot('a')]);
    const [{ position }] = (await first) as [HistoryChange];
    const second = told(other, 2, { after: position });
    await adapter.commit([knot('b')]);
    await other.commit([knot('c')]);
    assert.deepEqual(namesOf(await second), ['b', 'c']);
  },

  async 'tells many changes in batches of at most 1,000, none of them empty'({ adapter }) {
    const records = Array.from({ length: 2_300 }, (_, index) => knot(`k${index}`));
    await adapter.startRun(sampleRun());
    await adapter.commit(records.slice(0, 1_900));
    await adapter.commit(records.slice(1_900));
    const sizes: number[] = [];
    const changes = await told(adapter, 2_301, { onBatch: (batch) => sizes.push(batch.length) });
    assert.ok(
      sizes.every((size) => size >= 1 && size <= 1_000),
      String(sizes),
    );
    assert.equal(new Set(changes.map(({ position }) => position)).size, 2_301);
    assert.deepEqual(namesOf(changes.slice(1)).sort(), records.map(({ knot_id }) => knot_id).sort());
  },

  async 'skips and repeats no change of four writers at once, for readers before, during and after'({
    adapter,
    another,
  }) {
    const writers = [adapter, await another(), await another(), await another()];
    const eachWrites = 40;
    const total = writers.length * (eachWrites * 3 + 2);
    const before = told(await another(), total);
    const write = async (history: RunHistory, writer: number): Promise<void> => {
      const run = { run_id: `run-${writer}`, temporal_run_id: `temporal-run-${writer}` };
      await history.startRun(sampleRun(run));
      for (let index = 0; index < eachWrites; index++)
        await history.commit([0, 1, 2].map((part) => knot(`k${index}.${part}`, run)));
      await history.endRun(run.temporal_run_id, { status: 'succeeded', finished_at: START, details: {} });
    };
    const writing = writers.map(write);
    await writing[0];
    const during = told(adapter, total);
    await Promise.all(writing);
    const changes = await before;
    assert.equal(new Set(changes.map(keyOf)).size, total);
    assert.deepEqual(await during, changes);
    assert.deepEqual(await told(adapter, total), changes);
    for (const writer of writers.keys()) {
      const own = namesOf(changes.filter(({ run_id }) => run_id === `run-${writer}`));
      assert.equal(own[0], `run-started run-${writer}`);
      assert.equal(own.at(-1), `run-ended run-${writer}`);
    }
  },

  async 'ends a reading when its signal is aborted, also before it began'({ adapter }) {
    const stop = new AbortController();
    const next = adapter.changes!({ signal: stop.signal })[Symbol.asyncIterator]().next();
    stop.abort();
    assert.deepEqual(await next, { done: true, value: undefined });
    await adapter.commit([knot('a')]);
    const late = adapter.changes!({ signal: stop.signal })[Symbol.asyncIterator]().next();
    assert.deepEqual(await late, { done: true, value: undefined });
  },

  async 'goes on behind changes that were removed with their run, and does not tell those'({ adapter }) {
    await adapter.startRun(sampleRun());
    await adapter.commit([knot('a'), knot('b')]);
    await adapter.endRun('temporal-run-1', { status: 'succeeded', finished_at: START, details: {} });
    const changes = await told(adapter, 4);
    await adapter.deleteRun('temporal-run-1');
    const last = await adapter.lastChange!();
    const rest = { run_id: 'run-2', temporal_run_id: 'temporal-run-2' };
    await adapter.startRun(sampleRun(rest));
    await adapter.commit([knot('c', rest), knot('d', rest)]);
    const expected = ['run-started run-2', 'c', 'd'];
    for (const { position } of changes)
      assert.deepEqual(namesOf(await told(adapter, 3, { after: position })), expected);
    assert.deepEqual(namesOf(await told(adapter, 3, last === undefined ? {} : { after: last })), expected);
    assert.deepEqual(namesOf(await told(adapter, 3)), expected);
  },

  async 'tells an end that replaces a termination again, and one that changes nothing not'({ adapter }) {
    await adapter.startRun(sampleRun());
    const end = { finished_at: START + 1, details: {} };
    await adapter.endRun('temporal-run-1', { ...end, status: 'terminated' });
    const [, terminated] = (await told(adapter, 2)) as [HistoryChange, HistoryChange];
    assert.equal(terminated.status, 'terminated');
    await adapter.endRun('temporal-run-1', { ...end, status: 'terminated' });
    await adapter.endRun('temporal-run-1', { ...end, status: 'succeeded' });
    await adapter.endRun('temporal-run-1', { ...end, status: 'failed', details: { late: true } });
    await adapter.commit([knot('a')]);
    const after = await told(adapter, 2, { after: terminated.position });
    assert.deepEqual(namesOf(after), ['run-ended run-1', 'a']);
    assert.equal(after[0]!.status, 'succeeded');
    assert.deepEqual(namesOf(await told(adapter, 3)), ['run-started run-1', 'run-ended run-1', 'a']);
  },

  async 'ends at the end where it is to be read once'({ adapter }) {
    const read = async (options: ChangesOptions): Promise<string[]> => {
      const changes: HistoryChange[] = [];
      for await (const batch of adapter.changes!({ ...options, once: true })) changes.push(...batch);
      return namesOf(changes);
    };
    assert.deepEqual(await read({}), []);
    await adapter.startRun(sampleRun());
    await adapter.commit([knot('a')]);
    const [start] = await told(adapter, 1);
    assert.deepEqual(await read({}), ['run-started run-1', 'a']);
    assert.deepEqual(await read({ after: start!.position }), ['a']);
    assert.deepEqual(await read({ after: (await adapter.lastChange!())! }), []);
  },

  async 'refuses a position that is none'({ adapter }) {
    await adapter.commit([knot('a')]);
    const last = await adapter.lastChange!();
    for (const after of ['', 'x', '-1', '1 2', `${last}x`, `x${last}`, '1_2_3_4_5', "1' or '1'='1"]) {
      const reading = adapter.changes!({ after })[Symbol.asyncIterator]().next();
      await assert.rejects(
        reading,
        (error) => SelvageError.is(error, 'InvalidCursor'),
        `It takes ${after} for a position.`,
      );
    }
  },
};

interface Told extends ChangesOptions {
  readonly onBatch?: (batch: readonly HistoryChange[]) => void;
}

/** Reads until this many changes have arrived. */
async function told(
  history: RunHistory,
  count: number,
  { onBatch, ...options }: Told = {},
): Promise<HistoryChange[]> {
  const stop = new AbortController();
  const changes: HistoryChange[] = [];
  if (count === 0) return changes;
  for await (const batch of history.changes!({ ...options, signal: stop.signal })) {
    onBatch?.(batch);
    changes.push(...batch);
    if (changes.length >= count) stop.abort();
  }
  return changes;
}

function knot(id: string, changes: Partial<LineageRecord> = {}): LineageRecord {
  return sampleLineage({ knot_id: id, ...changes });
}

function namesOf(changes: readonly HistoryChange[]): string[] {
  return changes.map(({ kind, run_id, knot_id }) => knot_id ?? `${kind} ${run_id}`);
}

function keyOf({ kind, temporal_run_id, knot_id }: HistoryChange): string {
  return `${kind} ${temporal_run_id} ${knot_id}`;
}
