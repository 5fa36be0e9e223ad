import fc from 'fast-check';
import { Waits, type TakenBy, type Waited, type WaitsLimits } from '../../src/scheduler';
import { runs } from '../support/thorough';

const NAMES = ['a', 'b'];
const KNOTS = 8;
const LIMITS: WaitsLimits = { kept: 4, remembered: 1_000 };

/** What happens to the waits of a run. Knots and earlier signals are picked by number. */
type Step =
  | { readonly do: 'begin'; readonly knot: number; readonly for?: number }
  | { readonly do: 'send'; readonly name: string; readonly unfit: readonly number[] }
  | { readonly do: 'resend'; readonly which: number }
  | { readonly do: 'pass'; readonly ms: number }
  | { readonly do: 'continue' };

const arbitraryStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record(
      {
        do: fc.constant('begin' as const),
        knot: fc.nat(KNOTS - 1),
        for: fc.integer({ min: -5, max: 50 }),
      },
      { requiredKeys: ['do', 'knot'] },
    ),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('send' as const),
      name: fc.constantFrom(...NAMES),
      unfit: fc.uniqueArray(fc.nat(KNOTS - 1), { maxLength: 3 }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('resend' as const), which: fc.nat(100) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.nat(30) }) },
  { weight: 1, arbitrary: fc.constant({ do: 'continue' as const }) },
);

interface Sent {
  readonly id: string;
  readonly name: string;
  readonly payload: { readonly hash: string; readonly size: number };
  readonly unfit: readonly string[];
  answer: TakenBy | 'late' | 'full';
}

/** The waits of a run, over its executions, and all that has become of them. */
class Run {
  now = 1_000;
  readonly ends = new Map<number, Waited>();
  readonly begun = new Set<number>();
  readonly sent: Sent[] = [];
  private alarms: number[] = [];
  private waits = new Waits(this.listener, () => this.now, LIMITS);

  take(step: Step): void {
    if (step.do === 'begin') this.begin(step.knot, step.for);
    else if (step.do === 'send') this.send(step.name, step.unfit);
    else if (step.do === 'resend') this.resend(step.which);
    else if (step.do === 'pass') this.pass(step.ms);
    else this.continue();
    this.check();
  }

  private get listener(): ConstructorParameters<typeof Waits>[0] {
    return {
      over: (knot, waited) => {
        // A wait ends once.
        expect(this.ends.has(knot)).toBe(false);
        this.ends.set(knot, waited);
      },
      alarm: (time) => void this.alarms.push(time),
    };
  }

  private begin(knot: number, lasting?: number): void {
    if (this.begun.has(knot)) return;
    this.begun.add(knot);
    const until = lasting === undefined ? {} : { until: this.now + lasting };
    this.waits.begin(knot, { id: idOf(knot), signal: nameOf(knot), ...until });
  }

  private send(name: string, unfit: readonly number[]): void {
    const id = `s${this.sent.length}`;
    const sent: Sent = {
      id,
      name,
      payload: { hash: id, size: 1 },
      unfit: unfit.map(idOf),
      answer: 'late',
    };
    sent.answer = this.offer(sent);
    this.sent.push(sent);
  }

  private resend(which: number): void {
    const sent = this.sent[which % Math.max(1, this.sent.length)];
    if (!sent) return;
    const answer = this.offer(sent);
    // What was refused is looked at anew; anything else has its answer already.
    if (typeof sent.answer === 'string') sent.answer = answer;
    else expect(answer).toBe(sent.answer);
  }

  private offer(sent: Sent): Sent['answer'] {
    const { id, name, payload, unfit } = sent;
    return this.waits.take({ id, name, payload, unfit }, () =>
      knots().some((knot) => nameOf(knot) === name && !this.ends.has(knot) && !unfit.includes(idOf(knot))),
    );
  }

  private pass(ms: number): void {
    this.now += ms;
    const due = this.alarms.filter((time) => time <= this.now);
    this.alarms = this.alarms.filter((time) => time > this.now);
    for (const time of due.sort((a, b) => a - b)) this.waits.ring(time);
  }

  /** As a run that continues as new: what it carries over is plain data. */
  private continue(): void {
    const { unread, answered } = this.waits;
    const open = [...this.waits.entries()];
    const carried = JSON.parse(JSON.stringify({ unread, answered, open })) as {
      unread: typeof unread;
      answered: typeof answered;
      open: typeof open;
    };
    this.alarms = [];
    this.waits = new Waits(this.listener, () => this.now, LIMITS, carried.unread, carried.answered);
    for (const [knot, wait] of carried.open) this.waits.begin(knot, wait);
  }

  private check(): void {
    const unread = this.waits.unread.map(({ payload }) => payload.hash);
    const takers = new Map<string, number[]>();
    for (const [knot, waited] of this.ends) {
      if (waited.kind !== 'signal') continue;
      takers.set(waited.payload.hash, [...(takers.get(waited.payload.hash) ?? []), knot]);
    }
    for (const { id, answer, name, unfit } of this.sent) {
      const takenBy = takers.get(id) ?? [];
      const places = takenBy.length + unread.filter((hash) => hash === id).length;
      // Each that was accepted is in one place, and what was refused is nowhere.
      expect(places).toBe(typeof answer === 'string' ? 0 : 1);
      if (typeof answer === 'number') expect(takenBy).toEqual([answer]);
      for (const knot of takenBy) {
        expect(nameOf(knot)).toBe(name);
        expect(unfit).not.toContain(idOf(knot));
      }
    }
    expect(this.waits.unreadCount).toBe(unread.length);
    expect(unread.length).toBeLessThanOrEqual(LIMITS.kept);
    for (const [, { id, signal, until }] of this.waits.entries()) {
      // None waits for what is there.
      for (const { name, unfit } of this.waits.unread)
        expect(name === signal && unfit?.includes(id) !== true).toBe(false);
      if (until !== undefined) expect(this.alarms.some((time) => time <= until)).toBe(true);
    }
    expect(this.waits.size + this.ends.size).toBe(this.begun.size);
  }
}

const knots = (): number[] => Array.from({ length: KNOTS }, (_, knot) => knot);
const idOf = (knot: number): string => `k${knot}`;
const nameOf = (knot: number): string => NAMES[knot % NAMES.length]!;

test('a signal goes to one wait, however often it is sent and however often the run continues; no wait ends twice, and no time is missed', () => {
  fc.assert(
    fc.property(fc.array(arbitraryStep, { maxLength: 60 }), (steps) => {
      const run = new Run();
      for (const step of steps) run.take(step);
    }),
    { numRuns: runs(300, 10_000) },
  );
});

test('of the answers, those of the signals that came last are remembered', () => {
  const waits = new Waits({ over: () => {}, alarm: () => {} }, () => 0, { kept: 9, remembered: 2 });
  for (const id of ['one', 'two', 'three'])
    waits.take({ id, name: 'a', payload: { hash: id, size: 1 } }, () => true);
  expect(waits.answered).toEqual([
    ['two', null],
    ['three', null],
  ]);
});
