import {
  ActivityFailure,
  ApplicationFailure,
  CancelledFailure,
  ChildWorkflowFailure,
  TemporalFailure,
} from '@temporalio/common';
import { attemptOf, type SplitAttempt } from '../../activities/attempts';
import { runToStart } from '../../activities/nested-runs';
import { decodeParameters } from '../../activities/parameter-references';
import { createSplitMap } from '../../activities/split-map';
import { SelvageError } from '../../errors';
import type { EncodedValue } from '../../runtime';
import { runMap } from '../../workflows/map-run';
import {
  BATCH_ACTIVITY,
  NEST_ACTIVITY,
  SPLIT_ACTIVITY,
  childWorkflowType,
  type ChildEnd,
  type ChildTask,
  type NestRequest,
} from '../../workflows/messages';
import { runLoop, runSubTapestry } from '../../workflows/nested-run';
import type { ChildOptions, ChildWorld, OtherWorkflow, StartedChild } from '../../workflows/world';
import { Activity, type ActivityEnd } from './activity';
import type { SimulatedRun } from './run';
import type { Cancellable } from './workflow';

type Work = (world: ChildWorld, ...args: never[]) => Promise<unknown>;

/** A tapestry may have any other name. */
const WORK: ReadonlyMap<string, Work> = new Map<string, Work>([
  [childWorkflowType('map'), runMap],
  [childWorkflowType('subTapestry'), runSubTapestry],
  [childWorkflowType('loop'), runLoop],
]);

/** Ends an execution: the next one begins with these arguments. */
class Continued extends Error {
  constructor(readonly args: readonly unknown[]) {
    super('Continued as new');
  }
}

/**
 * The child run of a knot that is more than one activity, or of a part of a map: what it does on Temporal, in a simulated world. It
 * outlives an execution of its run.
 */
export class ChildRun implements ChildWorld, Cancellable {
  private readonly root = { consideredCancelled: false };
  private readonly underWay = new Set<Cancellable>();

  /** @param told hears what became of the knot, when its turn comes */
  constructor(
    private readonly run: SimulatedRun,
    private readonly knot: string,
    private readonly type: string,
    private readonly id: string,
    private readonly told: (end: ActivityEnd) => void,
  ) {}

  begin(task: ChildTask): void {
    this.execute([task]).catch((error: unknown) => {
      // Its run has heard of a failure of Temporal's.
      if (!(error instanceof TemporalFailure)) this.run.fatal(error);
    });
  }

  cancel(): void {
    const { run, knot } = this;
    run.world.push({ step: 'hear', run, knot, perform: () => this.stop() });
  }

  facts(): ReturnType<ChildWorld['facts']> {
    return { ...SHORT_HISTORY, workflowId: this.id, firstExecutionRunId: this.id };
  }

  isReplaying(): boolean {
    return false;
  }

  scope(): { readonly consideredCancelled: boolean } {
    return this.root;
  }

  /** A cancel rejects nothing that is begun here. */
  shielded<T>(work: () => Promise<T>): Promise<T> {
    return work();
  }

  hearSignal(): void {
    // Nobody asks it whether it is there.
  }

  continueAsNew(...args: unknown[]): Promise<never> {
    return Promise.reject(new Continued(args));
  }

  /** Done with what else the worker does in that turn. */
  callHere<T>(_activity: string, _options: object, request: unknown): Promise<T> {
    const { task } = request as NestRequest;
    return this.run.system(NEST_ACTIVITY, (environment, { info }) =>
      runToStart(environment, info, { task }),
    ) as Promise<T>;
  }

  call<T>(type: string, { activityId }: { activityId?: string }, task: object): Promise<T> {
    if (type === SPLIT_ACTIVITY) return this.expand(() => this.split(task)) as Promise<T>;
    return new Promise((resolve, reject) => {
      if (this.root.consideredCancelled) return reject(cancelled());
      const activity = new Activity(this.run, type, nameOf(type, activityId!), task, (end) => {
        this.underWay.delete(activity);
        if (end.kind === 'answered') return resolve(end.answer as T);
        const cause = end.kind === 'failed' ? end.error : cancelled();
        reject(new ActivityFailure(undefined, type, activityId, RETRY_STATE, undefined, cause));
      });
      this.underWay.add(activity);
      this.run.world.schedule(activity);
    });
  }

