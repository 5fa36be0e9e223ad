import { z } from 'zod';

import {
  Knot,
  Optional,
  RunFailed,
  SelvageError,
  knot,
  local,
  optional,
  queue,
  runLocally,
  tapestry,
  type Dispatcher,
  type Outcome,
  type TapestryOptions,
} from '../../src';
import type { LineageRecord } from '../../src/ports';
import { selvageForAll } from '../support/open-selvage';

const pass = knot('pass', ({ x }: { x: number }) => x);
const both = knot('both', ({ a, b }: { a: number; b: number }) => a + b);
const boom = knot('boom', ({ x }: { x: number }): number => {
  throw new RangeError(`no ${x}`, { cause: new TypeError('deep down') });
});
/** What a body that receives outcomes was given, in the order of the names. */
const told = knot(
  'told',
  { receives: 'outcomes' },
  ({ a, b }: { a: Outcome<number>; b: Outcome<number> }) => [inWords(a), inWords(b)],
);

function inWords(outcome: Outcome): string {
  if (outcome.kind === 'ok') return `ok ${JSON.stringify(outcome.value)}`;
  if (outcome.kind === 'err') return `err ${outcome.error.type}: ${outcome.error.message}`;
  const { anyErr, anySkipped, parents, error } = outcome.detail ?? {};
  return error
    ? `skipped ${outcome.reason}: ${error.message}`
    : `skipped ${outcome.reason}: ${JSON.stringify({ anyErr, anySkipped, parents })}`;
}

/** A class, so that the mixin is part of the matrix. */
class Attempted extends Optional(Knot)<{ x: number }, number> {
  static readonly knotName = 'attempted';

  process({ x }: { x: number }): number {
    throw new Error(`not even ${x}`);
  }
}

class Told extends Knot<{ a: Outcome<number>; b: Outcome<number> }, string[]> {
  static readonly knotName = 'told-by-class';
  static readonly receives = 'outcomes';

  process({ a, b }: { a: Outcome<number>; b: Outcome<number> }): string[] {
    return [inWords(a), inWords(b)];
  }
}

/**
 * What bodies that receive outcomes are told of parents of every kind, and what requires them. Which policy comes to what is part of
 * `every-node.test.ts`, too.
 */
function matrix(name: string, dispatcher: Dispatcher) {
  return tapestry(name, { knots: { dispatcher } }, (t) => {
    const x = t.parameter('x', z.number());
    const fine = pass({ x }, { id: 'fine' });
    const failed = boom({ x }, { id: 'failed' });
    const skipped = pass({ x: failed }, { id: 'skipped' });
    const without = Attempted.place({ x }, { id: 'without' });
    for (const [kind, parent] of Object.entries({ fine, failed, skipped, without, constant: 7 })) {
      told({ a: fine, b: parent }, { id: `receive-${kind}` });
      Told.place({ a: parent, b: x }, { id: `class-${kind}` });
    }
    const required = pass({ x: skipped }, { id: 'required', errorPolicy: 'requireAllParents' });
    told({ a: required, b: skipped }, { id: 'told-required' });
    told({ a: 1, b: failed }, { id: 'careful', errorPolicy: 'skipIfParentFailed' });
    told({ a: 1, b: failed }, { id: 'strict', errorPolicy: 'requireAllParents' });
  });
}
const queuedMatrix = matrix('queued-matrix', queue());
const localMatrix = matrix('local-matrix', local());

const OF_SKIPPED =
  'skipped parent_failed_or_skipped: {"anyErr":true,"anySkipped":false,"parents":["failed"]}';
const OF_REQUIRED =
  'err RequireAllParents: Knot "required" requires all its parents to be Ok: "skipped" was skipped.';
const EXPECTED = {
  'receive-fine': ['ok 5', 'ok 5'],
  'receive-constant': ['ok 5', 'ok 7'],
  'receive-failed': ['ok 5', 'err RangeError: no 5'],
  'receive-skipped': ['ok 5', OF_SKIPPED],
  'receive-without': ['ok 5', 'skipped optional: not even 5'],
  'class-fine': ['ok 5', 'ok 5'],
  'class-constant': ['ok 7', 'ok 5'],
  'class-failed': ['err RangeError: no 5', 'ok 5'],
  'class-skipped': [OF_SKIPPED, 'ok 5'],
  'class-without': ['skipped optional: not even 5', 'ok 5'],
  'told-required': [OF_REQUIRED, OF_SKIPPED],
};

/** What records of one run must have in common with those of the same run elsewhere. */
const essence = (records: readonly LineageRecord[]): Record<string, unknown> =>
  Object.fromEntries(
    [...records]
      .sort((one, other) => (one.knot_id < other.knot_id ? -1 : 1))
      .map(({ knot_id, outcome, output_hash, parent_input_hashes, skip_reason, extra }) => [
        knot_id,
        { outcome, output_hash, parent_input_hashes, skip_reason, skip: extra['skip'] },
      ]),
  );

const maybe = optional(boom);
const withOptional = (name: string, options: TapestryOptions) =>
  tapestry(name, options, (t) => {
    const x = t.parameter('x', z.number());
    return { fine: pass({ x }, { id: 'fine' }), maybe: maybe({ x }, { id: 'maybe' }) };
  });
