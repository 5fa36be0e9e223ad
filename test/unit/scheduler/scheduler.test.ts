import { compile, layoutOf, type Layout } from '../../../src/plan';
import { Scheduler, type Command, type SavedScheduler } from '../../../src/scheduler';
import { chain, fanWithSum, localWhere, tapestryOf } from '../../support/tapestry-records';

const layoutFor = (parentsOf: number[][], parameters = 0): Layout =>
  layoutOf(compile(tapestryOf(parentsOf, parameters)).plan);

const ok = (knot: number, value = `v${knot}`) =>
  ({ type: 'settled', knot, outcome: { kind: 'ok', value } }) as const;
const err = (knot: number) => ({ type: 'settled', knot, outcome: { kind: 'err' } }) as const;
const skipped = (knot: number) =>
  ({ type: 'settled', knot, outcome: { kind: 'skipped', reason: 'cancelled' } }) as const;
const start = { type: 'start', parameters: [] } as const;
const run = (...knots: number[]): Command => ({ type: 'run', knots });
const skip = (...knots: number[]): Command => ({ type: 'skip', knots, reason: 'parent_failed_or_skipped' });
const cancelSkip = (...knots: number[]): Command => ({ type: 'skip', knots, reason: 'cancelled' });
const finish: Command = { type: 'finish' };

/** 0 -> 1, 2 -> 3 */
const diamond = [[], [0], [0], [1, 2]];

describe('a run', () => {
  test('of parameters only is over at once', () => {
    const { plan } = compile(tapestryOf([[], [0]], 1));
    const scheduler = new Scheduler<string>(layoutOf(plan, ['param:p0']));
    expect(scheduler.apply({ type: 'start', parameters: ['a'] })).toEqual([finish]);
    expect(scheduler.value(0)).toBe('a');
  });

  test.each([0, -1, 1.5, NaN])('has no window of %s', (window) => {
    expect(() => new Scheduler(layoutFor([[]]), { window })).toThrow(/window/);
  });
});

describe('values', () => {
  test('are kept while a consumer is unsettled', () => {
    const scheduler = new Scheduler<string>(layoutFor(diamond));
    scheduler.apply(start);
    scheduler.apply(ok(0));
    scheduler.apply(ok(1));
    expect(scheduler.value(0)).toBe('v0');
    scheduler.apply(ok(2));
    expect([0, 1, 2].map((knot) => scheduler.value(knot))).toEqual([undefined, 'v1', 'v2']);
    scheduler.apply(err(3));
    expect([1, 2, 3].map((knot) => scheduler.value(knot))).toEqual([undefined, undefined, undefined]);
  });
});

describe('a cancel', () => {
  test('skips what was not dispatched and awaits what is running', () => {
    const scheduler = new Scheduler<string>(layoutFor([[], [], [0], []]), { window: 2 });
    scheduler.apply(start);
    expect(scheduler.apply({ type: 'cancel' })).toEqual([cancelSkip(2, 3)]);
    expect(scheduler.apply(ok(0))).toEqual([]);
    expect(scheduler.apply(skipped(1))).toEqual([finish]);
    expect(scheduler.counts).toEqual({ ok: 1, err: 0, skipped: 3, running: 0, waiting: 0, total: 4 });
  });

  test('with nothing running ends the run', () => {
    const scheduler = new Scheduler<string>(layoutFor(chain(3)));
    scheduler.apply({ type: 'hold' });
    scheduler.apply(start);
    expect(scheduler.apply({ type: 'cancel' })).toEqual([cancelSkip(0, 1, 2), finish]);
  });

  test('before the start leaves only the parameters', () => {
    const scheduler = new Scheduler<string>(layoutFor([[], [0], []], 1));
    expect(scheduler.apply({ type: 'cancel' })).toEqual([]);
    expect(scheduler.apply({ type: 'start', parameters: ['a'] })).toEqual([cancelSkip(1, 2), finish]);
    expect(scheduler.outcomeKind(0)).toBe('ok');
  });

  test('does nothing the second time, nor after the end', () => {
    const scheduler = new Scheduler<string>(layoutFor([[]]));
    scheduler.apply(start);
    scheduler.apply({ type: 'cancel' });
    expect(scheduler.apply({ type: 'cancel' })).toEqual([]);
    expect(scheduler.apply(ok(0))).toEqual([finish]);
    expect(scheduler.apply({ type: 'cancel' })).toEqual([]);
  });
});

