import { ApplicationFailure, CancelledFailure, type Context } from '@temporalio/activity';
import { ApplicationFailureCategory } from '@temporalio/common';
import type { ActivityInboundCallsInterceptor } from '@temporalio/worker';
import { KnotAttempt, currentAttempt, type PreparedBody } from '../../activities/knot-attempt';
import { commitPatiently, isBackendTrouble } from '../../activities/backend-trouble';
import { concludeMap } from '../../activities/conclude-map';
import { executionInActivity } from '../../activities/execution-in-activity';
import { findElement } from '../../activities/find-element';
import { isFailureOfMap } from '../../activities/map-failures';
import { concludeNested } from './conclude-nested';
import { asItEnded } from '../../activities/nested-runs';
import { presentBody } from '../../activities/present-body';
import type { WorkerEnvironment } from '../../activities/worker-environment';
import { LOST_WORKERS, isOwnSkip, type Envelope, type KnotAnswer, type PlanKnot } from '../../engine';
import { SelvageError } from '../../errors';
import {
  PATIENCE_MS,
  BodyExtension,
  assembleInputs,
  callsBody,
  cacheKeyOf,
  describeError,
  envelopeOf,
  lineageRecord,
  needsNoInputs,
  outcomeOfResult,
  pathRecords,
  retryDelay,
  reusedRecord,
  withExtension,
  signalTimeout,
  withReadInputs,
  withPassedOver,
  type Execution,
  type KnotOutcomeToRecord,
  type LoadedPlan,
  type OutcomeToRecord,
  type PassedOver,
  type ValueId,
} from '../../execution';
import type { DefinitionRecord } from '../../model/records';
import type { EndedRun, GivenBack, NextIteration, SplitMap } from '../../workflows/messages';
import type { CommitResult, ExceptionRecord, LineageRecord, StoredValue } from '../../protocols';
import { envelopeOfRecord } from './adopt';
import { acceptExtension } from './accept-extension';
import { payloadOf } from '../../activities/signals';
import { LastChances } from './last-chance';
import { findParents, type Parents } from './parents';

/**
 * The commit point. An attempt's outcome counts only if its lineage record was inserted first; an attempt that finds a
 * record, before or after its body, adopts what is recorded and answers that.
 *
 * C1  No record names a value that is not in the data store: values are put first, or in the same transaction.
 * C2  A knot has at most one record in a run: insert if absent.
 * C3  Temporal hears of an outcome only when its record is durable, and always of the recorded one.
 * C4  A throw that will be retried leaves no record.
 */
export function createCommit(
  environment: WorkerEnvironment,
): (context: Context) => ActivityInboundCallsInterceptor {
  const lastChances = new LastChances();
  return () => ({
    async execute(input, next) {
      const attempt = currentAttempt.getStore();
      // A segment commits its knots itself.
      if (!(attempt instanceof KnotAttempt)) return await next(input);
      const call = new KnotCall(environment, lastChances, attempt);
      return await call.execute(async (prepared) => await next({ ...input, args: [prepared] }));
    },
  });
}

class KnotCall {
  private readonly startedAt: number;
  private readonly recordRun: string;
  /** Why what another knot has made was not taken. */
  private passedOver: PassedOver | undefined;
  /** Of a knot that has run another tapestry: that run. */
  private nested: EndedRun | undefined;

  constructor(
    private readonly environment: WorkerEnvironment,
    private readonly lastChances: LastChances,
    private readonly attempt: KnotAttempt,
  ) {
    const { recordRun, since, waited } = attempt.task;
    const now = Date.now();
    this.recordRun = recordRun;
    // What its child run or its wait has taken is its time, too. The workflow's clock may be before this one.
    this.startedAt = Math.min(since ?? waited?.since ?? now, now);
  }

