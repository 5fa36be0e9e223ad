import {
  FATAL_BYTES,
  HOLD_BYTES,
  HOLD_EVENTS,
  RUNNING_KNOTS,
  budgetOf,
  compile,
  completeLayout,
  encodeLayout,
  layoutOf,
  requireLoadable,
  childRunKnots,
  type Layout,
} from '../../../src/plan';
import { thrownBy } from '../../support/thrown-by';
import {
  addKnot,
  chain,
  definition,
  emptyTapestry,
  fanWithSum,
  grid,
  parent,
  localWhere,
  tapestryOf,
} from '../../support/tapestry-records';
import { refusal } from '../../support/refusal';

const layoutOfShape = (
  shape: readonly (readonly number[])[],
  parameters = 0,
  isLocal: (knot: number) => boolean = () => false,
): Layout => layoutOf(compile(tapestryOf(shape, parameters, localWhere(isLocal))).plan);

const budgetOfShape = (...shape: Parameters<typeof layoutOfShape>): ReturnType<typeof budgetOf> =>
  budgetOf(layoutOfShape(...shape));

const HOUR = 3_600_000;

/** A chain with a slow knot beside it. */
function withSlow(length: number, timeout: number, local = false): Layout {
  const tapestry = emptyTapestry();
  const step = definition('step');
  let last = addKnot(tapestry, 'k0', step);
  for (let k = 1; k < length; k++) last = addKnot(tapestry, `k${k}`, step, { x: parent(last) });
  const options = { timeout, ...(local && { dispatcher: { kind: 'local' as const } }) };
  addKnot(tapestry, 'slow', definition('slow'), {}, options);
  return layoutOf(compile(tapestry).plan);
}

describe('the shape', () => {
  test.each([
    ['a chain', chain(10), { knots: 10, edges: 9, depth: 10, width: 1, pendingActivities: 1 }],
    [
      'a fan with a sum',
      fanWithSum(10),
      { knots: 12, edges: 20, depth: 3, width: 10, pendingActivities: 10 },
    ],
    ['a grid', grid(4, 5), { knots: 20, depth: 8, width: 4 }],
  ])('of %s', (_, shape, expected) => {
    expect(budgetOfShape(shape)).toMatchObject(expected);
  });

  test('does not count parameters as knots', () => {
    expect(budgetOfShape([[], [0], [1]], 1)).toMatchObject({ knots: 2, parameters: 1, depth: 2, edges: 2 });
  });

  test('of a wide plan has no more activities at once than the window', () => {
    expect(budgetOfShape(fanWithSum(2_000)).pendingActivities).toBe(RUNNING_KNOTS);
  });

  test('counts a path that is long beside one that is wide', () => {
    // 3 is below 0 alone, and may run beside 2, though no level has more than two knots.
    expect(budgetOfShape([[], [], [1], [2], [0, 3]])).toMatchObject({
      depth: 4,
      width: 2,
      pendingActivities: 2,
    });
  });
});

describe('segments', () => {
  test('take up to 2,000 local knots each', () => {
    expect(budgetOfShape(chain(10_000), 0, () => true)).toMatchObject({
      localKnots: 10_000,
      segments: 6,
      executions: 1,
      pendingActivities: 1,
    });
  });

  test('are as many as the knots where local and queued ones take turns', () => {
    const { segments, localKnots } = budgetOfShape(chain(100), 0, (knot) => knot % 2 === 0);
    expect(localKnots).toBe(50);
    expect(segments).toBe(50);
  });
});

describe('executions', () => {
  test('are one for what the server never suggests to continue', () => {
    expect(budgetOfShape(chain(500)).executions).toBe(1);
  });

  test('are several for a long chain, and each loads the layout again', () => {
    const { executions, bytes, layoutBytes } = budgetOfShape(chain(3_000));
    expect(executions).toBeGreaterThan(1);
    expect(bytes).toBeGreaterThan(executions * layoutBytes);
  });
});

