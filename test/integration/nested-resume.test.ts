import { z } from 'zod';
import { knot, loop, subTapestry, tapestry } from '../../src';
import { Calls } from '../support/calls';
import { closeAll, openSelvage } from '../support/open-selvage';

const calls = new Calls();
/** Whether `fragile` fails. */
let isBroken = true;

const increment = knot('increment', ({ x }: { x: number }, ctx) => {
  calls.note(ctx);
  return x + 1;
});
const fragile = knot('fragile', ({ x }: { x: number }, ctx) => {
  calls.note(ctx);
  if (isBroken) throw new Error('not yet');
  return x * 10;
});
const total = knot('total', (inputs: Record<string, object>, ctx) => {
  calls.note(ctx);
  return Object.values(inputs).map((input) => (input as { x: number }).x);
});

const once = tapestry('once', { parameters: { x: z.number() } }, (_t, { x }) => ({
  x: increment({ x }, { id: 'one-more' }),
}));
const breakable = tapestry('breakable', { parameters: { x: z.number() } }, (_t, { x }) => ({
  x: fragile({ x: increment({ x }, { id: 'before' }) }, { id: 'fragile' }),
}));
const outer = tapestry('outer', { parameters: { x: z.number() } }, (_t, { x }) => {
  const nested = subTapestry({ tapestry: once, inputs: { x } }, { id: 'nested' });
  const looped = loop(
    {
      step: once,
      initial: { x },
      until: (state, ctx) => {
        calls.note(ctx);
        return state.x >= 3;
      },
    },
    { id: 'looped' },
  );
  const broken = subTapestry({ tapestry: breakable, inputs: { x } }, { id: 'broken' });
  return { all: total({ nested, looped, broken }, { id: 'all' }) };
});

beforeEach(() => (isBroken = true));
afterEach(closeAll);

test('a resumed run takes over what its nested runs have made, and starts new ones for those that failed', async () => {
  const selvage = await openSelvage({ tapestries: [outer] });
  const failed = await selvage.start(outer, { x: 1 });
  expect(await failed.result()).toMatchObject({
    status: 'failed',
    outcomes: { broken: { kind: 'err', error: { type: 'SubRunFailed' } }, all: { kind: 'skipped' } },
  });
  expect(calls.of(`${failed.runId}/nested#1`)).toEqual(['one-more']);
  expect(calls.of(failed.runId)).toEqual(['looped', 'looped']);

  isBroken = false;
  const resumed = await selvage.resume<{ all: number[] }>(failed.runId);
  expect(await resumed.values()).toEqual({ all: [20, 3, 2] });
  const { runId } = resumed;
  expect(calls.of(runId)).toEqual(['all']);
  for (const id of ['nested#1', 'looped#1', 'looped#2']) {
    expect(calls.of(`${runId}/${id}`)).toEqual([]);
    expect(await selvage.backends.runHistory.getRun(`${runId}/${id}`)).toBeUndefined();
  }
  expect(calls.of(`${runId}/broken#1`)).toEqual(['before', 'fragile']);
  expect((await selvage.getRun(`${runId}/broken#1`).status()).run).toMatchObject({
    parent_run_id: runId,
    status: 'succeeded',
  });

  // Who asks is led into the run that made the value.
  const records = new Map((await resumed.lineage()).items.map((record) => [record.knot_id, record]));
  const before = new Map((await failed.lineage()).items.map((record) => [record.knot_id, record]));
  for (const id of ['nested', 'looped']) {
    expect(records.get(id)).toMatchObject({
      cached_from_run: failed.runId,
      output_hash: before.get(id)!.output_hash,
      extra: { child_run: before.get(id)!.extra['child_run'] },
    });
  }
  expect(records.get('broken')).toMatchObject({
    cached_from_run: null,
    extra: { child_run: { run_id: `${runId}/broken#1` } },
  });
});
