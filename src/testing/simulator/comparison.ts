import { isOwnSkip, nestedPlan, type OwnSkipReason } from '../../engine';
import { valuesOfNested } from '../../execution';
import { interpret, type ReferenceOutcome, type ReferenceRun } from './reference-interpreter';
import { WHOLE_WINDOW } from './schedule';
import type { RunEnd } from './simulated-run';
import type { KnotRecord } from './store';
import type { Subject } from './subject';
import { iterationsOf } from './symbolic-bodies';
import { elementUnit } from './units';
import { Violation } from './violation';

/** What the functions of nodes said in a run, as it is on record. */
type Said = Required<Pick<ReferenceRun, 'choices' | 'ownSkips'>>;

/** Compares what runs come to with what the reference interpreter says and, where bodies are real, with what it is without blows. */
export class Comparison {
  /** By failing knots, those taken over, and what functions said: what a run comes to. */
  private readonly expectations = new WeakMap<Subject, Map<string, readonly ReferenceOutcome[]>>();

  constructor(
    /** Whether bodies are real: what they fail of, only a run of them tells. */
    readonly areReal: boolean,
  ) {}

  /**
   * Throws a {@link Violation} where they differ.
   *
   * @param before of real bodies: what it came to without blows; undefined where something of another kind went in
   */
  check(end: RunEnd, takenOver: readonly number[], before?: RunEnd): void {
    new RunComparison(end, before, this).check(takenOver);
  }

  expected(
    subject: Subject,
    failing: readonly number[],
    takenOver: readonly number[],
    { choices, ownSkips }: Said,
  ): readonly ReferenceOutcome[] {
    const known = this.expectations.get(subject) ?? new Map<string, readonly ReferenceOutcome[]>();
    this.expectations.set(subject, known);
    const key = `${failing.join()};${takenOver.join()};${[...choices].join()};${[...ownSkips].join()}`;
    let outcomes = known.get(key);
    if (!outcomes) {
      const knots = subject.layout.ids.map((_, knot) => knot);
      ({ outcomes } = interpret({
        parentsOf: subject.parentsOf,
        parameters: subject.layout.parameterCount,
        policies: knots.map((knot) => subject.policyOf(knot)),
        tags: knots.map((knot) => subject.tagOf(knot)),
        choices,
        ownSkips,
        failing: new Set(failing),
        takenOver: new Set(takenOver),
        window: WHOLE_WINDOW,
        choose: (running) => running[0]!,
      }));
      known.set(key, outcomes);
    }
    return outcomes;
  }
}

class RunComparison {
  /** Knots to which, or to something above which, workers were lost: what they come to is another thing than without blows. */
  private readonly isBelowLost = new Set<number>();
  /** Of the run without blows: knots by id. */
  private readonly knotBefore: ReadonlyMap<string, number>;

  constructor(
    private readonly end: RunEnd,
    private readonly before: RunEnd | undefined,
    private readonly comparison: Comparison,
  ) {
    this.knotBefore = new Map(before?.subject.layout.ids.map((id, knot) => [id, knot]));
  }

  /** Answers whether workers were lost to it. */
  check(takenOver: readonly number[]): boolean {
    const { end, comparison } = this;
    const failing: number[] = [];
    for (let knot = 0; knot < end.subject.size; knot++) {
      if (this.mayFail(knot)) failing.push(knot);
    }
    const expected = comparison.expected(end.subject, failing, takenOver, saidBy(end.records));
    for (let knot = 0; knot < end.subject.size; knot++) this.compare(knot, expected[knot]!);
    return this.isBelowLost.size > 0;
  }

  /** Whether the knot's body, if it runs, may have failed as it has; looks at its elements and its runs, too. */
  private mayFail(knot: number): boolean {
    const { end, before, isBelowLost } = this;
    const { subject, outcomes, records } = end;
    const record = records[knot]!;
    const isErr = outcomes[knot] === 'err';
    const isBelow =
      isBelowLost.size > 0 && subject.parentsOf[knot]!.some((parent) => isBelowLost.has(parent));
    const arePartsLost = this.checkElements(knot, isBelow) || this.checkRuns(knot, isBelow);
    if (isBelow || arePartsLost || (record.outcome === 'err' && record.type === 'WorkerLost')) {
      isBelowLost.add(knot);
      return isErr;
    }
    // It fails for what its parents came to.
    if (subject.nodeOf(knot) === 'firstOk') return isErr;
    if (before) return this.outcomeBefore(knot) === 'err';
    if (this.comparison.areReal) return isErr;
    if (end.failing.has(knot)) return !(record.outcome === 'ok' && record.reused);
    const elements = end.elements.get(knot);
    if (elements) return this.isRunWhole(knot) && this.isFailedByElements(knot, elements);
    const runs = end.children.get(knot);
    return runs !== undefined && this.isRunWhole(knot) && this.isFailedByRuns(knot, runs);
  }