describe('a hold', () => {
  test('does not keep back the end', () => {
    const scheduler = new Scheduler<string>(layoutFor([[]]));
    scheduler.apply(start);
    scheduler.apply({ type: 'hold' });
    expect(scheduler.apply(ok(0))).toEqual([finish]);
  });
});

describe('an event that makes no sense', () => {
  const started = (): Scheduler<string> => {
    const scheduler = new Scheduler<string>(layoutFor(diamond));
    scheduler.apply(start);
    scheduler.apply(ok(0));
    return scheduler;
  };

  test.each([
    ['settles a knot twice', ok(0), /k00000.*ok/],
    ['settles what waits', ok(3), /k00003.*waiting/],
    ['settles what there is not', ok(4), /not in the layout/],
    ['settles a negative knot', ok(-1), /not in the layout/],
    ['starts again', start, /already/],
    ['has an unknown outcome', { type: 'settled', knot: 1, outcome: { kind: 'perhaps' } }, /perhaps/],
  ])('is refused and changes nothing: it %s', (_, event, message) => {
    const scheduler = started();
    const before = scheduler.save();
    expect(() => scheduler.apply(event as never)).toThrow(message);
    expect(scheduler.save()).toEqual(before);
    expect(scheduler.apply(ok(1))).toEqual([]);
    expect(scheduler.apply(ok(2))).toEqual([run(3)]);
  });

  test('is a start with too few parameters', () => {
    const scheduler = new Scheduler<string>(layoutFor([[], [0]], 1));
    expect(() => scheduler.apply(start)).toThrow(/1 parameters/);
    expect(scheduler.apply({ type: 'start', parameters: ['a'] })).toEqual([run(1)]);
  });
});

describe('a restored run', () => {
  const layout = layoutFor([[], [], [0], [1], [2, 3]]);
  const saveAfter = (...events: Parameters<Scheduler<string>['apply']>[0][]): SavedScheduler<string> => {
    const scheduler = new Scheduler<string>(layout, { window: 2 });
    for (const event of events) scheduler.apply(event);
    return JSON.parse(JSON.stringify(scheduler.save())) as SavedScheduler<string>;
  };

  test('goes on after a hold', () => {
    const { commands } = Scheduler.restore(layout, saveAfter(start, { type: 'hold' }, ok(1)), { window: 2 });
    expect(commands).toEqual([run(0, 3)]);
  });

  test('dispatches what was running even over a smaller window, and then keeps to it', () => {
    const { scheduler, commands } = Scheduler.restore(layout, saveAfter(start), { window: 1 });
    expect(commands).toEqual([run(0, 1)]);
    expect(scheduler.apply(ok(0))).toEqual([]);
    expect(scheduler.apply(ok(1))).toEqual([run(2)]);
  });

  test('that was not started waits for its start', () => {
    const { scheduler, commands } = Scheduler.restore(layout, saveAfter(), { window: 2 });
    expect(commands).toEqual([]);
    expect(scheduler.apply(start)).toEqual([run(0, 1)]);
  });

  test('that was over says so again, with its terminals', () => {
    const { scheduler, commands } = Scheduler.restore(
      layout,
      saveAfter(start, ok(0), ok(1), ok(2), ok(3), ok(4)),
    );
    expect(commands).toEqual([finish]);
    expect(scheduler.value(4)).toBe('v4');
  });

  test('that was cancelled before its start still is', () => {
    const { scheduler } = Scheduler.restore(layout, saveAfter({ type: 'cancel' }));
    expect(scheduler.apply(start)).toEqual([cancelSkip(0, 1, 2, 3, 4), finish]);
  });

  test.each<[string, Partial<SavedScheduler<string>>]>([
    ['too many outcomes', { outcomes: 'AAAA' }],
    ['other characters', { outcomes: 'A*' }],
    ['a settled knot that is running', { running: [0] }],
    ['a running knot whose parents wait', { running: [4] }],
    ['a knot that is running twice', { running: [1, 1] }],
    ['a knot that there is not', { running: [5] }],
    ['too few values', { values: [] }],
    ['a run that was not started', { started: false }],
  ])('is refused with %s', (_, damage) => {
    expect(() => Scheduler.restore(layout, { ...saveAfter(start, ok(0)), ...damage })).toThrow(/saved/);
  });

  test('is refused with the save of another layout', () => {
    const saved = saveAfter(start, ok(0), ok(1), ok(2), ok(3));
    expect(() => Scheduler.restore(layoutFor([[], [], [], [], []], 1), saved)).toThrow(/saved/);
  });

  test('is saved small', () => {
    const wide = layoutFor(fanWithSum(3_000));
    const scheduler = new Scheduler<null>(wide);
    scheduler.apply(start);
    scheduler.apply({ type: 'settled', knot: 0, outcome: { kind: 'ok', value: null } });
    expect(JSON.stringify(scheduler.save()).length).toBeLessThan(4_500);
  });
});

