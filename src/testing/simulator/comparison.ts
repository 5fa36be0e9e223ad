import { LOST_WORKERS } from '../../plan';
import { isOwnSkip, type OwnSkipReason } from '../../scheduler';
import { callsBody } from '../../runtime';
import type { ExceptionRecord, LineageRecord } from '../../ports';
import { interpret, type ReferenceOutcome } from './reference-interpreter';
import { firstRunOf, nameIn, type RunEnd } from './run';
import { WHOLE_WINDOW, type Schedule } from './schedule';
import type { Subject } from './subject';
import { Violation } from './violation';
import type { WorldEnd } from './world';

/** Compares runs with the reference interpreter and, with real bodies, with the undisturbed run. */
export class Comparison {
  /** Expected outcomes by failing knots, taken-over knots, and results of functions. */
  private readonly expectations = new WeakMap<Subject, Map<string, readonly ReferenceOutcome[]>>();

  constructor(
    /** There are no expectations for real bodies: only running them tells why they fail. */
    private readonly areReal: boolean,
  ) {}

  /** Throws a {@link Violation} on a difference. @param before the undisturbed run, of real bodies */
  check({ run: end, struck }: WorldEnd, schedule: Schedule, before?: RunEnd): void {
    const all = [...runsOf(end)];
    for (const run of all) if (!run.hasChanged) this.checkRun(run, run === end ? schedule.takenOver : []);
    // A record that is made again from a known value does not tell who made the value.
    const hasLost = struck.includes('lose');
    if (!this.areReal && !hasLost) for (const run of all) requireExplained(run, schedule);
    // A knot that kept losing its workers, and all that depends on it, may have another outcome than without blows.
    const losses = struck.filter((kind) => kind === 'kill' || kind === 'giveUp').length;
    const isLost = all.map((run) => hasLostWorkers(run, losses)).includes(true);
    if (!before || isLost) return;
    const runsBefore = new Map([...runsOf(before)].map((run) => [run.id, run.records]));
    for (const run of all) requireSame(run, runsBefore.get(firstRunOf(run.id)) ?? NONE);
  }

  /** Requires the outcomes of knots that follow from the outcomes of the bodies. */
  private checkRun(
    { id, subject, outcomes, records, wasCancelled }: RunEnd,
    takenOver: readonly string[],
  ): void {
    const expected = this.expected(subject, outcomes, records, takenOver);
    outcomes.forEach((outcome, knot) => {
      if (outcome === expected[knot] || (wasCancelled && outcome === 'skipped: cancelled')) return;
      const knotId = subject.idOf(knot);
      throw wrongOutcome(
        'wrong outcome',
        nameIn(id, knotId),
        told(outcome, records.get(knotId)!),
        expected[knot]!,
      );
    });
  }

  private expected(
    subject: Subject,
    outcomes: readonly ReferenceOutcome[],
    records: RunEnd['records'],
    takenOver: readonly string[],
  ): readonly ReferenceOutcome[] {
    const failing = new Set<number>();
    const choices = new Map<number, string>();
    const ownSkips = new Map<number, OwnSkipReason>();
    outcomes.forEach((outcome, knot) => {
      if (outcome === 'err') failing.add(knot);
      const { skip_reason, extra } = records.get(subject.idOf(knot))!;
      const { choice } = extra as { choice?: string };
      if (choice !== undefined) choices.set(knot, choice);
      if (isOwnSkip(skip_reason)) ownSkips.set(knot, skip_reason);
    });
    const known = this.expectations.get(subject) ?? new Map<string, readonly ReferenceOutcome[]>();
    this.expectations.set(subject, known);
    const key = [[...failing], takenOver, [...choices], [...ownSkips]].map((part) => part.join()).join(';');
    let expected = known.get(key);
    if (!expected) {
      const { ids, parents, parentStart, parameterCount } = subject.layout;
      const policies = ids.map((_, knot) => subject.policyOf(knot));
      expected = interpret({
        parentsOf: ids.map((_, knot) => [...parents.subarray(parentStart[knot], parentStart[knot + 1])]),
        parameters: parameterCount,
        policies: policies.map(({ errorPolicy }) => errorPolicy),
        tags: policies.map(({ path }) => path),
        choices,
        ownSkips,
        failing,
        takenOver: new Set(takenOver.map((id) => subject.plan.indexOf(id))),
        window: WHOLE_WINDOW,
        choose: (running) => running[0]!,
      }).outcomes;
      known.set(key, expected);
    }
    return expected;
  }
}

