import {
  Scheduler,
  countFailures,
  failsWorkflow,
  requiredParentsFailure,
  type Command,
} from '../../../src/scheduler';
import { compile, layoutOf, readPlan, type Layout } from '../../../src/plan';
import type { ReadKnotOptions } from '../../../src/authoring/records';
import { tapestryOf } from '../../support/tapestry-records';

type Options = Record<number, ReadKnotOptions & { optional?: boolean }>;

const planFor = (parentsOf: number[][], options: Options) =>
  compile(tapestryOf(parentsOf, 0, (knot) => options[knot] ?? {}));
const layoutFor = (parentsOf: number[][], options: Options): Layout =>
  layoutOf(planFor(parentsOf, options).plan);

const receives = { errorPolicy: 'receiveErrors' } as const;
const requires = { errorPolicy: 'requireAllParents' } as const;
const optional = { optional: true } as const;
const local = { dispatcher: { kind: 'local' } } as const;

const start = { type: 'start', parameters: [] } as const;
const ok = (knot: number) => ({ type: 'settled', knot, outcome: { kind: 'ok', value: `v${knot}` } }) as const;
const err = (knot: number) => ({ type: 'settled', knot, outcome: { kind: 'err' } }) as const;
const run = (...knots: number[]): Command => ({ type: 'run', knots });
const fail = (...knots: number[]): Command => ({ type: 'fail', knots });
const finish: Command = { type: 'finish' };

describe('a parent fails', () => {
  test('of a receiver, and the values of the others are still there', () => {
    const scheduler = new Scheduler<string>(layoutFor([[], [], [0, 1]], { 2: receives }));
    scheduler.apply(start);
    scheduler.apply(ok(0));
    expect(scheduler.apply(err(1))).toEqual([run(2)]);
    expect([scheduler.value(0), scheduler.value(1)]).toEqual(['v0', undefined]);
    scheduler.apply(ok(2));
    expect(scheduler.value(0)).toBeUndefined();
  });
});

test('a save in which a knot failed that could not have run is refused', () => {
  const layout = layoutFor([[], [0]], {});
  const scheduler = new Scheduler<string>(layoutFor([[], [0]], { 1: requires }));
  scheduler.apply(start);
  scheduler.apply(err(0));
  expect(() => Scheduler.restore(layout, scheduler.save())).toThrow('knot 1 contradicts its parents');
});

describe('in segments', () => {
  test('a receiver goes with its parents, and what failed in the segment is not told', () => {
    // 0 fails, 1 requires it, 2 receives 1, 3 depends on 2: all local
    const layout = layoutFor([[], [0], [1], [2]], {
      0: local,
      1: { ...local, ...requires },
      2: { ...local, ...receives },
      3: local,
    });
    const scheduler = new Scheduler<string>(layout, { segments: true });
    expect(scheduler.apply(start)).toEqual([{ type: 'segment', knots: [0, 1, 2, 3] }]);
    const outcomes = new Map([
      [0, { kind: 'err' }],
      [2, { kind: 'ok', value: 'v2' }],
      [3, { kind: 'ok', value: 'v3' }],
    ] as const);
    expect(scheduler.apply({ type: 'segmentSettled', segment: 0, outcomes, alone: [] })).toEqual([
      fail(1),
      finish,
    ]);
  });

  test('a cancel does not take back what a receiver in the segment was told', () => {
    const layout = layoutFor([[], [0], [1], []], {
      0: local,
      1: { ...local, ...requires },
      2: { ...local, ...receives },
      3: local,
    });
    const scheduler = new Scheduler<string>(layout, { segments: true });
    scheduler.apply(start);
    scheduler.apply({ type: 'cancel' });
    const outcomes = new Map([
      [0, { kind: 'err' }],
      [2, { kind: 'ok', value: 'v2' }],
    ] as const);
    expect(scheduler.apply({ type: 'segmentSettled', segment: 0, outcomes, alone: [] })).toEqual([
      { type: 'skip', knots: [3], reason: 'cancelled' },
      fail(1),
      finish,
    ]);
  });

  test('a local receiver of a failure outside of its segment goes by itself', () => {
    const layout = layoutFor([[], [0], [1]], { 1: { ...local, ...receives }, 2: local });
    const scheduler = new Scheduler<string>(layout, { segments: true });
    expect(scheduler.apply(start)).toEqual([run(0)]);
    expect(scheduler.apply(err(0))).toEqual([run(1)]);
    expect(scheduler.isAlone(1)).toBe(true);
    expect(scheduler.apply(ok(1))).toEqual([{ type: 'segment', knots: [2] }]);
  });

  test('an outcome of a member whose parent failed is refused, unless it receives', () => {
    const layout = layoutFor([[], [0]], { 0: local, 1: local });
    const scheduler = new Scheduler<string>(layout, { segments: true });
    scheduler.apply(start);
    const outcomes = new Map([
      [0, { kind: 'err' }],
      [1, { kind: 'ok', value: 'v' }],
    ] as const);
    expect(() => scheduler.apply({ type: 'segmentSettled', segment: 0, outcomes, alone: [] })).toThrow(
      'its parent 0 is not ok',
    );
  });
});

