import { InMemoryDataStore } from '../../../../src/adapters/memory/data-store';
import { InMemoryRunHistory } from '../../../../src/adapters/memory/run-history';
import { replayEmitter } from '../../../../src/deliveries';
import type { LineageRecord, RunHistory, RunRecord } from '../../../../src/ports';
import { prune, type OpenRuns, type PruneOptions, type PruneReport } from '../../../../src/records/retention';
import { sampleLineage, sampleRun, sampleValue } from '../../../../src/testing/sample-records';
import { withMethods } from '../../../support/with-methods';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const NOW = Date.now();
const OLDER_THAN = 90 * DAY_MS;

/** A store whose values were all put long ago, and a history with the runs that a test begins. */
class Scene {
  readonly runHistory = new InMemoryRunHistory();
  readonly dataStore = new InMemoryDataStore(() => this.clock);
  private clock = NOW - 200 * DAY_MS;

  /** A run with a knot that made a value of its name, and one that took another value in. */
  async run(
    id: string,
    daysAgo: number,
    changes: Partial<RunRecord> = {},
    record: Partial<LineageRecord> = {},
  ): Promise<void> {
    const began = NOW - daysAgo * DAY_MS;
    const of = { run_id: id, temporal_run_id: `temporal ${id}` };
    await this.runHistory.startRun(
      sampleRun({
        ...of,
        status: 'succeeded',
        started_at: began,
        finished_at: began + HOUR_MS,
        details: {},
        ...changes,
      }),
    );
    await this.put(id);
    await this.runHistory.commit([
      sampleLineage({
        ...of,
        knot_id: 'made',
        parent_input_hashes: {},
        constant_input_hashes: {},
        output_hash: sampleValue(id).hash,
        finished_at: began,
        ...record,
      }),
    ]);
  }

  async put(name: string): Promise<void> {
    await this.dataStore.put([sampleValue(name)]);
  }

  /** The same, as of now. */
  async putNow(name: string): Promise<void> {
    this.clock = NOW;
    await this.put(name);
  }

  async prune(options: Partial<PruneOptions> = {}, open?: OpenRuns): Promise<PruneReport> {
    return await prune(this, { olderThan: OLDER_THAN, ...options }, open);
  }

  async left(): Promise<{ runs: string[]; values: string[] }> {
    const { items } = await this.runHistory.listRuns({ limit: 100 });
    const runs = items.map(({ run_id }) => run_id).sort();
    const records = (await this.runHistory.findLineage({ limit: 100 })).items;
    // Lineage goes with its run, and only with it.
    expect(records.map(({ run_id }) => run_id).sort()).toEqual(runs);
    const values = await Promise.all(
      NAMES.map(async (name) => ((await this.dataStore.has(sampleValue(name).hash)) ? [name] : [])),
    );
    return { runs, values: values.flat() };
  }
}

const NAMES = ['a', 'b', 'c', 'd', 'shared', 'loose'];
const childOf = (parent: string): Partial<RunRecord> => ({
  parent_run_id: parent,
  details: { parent_temporal_run_id: `temporal ${parent}`, parent_knot: 'nested' },
});
const RUNNING = { status: 'running', finished_at: null } as const;

test('old runs go with their lineage, and with values that no record names; a dry run tells which, and removes nothing', async () => {
  const scene = new Scene();
  await scene.run('a', 100);
  await scene.run('b', 95, { tapestry: 'other', status: 'failed' });
  await scene.run('c', 80);
  const dry = await scene.prune({ dryRun: true });
  expect(dry).toMatchObject({
    dryRun: true,
    complete: true,
    runs: 2,
    records: 0,
    retained: 0,
    tapestries: [
      { tapestry: 'other', runs: 1 },
      {
        tapestry: 'quickstart',
        runs: 1,
        oldestStartedAt: NOW - 100 * DAY_MS,
        newestStartedAt: NOW - 100 * DAY_MS,
      },
    ],
  });
  expect(await scene.left()).toEqual({ runs: ['a', 'b', 'c'], values: ['a', 'b', 'c'] });
  expect(await scene.prune()).toMatchObject({
    complete: true,
    runs: 2,
    records: 2,
    garbage: { unreferenced: { count: 2 } },
  });
  expect(await scene.left()).toEqual({ runs: ['c'], values: ['c'] });
  expect(await scene.prune()).toMatchObject({
    complete: true,
    runs: 0,
    garbage: { unreferenced: { count: 0 } },
  });
});

