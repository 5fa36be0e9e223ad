import { temporal } from '@temporalio/proto';
import { z } from 'zod';

import {
  branch,
  firstOk,
  gate,
  knot,
  local,
  queue,
  runLocally,
  tapestry,
  type Dispatcher,
  type Outcome,
} from '../../src';
import type { RunHandle } from '../../src/client';
import type { LineageRecord } from '../../src/protocols';
import { CACHING, closeAll, openSelvage } from '../support/open-selvage';

const { HistoryEvent } = temporal.api.history.v1;

afterEach(closeAll);

/** Larger than what travels in the history. */
const LARGE = 5_000;

type Shape = { type: 'circle'; radius: number } | { type: 'square'; side: number; text: string };

const draw = knot('draw', ({ n }: { n: number }): Shape =>
  n < 0 ? { type: 'circle', radius: -n } : { type: 'square', side: n, text: 'x'.repeat(LARGE) },
);
const round = knot('round', ({ circle }: { circle: { radius: number } }) => 3 * circle.radius ** 2);
const straight = knot('straight', ({ square }: { square: { side: number } }) => square.side ** 2);
const boom = knot('boom', ({ x }: { x: number }): number => {
  throw new Error(`no ${x}`);
});
const pass = knot('pass', ({ x }: { x: number }) => x);
const told = knot('told', { receives: 'outcomes' }, (outcomes: Record<string, Outcome>) =>
  Object.values(outcomes).map((outcome) => (outcome.kind === 'skipped' ? outcome.reason : outcome.kind)),
);

function shapes(name: string, dispatcher: Dispatcher) {
  return tapestry(name, { knots: { dispatcher } }, (t) => {
    const n = t.parameter('n', z.number());
    const shape = draw({ n }, { id: 'shape' });
    const kind = branch({ input: shape, on: 'type' }, { id: 'kind' });
    const ofCircle = round({ circle: kind.path('circle') }, { id: 'of-circle' });
    const ofSquare = straight({ square: kind.path('square') }, { id: 'of-square' });
    const area = firstOk({ of: [ofCircle, ofSquare] }, { id: 'area' });
    const positive = gate({ input: area, predicate: async (area) => area > 10 }, { id: 'large' });
    pass({ x: positive }, { id: 'below-gate' });
    const size = branch(
      { input: area, branches: ['small', 'huge'], selector: (area) => (area > 1_000 ? 'huge' : 'small') },
      { id: 'size' },
    );
    const huge = pass({ x: size.path('huge') }, { id: 'if-huge' });
    const failed = boom({ x: area }, { id: 'failed' });
    firstOk({ of: [failed, huge] }, { id: 'none' });
    firstOk({ of: [huge, pass({ x: huge }, { id: 'below-huge' })] }, { id: 'all-skipped' });
    const fallback = firstOk({ of: [failed, area] }, { id: 'fallback' });
    const reasons = told(
      { huge: size.path('huge'), small: size.path('small'), positive, failed },
      { id: 'reasons' },
    );
    return { area, fallback, reasons };
  });
}
const queued = shapes('queued-shapes', queue());
const gathered = shapes('local-shapes', local());
const wrong = (name: string, dispatcher: Dispatcher) =>
  tapestry(name, { knots: { dispatcher } }, (t) => {
    const n = t.parameter('n', z.number());
    gate({ input: n, predicate: (n) => n as unknown as boolean }, { id: 'gate' });
    const unknown = branch({ input: n, branches: ['a'], selector: () => 'b' as 'a' }, { id: 'unknown' });
    pass({ x: unknown.path('a') }, { id: 'below' });
    branch({ input: n, branches: ['a'], selector: () => 5 as never }, { id: 'number' });
    const shape = draw({ n }, { id: 'shape' });
    const member = branch({ input: shape, on: 'type' }, { id: 'member' });
    round({ circle: member.path('circle') }, { id: 'circle-only' });
  });
const wrongQueued = wrong('wrong-queued-nodes', queue());
const wrongGathered = wrong('wrong-local-nodes', local());

const kinds = (outcomes: Readonly<Record<string, Outcome>>) =>
  Object.fromEntries(
    Object.entries(outcomes).map(([id, outcome]) => {
      if (outcome.kind === 'skipped') return [id, outcome.reason];
      return [id, outcome.kind === 'err' ? outcome.error.type : 'ok'];
    }),
  );

const messages = (outcomes: Readonly<Record<string, Outcome>>) =>
  Object.fromEntries(
    Object.entries(outcomes).flatMap(([id, outcome]) =>
      outcome.kind === 'err' ? [[id, outcome.error.message]] : [],
    ),
  );

