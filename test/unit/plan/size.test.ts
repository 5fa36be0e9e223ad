import { compile, decodeLayout, encodeLayout, layoutOf, type Layout } from '../../../src/plan';
import { Scheduler, type Command, type KnotOutcome } from '../../../src/scheduler';
import { chain, fanWithSum, grid, tapestryOf } from '../../support/tapestry-records';
import { runs } from '../../support/thorough';

const SLICE_BYTES = 128 * 1024;
const KNOT_BYTES = 64;

/** A text that two layouts share only if they are equal; `toEqual` takes seconds for columns of this length. */
const textOf = (layout: Layout): string =>
  JSON.stringify(layout, (_, value: unknown) =>
    ArrayBuffer.isView(value) || value instanceof Map ? [...(value as unknown as Iterable<unknown>)] : value,
  );

/** Ends knots in the order in which they were dispatched. */
function runToEnd(
  layout: Layout,
  outcomeOf: (knot: number) => KnotOutcome<number>,
): { scheduler: Scheduler<number>; ran: number } {
  const scheduler = new Scheduler<number>(layout);
  const dispatched: number[] = [];
  let finishes = 0;
  const carryOut = (commands: readonly Command[]): void => {
    for (const command of commands) {
      if (command.type === 'finish') finishes += 1;
      else if (command.type === 'run') for (const knot of command.knots) dispatched.push(knot);
    }
  };
  carryOut(scheduler.apply({ type: 'start', parameters: [] }));
  for (let next = 0; next < dispatched.length; next++) {
    const knot = dispatched[next]!;
    carryOut(scheduler.apply({ type: 'settled', knot, outcome: outcomeOf(knot) }));
  }
  expect(finishes).toBe(1);
  return { scheduler, ran: new Set(dispatched).size };
}

/** Far more than a recursion could take. */
const SIZE = runs(20_000, 100_000);

describe.each([
  ['a chain', chain(SIZE)],
  ['a fan with a sum', fanWithSum(SIZE)],
  ['a grid', grid(SIZE / 250, 250)],
])(`%s of ${SIZE} knots`, (_, shape) => {
  const size = shape.length;
  let layout: Layout;

  beforeAll(() => {
    layout = layoutOf(compile(tapestryOf(shape)).plan);
  });

  test('has a small layout in small slices', () => {
    const slices = encodeLayout(layout);
    const sizes = slices.map((slice) => Buffer.byteLength(slice));
    expect(Math.max(...sizes)).toBeLessThanOrEqual(SLICE_BYTES);
    expect(sizes.reduce((sum, bytes) => sum + bytes, 0)).toBeLessThanOrEqual(size * KNOT_BYTES);
    expect(slices.length).toBeLessThanOrEqual(Math.ceil((size * KNOT_BYTES) / SLICE_BYTES));
    expect(textOf(decodeLayout(slices))).toBe(textOf(layout));
  });

  test('runs to its end', () => {
    const { scheduler, ran } = runToEnd(layout, (knot) => ({ kind: 'ok', value: knot }));
    expect(ran).toBe(size);
    expect(scheduler.counts).toEqual({ ok: size, err: 0, skipped: 0, running: 0, waiting: 0, total: size });
  });

  test('is skipped when its first knot fails', () => {
    const { scheduler, ran } = runToEnd(layout, () => ({ kind: 'err' }));
    expect(ran).toBe(1);
    expect(scheduler.counts).toEqual({
      ok: 0,
      err: 1,
      skipped: size - 1,
      running: 0,
      waiting: 0,
      total: size,
    });
  });

  test('goes on from a save in the middle', () => {
    const first = new Scheduler<number>(layout, { window: 1 });
    let [command] = first.apply({ type: 'start', parameters: [] });
    for (let ended = 0; ended < size / 2; ended++) {
      const [knot] = (command as Extract<Command, { type: 'run' }>).knots;
      [command] = first.apply({ type: 'settled', knot: knot!, outcome: { kind: 'ok', value: knot! } });
    }
    const { scheduler, commands } = Scheduler.restore(layout, first.save(), { window: 1 });
    expect(commands).toEqual([command]);
    expect(scheduler.counts).toEqual(first.counts);
  });
});