  private isRunWhole(knot: number): boolean {
    return this.end.outcomes[knot] !== 'skipped: cancelled';
  }

  private isFailedByElements(map: number, records: readonly (KnotRecord | undefined)[]): boolean {
    if (this.end.subject.mapOf(map)!.onError) return false;
    return records.some((record) => record?.outcome === 'err');
  }

  private isFailedByRuns(knot: number, runs: NonNullable<ReturnType<RunEnd['children']['get']>>): boolean {
    const { subject } = this.end;
    try {
      valuesOfNested(runs.at(-1)!.run);
    } catch {
      return true;
    }
    if (subject.nodeOf(knot) !== 'loop') return false;
    const { max } = nestedPlan(subject.planKnot(knot))!;
    return runs.length === max && max < iterationsOf(knot);
  }

  /** Answers whether workers were lost to some. */
  private checkElements(map: number, isBelow: boolean): boolean {
    const { end, before } = this;
    const elements = end.elements.get(map);
    const elementsBefore = isBelow
      ? undefined
      : before?.elements.get(this.knotBefore.get(end.subject.idOf(map))!);
    let isLost = false;
    elements?.forEach((record, position) => {
      if (!record) return;
      const name = `${end.address}${end.subject.nameOf(elementUnit(map, position))}`;
      if (record.outcome === 'err' && record.type === 'WorkerLost') {
        isLost = true;
        return;
      }
      const isFailing = end.failing.has(elementUnit(map, position));
      if (!this.comparison.areReal && (record.outcome === 'err') !== isFailing)
        throw wrongOutcome('wrong outcome', name, told(record.outcome, record), isFailing ? 'err' : 'ok');
      const recordBefore = elementsBefore?.[position];
      if (recordBefore && recordBefore.outcome !== record.outcome)
        throw wrongOutcome('not repeatable', name, told(record.outcome, record), recordBefore.outcome);
      if (recordBefore) requireSame(name, record, recordBefore);
    });
    return isLost;
  }

  /** Answers whether workers were lost to some. */
  private checkRuns(knot: number, isBelow: boolean): boolean {
    const { end, before, comparison } = this;
    const runsBefore = isBelow
      ? undefined
      : before?.children.get(this.knotBefore.get(end.subject.idOf(knot))!);
    let isLost = false;
    end.children.get(knot)?.forEach(({ end: run }, place) => {
      const runBefore = isLost ? undefined : runsBefore?.[place]?.end;
      if (new RunComparison(run, runBefore, comparison).check([])) isLost = true;
    });
    return isLost;
  }

  private compare(knot: number, expected: ReferenceOutcome): void {
    const { end, before } = this;
    const outcome = end.outcomes[knot]!;
    const record = end.records[knot]!;
    const name = `${end.address}${end.subject.idOf(knot)}`;
    if (outcome !== expected && !(end.wasCancelled && outcome === 'skipped: cancelled')) {
      const isOfBody = before && ['ok', 'err'].includes(outcome) && !expected.startsWith('skipped');
      throw wrongOutcome(
        isOfBody ? 'not repeatable' : 'wrong outcome',
        name,
        told(outcome, record),
        expected,
      );
    }
    if (this.isBelowLost.has(knot)) return;
    const recordBefore = before?.records[this.knotBefore.get(end.subject.idOf(knot)) ?? -1];
    if (recordBefore) requireSame(name, record, recordBefore);
  }

  private outcomeBefore(knot: number): ReferenceOutcome | undefined {
    const place = this.knotBefore.get(this.end.subject.idOf(knot));
    return place === undefined ? undefined : this.before!.outcomes[place];
  }
}

function requireSame(name: string, record: KnotRecord, before: KnotRecord): void {
  if (record.outcome !== 'ok' || before.outcome !== 'ok' || record.value === before.value) return;
  throw new Violation(
    'wrong value',
    `The output of knot "${name}" is ${record.value}, and ${before.value} without blows`,
    name,
  );
}

function wrongOutcome(
  kind: 'not repeatable' | 'wrong outcome',
  name: string,
  told: string,
  expected: string,
): Violation {
  return new Violation(kind, `Knot "${name}" came to ${told} and should have come to ${expected}`, name);
}

function told(outcome: string, record: KnotRecord): string {
  return record.outcome === 'err' ? `err (${record.type}: ${record.message})` : outcome;
}

function saidBy(records: readonly KnotRecord[]): Said {
  const choices = new Map<number, string>();
  const ownSkips = new Map<number, OwnSkipReason>();
  records.forEach((record, knot) => {
    if (record.outcome === 'ok' && record.choice !== undefined) choices.set(knot, record.choice);
    if (record.outcome === 'skipped' && isOwnSkip(record.reason)) ownSkips.set(knot, record.reason);
  });
  return { choices, ownSkips };
}