describe('failures', () => {
  const failuresOf = (options: Options, failed: number[]) =>
    countFailures(layoutFor([[], [], [0], [1]], options), (knot) => (failed.includes(knot) ? 'err' : 'ok'));

  test.each([
    ['none', {}, [], { counted: 0, unhandled: 0 }],
    ['of an optional knot', { 0: optional }, [0], { counted: 0, unhandled: 0 }],
    ['that a knot receives', { 2: receives }, [0], { counted: 1, unhandled: 0 }],
    [
      'one that a knot receives and one that none does',
      { 2: receives },
      [0, 1],
      { counted: 2, unhandled: 1 },
    ],
    ['of the receiver, too', { 2: receives }, [0, 2], { counted: 2, unhandled: 1 }],
    ['that a knot requires', { 2: requires }, [0, 2], { counted: 2, unhandled: 2 }],
  ])('%s', (_, options, failed, expected) => {
    expect(failuresOf(options, failed)).toEqual(expected);
  });

  test.each([
    ['unhandled', { counted: 1, unhandled: 0 }, false],
    ['unhandled', { counted: 2, unhandled: 1 }, true],
    ['any', { counted: 1, unhandled: 0 }, true],
    ['any', { counted: 0, unhandled: 0 }, false],
    ['never', { counted: 2, unhandled: 2 }, false],
  ] as const)('by failOn "%s", %o make the workflow fail: %s', (failOn, failures, fails) => {
    expect(failsWorkflow(failOn, failures)).toBe(fails);
  });

  test('a required parent is named with what became of it, but not all of many', () => {
    const layout = layoutFor([[], [], [], [0, 1, 2], [], [], [], [0, 1, 2, 3, 4, 5, 6]], {});
    const kinds = ['err', 'ok', 'skipped', 'err', 'err', 'err', 'err'] as const;
    const message = (knot: number) => requiredParentsFailure(layout, knot, (parent) => kinds[parent]).message;
    expect(message(3)).toBe(
      'Knot "k00003" requires all its parents to be Ok: "k00000" failed, "k00002" was skipped.',
    );
    expect(message(7)).toMatch(/"k00004" failed, "k00005" failed, and 1 more\.$/);
  });
});

describe('a plan', () => {
  test('reads back as it was', () => {
    const { plan, text } = planFor([[], [0], [1]], { 0: optional, 1: receives, 2: requires });
    expect(readPlan(text)).toEqual(plan);
    expect(plan.knots.map(({ policy }) => policy)).toEqual([
      { optional: true },
      { errorPolicy: 'receiveErrors' },
      { errorPolicy: 'requireAllParents' },
    ]);
  });

  test('of an unknown policy is refused', () => {
    const { text } = planFor([[], [0]], { 1: requires });
    expect(() => readPlan(text.replace('requireAllParents', 'hopeForTheBest'))).toThrow(
      "'knots' has a bad item 1",
    );
  });
});
