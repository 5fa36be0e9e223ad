import { setMaxListeners } from 'node:events';
import { unpackRanges } from '../scheduler';
import { DEFAULT_CANCEL_GRACE_MS, type PlanKnot } from '../plan';
import { SelvageError } from '../errors';
import {
  afterCancel,
  ElementKnots,
  type ElementKnot,
  type OutcomeToRecord,
  KnotRunner,
  runElements,
} from '../runtime';
import type { StoredValue } from '../ports';
import type { BatchAnswer, HandedBack } from '../workflows/messages';
import { bodySurroundings, type BodyParts } from './body-surroundings';
import type { BatchAttempt } from './attempts';
import { presentBody } from './present-body';
import { SharedHost, type SharedActivity, type SharedParts } from './shared-host';
import type { Uses } from './worker-parts';

export type BatchParts = SharedParts &
  BodyParts &
  Uses<'codeHashes' | 'plans' | 'recentValues' | 'registry' | 'slices'>;

/**
 * Runs several elements of a map in one activity. As in a segment, recorded elements are left alone.
 *
 * After a lost worker, elements that may have been running are handed back to run individually, so a body that kills
 * its worker takes no others down. Elements begin in order, at most `concurrency` without a record, so the first ones
 * without a record may have been running. Elements whose body threw may have no record either, and stand before the
 * running ones. Each further lost worker therefore doubles how many elements are handed back.
 */
export async function runBatch(environment: BatchParts, attempt: BatchAttempt): Promise<BatchAnswer> {
  return await new BatchRun(environment, attempt).execute();
}

class BatchRun implements SharedActivity {
  readonly dispatcher = 'queue';
  isOver = false;
  private readonly stopping = new AbortController();
  private readonly handedBack = new Map<number, HandedBack>();

  constructor(
    private readonly environment: BatchParts,
    readonly attempt: BatchAttempt,
  ) {
    setMaxListeners(0, this.stop);
  }

  get stop(): AbortSignal {
    return this.stopping.signal;
  }

  get isHeld(): boolean {
    return this.stop.aborted;
  }

  get mayReuse(): boolean {
    return this.attempt.task.reuse !== false;
  }

  handBack(knot: PlanKnot, how: HandedBack): void {
    this.handedBack.set((knot as ElementKnot).position, how);
  }

  /** Ignores the elements' values: the map's own activity reads them all, to compose its list. */
  committed(_: PlanKnot, outcome: OutcomeToRecord, values: readonly StoredValue[]): void {
    if (outcome.kind === 'ok') for (const value of values) this.environment.recentValues.add(value);
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
    const mayBeRecorded = attempt.number > 1 || task.mayBeRecorded;
    const open = mayBeRecorded ? await this.withoutRecord(offsets, idOf) : offsets;
    const { definition, refusal } = presentBody(environment, plan, map, attempt.context.info.taskQueue);
    if (!definition) throw refusal;
    const suspects = attempt.lost > 0 ? task.concurrency * 2 ** (attempt.lost - 1) : 0;
    for (const offset of open.slice(0, suspects)) this.handedBack.set(slice.first + offset, {});
    const surroundings = bodySurroundings(environment, attempt.context, task);
    const ended = new Set<number>();
    const elements = function* (): Iterable<ElementKnot> {
      for (const offset of open.slice(suspects)) yield knots.at(slice.first + offset, keyOf(offset));
    };
    const toRun = {
      plan,
      definition,
      codeHash: environment.codeHashes.of(definition, map.policy),
      inputs: slice,
      isHeld: () => this.isHeld,
      ended: ({ position }: ElementKnot) => void ended.add(position),
    };
    const runner = new KnotRunner(new SharedHost(environment, this, surroundings));
    await this.withinGrace(map.policy.cancelGrace, () =>
      runElements(runner, toRun, elements(), task.concurrency),
    );
    const isOpen = (position: number): boolean => !ended.has(position) && !this.handedBack.has(position);
    const isLeft = open.some((offset) => isOpen(slice.first + offset));
    // The liveness interceptor distinguishes a cancel from a shutdown, after which another attempt continues.
    if (isLeft) throw stopped(attempt, attempt.context.cancellationSignal.reason);
    const retryAlone = [...this.handedBack].map(([position, how]) => [position - slice.first, how] as const);
    return retryAlone.length > 0 ? { retryAlone } : {};
  }

  /** Stops the bodies when the activity is told to stop, and waits for their grace at most. */
  private async withinGrace(grace = DEFAULT_CANCEL_GRACE_MS, work: () => Promise<void>): Promise<void> {
    const { cancellationSignal } = this.attempt.context;
    const cancelled = (reason: unknown): void => this.stopping.abort(reason);
    let stop = (): void => {};
    const end = new Promise<void>(
      (over) => (stop = afterCancel(cancellationSignal, grace, { cancelled, over })),
    );
    try {
      await Promise.race([work(), end]);
    } finally {
      this.isOver = true;
      stop();
    }
  }

  private async withoutRecord(
    offsets: readonly number[],
    idOf: (offset: number) => string,
  ): Promise<number[]> {
    const { runHistory } = this.environment.backends;
    const ids = offsets.map(idOf);
    const records = await runHistory.getOutcomes(this.attempt.task.temporalRunId, ids);
    const recorded = new Set(records.map((record) => record.knot_id));
    return offsets.filter((offset) => !recorded.has(idOf(offset)));
  }
}

function stopped(attempt: BatchAttempt, cause: unknown): SelvageError {
  return new SelvageError(
    'WorkerShutdown',
    `${attempt.label} was told to stop before all of them had ended; another attempt goes on with the rest.`,
    { details: { knot: attempt.knot }, cause },
  );
}
