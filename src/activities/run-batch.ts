import { setMaxListeners } from 'node:events';
import { unpackRanges, DEFAULT_CANCEL_GRACE_MS } from '../engine';
import { ElementKnots, startTimer, storedValues, type ElementKnot, type Execution } from '../execution';
import type { BatchAnswer, GivenBack } from '../workflows/messages';
import { executionInActivity } from './execution-in-activity';
import { currentAttempt, type BatchAttempt } from './knot-attempt';
import { presentBody } from './present-body';
import type { SegmentSurroundings } from './segment-context';
import { WorkerElements } from './worker-elements';
import type { WorkerEnvironment } from './worker-environment';
import { SelvageError } from '../errors';

/**
 * The activity that runs several elements of a map. As in a segment, what is on record is left alone, and after a lost worker nothing is run:
 * what has no record goes on by itself, so that a body that kills its worker takes nothing else down.
 */
export function createRunBatch(environment: WorkerEnvironment): () => Promise<BatchAnswer> {
  return async function runBatch(): Promise<BatchAnswer> {
    return await new BatchRun(environment, currentAttempt.getStore() as BatchAttempt).execute();
  };
}

class BatchRun {
  private readonly stop = new AbortController();
  private isOver = false;

  constructor(
    private readonly environment: WorkerEnvironment,
    private readonly attempt: BatchAttempt,
  ) {
    setMaxListeners(0, this.stop.signal);
  }

  async execute(): Promise<BatchAnswer> {
    const { environment, attempt } = this;
    const { task } = attempt;
    const plan = await environment.plans.get(task.plan);
    const map = plan.knot(task.knot);
    const slice = await environment.slices.get(task.slice, map.id);
    const knots = new ElementKnots(plan, map);
    const keyOf = (offset: number): string | undefined => slice.keys?.[offset];
    const idOf = (offset: number): string => knots.idAt(slice.first + offset, keyOf(offset));
    const offsets = unpackRanges(task.offsets);
    const open = attempt.number > 1 ? await this.withoutRecord(offsets, idOf) : offsets;
    const { definition, refusal } = presentBody(environment, plan, map, attempt.context.info.taskQueue);
    if (attempt.lost > 0) return answerOf(open.map((offset) => [offset, {}]));
    if (!definition) throw refusal;
    const surroundings: SegmentSurroundings = {
      plan,
      runId: task.runId,
      recordRun: task.recordRun,
      ownLogger: environment.logger,
      log: attempt.context.log,
      resources: environment.resources,
      dataStore: environment.backends.dataStore,
      handedOn: new Map(),
    };
    const ended = new Set<number>();
    const place = { environment, surroundings, attempt, stop: this.stop.signal };
    const work = new WorkerElements(plan, definition, slice, {
      call: () => place,
      execution: (number, startedAt, finishedAt) => this.execution(number, startedAt, finishedAt),
      mayReuse: task.reuse !== false,
      isHeld: () => this.stop.signal.aborted,
      isOver: () => this.isOver,
      ended: ({ position }, end) => {
        ended.add(position);
        // The map's own activity reads them all, to put its list together.
        if (end.kind === 'ok' && end.value)
          for (const value of storedValues(end.value)) environment.recentValues.add(value);
      },
    });
    const elements = function* (): Iterable<ElementKnot> {
      for (const offset of open) yield knots.at(slice.first + offset, keyOf(offset));
    };
    await this.withinGrace(map.policy.cancelGrace, () => work.execute(elements(), task.concurrency));
    const { cancellationSignal } = attempt.context;
    const isOpen = (position: number): boolean => !ended.has(position) && !work.givenBack.has(position);
    const isLeft = open.some((offset) => isOpen(slice.first + offset));
    // The liveness interceptor says what this means: a cancel, or that another attempt goes on with what is left.
    if (isLeft) throw stopped(attempt, cancellationSignal.reason);
    return answerOf([...work.givenBack].map(([position, how]) => [position - slice.first, how]));
  }

  /** Stops the bodies where the activity is told to stop, and no later than when their grace is over, this. */
  private async withinGrace(grace = DEFAULT_CANCEL_GRACE_MS, work: () => Promise<void>): Promise<void> {
    const { cancellationSignal } = this.attempt.context;
    let stopTimer = (): void => {};
    const over = new Promise<void>((resolve) => {
      const onCancel = (): void => {
        this.stop.abort(cancellationSignal.reason);
        stopTimer = startTimer(grace, resolve);
      };
      if (cancellationSignal.aborted) onCancel();
      else cancellationSignal.addEventListener('abort', onCancel, { once: true });
    });
    try {
      await Promise.race([work(), over]);
    } finally {
      this.isOver = true;
      stopTimer();
    }
  }

  private async withoutRecord(
    offsets: readonly number[],
    idOf: (offset: number) => string,
  ): Promise<number[]> {
    const { runHistory } = this.environment.backends;
    const ids = offsets.map(idOf);
    const records = await runHistory.getOutcomes(this.attempt.task.recordRun, ids);
    const recorded = new Set(records.map((record) => record.knot_id));
    return offsets.filter((offset) => !recorded.has(idOf(offset)));
  }

  private execution(attempt: number, startedAt: number, finishedAt: number): Execution {
    const { context, task } = this.attempt;
    const call = { dispatcher: 'queue', attempt, startedAt, finishedAt };
    return executionInActivity(context, this.environment.identity, task, call);
  }
}

function answerOf(alone: readonly (readonly [number, GivenBack])[]): BatchAnswer {
  return alone.length > 0 ? { alone } : {};
}

function stopped(attempt: BatchAttempt, cause: unknown): SelvageError {
  return new SelvageError(
    'WorkerShutdown',
    `${attempt.label} was told to stop before all of them had ended; another attempt goes on with the rest.`,
    { details: { knot: attempt.knot }, cause },
  );
}
