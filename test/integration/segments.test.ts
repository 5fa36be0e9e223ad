import { z } from 'zod';

import { knot, local, queue, runLocally, tapestry, type Knot } from '../../src';
import type { Selvage } from '../../src/client';
import { historyOf, scheduledActivities } from '../support/history';
import { CACHING, closeAll, openSelvage } from '../support/open-selvage';

const inc = knot('inc', ({ x }: { x: number }) => x + 1);
const total = knot('total', (inputs: Record<string, number>) =>
  Object.values(inputs).reduce((a, b) => a + b, 0),
);
const boom = knot('boom', ({ x }: { x: number }): number => {
  throw new RangeError(`no ${x}`);
});

const dispatched = { knots: { dispatcher: local() } };

/** A knot before the first segment: one that comes first of all begins in the run's first step. */
function begin(x: Knot<number>): Knot<number> {
  return inc({ x }, { id: 'begin', dispatcher: queue() });
}

function chain(name: string, size: number, options: object = dispatched) {
  return tapestry(name, options, (t) => {
    let result = begin(t.parameter('x', z.number()));
    for (let n = 0; n < size; n++) result = inc({ x: result }, { id: `inc-${n}` });
    return { result };
  });
}

function fan(name: string, size: number, options: object = dispatched) {
  return tapestry(name, options, (t) => {
    const x = begin(t.parameter('x', z.number()));
    const values: Record<string, Knot<number>> = {};
    for (let n = 0; n < size; n++) values[`v${n}`] = inc({ x }, { id: `inc-${n}` });
    return { result: total(values, { id: 'total' }) };
  });
}

const localChain = chain('localChain', 30);
const localFan = fan('localFan', 40);
const longChain = chain('longChain', 2_500);

/** local -> queue -> local, beside a local knot that all of them meet in. */
const mixed = tapestry('mixed', dispatched, (t) => {
  const x = begin(t.parameter('x', z.number()));
  const a = inc({ x }, { id: 'a' });
  const b = inc({ x: a }, { id: 'b' });
  const c = inc({ x: b }, { id: 'c', dispatcher: queue() });
  const d = inc({ x: c }, { id: 'd' });
  const beside = inc({ x: a }, { id: 'beside' });
  return { end: total({ d, beside, a }, { id: 'end' }) };
});

const failing = tapestry('failing', dispatched, (t) => {
  const x = begin(t.parameter('x', z.number()));
  const fine = inc({ x }, { id: 'fine' });
  const failed = boom({ x }, { id: 'failed' });
  const skipped = total({ fine, failed }, { id: 'skipped' });
  const below = inc({ x: skipped }, { id: 'below' });
  const outside = inc({ x: failed }, { id: 'outside', dispatcher: queue() });
  return { fine, below, outside };
});

const tapestries = [localChain, localFan, longChain, mixed, failing];

describe.each(CACHING)('$name', ({ maxCachedWorkflows }) => {
  let selvage: Selvage;
  beforeAll(async () => {
    selvage = await openSelvage({ tapestries, workerOptions: { maxCachedWorkflows } });
  });
  afterAll(closeAll);

  const activitiesAfterBegin = async (runId: string) =>
    scheduledActivities(await historyOf(selvage, runId)).slice(1);

  test('a chain is one activity, and each of its knots has its record', async () => {
    const run = await selvage.start(localChain, { x: 5 });
    expect(await run.values()).toEqual({ result: 36 });
    expect(
      (await activitiesAfterBegin(run.runId)).map(({ id, type, summary }) => ({ id, type, summary })),
    ).toEqual([
      { id: 'selvage.segment:1:inc-0', type: 'selvage.segment', summary: '30 knots: inc-0 … inc-29' },
    ]);
    const { items } = await run.lineage();
    expect(items).toHaveLength(32);
    const byKnot = new Map(items.map((record) => [record.knot_id, record]));
    expect(byKnot.get('inc-7')).toMatchObject({
      outcome: 'ok',
      attempt: 1,
      dispatcher: 'local',
      task_queue: selvage.taskQueue,
      parent_input_hashes: { x: byKnot.get('inc-6')!.output_hash },
    });
    for (let n = 1; n < 30; n++) {
      expect(byKnot.get(`inc-${n}`)!.started_at).toBeGreaterThanOrEqual(
        byKnot.get(`inc-${n - 1}`)!.finished_at,
      );
    }
  });

  test('a fan-out with its sum is one activity', async () => {
    const run = await selvage.start(localFan, { x: 1 });
    expect(await run.values()).toEqual({ result: 120 });
    expect(await activitiesAfterBegin(run.runId)).toHaveLength(1);
  });

  test('local and queued knots take turns, and values cross in both directions', async () => {
    const run = await selvage.start(mixed, { x: 1 });
    expect(await run.values()).toEqual({ end: 6 + 4 + 3 });
    expect((await activitiesAfterBegin(run.runId)).map(({ id, summary }) => [id, summary])).toEqual([
      ['selvage.segment:1:a', '3 knots: a … beside'],
      ['c', undefined],
      ['selvage.segment:2:d', '2 knots: d, end'],
    ]);
  });

  test('a failure in a segment skips what depends on it, in the segment and outside', async () => {
    const run = await selvage.start(failing, { x: 4 });
    const result = await run.result();
    expect(result).toMatchObject({
      status: 'failed',
      outputs: { 'param:x': 4, begin: 5, fine: 6 },
      outcomes: {
        failed: { kind: 'err', error: { type: 'RangeError', message: 'no 5', attempt: 1 } },
        skipped: {
          kind: 'skipped',
          reason: 'parent_failed_or_skipped',
          detail: { anyErr: true, anySkipped: false, parents: ['failed', 'fine'] },
        },
        below: { kind: 'skipped', reason: 'parent_failed_or_skipped' },
        outside: { kind: 'skipped', reason: 'parent_failed_or_skipped' },
      },
    });
    await expect(run.values()).rejects.toThrow('"failed" failed with RangeError: no 5');
  });

  test('more knots than a segment takes go in several', async () => {
    const run = await selvage.start(longChain, { x: 0 });
    expect(await run.values()).toEqual({ result: 2_501 });
    expect((await activitiesAfterBegin(run.runId)).map(({ summary }) => summary)).toEqual([
      '2000 knots: inc-0 … inc-1999',
      '500 knots: inc-2000 … inc-2499',
    ]);
  });

  test('outcomes and hashes are those of queued knots and of a run in process', async () => {
    const hashesOf = async (options: object): Promise<Record<string, string | null>> => {
      const same = fan('same', 8, options);
      const other = await openSelvage({ tapestries: [same] });
      const run = await other.start(same, { x: 3 });
      await run.result();
      const { items } = await run.lineage();
      return Object.fromEntries(items.map(({ knot_id, output_hash }) => [knot_id, output_hash]));
    };
    const localHashes = await hashesOf(dispatched);
    expect(await hashesOf({})).toEqual(localHashes);
    const here = await runLocally(fan('same', 8), { x: 3 });
    expect(
      Object.fromEntries(here.lineage.map(({ knot_id, output_hash }) => [knot_id, output_hash])),
    ).toEqual(localHashes);
    expect(here.lineage.every(({ dispatcher }) => dispatcher === 'in_process')).toBe(true);
  });
});