const optionalTerminal = withOptional('optional-terminal', {});
const optionalInSegment = withOptional('optional-in-segment', {
  failOn: 'any',
  knots: { dispatcher: local() },
});
const belowOptional = tapestry('below-optional', (t) => {
  const x = t.parameter('x', z.number());
  return { below: pass({ x: maybe({ x }, { id: 'maybe' }) }, { id: 'below' }) };
});
const threeOutcomes = tapestry('three-outcomes', (t) => {
  const x = t.parameter('x', z.number());
  const fine = pass({ x }, { id: 'fine' });
  const skipped = both({ a: fine, b: boom({ x }, { id: 'failed' }) }, { id: 'skipped' });
  return { fine, below: pass({ x: skipped }, { id: 'below' }) };
});

const shared = selvageForAll({
  tapestries: [queuedMatrix, localMatrix, optionalTerminal, optionalInSegment, belowOptional, threeOutcomes],
});

const statusOnServer = async (runId: string): Promise<string> =>
  (await shared().client.workflow.getHandle(runId).describe()).status.name;

test.each([queuedMatrix, localMatrix])(
  'what policies make of every kind of parent, in process and on Temporal, with equal hashes ($name)',
  async (tapestryOf) => {
    const here = await runLocally(tapestryOf, { x: 5 });
    const run = await shared().start(tapestryOf, { x: 5 });
    for (const { outcomes, outputs, status, succeeded } of [here, await run.result()]) {
      expect(outputs).toEqual({ 'param:x': 5, fine: 5, ...EXPECTED });
      expect(outcomes).toMatchObject({
        failed: { kind: 'err' },
        skipped: { kind: 'skipped' },
        without: { kind: 'err' },
        required: { kind: 'err', error: { type: 'RequireAllParents' } },
        careful: { kind: 'skipped' },
        strict: { kind: 'err', error: { type: 'RequireAllParents' } },
      });
      expect({ status, succeeded }).toEqual({ status: 'failed', succeeded: false });
    }
    const items = await run.lineage();
    expect(essence(items)).toEqual(essence(here.lineage));
    expect(await statusOnServer(run.runId)).toBe('FAILED');
  },
);

test('a failed run has all three outcomes; result() resolves and values() throws RunFailed with it', async () => {
  const run = await shared().start(threeOutcomes, { x: 4 });
  expect(await run.result()).toMatchObject({
    status: 'failed',
    succeeded: false,
    outputs: { 'param:x': 4, fine: 4 },
    values: { fine: 4 },
    outcomes: {
      fine: { kind: 'ok', value: 4 },
      failed: {
        kind: 'err',
        error: {
          type: 'RangeError',
          message: 'no 4',
          cause: { type: 'TypeError', message: 'deep down' },
          attempt: 1,
          traceback: expect.stringContaining('policies.test.ts'),
        },
      },
      skipped: { kind: 'skipped', detail: { anyErr: true, anySkipped: false, parents: ['fine', 'failed'] } },
      below: { kind: 'skipped', detail: { anyErr: false, anySkipped: true } },
    },
  });
  const error = await run.values().catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(RunFailed);
  expect(SelvageError.is(error, 'RunFailed')).toBe(true);
  expect((error as RunFailed).result).toMatchObject({
    runId: run.runId,
    status: 'failed',
    values: { fine: 4 },
  });
  expect((error as RunFailed).message).toMatch(
    /"failed" failed with RangeError: no 4\n {2}at .*policies\.test\.ts:\d+:\d+\n {2}caused by TypeError: deep down \(.*policies\.test\.ts:\d+:\d+\)$/,
  );
  const items = await run.lineage({ knotId: 'failed' });
  expect(items[0]!.error_record_id).toMatch(/^err_[0-9a-f]{24}$/);
});

test('a failure of an optional knot is benign to Temporal, and the run succeeds without its value', async () => {
  const run = await shared().start(optionalTerminal, { x: 5 });
  expect(await run.values()).toEqual({ fine: 5 });
  expect(await run.result()).toMatchObject({
    status: 'succeeded',
    succeeded: true,
    outcomes: { maybe: { kind: 'err', error: { type: 'RangeError' } } },
  });
  expect(await statusOnServer(run.runId)).toBe('COMPLETED');
  const { events } = await shared().client.workflow.getHandle(run.runId).fetchHistory();
  const failures = events!.flatMap(
    ({ activityTaskFailedEventAttributes: failed }) => failed?.failure?.applicationFailureInfo ?? [],
  );
  // APPLICATION_ERROR_CATEGORY_BENIGN of temporal/api/enums/v1/common.proto
  expect(failures.map(({ category }) => category)).toEqual([1]);
});

test('a failure of an optional knot fails no run, in a segment and where any failure does', async () => {
  const run = await shared().start(optionalInSegment, { x: 5 });
  expect(await run.values()).toEqual({ fine: 5 });
  expect(await run.result()).toMatchObject({ status: 'succeeded', succeeded: true });
  expect(await statusOnServer(run.runId)).toBe('COMPLETED');
  const maybeRecord = (await run.lineage()).find(({ knot_id }) => knot_id === 'maybe')!;
  expect(maybeRecord).toMatchObject({ outcome: 'err', dispatcher: 'local' });
});

test('a terminal below an optional knot that failed is left out by values(), as its type says', async () => {
  const run = await shared().start(belowOptional, { x: 5 });
  expect(await run.result()).toMatchObject({ status: 'succeeded', values: {} });
  const values = await run.values();
  expect(values.below satisfies number | undefined).toBeUndefined();
  expect(values).toEqual({});
});
