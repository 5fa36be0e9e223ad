import type { Context } from '@temporalio/activity';
import { attemptOf, type SplitAttempt } from '../../activities/attempts';
import { finishRun } from '../../activities/finish-run';
import { runToStart } from '../../activities/nested-runs';
import { createSplitMap } from '../../activities/split-map';
import { recordUnrun } from '../../activities/unrun-knots';
import { SelvageError } from '../../errors';
import { encodeLayout } from '../../plan';
import { DEFAULT_INLINE_LIMIT, decodeFragment, envelopeOf } from '../../runtime';
import { packRanges } from '../../scheduler';
import { NEWEST_BEHAVIOUR } from '../../workflows/behaviours';
import {
  BEGIN_RUN_ACTIVITY,
  CHECK_ACTIVITY,
  EXTEND_ACTIVITY,
  FINISH_RUN_ACTIVITY,
  LAYOUT_ACTIVITY,
  LOOKUP_ACTIVITY,
  NEST_ACTIVITY,
  SPLIT_ACTIVITY,
  WAIT_ACTIVITY,
  type BeginRunResult,
  type ExtendRequest,
  type ExtendResult,
  type FinishRunRequest,
  type FinishRunResult,
  type LayoutRequest,
  type NestRequest,
  type SignalCheckRequest,
  type WaitRequest,
} from '../../workflows/messages';
import { Process, SimulatedEnvironment } from './environment';
import type { SimulatedRun } from './run';
import { LIMITS } from './subject';
import { Violation } from './violation';

/** Does the steps of a run and its child runs that call no body. */
export class Steps {
  private readonly environment: SimulatedEnvironment;

  constructor(private readonly run: SimulatedRun) {
    this.environment = new SimulatedEnvironment(run, new Process());
  }

  async do(type: string, task: object): Promise<unknown> {
    const environment = this.environment;
    const { run } = this;
    switch (type) {
      case BEGIN_RUN_ACTIVITY:
        return this.begin();
      case LAYOUT_ACTIVITY:
        return this.layout((task as LayoutRequest).slice);
      case FINISH_RUN_ACTIVITY:
        return await this.finish(task as FinishRunRequest);
      case EXTEND_ACTIVITY:
        return this.extend(task as ExtendRequest);
      case LOOKUP_ACTIVITY:
        // Steps find no reusable values, as attempts find them themselves.
        return { found: packRanges([]) };
      case WAIT_ACTIVITY:
        return { until: (task as WaitRequest).now };
      case CHECK_ACTIVITY:
        return (task as SignalCheckRequest).signals.map((signal) => run.outside.check(signal));
      case NEST_ACTIVITY:
        return await runToStart(environment, this.context(type).info, task as NestRequest);
      case SPLIT_ACTIVITY:
        return await createSplitMap(environment)(
          attemptOf(this.context(type), task, environment) as SplitAttempt,
        );
    }
    throw new Error(`There is no step ${type}.`);
  }

  private begin(): BeginRunResult {
    const { parameters, subject, takenOver } = this.run;
    return {
      behaviour: NEWEST_BEHAVIOUR,
      limits: LIMITS,
      plan: subject.plan.hash,
      ...this.layout(0),
      parameters: parameters.map((value) => envelopeOf(value, DEFAULT_INLINE_LIMIT)),
      ...(takenOver.length > 0 && { takenOver: packRanges(takenOver) }),
    };
  }

  private layout(slice: number): { slices: number; layout: string } {
    const { slices } = this.run.subject;
    return { slices: slices.length, layout: slices[slice]! };
  }

  private async finish(request: FinishRunRequest): Promise<FinishRunResult> {
    const { run } = this;
    const finish = (): Promise<FinishRunResult> =>
      finishRun(this.environment, this.context(FINISH_RUN_ACTIVITY).info, request);
    if (!request.last) return await finish();
    run.outside.requireRefused(request.signals);
    return await new Promise((resolve, reject) =>
      run.world.push({
        step: 'settle',
        run,
        knot: run.subject.idOf(0),
        half: () => run.world.later(this.finishHalf(request), () => undefined),
        perform: () => void finish().then(resolve, (error: Error) => reject(this.cannotEnd(error))),
      }),
    );
  }

  /** On a server, the step would be tried again without end. */
  private cannotEnd(error: Error): Error {
    if (!SelvageError.is(error)) return error;
    return new Violation('no record', `${this.run.id} cannot end: ${error.message}`);
  }

  /** What a worker does that is killed in the middle of settling. */
  private async finishHalf({ skipped, failed }: FinishRunRequest): Promise<void> {
    const { run } = this;
    const half = { skipped: skipped.slice(0, Math.ceil(skipped.length / 2)), failed };
    await recordUnrun(this.environment, run.subject.plan, run.stepOf(0), half);
  }

  private extend({ fragment: hash, by }: ExtendRequest): ExtendResult {
    const { run } = this;
    const before = run.subject;
    const fragment = decodeFragment(run.world.ledger.store.at(hash)!);
    try {
      run.subject = before.extendedBy({ fragment, hash });
    } catch (error) {
      if (!SelvageError.is(error)) throw error;
      const knot = run.nameOf(by!);
      const what = `Knot "${knot}" has extended the run by what cannot be added: ${error.message}`;
      throw new Violation('extension refused', what, knot);
    }
    const { plan, layout } = run.subject;
    run.know(plan);
    const slices = encodeLayout(layout, before.layout);
    return { plan: plan.hash, slices: slices.length, layout: slices[0] ?? '' };
  }

  private context(activityType: string): Context {
    const { execution: workflowExecution } = this.run;
    const info = { activityType, activityId: activityType, attempt: 1, workflowExecution, workflowType: '' };
    return { info } as unknown as Context;
  }
}
