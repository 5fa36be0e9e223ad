import { ApplicationFailure } from '@temporalio/common';
import { decodeParameters } from '../../activities/parameter-references';
import { SelvageError } from '../../errors';
import type { EncodedValue } from '../../runtime';
import { runKnot } from '../../workflows/knot-run';
import { runMap } from '../../workflows/map-run';
import { KNOT_WORKFLOW, SPLIT_ACTIVITY, childWorkflowType, type KnotTask } from '../../workflows/messages';
import { runLoop, runSubTapestry } from '../../workflows/nested-run';
import type { ActivityOptions, ChildOptions, ChildWorld } from '../../workflows/world';
import { cancelled, type Ended, type Execution } from './execution';
import type { SimulatedRun } from './run';
import { Violation } from './violation';
import { SimulatedWorkflow } from './workflow';

type Work = (world: ChildWorld, ...args: never[]) => Promise<unknown>;

const WORK: ReadonlyMap<string, Work> = new Map<string, Work>([
  [KNOT_WORKFLOW, runKnot],
  [childWorkflowType('map'), runMap],
  [childWorkflowType('subTapestry'), runSubTapestry],
  [childWorkflowType('loop'), runLoop],
]);

/** The server ends a workflow whose history is too long. An activity takes three events, and often a workflow task. */
const MOST_COMMANDS = 1_000;

/** The child run of a knot with several activities, or of a part of a map; outlives an execution of its run. */
export class ChildRun extends SimulatedWorkflow {
  constructor(
    readonly run: SimulatedRun,
    protected readonly knot: string,
    private readonly type: string,
    id: string,
    told: Ended,
  ) {
    super(id, told);
    run.world.workflows.set(id, this);
  }

  work(execution: Execution, args: readonly unknown[]): Promise<unknown> {
    return WORK.get(this.type)!(execution, ...(args as never[]));
  }

  hearCancel(): void {
    const { run, knot } = this;
    run.world.push({ step: 'hear', run, knot, perform: () => this.cancel() });
  }

  sleep(): void {
    throw new Error('A child run waits for no time.');
  }

  override call(type: string, options: ActivityOptions, task: object, ended: Ended): void {
    if (type === SPLIT_ACTIVITY) return this.whenReady(() => this.callHere(type, task, ended), ended);
    if (this.executions.at(-1)!.commands > MOST_COMMANDS) {
      const what = `The history of ${this.id} has more than ${MOST_COMMANDS} commands`;
      throw new Violation('wrong command', what, this.run.nameOf(this.knot));
    }
    const { element, knot } = task as KnotTask;
    const count = (change: number): void => {
      if (element) this.run.countElements(knot!, change);
    };
    count(1);
    super.call(type, options, task, (result) => {
      count(-1);
      ended(result);
    });
  }

  protected whenReady(work: () => void, ended: Ended): void {
    const { run, knot } = this;
    const perform = (): void => (this.isCancelled ? ended({ error: cancelled() }) : work());
    run.world.push({ step: 'expand', run, knot, perform });
  }

  protected async startWorkflow(
    type: string,
    options: ChildOptions,
    told: Ended,
  ): Promise<SimulatedWorkflow | undefined> {
    const id = options.workflowId!;
    if (!WORK.has(type)) return await this.startRun(id, options.args[0] as object, told);
    const part = new ChildRun(this.run, this.knot, type, id, told);
    part.begin(options.args);
    return part;
  }

  /** Parameters need no check: the first step of the run validates them. */
  private async startRun(id: string, given: object, told: Ended): Promise<SimulatedWorkflow | undefined> {
    const { run } = this;
    const bodies = run.bodies.nestedIn(this.knot);
    run.know(bodies.subject.plan);
    const { data } = run.world.ledger.store;
    const values = await decodeParameters(data, given, { allowReferences: true });
    let accepted: EncodedValue[];
    try {
      accepted = await bodies.parameters(values as Record<string, unknown>);
    } catch (error) {
      if (!SelvageError.is(error, 'InvalidParameters')) throw error;
      run.world.soon(() => told({ error: ApplicationFailure.nonRetryable(error.message, error.code) }));
      return undefined;
    }
    return run.nest(id, bodies, accepted, told);
  }
}