  async execute(runBody: (prepared: PreparedBody) => Promise<unknown>): Promise<KnotAnswer | NextIteration> {
    const { environment, attempt } = this;
    const { task } = attempt;
    const plan = await environment.plans.get(task.plan);
    const element = task.element && (await findElement(environment, plan, task.element));
    const knot = element?.knot ?? plan.knot(task.knot);
    if (attempt.mayBeRecorded) {
      const [recorded] = await environment.backends.runHistory.getRecords(this.recordRun, [knot.id]);
      if (recorded) return await this.adopt(plan, knot, recorded);
    }
    if (attempt.number === 1 && attempt.task.givenBack?.after !== undefined) {
      // Lest the next attempt takes this one for a lost worker.
      attempt.countRefusal();
      throw waitsAfterThrow(knot, attempt.task.givenBack);
    }
    if (isLimited(knot)) attempt.countOnlyBegun();
    const parents = element?.parents ?? (await findParents(environment, plan, knot, task));
    const placed = element?.knot.map ?? knot;
    const { definition, refusal } = presentBody(environment, plan, placed, attempt.context.info.taskQueue);
    if (attempt.task.lost) return await this.fail(plan, knot, definition, parents, childRunLost(knot));
    // Before anything large is read: that may be what kills them.
    if (attempt.lost >= LOST_WORKERS)
      return await this.fail(plan, knot, definition, parents, workerLost(knot, attempt.lost));
    if (task.map) return await this.conclude(plan, knot, definition, parents, task.map);
    if (!definition) throw refusal;
    if (attempt.task.waited?.kind === 'timeout')
      return await this.fail(plan, knot, definition, parents, signalTimeout(knot));
    return await this.unlessMade(plan, knot, definition, parents, async () => {
      const leave = await this.lastChances.enter(attempt);
      try {
        return await this.limited(knot, () => this.run(plan, knot, definition, parents, runBody));
      } finally {
        leave();
      }
    });
  }

  /**
   * Takes what another knot has made of the same meanwhile (what was there when this one became ready is known to its run), and waits where
   * one is making it; else makes it alone.
   */
  private async unlessMade<T>(
    plan: LoadedPlan,
    knot: PlanKnot,
    definition: DefinitionRecord,
    parents: Parents,
    make: () => Promise<T>,
  ): Promise<T | KnotAnswer> {
    const { task } = this.attempt;
    if (!knot.policy.cache || task.reuse === false) return await make();
    const cacheKey = this.keyOf(plan, knot, this.environment.codeHashes.of(definition), parents)!;
    const takeMade = async (): Promise<KnotAnswer | undefined> => {
      const { record, passedOver } = await this.environment.cachedValues.find(knot, cacheKey);
      this.passedOver = passedOver;
      return record && (await this.takeOver(plan, knot, parents, record));
    };
    const making = { cacheKey, runId: task.runId, recordRun: this.recordRun, knotId: knot.id };
    return (
      (await takeMade()) ??
      // Who had the lease before may have made it.
      (await this.environment.singleFlight.run(making, async () => (await takeMade()) ?? (await make())))
    );
  }

  /** Runs it when the limits of the knot allow it; they count it until its outcome is committed. */
  private async limited<T>(knot: PlanKnot, run: () => Promise<T>): Promise<T> {
    if (!isLimited(knot)) return await run();
    const { attempt, environment } = this;
    const { context, task } = attempt;
    let hasBegun = false;
    try {
      return await environment.limits.run(
        {
          policy: knot.policy,
          runId: task.runId,
          recordRun: this.recordRun,
          knotId: knot.id,
          since: context.info.scheduledTimestampMs,
          refusals: attempt.refusals,
          patience: PATIENCE_MS,
          signal: context.cancellationSignal,
          onLost: (limit) =>
            context.log.warn(
              `Knot "${knot.id}" has lost its place of limit "${limit}" while it ran, because this worker stood still or could not reach the ` +
                'lease table: one body more than the limit may run until it ends.',
              { knot: knot.id, limit },
            ),
        },
        async () => {
          hasBegun = true;
          await attempt.begin();
          return await run();
        },
      );
    } catch (error) {
      if (hasBegun || SelvageError.is(error)) throw error;
      throw attempt.cancelReason === 'shutdown' ? workerShutdown(knot, error) : superseded(knot, error);
    }
  }