test.each<{ by: string; record: Partial<LineageRecord> }>([
  { by: 'made it, too', record: {} },
  { by: 'took it over', record: { cached_from_run: 'a', cache_key: sampleValue('key').hash } },
  {
    by: 'was given it',
    record: { parent_input_hashes: { x: sampleValue('shared').hash }, output_hash: null },
  },
  {
    by: 'has it as a constant',
    record: { constant_input_hashes: { x: sampleValue('shared').hash }, output_hash: null },
  },
  {
    by: 'was extended by it',
    record: { extra: { extension: sampleValue('shared').hash }, output_hash: null },
  },
])('a value stays that a newer run names, which $by', async ({ record }) => {
  const scene = new Scene();
  const output_hash = sampleValue('shared').hash;
  await scene.run('a', 100, {}, { output_hash, cache_key: sampleValue('key').hash });
  await scene.run('c', 10, {}, { output_hash, ...record });
  await scene.put('shared');
  await scene.prune();
  const { runs, values } = await scene.left();
  expect(runs).toEqual(['c']);
  expect(values).toContain('shared');
});

test('what a writer has put and not recorded yet stays', async () => {
  const scene = new Scene();
  await scene.run('a', 100);
  await scene.putNow('loose');
  await scene.prune();
  expect(await scene.left()).toEqual({ runs: [], values: ['loose'] });
});

test('runs that are not over stay, with what was put since they began, however long ago that is', async () => {
  const scene = new Scene();
  await scene.run('a', 150, RUNNING);
  await scene.run('b', 120);
  expect(await scene.prune()).toMatchObject({ runs: 1, garbage: { heldBy: { runId: 'a' } } });
  expect(await scene.left()).toMatchObject({ runs: ['a'] });
});

test('a run stays from which one goes on that is not over, on record or on the server alone', async () => {
  const scene = new Scene();
  await scene.run('a', 120, { status: 'failed' });
  await scene.run('b', 120, { status: 'failed' });
  await scene.run('c', 120, { status: 'failed' });
  await scene.run('d', 1, { ...RUNNING, details: { resumed_from: 'a' } });
  const report = await scene.prune({}, { needed: new Set(['e', 'b']) });
  expect(report).toMatchObject({ runs: 1, retained: 2 });
  expect([...report.retainedRuns].sort()).toEqual(['a', 'b']);
  expect((await scene.left()).runs).toEqual(['a', 'b', 'd']);
});

test.each<{ when: string; root: Partial<RunRecord>; child: Partial<RunRecord>; left: string[] }>([
  { when: 'all are over, and old', root: {}, child: {}, left: [] },
  { when: 'the one that started them is not over', root: RUNNING, child: {}, left: ['a', 'b', 'c'] },
  {
    when: 'the one that started them ended later',
    root: { finished_at: NOW },
    child: {},
    left: ['a', 'b', 'c'],
  },
  { when: 'one of them is not over', root: {}, child: RUNNING, left: ['a', 'b', 'c'] },
])('runs that a run has started go with it, or stay: $when', async ({ root, child, left }) => {
  const scene = new Scene();
  await scene.run('a', 150, root);
  await scene.run('b', 149, childOf('a'));
  await scene.run('c', 148, { ...childOf('b'), ...child });
  await scene.run('d', 150);
  await scene.prune();
  expect((await scene.left()).runs).toEqual(left);
});

test('a run whose starter is not on record any more goes by its own age', async () => {
  const scene = new Scene();
  await scene.run('b', 149, childOf('a'));
  await scene.prune();
  expect((await scene.left()).runs).toEqual([]);
});

test('of one tapestry: its runs, and what these have started', async () => {
  const scene = new Scene();
  await scene.run('a', 150, { tapestry: 'nightly' });
  await scene.run('b', 149, { ...childOf('a'), tapestry: 'inner' });
  await scene.run('c', 148, { tapestry: 'inner' });
  expect(await scene.prune({ which: { tapestry: 'nightly' } })).toMatchObject({
    tapestries: [
      { tapestry: 'inner', runs: 1 },
      { tapestry: 'nightly', runs: 1 },
    ],
  });
  expect((await scene.left()).runs).toEqual(['c']);
});

