import { CancelledFailure } from '@temporalio/activity';
import { isOwnSkip, type KnotAnswer, type Envelope } from '../scheduler';
import {
  assembleInputs,
  envelopeOf,
  outcomeOfResult,
  signalTimeout,
  withReadInputs,
  listLost,
  workerLost,
  type KnotOutcomeToRecord,
  type LoadedPlan,
  KnotRunner,
  isLimited,
  type BodyHost,
  type CallBody,
  type KnotEnd,
  type KnotParents,
  type KnotToRun,
  type NextRound,
  ElementKnots,
  type ElementKnot,
  ElementParents,
  encodeOutput,
  outcomeOfLoop,
  valuesOfNested,
} from '../runtime';
import { decodeValue } from '../values';
import type { ExceptionRecord, LineageRecord } from '../ports';
import { type PlanKnot, nestedPlan } from '../plan';
import type { NextIteration, SplitMap, EndedRun } from '../workflows/messages';
import { envelopeOfRecord } from './adopt';
import { concludeMap } from './conclude-map';
import type { KnotAttempt } from './knot-attempt';
import { childRunLost, verdict, waitsAfterThrow } from './knot-failures';
import { asItEnded, nextParameters, readNestedRun } from './nested-runs';
import { findParents, type ParentSources } from './parents';
import { presentBody } from './present-body';
import { payloadOf } from './signals';
import { SingleHost, type SingleParts } from './single-host';
import type { Uses } from './worker-parts';
import type { ResolvedTask } from './tasks';

export type KnotCallParts = SingleParts &
  ParentSources &
  Uses<'codeHashes' | 'crashSuspects' | 'inlineLimit' | 'plans' | 'slices'>;

/**
 * One attempt of a knot or element with an activity of its own. Returns the standing record's outcome.
 *
 * @param callBody the activity itself, inside the users' interceptors
 * @throws ApplicationFailure, CancelledFailure for the end of the attempt; all other errors are refusals
 */
export async function runKnotCall(
  environment: KnotCallParts,
  attempt: KnotAttempt,
  callBody: BodyHost,
): Promise<KnotAnswer | NextIteration> {
  return await new KnotCall(environment, attempt, new SingleHost(environment, attempt, callBody)).execute();
}

class KnotCall {
  private readonly runner: KnotRunner;
  private readonly since: number;

  constructor(
    private readonly environment: KnotCallParts,
    private readonly attempt: KnotAttempt,
    host: SingleHost,
  ) {
    this.runner = new KnotRunner(host);
    // The knot's duration includes its child run or wait. The workflow's clock may be ahead of this worker's.
    const { since, waited } = attempt.task;
    const now = host.now();
    this.since = Math.min(since ?? waited?.since ?? now, now);
  }

  async execute(): Promise<KnotAnswer | NextIteration> {
    const { environment, attempt, runner } = this;
    const { task } = attempt;
    const plan = await environment.plans.get(task.plan);
    const element = task.element && (await findElement(environment, plan, task.element));
    const knot = element?.knot ?? plan.knot(task.knot);
    if (attempt.mayBeRecorded) {
      const [recorded] = await environment.backends.runHistory.getRecords(task.temporalRunId, [knot.id]);
      if (recorded) return await this.answerOf(plan, knot, recorded);
    }
    if (attempt.number === 1 && task.handedBack?.after !== undefined) {
      // Otherwise the next attempt would take this attempt for a lost worker.
      attempt.countRefusal({ type: 'Retry', message: '' });
      throw waitsAfterThrow(knot, task.handedBack);
    }
    if (isLimited(knot)) attempt.countOnlyBegun();
    const parents = element?.parents ?? (await findParents(environment, plan, knot, task));
    const placed = element?.knot.map ?? knot;
    const { definition, refusal } = presentBody(environment, plan, placed, attempt.context.info.taskQueue);
    const codeHash = definition ? environment.codeHashes.of(definition, placed.policy) : null;
    const subject: KnotToRun = {
      plan,
      knot,
      definition,
      codeHash,
      parents,
      since: this.since,
      ...this.childRun,
    };
    if (task.lost) return await this.answer(subject, await runner.fail(subject, childRunLost(knot)));
    // Lost workers are counted before anything large is read, as the reading may kill them.
    if (attempt.killsWorkers) {
      const { lost, hostLostBefore } = attempt;
      const error = task.map ? listLost(knot, lost) : workerLost(knot, lost, hostLostBefore);
      return await this.answer(subject, await runner.fail(subject, error));
    }
    if (!definition && !task.map) throw refusal;
    if (task.waited?.kind === 'timeout')
      return await this.answer(subject, await runner.fail(subject, signalTimeout(knot)));
    const leave = await environment.crashSuspects.enter(attempt);
    try {
      return await this.answer(subject, await this.run(subject, task.map));
    } finally {
      leave();
    }
  }

  private async run(subject: KnotToRun, map: SplitMap | undefined): Promise<KnotEnd> {
    const { environment, runner } = this;
    const { plan, knot, parents } = subject;
    if (map) {
      const { host } = runner;
      const execution = host.execution(host.firstAttempt, subject.since ?? host.now(), host.now());
      return await runner.conclude(subject, () =>
        concludeMap(environment, plan, knot, parents, map, execution, this.attempt),
      );
    }
    const { nested: started, waited } = this.attempt.task;
    if (started) {
      const ended = await asItEnded(environment, started, this.attempt.task.temporalRunId);
      const childRun = { run_id: ended.runId, temporal_run_id: ended.temporalRunId };
      const conclude = (call: CallBody): Promise<KnotOutcomeToRecord | NextRound> =>
        concludeNested(environment, plan, knot, parents, ended, call);
      return await runner.run({ ...subject, childRun, conclude });
    }
    return await runner.run(waited ? await this.waited(subject) : subject);
  }