  private async takeOver(
    plan: LoadedPlan,
    knot: PlanKnot,
    parents: Parents,
    made: LineageRecord,
  ): Promise<KnotAnswer> {
    const now = Date.now();
    const execution = { ...this.execution(now, now), attempt: 0 };
    const record = reusedRecord(plan, knot, execution, made, (parent, input) =>
      parents.hashOf(parent, input),
    );
    const { commits } = this.environment;
    const committed = await commitPatiently(() => commits.commit({ record, values: [] }));
    return await this.adopt(plan, knot, committed.record);
  }

  /** Runs the body, commits what comes of it, and answers what then stands. */
  private async run(
    plan: LoadedPlan,
    knot: PlanKnot,
    definition: DefinitionRecord,
    parents: Parents,
    runBody: (prepared: PreparedBody) => Promise<unknown>,
  ): Promise<KnotAnswer | NextIteration> {
    const { environment } = this;
    const { nested: started } = this.attempt.task;
    const nested = started && (await asItEnded(environment, started, this.recordRun));
    this.nested = nested;
    const needsInputs = !needsNoInputs(knot) && !nested;
    const reading = withReadInputs(knot);
    const inputFrom = needsInputs ? await parents.read(reading, definition.receives) : undefined;
    const signal = await this.signal(knot);
    const extension = this.attempt.task.element ? BodyExtension.none(knot) : new BodyExtension(plan, knot);
    let end: KnotOutcomeToRecord | NextIteration;
    try {
      const call = async (inputs: Record<string, unknown>): Promise<unknown> =>
        await runBody({ plan, knot, definition, inputs, extension });
      if (nested) {
        end = await concludeNested(environment, plan, knot, parents, nested, call);
      } else {
        const inputs = inputFrom && {
          ...assembleInputs(reading, definition.receives, inputFrom),
          ...signal,
        };
        const result = inputs && (await call(inputs));
        end = this.withPayload(outcomeOfResult(plan, knot, result, parents, environment.digest));
        const accepted = await acceptExtension(environment, plan, this.recordRun, extension);
        if (accepted) end = withExtension(end, accepted);
      }
    } catch (error) {
      extension.close();
      return await this.judge(plan, knot, definition, parents, error);
    }
    if ('next' in end) return end;
    const { outcome, values } = end;
    const { inserted, record } = await this.commit(plan, knot, definition, parents, outcome, values);
    if (!inserted || outcome.kind !== 'ok' || this.attempt.task.element)
      return await this.adopt(plan, knot, record);
    return await this.withExtras(plan, record, envelopeOf(outcome.value, environment.inlineLimit), parents);
  }

  /** What was given stays in the data store beside what the schema has made of it. */
  private withPayload(end: KnotOutcomeToRecord): KnotOutcomeToRecord {
    const { waited } = this.attempt.task;
    const { outcome } = end;
    if (waited?.kind !== 'signal' || outcome.kind !== 'ok' || outcome.value.hash === waited.payload.hash)
      return end;
    return { ...end, outcome: { ...outcome, payload: waited.payload.hash } };
  }

  /** Of a knot that has waited for one: what its function takes. */
  private async signal(knot: PlanKnot): Promise<{ payload: unknown } | undefined> {
    const { waited } = this.attempt.task;
    if (waited?.kind !== 'signal') return undefined;
    return { payload: await payloadOf(this.environment, waited.payload, knot.id) };
  }

  /** Commits what the elements of a map have come to. */
  private async conclude(
    plan: LoadedPlan,
    map: PlanKnot,
    definition: DefinitionRecord | undefined,
    parents: Parents,
    split: SplitMap,
  ): Promise<KnotAnswer> {
    const { environment, startedAt } = this;
    let end: KnotOutcomeToRecord;
    try {
      end = await concludeMap(environment, plan, map, parents, split, this.execution(startedAt, Date.now()));
    } catch (error) {
      if (!isFailureOfMap(error)) throw error;
      return await this.fail(plan, map, definition, parents, error);
    }
    const { record } = await this.commit(plan, map, definition, parents, end.outcome, end.values);
    return await this.adopt(plan, map, record);
  }