describe('a large plan', () => {
  /** Layers of a hundred, each knot after four of the layer before. */
  const dense = (size: number): number[][] =>
    Array.from({ length: size }, (_, knot) => {
      const above = (Math.floor(knot / 100) - 1) * 100;
      return above < 0 ? [] : [0, 1, 7, 31].map((step) => above + ((knot + step) % 100));
    });
  const shapes = { chain: chain(10_000), fan: fanWithSum(10_000), dense: dense(10_000) };
  const mebibytes = 1024 * 1024;

  test.each(Object.entries(shapes))('of 10,000 local knots (%s) is one small history', (_, shape) => {
    const budget = budgetOfShape(shape, 0, () => true);
    expect(budget).toMatchObject({ localKnots: shape.length, segments: 6, executions: 1 });
    expect(budget.events).toBeLessThan(60);
    expect(budget.bytes).toBeLessThan(1.3 * mebibytes);
  });

  test.each(Object.entries(shapes))('of 10,000 queued knots (%s) continues as new', (_, shape) => {
    const { events, bytes, executions, pendingActivities } = budgetOfShape(shape);
    expect(executions).toBeGreaterThan(14);
    expect(executions).toBeLessThan(30);
    expect(events / executions).toBeLessThan(HOLD_EVENTS);
    expect(bytes / executions).toBeLessThan(HOLD_BYTES);
    expect(pendingActivities).toBeLessThanOrEqual(RUNNING_KNOTS);
  });

  test('of 100,000 knots takes ten times as many executions', () => {
    const shape = dense(100_000);
    const local = budgetOfShape(shape, 0, () => true);
    expect(local).toMatchObject({ segments: 51, executions: 5 });
    expect(local.bytes / local.executions).toBeLessThan(HOLD_BYTES);
    const queued = budgetOfShape(shape);
    expect(queued.executions).toBeLessThan(300);
    expect(queued.events / queued.executions).toBeLessThan(HOLD_EVENTS);
    expect(queued.bytes / queued.executions).toBeLessThan(HOLD_BYTES);
  });
});

describe('child runs', () => {
  test('are for knots that may run for over an hour in a large plan', () => {
    const budget = budgetOf(withSlow(4_000, 2 * HOUR));
    expect(budget.childRuns).toEqual(['slow']);
    expect(budgetOf(withSlow(4_000, HOUR)).childRuns).toEqual([]);
    expect(budgetOf(withSlow(3_000, 2 * HOUR)).childRuns).toEqual([]);
  });

  test('are for local ones as well, which then are in no segment', () => {
    const layout = withSlow(4_000, 2 * HOUR, true);
    expect(childRunKnots(layout, 20_000)).toEqual([layout.ids.indexOf('slow')]);
    expect(budgetOf(layout)).toMatchObject({ childRuns: ['slow'], localKnots: 0, segments: 0 });
  });
});

describe('what cannot fit', () => {
  const many = layoutOfShape(Array.from({ length: 1_000 }, () => []));

  test('is a layout that leaves no room for work', () => {
    const slices = Array.from({ length: HOLD_BYTES / (128 * 1024) + 1 }, () => 'x'.repeat(128 * 1024));
    expect(thrownBy(() => requireLoadable(many, slices))).toMatchObject(
      refusal('PlanTooLarge', /1000 knots.*20\.1 MiB.*Shorten the ids.*several tapestries/),
    );
    requireLoadable(many, slices.slice(2));
  });

  test('is one that with the first activities fills a history', () => {
    const wide = layoutOfShape([
      ...Array.from({ length: 100 }, () => []),
      ...Array.from({ length: 600 }, () => Array.from({ length: 100 }, (_, k) => k)),
    ]);
    const slices = Array.from({ length: 19 * 8 }, () => 'x'.repeat(128 * 1024));
    expect(19 * 1024 * 1024 + RUNNING_KNOTS * 64 * 1024).toBeGreaterThan(FATAL_BYTES);
    expect(thrownBy(() => requireLoadable(wide, slices))).toMatchObject({ code: 'PlanTooLarge' });
    requireLoadable(wide, encodeLayout(wide));
  });

  test('is found from ids that are too long for their number', () => {
    const knots = 11_000;
    const { size: _size, ...columns } = layoutOfShape([[]]);
    const layout = completeLayout({
      ...columns,
      ids: Array.from({ length: knots }, (_, knot) => `k${knot}`.padEnd(2_000, 'x')),
      parentStart: new Uint32Array(knots + 1),
      parents: new Uint32Array(),
      definition: new Int32Array(knots),
      policy: new Uint32Array(knots),
    });
    expect(thrownBy(() => budgetOf(layout))).toMatchObject({ code: 'PlanTooLarge' });
  });
});