  /** After a wait, the knot's function takes the signal's payload beside its inputs. */
  private async waited(subject: KnotToRun): Promise<KnotToRun> {
    const { environment } = this;
    const { waited } = this.attempt.task;
    const { plan, knot, parents, definition } = subject;
    const reading = withReadInputs(knot);
    const { receives } = definition!;
    const reader = await parents.read(reading, receives);
    const signal =
      waited?.kind === 'signal' ? { payload: await payloadOf(environment, waited.payload, knot.id) } : {};
    const conclude = async (call: CallBody): Promise<KnotOutcomeToRecord> => {
      const result = await call({ ...assembleInputs(reading, receives, reader), ...signal });
      return this.withPayload(outcomeOfResult(plan, knot, result, parents, environment.digest));
    };
    return { ...subject, conclude };
  }

  /** Keeps the payload as given in the data store, beside the schema's output. */
  private withPayload(end: KnotOutcomeToRecord): KnotOutcomeToRecord {
    const { waited } = this.attempt.task;
    const { outcome } = end;
    if (waited?.kind !== 'signal' || outcome.kind !== 'ok' || outcome.value.hash === waited.payload.hash)
      return end;
    return { ...end, outcome: { ...outcome, payload: waited.payload.hash } };
  }

  private get childRun(): Pick<KnotToRun, 'childRun'> {
    const { nested } = this.attempt.task;
    return nested ? { childRun: { run_id: nested.runId, temporal_run_id: nested.temporalRunId } } : {};
  }

  private async answer(
    { plan, knot, parents }: KnotToRun,
    end: KnotEnd,
  ): Promise<KnotAnswer | NextIteration> {
    if (end.kind === 'goesOn') return { next: end.next };
    if (end.kind === 'left') throw new Error(`The activity of knot "${knot.id}" has left it.`);
    const { record, outcome } = end;
    if (outcome?.kind !== 'ok' || this.attempt.task.element || record.cached_from_run !== null)
      return await this.answerOf(plan, knot, record);
    return await this.withExtras(
      plan,
      record,
      envelopeOf(outcome.value, this.environment.inlineLimit),
      parents,
    );
  }

  private async answerOf(plan: LoadedPlan, knot: PlanKnot, record: LineageRecord): Promise<KnotAnswer> {
    if (record.outcome === 'ok') {
      // An element's value is read from its record.
      if (this.attempt.task.element) return { value: null };
      return await this.withExtras(plan, record, await envelopeOfRecord(this.environment, record));
    }
    if (record.outcome === 'err')
      throw verdict(knot, (record.extra as { error: ExceptionRecord }).error, { nonRetryable: true });
    const reason = record.skip_reason;
    if (isOwnSkip(reason)) return { skipped: reason };
    throw new CancelledFailure(`Knot "${record.knot_id}" was settled as cancelled`);
  }

  /** Adds the run's extension, or a branch's choice after recording its paths. */
  private async withExtras(
    plan: LoadedPlan,
    record: LineageRecord,
    envelope: Envelope,
    known?: KnotParents,
  ): Promise<KnotAnswer> {
    const { choice, extension } = record.extra as { choice?: string; extension?: string };
    if (extension !== undefined) return { ...envelope, extension };
    if (choice === undefined) return envelope;
    const { environment } = this;
    const { task } = this.attempt;
    const parents = known ?? (await findParents(environment, plan, plan.knot(record.knot_id), task));
    await this.runner.recordPaths(plan, record, parents, task.paths ?? []);
    return { ...envelope, choice };
  }
}

/** The element of an activity, with its inputs. Errors as for {@link readAllStored}. */
async function findElement(
  environment: Uses<'digest' | 'slices'>,
  plan: LoadedPlan,
  place: NonNullable<ResolvedTask['element']>,
): Promise<{ readonly knot: ElementKnot; readonly parents: KnotParents }> {
  const slice = await environment.slices.get(place.slice, place.map);
  const position = slice.first + place.offset;
  const map = plan.knot(place.map);
  const knot = new ElementKnots(plan, map).at(position, slice.keys?.[place.offset]);
  return { knot, parents: new ElementParents(knot, slice, environment.digest) };
}

/**
 * The outcome of a nested run or, for a loop that continues, the parameters of its next iteration.
 *
 * @param isOver calls the loop's function
 * @throws SelvageError `SubRunFailed`, `NotABoolean`, `LoopLimit`; errors of {@link readNestedRun} and the function
 */
async function concludeNested(
  environment: Uses<'backends' | 'digest' | 'inlineLimit' | 'plans'>,
  plan: LoadedPlan,
  knot: PlanKnot,
  parents: KnotParents,
  ended: EndedRun,
  isOver: (inputs: Record<string, unknown>) => Promise<unknown>,
): Promise<KnotOutcomeToRecord | NextIteration> {
  const { digest } = environment;
  const run = await readNestedRun(environment, knot, ended);
  const values = valuesOfNested(run);
  if (ended.iteration === undefined) return outcomeOfResult(plan, knot, values, parents, digest);
  const given = { ...knot, inputs: nestedPlan(knot)!.parameters };
  const initial = assembleInputs(given, 'values', await parents.read(given, 'values'));
  // The value is encoded before the function gets it, as the function may change its copy.
  const state = encodeOutput({ ...initial, ...values }, digest);
  const answer = await isOver({ state: decodeValue(state.encoded!) });
  const end = outcomeOfLoop(knot, answer, state, ended.iteration);
  return end ?? { next: nextParameters(environment, run) };
}