  /** What an error that ended the body means: passed on, refused, tried again, or the end of the knot. */
  private async judge(
    plan: LoadedPlan,
    knot: PlanKnot,
    definition: DefinitionRecord,
    parents: Parents,
    error: unknown,
  ): Promise<KnotAnswer> {
    const { attempt } = this;
    if (attempt.cancelReason === 'cancelled') throw new CancelledFailure(`Knot "${knot.id}" was cancelled`);
    if (isBackendTrouble(error)) throw error;
    if (attempt.cancelReason === 'shutdown') throw workerShutdown(knot, error);
    // The body was told to stop because another attempt takes over: what it threw is no verdict on the knot.
    if (attempt.cancelReason === 'superseded') throw superseded(knot, error);
    attempt.countThrow();
    const retryAfter = retryDelay(knot.policy.retry, attempt.throws, error);
    if (retryAfter === undefined) return await this.fail(plan, knot, definition, parents, error);
    const described = this.describe(knot, error);
    throw verdict(knot, described.record, { nonRetryable: false, nextRetryDelay: retryAfter });
  }

  private async fail(
    plan: LoadedPlan,
    knot: PlanKnot,
    definition: DefinitionRecord | undefined,
    parents: Parents,
    error: unknown,
  ): Promise<KnotAnswer> {
    const described = this.describe(knot, error);
    const outcome: OutcomeToRecord = { kind: 'err', error: described.record };
    const { record } = await this.commit(plan, knot, definition, parents, outcome, described.values);
    return await this.adopt(plan, knot, record);
  }

  private describe(knot: PlanKnot, error: unknown): ReturnType<typeof describeError> {
    const where = {
      runId: this.attempt.task.runId,
      knotId: knot.id,
      attempt: this.attempt.ofBody,
    };
    return describeError(error, where, this.environment);
  }

  /** Answers Temporal what the record says. */
  private async adopt(plan: LoadedPlan, knot: PlanKnot, record: LineageRecord): Promise<KnotAnswer> {
    if (record.outcome === 'ok') {
      // Nobody waits for its value.
      if (this.attempt.task.element) return { value: null };
      return await this.withExtras(plan, record, await envelopeOfRecord(this.environment, record));
    }
    if (record.outcome === 'err')
      throw verdict(knot, (record.extra as { error: ExceptionRecord }).error, { nonRetryable: true });
    const reason = record.skip_reason;
    if (isOwnSkip(reason)) return { skipped: reason };
    throw new CancelledFailure(`Knot "${record.knot_id}" was settled as cancelled`);
  }

  /**
   * The answer says what its record says beside the value: by what the run is extended; and of a branch what was chosen, whose paths
   * are on record before that. Idempotent.
   */
  private async withExtras(
    plan: LoadedPlan,
    record: LineageRecord,
    envelope: Envelope,
    known?: Parents,
  ): Promise<KnotAnswer> {
    const { choice, extension } = record.extra as { choice?: string; extension?: string };
    if (extension !== undefined) return { ...envelope, extension };
    if (choice === undefined) return envelope;
    const { environment } = this;
    const { task } = this.attempt;
    const parents = known ?? (await findParents(environment, plan, plan.knot(record.knot_id), task));
    const now = Date.now();
    const records = pathRecords(plan, record, parents, task.paths ?? [], this.execution(now, now));
    await commitPatiently(() =>
      Promise.all(records.map((path) => environment.commits.commit({ record: path, values: [] }))),
    );
    return { ...envelope, choice };
  }

