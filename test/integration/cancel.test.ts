import { z } from 'zod';

import { knot, queue, tapestry } from '../../src';
import type { RunHandle, Selvage } from '../../src/client';
import { Latch, aborted } from '../support/latch';
import { loseActivity } from '../support/lose-activity';
import { CACHING, closeAll, openSelvage, temporaryBackends, unique } from '../support/open-selvage';
import { SwitchableBackends } from '../support/switchable-backends';
import { until } from '../support/until';
import { SHORT_HEARTBEAT_TIMEOUT } from '../support/run-limits';

/** Bodies that have begun and ended, by run. */
const events: { readonly run: string; readonly what: string }[] = [];
const note = (run: string, what: string): void => void events.push({ run, what });
const noted = (run: string): string[] => events.filter((event) => event.run === run).map(({ what }) => what);

const pass = knot('pass', ({ x }: { x: number }) => x);
const heeds = knot('heeds', async ({ x }: { x: number }, { signal, runId }) => {
  note(runId, 'heeds began');
  await aborted(signal).finally(() => note(runId, 'heeds heard'));
  return x;
});
/** Hears the signal, tidies up, and returns a value all the same. */
const tidies = knot('tidies', async ({ x }: { x: number }, { signal, runId }) => {
  note(runId, 'tidies began');
  await aborted(signal).catch(() => note(runId, 'tidies heard'));
  return x + 1;
});
const finishers = new Map<string, Latch>();
const ignores = knot('ignores', async ({ x }: { x: number }, { runId }) => {
  const latch = new Latch();
  finishers.set(runId, latch);
  note(runId, 'ignores began');
  await latch.passed;
  note(runId, 'ignores ended');
  return x;
});

const cancellable = tapestry('cancellable', (t) => {
  const x = t.parameter('x', z.number());
  const done = pass({ x }, { id: 'done' });
  const heeding = heeds({ x }, { id: 'heeding' });
  const tidying = tidies({ x }, { id: 'tidying' });
  const ignoring = ignores({ x }, { id: 'ignoring', cancelGrace: 100 });
  return { done, below: pass({ x: heeding }, { id: 'below' }), tidying, ignoring };
});
const waiting = tapestry('waiting', (t) => ({
  heeding: heeds({ x: t.parameter('x', z.number()) }, { id: 'heeding' }),
}));

const quick = tapestry('quick', () => ({ one: pass({ x: 1 }, { id: 'one' }) }));

/** Commits of a worker go out in order: when this one is on record, an earlier one would be, too. */
async function anotherRun(selvage: Selvage): Promise<void> {
  await (await selvage.start(quick, {})).values();
}

async function statusOnServer(selvage: Selvage, run: RunHandle<object>): Promise<string> {
  return (await selvage.client.workflow.getHandle(run.runId).describe()).status.name;
}

afterAll(closeAll);

