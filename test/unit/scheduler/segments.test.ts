import { Scheduler, type Command } from '../../../src/scheduler';
import { compile, layoutOf, type Layout } from '../../../src/plan';
import { packRanges, unpackRanges } from '../../../src/scheduler/index-ranges';
import { packEnds, unpackEnds } from '../../../src/scheduler/segment-ends';
import { chain, fanWithSum, localWhere, tapestryOf } from '../../support/tapestry-records';

const layoutFor = (parentsOf: number[][], isLocal: (knot: number) => boolean = () => true): Layout =>
  layoutOf(compile(tapestryOf(parentsOf, 0, localWhere(isLocal))).plan);

const schedulerOf = (layout: Layout, options: object = {}): Scheduler<string> =>
  new Scheduler<string>(layout, { segments: true, ...options });

const start = { type: 'start', parameters: [] } as const;
const segment = (...knots: number[]): Command => ({ type: 'segment', knots });
const run = (...knots: number[]): Command => ({ type: 'run', knots });
const finish: Command = { type: 'finish' };
const ok = (value = 'v') => ({ kind: 'ok', value }) as const;
const settled = (
  first: number,
  outcomes: [number, ReturnType<typeof ok> | { kind: 'err' }][],
  alone: number[] = [],
) => ({ type: 'segmentSettled', segment: first, outcomes: new Map(outcomes), alone }) as const;

test('a chain is one segment, and so is a fan-out with its sum', () => {
  expect(schedulerOf(layoutFor(chain(5))).apply(start)).toEqual([segment(0, 1, 2, 3, 4)]);
  expect(schedulerOf(layoutFor(fanWithSum(3))).apply(start)).toEqual([segment(0, 1, 2, 3, 4)]);
});

test('knots that are ready at the same moment go out together, what waits for others does not', () => {
  // 0 and 1 are roots, 2 is queued; 3 takes 0, 4 takes 0 and 2, 5 takes 3 and 4.
  const layout = layoutFor([[], [], [], [0], [0, 2], [3, 4]], (knot) => knot !== 2);
  const scheduler = schedulerOf(layout);
  expect(scheduler.apply(start)).toEqual([segment(0, 1, 3), run(2)]);
  expect(scheduler.inFlight).toBe(2);
  expect(scheduler.running).toBe(4);
  expect(
    scheduler.apply(
      settled(0, [
        [0, ok()],
        [1, ok()],
        [3, ok()],
      ]),
    ),
  ).toEqual([]);
  expect(scheduler.apply({ type: 'settled', knot: 2, outcome: ok() })).toEqual([segment(4, 5)]);
  expect(
    scheduler.apply(
      settled(4, [
        [4, ok()],
        [5, ok()],
      ]),
    ),
  ).toEqual([finish]);
});

test('without the option local knots are like any others', () => {
  const scheduler = new Scheduler<string>(layoutFor(chain(2)));
  expect(scheduler.apply(start)).toEqual([run(0)]);
});

test('a wrong event changes nothing', () => {
  const scheduler = schedulerOf(layoutFor(chain(3), (knot) => knot < 2));
  scheduler.apply(start);
  const before = scheduler.save();
  expect(() => scheduler.apply(settled(1, []))).toThrow('No segment that begins with knot 1');
  expect(() => scheduler.apply(settled(0, [[1, ok()]]))).toThrow('its parent 0 is not ok');
  expect(() => scheduler.apply(settled(0, [[2, ok()]]))).toThrow('no member of segment 0');
  expect(() => scheduler.apply({ type: 'settled', knot: 0, outcome: ok() })).toThrow('in a segment');
  expect(scheduler.save()).toEqual(before);
});

test('a save without segments has no field for them, so that old ones stay as they are', () => {
  const scheduler = schedulerOf(layoutFor(chain(2), () => false));
  scheduler.apply(start);
  expect(Object.keys(scheduler.save())).toEqual(['started', 'cancelled', 'outcomes', 'running', 'values']);
});

test('ten thousand local knots in a chain are gathered and settled at once', () => {
  const scheduler = schedulerOf(layoutFor(chain(10_000)), { segmentSize: 10_000 });
  const [command] = scheduler.apply(start);
  const knots = command!.type === 'segment' ? command!.knots : [];
  expect(knots).toHaveLength(10_000);
  expect(
    scheduler.apply(
      settled(
        0,
        knots.map((knot) => [knot, ok()]),
      ),
    ),
  ).toEqual([finish]);
});

test('a local knot has its word in the plan and in the layout, and a queued one has none', () => {
  const plan = (isLocal: boolean) =>
    compile(
      tapestryOf(
        [[]],
        0,
        localWhere(() => isLocal),
      ),
    ).plan;
  expect(plan(true).knots[0]!.policy).toEqual({ local: true });
  expect(layoutOf(plan(true)).policies).toEqual([{ local: true }]);
  expect(plan(false).knots[0]!.policy).toEqual({});
});

test('ranges and ends come back as they were packed', () => {
  expect(packRanges([0, 1, 2, 7, 9, 10])).toEqual([0, 3, 7, 1, 9, 2]);
  expect(unpackRanges([0, 3, 7, 1, 9, 2])).toEqual([0, 1, 2, 7, 9, 10]);
  expect(packRanges([])).toEqual([]);
  const ends = ['ok', 'err', 'requeue', 'retryAlone', 'ok'] as const;
  expect(unpackEnds(packEnds(ends), 5)).toEqual(ends);
  expect(() => unpackEnds('A', 5)).toThrow('not one for 5 knots');
});