const OF_PARENTS = 'parent_failed_or_skipped';
const OF_CIRCLE = {
  'param:n': 'ok',
  shape: 'ok',
  kind: 'ok',
  'kind:circle': 'ok',
  'kind:square': 'branch_not_selected',
  'of-circle': 'ok',
  'of-square': OF_PARENTS,
  area: 'ok',
  large: 'ok',
  'below-gate': 'ok',
  size: 'ok',
  'size:huge': 'branch_not_selected',
  'size:small': 'ok',
  'if-huge': OF_PARENTS,
  failed: 'Error',
  none: 'NoAlternative',
  'below-huge': OF_PARENTS,
  'all-skipped': 'no_alternative',
  fallback: 'ok',
  reasons: 'ok',
};
const OF_SQUARE = {
  ...OF_CIRCLE,
  'kind:circle': 'branch_not_selected',
  'kind:square': 'ok',
  'of-circle': OF_PARENTS,
  'of-square': 'ok',
  large: 'gate_closed',
  'below-gate': OF_PARENTS,
};

const essence = (records: readonly LineageRecord[]) =>
  Object.fromEntries(
    records.map(({ knot_id, outcome, output_hash, output_size, parent_input_hashes, skip_reason, extra }) => [
      knot_id,
      {
        ...{ outcome, output_hash, output_size, parent_input_hashes, skip_reason },
        ...{ skip: extra['skip'], choice: extra['choice'] },
      },
    ]),
  );

const CASES = [
  { n: -2, outcomes: OF_CIRCLE, area: 12, reasons: ['err', 'branch_not_selected', 'ok', 'ok'] },
  { n: 3, outcomes: OF_SQUARE, area: 9, reasons: ['err', 'branch_not_selected', 'gate_closed', 'ok'] },
] as const;

test.each(CASES)('in process, with $n', async ({ n, outcomes, area, reasons }) => {
  const result = await runLocally(queued, { n });
  expect(kinds(result.outcomes)).toEqual(outcomes);
  expect(result.values).toEqual({ area, fallback: area, reasons });
  expect(result.outputs['kind']).toBe(n < 0 ? 'circle' : 'square');
});

const OF_WRONG = {
  gate: 'NotABoolean',
  unknown: 'UnknownBranch',
  'unknown:a': OF_PARENTS,
  below: OF_PARENTS,
  number: 'UnknownBranch',
  member: 'UnknownBranch',
  'member:circle': OF_PARENTS,
  'circle-only': OF_PARENTS,
};

test('what the functions may not answer, in process', async () => {
  const { outcomes } = await runLocally(wrongQueued, { n: 1 });
  expect(kinds(outcomes)).toMatchObject(OF_WRONG);
});

describe.each(CACHING)('on Temporal, $name', ({ maxCachedWorkflows }) => {
  test.each([queued, gathered])(
    'branches, gates and rejoined paths, with the hashes of a run in process ($name)',
    async (shape) => {
      const selvage = await openSelvage({ tapestries: [shape], workerOptions: { maxCachedWorkflows } });
      for (const { n, outcomes, area, reasons } of CASES) {
        const here = await runLocally(shape, { n });
        const run = await selvage.start(shape, { n });
        const result = await run.result();
        expect(kinds(result.outcomes)).toEqual(outcomes);
        expect(result.values).toEqual({ area, fallback: area, reasons });
        const records = await run.records();
        expect(essence(records)).toEqual(essence(here.lineage));
        // Passed on by reference: it is in no payload.
        const { events } = await selvage.client.workflow.getHandle(run.runId).fetchHistory();
        const bytes = events!.map((event) => Buffer.from(HistoryEvent.encode(event).finish()));
        expect(bytes.some((event) => event.includes('x'.repeat(100)))).toBe(false);
        expect(bytes.some((event) => event.includes('of-square'))).toBe(true);
      }
    },
  );

  test.each([wrongQueued, wrongGathered])(
    'what the functions may not answer, in the words of a run in process ($name)',
    async (shape) => {
      const selvage = await openSelvage({ tapestries: [shape], workerOptions: { maxCachedWorkflows } });
      const here = await runLocally(shape, { n: 1 });
      const run = await selvage.start(shape, { n: 1 });
      const { outcomes, status } = await run.result();
      expect(status).toBe('failed');
      expect(kinds(outcomes)).toMatchObject(OF_WRONG);
      expect(messages(outcomes)).toEqual(messages(here.outcomes));
      expect(essence(await run.records())).toEqual(essence(here.lineage));
    },
  );

  test('a resumed run keeps what was chosen, and runs the branch again for one of its paths', async () => {
    const selvage = await openSelvage({ tapestries: [queued], workerOptions: { maxCachedWorkflows } });
    const run = await selvage.start(queued, { n: -2 });
    await run.result();
    const takenIn = async (resumed: RunHandle) =>
      (await resumed.records())
        .filter((record) => record.cached_from_run !== null)
        .map(({ knot_id }) => knot_id);
    const same = await selvage.resume(run.runId);
    expect(kinds((await same.result()).outcomes)).toEqual(OF_CIRCLE);
    expect(await takenIn(same)).toEqual(
      expect.arrayContaining(['kind', 'kind:circle', 'area', 'size:small']),
    );
    const again = await selvage.resume(run.runId, { from: ['kind:circle'] });
    expect(kinds((await again.result()).outcomes)).toEqual(OF_CIRCLE);
    expect((await takenIn(again)).sort()).toEqual(['param:n', 'shape']);
  });
});