describe('a run that takes outcomes over', () => {
  const takingOver = (...knots: number[]) =>
    ({ ...start, takenOver: new Map(knots.map((knot) => [knot, `old${knot}`])) }) as const;

  test('runs only what is left, with the values that were taken over', () => {
    const scheduler = new Scheduler<string>(layoutFor(diamond));
    expect(scheduler.apply(takingOver(0, 1))).toEqual([run(2)]);
    expect([scheduler.value(0), scheduler.value(1)]).toEqual(['old0', 'old1']);
    expect(scheduler.apply(ok(2))).toEqual([run(3)]);
    expect(scheduler.value(0)).toBeUndefined();
    expect(scheduler.apply(ok(3))).toEqual([finish]);
  });

  test('of everything is over at once', () => {
    const scheduler = new Scheduler<string>(layoutFor(diamond));
    expect(scheduler.apply(takingOver(0, 1, 2, 3))).toEqual([finish]);
    expect(scheduler.value(3)).toBe('old3');
  });

  test('keeps what was made of a knot that runs again, whatever becomes of that', () => {
    for (const again of [ok(0), err(0)]) {
      const scheduler = new Scheduler<string>(layoutFor([[], [0], [0], [1]]));
      expect(scheduler.apply(takingOver(1))).toEqual([run(0, 3)]);
      const commands = scheduler.apply(again);
      expect(commands).toEqual(again.outcome.kind === 'ok' ? [run(2)] : [skip(2)]);
      expect(scheduler.outcomeKind(1)).toBe('ok');
    }
  });

  test('goes on from a save of it', () => {
    const layout = layoutFor([[], [0], [0], [1]]);
    const scheduler = new Scheduler<string>(layout);
    scheduler.apply(takingOver(1));
    const saved = JSON.parse(JSON.stringify(scheduler.save())) as SavedScheduler<string>;
    const restored = Scheduler.restore(layout, saved);
    expect(restored.commands).toEqual([run(0, 3)]);
    expect(restored.scheduler.apply(ok(3))).toEqual([]);
    expect(restored.scheduler.apply(ok(0))).toEqual([run(2)]);
    const { takenOver: _, ...ofNoSuchRun } = saved;
    expect(() => Scheduler.restore(layout, ofNoSuchRun)).toThrow('knot 1 contradicts its parents');
  });

  test('that was cancelled before it began keeps what it took over', () => {
    const scheduler = new Scheduler<string>(layoutFor(diamond));
    scheduler.apply({ type: 'cancel' });
    expect(scheduler.apply(takingOver(0))).toEqual([cancelSkip(1, 2, 3), finish]);
  });

  test('gathers the rest of its local knots in a segment', () => {
    const allLocal = localWhere(() => true);
    const layout = layoutOf(compile(tapestryOf(diamond, 0, allLocal)).plan);
    const scheduler = new Scheduler<string>(layout, { segments: true });
    expect(scheduler.apply(takingOver(1))).toEqual([{ type: 'segment', knots: [0, 2, 3] }]);
  });

  test.each([[[0]], [[4]], [[-1]]])('cannot take over %j, which is no knot with a body', (knots) => {
    const scheduler = new Scheduler<string>(layoutFor([[], [0], [1], [2]], 1));
    expect(() => scheduler.apply({ ...takingOver(...knots), parameters: ['a'] })).toThrow('taken over');
    expect(scheduler.apply({ type: 'start', parameters: ['a'] })).toEqual([run(1)]);
  });
});