  startChild(type: string, { workflowId, args }: ChildOptions): Promise<StartedChild> {
    const id = workflowId!;
    return this.expand(async () => {
      const { ended } = WORK.has(type)
        ? this.startPart(type, id, args)
        : await this.startRun(id, args[0] as object);
      const result = ended.catch((cause: Error) => {
        if (!(cause instanceof TemporalFailure)) throw cause;
        throw new ChildWorkflowFailure(undefined, {}, type, RETRY_STATE, cause);
      });
      // It may be awaited later.
      result.catch(() => undefined);
      return { workflowId: id, firstExecutionRunId: id, result: () => result };
    });
  }

  workflow(): OtherWorkflow {
    const { run, knot } = this;
    const signal = (_: string, said: unknown): Promise<void> => {
      run.world.push({ step: 'tell', run, knot, perform: () => this.told(endOf(said as ChildEnd)) });
      return Promise.resolve();
    };
    return { signal, cancel: () => Promise.reject(new Error('A child run cancels nobody by an id.')) };
  }

  private async execute(args: readonly unknown[]): Promise<unknown> {
    for (let next = args; ;) {
      try {
        return await WORK.get(this.type)!(this, ...(next as never[]));
      } catch (error) {
        if (!(error instanceof Continued)) throw error;
        next = error.args;
      }
    }
  }

  /** Nothing more begins, and what has begun is told, and awaited. */
  private stop(): void {
    this.root.consideredCancelled = true;
    for (const one of [...this.underWay]) one.cancel();
  }

  /** Makes parts of the knot ready, when its turn comes. */
  private expand<T>(work: () => Promise<T>): Promise<T> {
    const { run, knot, root } = this;
    return new Promise((resolve, reject) => {
      const perform = (): void =>
        root.consideredCancelled ? reject(cancelled()) : void work().then(resolve, reject);
      run.world.push({ step: 'expand', run, knot, perform });
    });
  }

  private split(task: object): Promise<unknown> {
    return this.run.system(SPLIT_ACTIVITY, (environment, context) =>
      createSplitMap(environment)(attemptOf(context, task, '') as SplitAttempt),
    );
  }

  private startPart(
    type: string,
    id: string,
    args: readonly unknown[],
  ): { readonly ended: Promise<unknown> } {
    const part = new ChildRun(this.run, this.knot, type, id, this.told);
    this.underWay.add(part);
    return { ended: part.execute(args).finally(() => this.underWay.delete(part)) };
  }

  /** The first step of the run lets the parameters in. Resolves when it has begun, with how it ends. */
  private async startRun(id: string, given: object): Promise<{ readonly ended: Promise<unknown> }> {
    const { run, underWay } = this;
    const bodies = run.bodies.nestedIn(this.knot);
    run.know(bodies.subject.plan);
    const values = await decodeParameters(run.world.ledger.store.data, given, {
      allowReferences: true,
    });
    let accepted: EncodedValue[];
    try {
      accepted = await bodies.parameters(values as Record<string, unknown>);
    } catch (error) {
      if (!SelvageError.is(error, 'InvalidParameters')) throw error;
      return { ended: Promise.reject(ApplicationFailure.nonRetryable(error.message, error.code)) };
    }
    const ended = new Promise((resolve, reject) => {
      const child = run.nest(id, bodies, accepted, (error) => {
        underWay.delete(nested);
        if (!error) resolve(undefined);
        else
          reject(
            error === 'cancelled' ? cancelled() : ApplicationFailure.nonRetryable(error.message, error.type),
          );
      });
      const nested = { cancel: () => child.workflow.cancel() };
      underWay.add(nested);
    });
    return { ended };
  }
}

const SHORT_HISTORY = { continueAsNewSuggested: false, historyLength: 0, historySize: 0 };
const RETRY_STATE = 'NON_RETRYABLE_FAILURE';

function cancelled(): CancelledFailure {
  return new CancelledFailure('CANCELLED');
}

/** As activities are named in the simulator: by the knot, or by the element or the first of several. */
function nameOf(type: string, activityId: string): string {
  if (type !== BATCH_ACTIVITY) return activityId;
  const [, first, knot] = /:(\d+):(.*)$/.exec(activityId)!;
  return `${knot}[${first}]`;
}

function endOf(said: ChildEnd): ActivityEnd {
  if (said.kind === 'cancelled') return said;
  if (said.kind === 'err') {
    const { message, type } = said.failure;
    return { kind: 'failed', error: ApplicationFailure.nonRetryable(message, type) };
  }
  const { envelope, extension } = said;
  return { kind: 'answered', answer: { ...envelope, ...(extension !== undefined && { extension }) } };
}