test('of a status, a tag or ids: decided by the run that no knot has started', async () => {
  const fill = async (): Promise<Scene> => {
    const scene = new Scene();
    await scene.run('a', 150, { status: 'failed', tags: ['trial'] });
    await scene.run('b', 149, childOf('a'));
    await scene.run('c', 148);
    return scene;
  };
  for (const which of [{ status: 'failed' }, { tag: 'trial' }, { runs: ['a', 'unknown'] }] as const) {
    const scene = await fill();
    expect(await scene.prune({ which })).toMatchObject({ runs: 2 });
    expect((await scene.left()).runs).toEqual(['c']);
  }
  const scene = await fill();
  expect(await scene.prune({ which: { runs: ['c'], status: 'failed' } })).toMatchObject({ runs: 0 });
});

test('broken off by a failure or by who asked, it goes on where it was', async () => {
  const scene = new Scene();
  for (const [at, id] of ['a', 'b', 'c', 'd'].entries()) await scene.run(id, 100 + at);
  let removals = 0;
  const failing: RunHistory = withMethods(scene.runHistory, {
    async deleteRun(id: string): Promise<number | undefined> {
      removals += 1;
      if (removals === 2) throw new Error('the power is gone');
      return await scene.runHistory.deleteRun(id);
    },
  });
  await expect(
    prune({ runHistory: failing, dataStore: scene.dataStore }, { olderThan: OLDER_THAN }),
  ).rejects.toThrow('the power is gone');
  expect(await scene.left()).toEqual({ runs: ['b', 'c', 'd'], values: ['a', 'b', 'c', 'd'] });
  const stop = new AbortController();
  const broken = await scene.prune({ signal: stop.signal, onProgress: () => stop.abort() });
  expect(broken).toMatchObject({ complete: false, runs: 1 });
  expect(broken.garbage).toBeUndefined();
  expect(await scene.prune()).toMatchObject({
    complete: true,
    runs: 2,
    garbage: { unreferenced: { count: 4 } },
  });
  expect(await scene.left()).toEqual({ runs: [], values: [] });
});

test.each([119 * 60_000, -1, Number.NaN])('an age of %d ms is refused', async (olderThan) => {
  await expect(new Scene().prune({ olderThan })).rejects.toMatchObject({ code: 'InvalidConfig' });
});

test('a run of which an emitter has not heard stays, and goes when it has, or holds nothing up any more', async () => {
  const scene = new Scene();
  const table = scene.runHistory.emitterTableBeside();
  await scene.run('old', 100);
  const heard = (await scene.runHistory.lastChange())!;
  await scene.run('older', 120);
  const place = { position: heard, positionAt: NOW - 110 * DAY_MS };
  const { version } = await table.begin('slow', place);
  expect(await scene.prune({ dryRun: true })).toMatchObject({
    runs: 1,
    undelivered: 1,
    undeliveredBy: ['slow'],
  });
  expect(await scene.prune({ dryRun: true, undelivered: true })).toMatchObject({ runs: 2, undelivered: 0 });
  await table.fail('slow', version, { error: 'gone', retryIn: 1, disable: 'gone' });
  expect(await scene.prune({ dryRun: true })).toMatchObject({ runs: 2, undelivered: 0 });
  const last = (await scene.runHistory.lastChange())!;
  await table.move('slow', { position: last, positionAt: NOW - 100 * DAY_MS });
  expect(await scene.prune()).toMatchObject({ runs: 2, undelivered: 0, undeliveredBy: [] });
});

test('a run that an emitter is to hear again, from a position before its own beginning on, stays', async () => {
  const scene = new Scene();
  const { runHistory } = scene;
  await scene.run('r1', 120);
  const position = (await runHistory.lastChange())!;
  await scene.run('r2', 100);
  await runHistory
    .emitterTableBeside()
    .begin('young', { position: (await runHistory.lastChange())!, positionAt: null });
  await replayEmitter({ runHistory, leaseTable: runHistory.leasesBeside() }, 'young', { position });
  expect(await scene.prune({ dryRun: true })).toMatchObject({
    runs: 1,
    undelivered: 1,
    undeliveredBy: ['young'],
  });
});