const NONE: RunEnd['records'] = new Map();

/** The runs of a run's knots come before the run. */
function* runsOf(end: RunEnd): Generator<RunEnd> {
  for (const child of end.children) yield* runsOf(child);
  yield end;
}

/** Whether a knot failed by losing its workers, which takes enough lost workers. */
function hasLostWorkers({ id, records }: RunEnd, losses: number): boolean {
  let hasLost = false;
  for (const [knot, record] of records) {
    if (errorOf(record)?.type !== 'WorkerLost') continue;
    hasLost = true;
    if (losses >= LOST_WORKERS) continue;
    const name = nameIn(id, knot);
    const what = `Knot "${name}" came to ${told('err', record)}, and the lost workers were ${losses}`;
    throw new Violation('wrong outcome', what, name);
  }
  return hasLost;
}

/** Simulated bodies fail where the schedule says so, and nowhere else. */
function requireExplained({ id, subject, records }: RunEnd, { failing, takenOver }: Schedule): void {
  for (const [knot, record] of records) {
    const name = nameIn(id, knot);
    const isToFail = failing.includes(name) && !takenOver.includes(name) && isMadeByBody(subject, record);
    if (errorOf(record)?.type === 'ThrownBySimulator' || (isToFail && record.outcome === 'ok'))
      throw wrongOutcome('wrong outcome', name, told(record.outcome, record), isToFail ? 'err' : 'ok');
  }
}

function isMadeByBody({ plan }: Subject, { knot_id: knot, cached_from_run }: LineageRecord): boolean {
  if (cached_from_run !== null) return false;
  if (!plan.has(knot)) return true;
  const planKnot = plan.knot(knot);
  return callsBody(planKnot) && planKnot.definition >= 0 && planKnot.policy.path === undefined;
}

/** Records are compared in order, so that the first difference is reported. */
function requireSame({ id, records, wasCancelled }: RunEnd, before: RunEnd['records']): void {
  for (const [knot, record] of records) {
    const first = before.get(knot);
    const { outcome, skip_reason } = record;
    if (!first || (wasCancelled && outcome === 'skipped')) continue;
    const name = nameIn(id, knot);
    if (first.outcome !== outcome || first.skip_reason !== skip_reason) {
      const isOfBody = outcome !== 'skipped' && first.outcome !== 'skipped';
      throw wrongOutcome(
        isOfBody ? 'not repeatable' : 'wrong outcome',
        name,
        told(outcome, record),
        first.outcome,
      );
    }
    if (record.output_hash === first.output_hash) continue;
    const what = `The output of knot "${name}" is ${record.output_hash}, and ${first.output_hash} without blows`;
    throw new Violation('wrong value', what, name);
  }
}

export function errorOf({ extra }: LineageRecord): ExceptionRecord | undefined {
  return (extra as { error?: ExceptionRecord }).error;
}

function wrongOutcome(
  kind: 'not repeatable' | 'wrong outcome',
  name: string,
  told: string,
  expected: string,
): Violation {
  return new Violation(kind, `Knot "${name}" came to ${told} and should have come to ${expected}`, name);
}

function told(outcome: string, record: LineageRecord): string {
  const error = errorOf(record);
  return error ? `err (${error.type}: ${error.message})` : outcome;
}