describe.each(CACHING)('$name', ({ maxCachedWorkflows }) => {
  let selvage: Selvage;
  beforeAll(async () => {
    selvage = await openSelvage({
      tapestries: [cancellable, waiting, quick],
      workerOptions: { maxCachedWorkflows },
    });
  });

  test('cancelling tells running bodies, skips the rest, and puts everything on record', async () => {
    const run = await selvage.start(cancellable, { x: 3 });
    await until('all bodies have begun', () => noted(run.runId).length === 3);
    await until('done is done', async () => (await run.outcomes())['done']);
    await run.cancel();
    const result = await run.result();
    expect(result).toMatchObject({
      status: 'cancelled',
      succeeded: false,
      outputs: { 'param:x': 3, done: 3, tidying: 4 },
      outcomes: {
        done: { kind: 'ok' },
        heeding: { kind: 'skipped', reason: 'cancelled' },
        below: { kind: 'skipped', reason: 'cancelled' },
        // It ended within its grace with a value, which is as good as any.
        tidying: { kind: 'ok', value: 4 },
        ignoring: { kind: 'skipped', reason: 'cancelled' },
      },
    });
    expect(noted(run.runId)).toEqual(expect.arrayContaining(['heeds heard', 'tidies heard']));
    expect(await statusOnServer(selvage, run)).toBe('CANCELLED');
    await expect(run.values()).rejects.toMatchObject({ code: 'RunFailed', details: { status: 'cancelled' } });

    // The body that ignored its signal ends at last, and nothing of it counts.
    expect(noted(run.runId)).not.toContain('ignores ended');
    const before = (await run.lineage()).items;
    finishers.get(run.runId)!.open();
    await until('the late body has ended', () => noted(run.runId).includes('ignores ended'));
    await anotherRun(selvage);
    expect((await run.lineage()).items).toEqual(before);
    expect(before.map(({ knot_id }) => knot_id).sort()).toEqual(
      ['below', 'done', 'heeding', 'ignoring', 'param:x', 'tidying'].sort(),
    );
    // Of a run that is over, nothing happens.
    await run.cancel();
    expect((await run.status()).run.status).toBe('cancelled');
  });

  test('a terminated run is on record as terminated, and its bodies hear of it', async () => {
    const run = await selvage.start(waiting, { x: 1 });
    await until('the body has begun', () => noted(run.runId).includes('heeds began'));
    await run.terminate('enough');
    const result = await run.result();
    expect(result).toMatchObject({
      status: 'terminated',
      error: { type: 'RunTerminated' },
      outcomes: { 'param:x': { kind: 'ok' } },
    });
    expect(result.outcomes).not.toHaveProperty('heeding');
    await until('the body has heard of it', () => noted(run.runId).includes('heeds heard'));
    await anotherRun(selvage);
    expect((await run.lineage({ knotId: 'heeding' })).items).toEqual([]);
  });

  test('a run that was terminated behind our back is found out by whoever looks', async () => {
    const run = await selvage.start(waiting, { x: 2 });
    await until('the body has begun', () => noted(run.runId).includes('heeds began'));
    await selvage.client.workflow.getHandle(run.runId).terminate();
    const { items } = await selvage.listRuns({ tapestry: 'waiting' });
    expect(items.find(({ run_id }) => run_id === run.runId)).toMatchObject({
      status: 'terminated',
      finished_at: expect.any(Number),
    });
    expect((await run.status()).run.status).toBe('terminated');
  });
});

test('a commit that comes after the run has given the knot up loses, and adopts that it was cancelled', async () => {
  const line = new SwitchableBackends(await temporaryBackends());
  const commitMayGoOn = new Latch();
  const slowToCommit = knot('heeds', async ({ x }: { x: number }, { signal }) => {
    await aborted(signal).catch(() => {});
    line.inflict({ only: ['backends.commit'], times: 1, until: commitMayGoOn.passed });
    return x;
  });
  const late = tapestry('late', (t) => ({
    late: slowToCommit({ x: t.parameter('x', z.number()) }, { id: 'late', cancelGrace: 0 }),
  }));
  const selvage = await openSelvage({ tapestries: [late], backends: line.backends });
  const run = await selvage.start(late, { x: 1 });
  await until('the body runs', async () =>
    (await run.status().catch(() => undefined))?.live?.running.includes('late'),
  );
  await run.cancel();
  const result = await run.result();
  expect(line.hit).toEqual(['backends.commit']);
  expect(result).toMatchObject({
    status: 'cancelled',
    outcomes: { late: { kind: 'skipped', reason: 'cancelled' } },
  });
  const before = (await run.lineage()).items;
  commitMayGoOn.open();
  // Closing waits for what the worker still has in hand.
  await selvage.close();
  expect(await line.backends.runHistory.getRecords(before[0]!.temporal_run_id)).toHaveLength(before.length);
  expect((await line.backends.runHistory.findLineage({ runId: run.runId })).items).toEqual(before);
});

test('a knot whose worker is lost in a cancel is cancelled, also where the body had begun', async () => {
  const losing = unique('losing');
  const lost = tapestry('lost', () => ({
    // Longer than the server waits for a sign of life.
    end: pass({ x: 1 }, { id: 'lost', dispatcher: queue(losing), cancelGrace: 60_000 }),
  }));
  const selvage = await openSelvage({
    tapestries: [lost],
    runLimits: SHORT_HEARTBEAT_TIMEOUT,
  });
  const run = await selvage.start(lost, {});
  await loseActivity(selvage.client, losing);
  await run.cancel();
  const { status, outcomes } = await run.result();
  expect({ status, outcomes }).toEqual({
    status: 'cancelled',
    outcomes: { lost: expect.objectContaining({ kind: 'skipped', reason: 'cancelled' }) },
  });
}, 60_000);