  private async commit(
    plan: LoadedPlan,
    knot: PlanKnot,
    definition: DefinitionRecord | undefined,
    parents: Parents,
    outcome: OutcomeToRecord,
    values: readonly StoredValue[],
  ): Promise<CommitResult> {
    const execution = this.execution(this.startedAt, Date.now());
    const codeHash = definition ? this.environment.codeHashes.of(definition) : null;
    const made = lineageRecord(
      plan,
      knot,
      execution,
      this.withChildRun(outcome),
      (parent, input) => parents.hashOf(parent, input),
      codeHash,
      codeHash === null ? null : this.keyOf(plan, knot, codeHash, parents),
    );
    const record = withPassedOver(made, this.passedOver);
    const result = await commitPatiently(() => this.environment.commits.commit({ record, values }));
    if (outcome.kind === 'ok') for (const value of values) this.environment.recentValues.add(value);
    return result;
  }

  /** The record of a knot that has started a run says which. */
  private withChildRun(outcome: OutcomeToRecord): OutcomeToRecord {
    const nested = this.nested ?? this.attempt.task.nested;
    if (!nested || outcome.kind === 'skipped') return outcome;
    return { ...outcome, childRun: { run_id: nested.run, temporal_run_id: nested.child } };
  }

  private keyOf(plan: LoadedPlan, knot: PlanKnot, codeHash: string, parents: Parents): string | null {
    const identityOf = (parent: number, input: string): ValueId => parents.identityOf(parent, input);
    return cacheKeyOf(plan, knot, codeHash, identityOf, this.environment.digest) ?? null;
  }

  private execution(startedAt: number, finishedAt: number): Execution {
    const { context, ofBody, task } = this.attempt;
    const call = { dispatcher: 'queue', attempt: ofBody, startedAt, finishedAt };
    return executionInActivity(context, this.environment.identity, task, call);
  }
}

/** Whether its body may have to wait for others. */
function isLimited(knot: PlanKnot): boolean {
  const { maxConcurrent, ratePerSecond } = knot.policy;
  return callsBody(knot) && (maxConcurrent !== undefined || ratePerSecond !== undefined);
}

function verdict(
  knot: PlanKnot,
  record: ExceptionRecord,
  how: { nonRetryable: boolean; nextRetryDelay?: number },
): ApplicationFailure {
  const failure = ApplicationFailure.create({
    message: record.message,
    type: record.type,
    details: [record],
    // What a run can do without is not to wake anybody: it counts in no error metric, and is logged as debug.
    ...(knot.policy.optional && { category: ApplicationFailureCategory.BENIGN }),
    ...how,
  });
  // The stack of interest is the body's.
  failure.stack = record.traceback;
  return failure;
}

/** The back-off that began in a segment goes on as the server's: it waits without holding a slot of any worker. */
function waitsAfterThrow(knot: PlanKnot, { throws = 1, after }: GivenBack): ApplicationFailure {
  return ApplicationFailure.create({
    message: `Knot "${knot.id}" has thrown ${throws === 1 ? 'once' : `${throws} times`} in a segment and is tried again after its back-off.`,
    type: 'Retry',
    nonRetryable: false,
    nextRetryDelay: after!,
  });
}

function workerShutdown(knot: PlanKnot, cause: unknown): SelvageError {
  return new SelvageError(
    'WorkerShutdown',
    `The worker that ran knot "${knot.id}" shuts down; another one takes it over.`,
    {
      details: { knot: knot.id },
      cause,
    },
  );
}

function superseded(knot: PlanKnot, cause: unknown): SelvageError {
  return new SelvageError(
    'WorkerShutdown',
    `The server has given up this attempt of knot "${knot.id}"; another one takes it over.`,
    {
      details: { knot: knot.id },
      cause,
    },
  );
}

function childRunLost(knot: PlanKnot): SelvageError {
  return new SelvageError(
    'ChildRunLost',
    `The child run that ran knot "${knot.id}" has ended without a word: it was terminated, by an operator or with a reset. The knot ` +
      'was not run again.',
    { details: { knot: knot.id } },
  );
}

function workerLost(knot: PlanKnot, lost: number): SelvageError {
  return new SelvageError(
    'WorkerLost',
    `${lost} workers were lost one after the other while they ran knot "${knot.id}": its body probably kills them (process.exit, out of ` +
      'memory, a crash in native code, or an event loop blocked for over 30 s). It was not run again.',
    { details: { knot: knot.id, lost } },
  );
}
