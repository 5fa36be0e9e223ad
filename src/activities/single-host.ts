import { CancelledFailure } from '@temporalio/activity';
import type { PlanKnot } from '../plan';
import { SelvageError, isBackendTrouble, messageText } from '../errors';
import {
  HostLost,
  NOTED_WAIT_MS,
  PATIENCE_MS,
  describeError,
  isHostTrouble,
  type AcceptedExtension,
  type BodyExtension,
  type LoadedPlan,
  type OutcomeToRecord,
  type BodyHost,
  type KnotHost,
  type Throw,
} from '../runtime';
import type { Commit, CommitResult, ExceptionRecord, StoredValue } from '../ports';
import { ActivityHost, type HostParts, type HostedActivity } from './activity-host';
import { commitPatiently } from './backend-trouble';
import { bodySurroundings, type BodyParts } from './body-surroundings';
import type { KnotAttempt } from './knot-attempt';
import { hostLost, superseded, verdict, workerShutdown } from './knot-failures';
import { isRecordsLost } from './records-lost';
import type { Uses } from './worker-parts';

export type SingleParts = HostParts &
  BodyParts &
  Uses<'limits' | 'recentValues' | 'registry' | 'singleFlight'>;

/** Limit of characters in the message and in the stack of a retried failure. */
const BRIEF_LENGTH = 500;

/** Runs one attempt of one knot in an activity of its own. The server does the retries. */
export class SingleHost extends ActivityHost<SingleParts, HostedActivity> implements KnotHost {
  readonly watchesGrace = true;

  constructor(
    environment: SingleParts,
    private readonly attempt: KnotAttempt,
    readonly callBody: BodyHost,
  ) {
    const { context, task } = attempt;
    const activity = { attempt, dispatcher: 'queue', mayReuse: task.reuse !== false } as const;
    super(environment, activity, bodySurroundings(environment, context, task, attempt));
  }

  get cancel(): AbortSignal {
    return this.attempt.context.cancellationSignal;
  }

  get firstAttempt(): number {
    return this.attempt.ofBody;
  }

  get thrownBefore(): number {
    return this.attempt.throws;
  }

  trail(): KnotAttempt {
    return this.attempt;
  }

  isStopped(): boolean {
    return false;
  }

  isOver(): boolean {
    return false;
  }

  async makeAlone<T>({ id: knotId }: PlanKnot, cacheKey: string, make: () => Promise<T>): Promise<T> {
    const { runId, temporalRunId } = this.attempt.task;
    return await this.environment.singleFlight.run({ cacheKey, runId, temporalRunId, knotId }, make);
  }

  async limited<T>(knot: PlanKnot, run: () => Promise<T>): Promise<T> {
    const { attempt, environment } = this;
    const { context, task } = attempt;
    let hasBegun = false;
    const since = this.now();
    try {
      return await environment.limits.run(
        {
          policy: knot.policy,
          runId: task.runId,
          temporalRunId: task.temporalRunId,
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
          const now = this.now();
          if (now - since >= NOTED_WAIT_MS) attempt.waited('LimitReached', since, now);
          await attempt.begin();
          return await run();
        },
      );
    } catch (error) {
      if (hasBegun || SelvageError.is(error)) throw error;
      throw attempt.cancelReason === 'shutdown' ? workerShutdown(knot, error) : superseded(knot, error);
    }
  }

  bodyBegins(): void {
    this.attempt.noteBody();
  }

  async accept(plan: LoadedPlan, extension: BodyExtension): Promise<AcceptedExtension | undefined> {
    return await acceptExtension(this.environment, plan, this.attempt.task.temporalRunId, extension);
  }

  classifyError(knot: PlanKnot, error: unknown, fromBody: boolean): 'pass' | undefined {
    // Inputs that can be read but not decoded are a failure of the knot itself.
    if (!fromBody) return SelvageError.is(error, 'NotDecodable') ? undefined : 'pass';
    const { attempt } = this;
    if (attempt.cancelReason === 'cancelled') throw new CancelledFailure(`Knot "${knot.id}" was cancelled`);
    if (isBackendTrouble(error) || isRecordsLost(error) || isHostTrouble(error)) return 'pass';
    if (attempt.cancelReason === 'shutdown') throw workerShutdown(knot, error);
    // Another attempt takes over and has stopped this body, so its error is no verdict on the knot.
    if (attempt.cancelReason === 'superseded') throw superseded(knot, error);
    if (error instanceof HostLost) throw hostLost(error);
    attempt.countThrow(error);
    return undefined;
  }

  /** @throws ApplicationFailure by which the server waits, without occupying a worker slot */
  retry({ knot, error, delay }: Throw): Promise<never> {
    const where = { runId: this.attempt.task.runId, knotId: knot.id, attempt: this.attempt.ofBody };
    const { record } = describeError(error, where, this.environment);
    throw verdict(knot, brief(record), { nonRetryable: false, nextRetryDelay: delay });
  }

  async commit(
    _: PlanKnot,
    commit: Commit,
    outcome: OutcomeToRecord,
    values: readonly StoredValue[],
  ): Promise<CommitResult> {
    const { environment } = this;
    const result = await commitPatiently(() => environment.commits.commit(commit));
    if (outcome.kind === 'ok') for (const value of values) environment.recentValues.add(value);
    return result;
  }
}

/** The server drops an attempt's last failure if it exceeds 4 KiB, and a failure contains the stack twice. */
function brief({ cause: _, errors: __, ...record }: ExceptionRecord): ExceptionRecord {
  return {
    ...record,
    message: messageText(record.message, BRIEF_LENGTH),
    traceback: messageText(record.traceback, BRIEF_LENGTH),
  };
}

/** Checks an extension against this worker's definitions and the task's plan; undefined if there is none. */
async function acceptExtension(
  { backends, registry, sha256 }: Uses<'backends' | 'registry' | 'sha256'>,
  plan: LoadedPlan,
  temporalRunId: string,
  extension: BodyExtension,
): Promise<AcceptedExtension | undefined> {
  extension.close();
  if (extension.isEmpty) return undefined;
  const run = await backends.runHistory.getRunByTemporalId(temporalRunId);
  return extension.accept({
    plan,
    terminals: run && chosenIn(plan, run.terminals),
    find: (name, version) => registry.registered(name, version),
    sha256,
  });
}

/** The recorded terminals, without those from later extensions; undefined if they include all of the task's plan. */
function chosenIn(plan: LoadedPlan, terminals: Readonly<Record<string, string>>): string[] | undefined {
  const own = new Set(Object.values(plan.terminals()));
  const ids = Object.values(terminals);
  if ([...own].every((id) => ids.includes(id))) return undefined;
  return ids.filter((id) => plan.has(id));
}
