import { Scheduler, type Command, type SkipReason } from '../../../src/scheduler';
import { compile, layoutOf, type Layout } from '../../../src/plan';
import { branch, firstOk, gate, knot, local, tapestry, type Knot } from '../../../src';
import { recordOf } from '../../../src/authoring';

const make = knot('make', () => 1);
const use = knot('use', ({ x }: { x: number }) => x);

/** made, then a branch on it with the paths `a` and `b`, each with a knot below. */
function branching(options: { dispatcher?: ReturnType<typeof local> } = {}): Layout {
  const t = tapestry('t', { knots: options }, () => {
    const made = make({}, { id: 'made' });
    const b = branch({ input: made, branches: ['a', 'b'], selector: () => 'a' }, { id: 'branch' });
    use({ x: b.path('a') }, { id: 'below-a' });
    use({ x: b.path('b') }, { id: 'below-b' });
  });
  return layoutOf(compile(recordOf(t)).plan);
}

const start = { type: 'start', parameters: [] } as const;

class Named {
  constructor(private readonly layout: Layout) {}
  at(id: string): number {
    return this.layout.ids.indexOf(id);
  }
  ok(id: string, choice?: string) {
    const outcome = { kind: 'ok', value: `value of ${id}`, ...(choice && { choice }) } as const;
    return { type: 'settled', knot: this.at(id), outcome } as const;
  }
  told(commands: readonly Command[]): string[] {
    return commands.map((command) =>
      command.type === 'finish'
        ? 'finish'
        : `${command.type}${command.type === 'skip' ? ` ${command.reason}` : ''}: ${command.knots.map((knot) => this.layout.ids[knot]).join()}`,
    );
  }
}

/** A run of it that has begun, and whose knots of these ids are ok. */
function begun(options: Parameters<typeof branching>[0] = {}, ...done: string[]) {
  const layout = branching(options);
  const named = new Named(layout);
  const scheduler = new Scheduler<string>(layout, { segments: options.dispatcher !== undefined });
  const commands = [scheduler.apply(start), ...done.map((id) => scheduler.apply(named.ok(id)))];
  return { layout, named, scheduler, told: named.told(commands.at(-1)!) };
}

describe('a branch', () => {
  test('settles its paths with itself: the chosen one with the value of the input', () => {
    const { named, scheduler, told } = begun({}, 'made');
    expect(told).toEqual(['run: branch']);
    expect(named.told(scheduler.apply(named.ok('branch', 'b')))).toEqual([
      'pass: branch:b',
      'skip parent_failed_or_skipped: below-a',
      'skip branch_not_selected: branch:a',
      'run: below-b',
    ]);
    expect(scheduler.value(named.at('branch:b'))).toBe('value of made');
    expect(scheduler.skipDetail(named.at('below-a'))).toEqual({ anyErr: false, anySkipped: true });
    expect(named.told(scheduler.apply(named.ok('below-b')))).toEqual(['finish']);
  });

  test('that fails, or is cancelled, takes its paths along', () => {
    const { named, scheduler: failed } = begun({}, 'made');
    const end = failed.apply({ type: 'settled', knot: named.at('branch'), outcome: { kind: 'err' } });
    expect(named.told(end)).toEqual([
      'skip parent_failed_or_skipped: branch:a,below-a,branch:b,below-b',
      'finish',
    ]);
    const { scheduler: cancelled } = begun({}, 'made');
    expect(named.told(cancelled.apply({ type: 'cancel' }))).toEqual([
      'skip cancelled: branch:a,below-a,branch:b,below-b',
    ]);
    expect(named.told(cancelled.apply(named.ok('branch', 'a')))).toEqual(['finish']);
  });

  test('is saved with its paths', () => {
    const { layout, named, scheduler } = begun({}, 'made');
    scheduler.apply(named.ok('branch', 'a'));
    const { scheduler: restored, commands } = Scheduler.restore<string>(layout, scheduler.save());
    expect(named.told(commands)).toEqual(['run: below-a']);
    expect(restored.counts).toEqual(scheduler.counts);
    expect(restored.value(named.at('branch:a'))).toBe('value of made');
  });

  test('that was taken over has the path that was taken over with it', () => {
    const layout = branching();
    const named = new Named(layout);
    const scheduler = new Scheduler<string>(layout);
    const takenOver = new Map(['made', 'branch', 'branch:a'].map((id) => [named.at(id), id]));
    expect(named.told(scheduler.apply({ ...start, takenOver }))).toEqual([
      'skip parent_failed_or_skipped: below-b',
      'skip branch_not_selected: branch:b',
      'run: below-a',
    ]);
  });

  test('in a segment takes its paths and what is below along; what was not selected is not told', () => {
    const { named, scheduler, told } = begun({ dispatcher: local() });
    expect(told).toEqual(['segment: made,branch,branch:a,below-a,branch:b,below-b']);
    const outcomes = new Map(
      ['made', 'branch', 'branch:b', 'below-b'].map((id) => [named.at(id), named.ok(id, 'b').outcome]),
    );
    expect(
      named.told(scheduler.apply({ type: 'segmentSettled', segment: named.at('made'), outcomes, alone: [] })),
    ).toEqual(['skip parent_failed_or_skipped: below-a', 'skip branch_not_selected: branch:a', 'finish']);
  });

  test('that a segment gives back decides its paths when it has run', () => {
    const { named, scheduler } = begun({ dispatcher: local() });
    const outcomes = new Map([[named.at('made'), named.ok('made').outcome]]);
    const segment = { type: 'segmentSettled', segment: named.at('made'), outcomes } as const;
    expect(named.told(scheduler.apply({ ...segment, alone: [named.at('branch')] }))).toEqual(['run: branch']);
    expect(named.told(scheduler.apply(named.ok('branch', 'a')))).toEqual([
      'pass: branch:a',
      'skip parent_failed_or_skipped: below-b',
      'skip branch_not_selected: branch:b',
      'segment: below-a',
    ]);
  });
});

test('what the function of a knot says of itself is an outcome, and no other skip of a segment is', () => {
  const t = tapestry('t', { knots: { dispatcher: local() } }, () => {
    const made: Knot<number> = make({}, { id: 'made' });
    const open = gate({ input: made, predicate: () => true }, { id: 'gate' });
    firstOk({ of: [open, made] }, { id: 'first' });
  });
  const layout = layoutOf(compile(recordOf(t)).plan);
  const named = new Named(layout);
  const told = (reason: SkipReason | 'gate_closed') => {
    const scheduler = new Scheduler<string>(layout, { segments: true });
    scheduler.apply(start);
    const outcomes = new Map([
      [named.at('made'), named.ok('made').outcome],
      [named.at('gate'), { kind: 'skipped', reason } as never],
    ]);
    return named.told(
      scheduler.apply({ type: 'segmentSettled', segment: named.at('made'), outcomes, alone: [] }),
    );
  };
  expect(told('gate_closed')).toEqual(['run: first']);
  expect(() => told('cancelled')).toThrow("cannot be settled as 'skipped'");
});
