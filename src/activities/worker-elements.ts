import { RETRY_WAIT_MS } from '../engine';
import { SelvageError } from '../errors';
import {
  ElementsRun,
  retryDelay,
  type ElementEnd,
  type ElementKnot,
  type Execution,
  type LoadedPlan,
  type ValueId,
  waitUnlessStopped,
} from '../execution';
import type { DefinitionRecord } from '../model/records';
import type { GivenBack } from '../workflows/messages';
import { commitPatiently, isBackendTrouble } from './backend-trouble';
import { observedCall, type CallPlace } from './observed-call';

/** What the bodies of elements get, not yet decoded. */
export interface ElementInputs {
  /** The element, as a part of its list; undefined of an input that is shared. */
  textOf(element: ElementKnot, input: string): string | undefined;
  /** Of a shared input's parent, by index in the plan. */
  sharedId(parent: number): ValueId;
  /** A fresh copy. */
  sharedValue(parent: number): unknown;
}

/** Where elements run in one activity, and what it is told of them. */
export interface ElementsPlace {
  call(): CallPlace;
  execution(attempt: number, startedAt: number, finishedAt: number): Execution;
  /** Whether values that other runs have made may be taken. */
  readonly mayReuse: boolean;
  /** Whether no more of them are to begin. */
  isHeld(): boolean;
  /** Whether nothing is to be recorded any more. */
  isOver(): boolean;
  ended(element: ElementKnot, end: ElementEnd): void;
}

/**
 * Elements of a map that run in one activity, many at a time: each is committed as it ends, and tried again by itself. One whose next
 * attempt is far off, or whose inputs cannot be read, is given back, to go on in an activity of its own.
 */
export class WorkerElements {
  /** By position in the map. */
  readonly givenBack = new Map<number, GivenBack>();
  private readonly waited = new Map<number, number>();
  private readonly run: ElementsRun;
  /** Whether one runs at a time: then no other commit comes in the same turn of the event loop, and none is worth waiting for. */
  private isOneAtATime = false;

  constructor(
    plan: LoadedPlan,
    private readonly definition: DefinitionRecord,
    inputs: ElementInputs,
    private readonly place: ElementsPlace,
  ) {
    const { environment, surroundings, attempt } = place.call();
    this.run = new ElementsRun(
      {
        plan,
        definition,
        codeHash: environment.codeHashes.of(definition),
        hashing: environment,
        runId: surroundings.runId,
        textOf: (element, input) => inputs.textOf(element, input),
        sharedId: (parent) => inputs.sharedId(parent),
        sharedValue: (parent) => inputs.sharedValue(parent),
        attemptsBefore: attempt.number - 1,
      },
      {
        call: (element, given, number) => observedCall(place.call(), element, this.definition, number, given),
        findMade: async (element, cacheKey) =>
          place.mayReuse ? await environment.cachedValues.find(element, cacheKey) : {},
        judge: (element, error, throws) => this.judge(element, error, throws),
        commit: (record, values) => {
          if (place.isOver()) return Promise.resolve(undefined);
          const commit = { record, values };
          return commitPatiently(() => environment.commits.commit(commit, { urgent: this.isOneAtATime }));
        },
        execution: (number, startedAt) => place.execution(number, startedAt, Date.now()),
        now: Date.now,
        isHeld: () => place.isHeld(),
        ended: (element, end) => place.ended(element, end),
      },
    );
  }

  /** Rejects only where the whole activity is to be tried again. */
  async execute(elements: Iterable<ElementKnot>, concurrency: number): Promise<void> {
    this.isOneAtATime = concurrency === 1;
    await this.run.run(elements, concurrency);
  }

  private async judge(
    element: ElementKnot,
    error: unknown,
    throws: number,
  ): Promise<'again' | 'left' | 'failed'> {
    const { stop } = this.place.call();
    if (this.place.isOver() || stop.aborted) return 'left';
    if (isBackendTrouble(error)) throw error;
    if (isUnreadable(error)) return this.giveBack(element, {});
    const delay = retryDelay(element.policy.retry, throws, error);
    if (delay === undefined) return 'failed';
    const waited = (this.waited.get(element.position) ?? 0) + delay;
    if (waited > RETRY_WAIT_MS || this.place.isHeld())
      return this.giveBack(element, { throws, after: delay });
    this.waited.set(element.position, waited);
    await waitUnlessStopped(delay, stop);
    return stop.aborted ? 'left' : 'again';
  }

  private giveBack({ position }: ElementKnot, how: GivenBack): 'left' {
    this.givenBack.set(position, how);
    return 'left';
  }
}

/** A value that is not as it should be in the data store: an activity of its own waits for it, and says so. */
export function isUnreadable(error: unknown): boolean {
  return SelvageError.is(error, 'ValueMissing') || SelvageError.is(error, 'ValueDamaged');
}
