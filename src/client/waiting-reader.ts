import type { WorkflowClient, WorkflowExecutionDescription } from '@temporalio/client';
import { layoutOf, childRunKnots, type Layout } from '../engine';
import type { Backends, RunRecord } from '../protocols';
import { childRunId } from '../workflows/child-run-id';
import { holdDispatch } from '../workflows/history-budget';
import type { KnotFailure, OpenWait } from '../workflows/messages';
import { runLimits, type RunLimits } from '../workflows/run-limits';
import { runningChildRun } from './child-runs';
import { nextStep } from './next-step';
import { pendingActivitiesOf } from './pending-activity';
import type { Pollers } from './pollers';
import { readPlanOf } from './read-run';
import { memoOf } from './unbegun-run';
import type { Waiting } from './waiting';
import { dueQueues, whyWaiting } from './why-waiting';

/** Each is a call to the server; knots of a run seldom use more. */
const QUEUES_LOOKED_AT = 20;
const CHILD_RUNS_LOOKED_AT = 20;

/** A run that is not over, as its client has just seen it. */
export interface UnfinishedRun {
  readonly description: WorkflowExecutionDescription;
  readonly run: RunRecord;
  /** Whether a worker has taken its first step. */
  readonly begun: boolean;
  /** Of one that was reset: the Temporal run id under which the records of before are. */
  readonly resetFrom?: string;
  /** What a worker said of it, where one answered. */
  readonly failures?: readonly KnotFailure[];
  readonly segments?: readonly (readonly string[])[];
  readonly waits?: readonly OpenWait[];
}

/** Reads what it takes to say why a run has not ended: from the server, the plan and the run history. */
export class WaitingReader {
  /** A run keeps its plan. */
  private last: { readonly key: string; readonly layout: Layout } | undefined;

  constructor(
    private readonly client: WorkflowClient,
    private readonly backends: Backends,
    private readonly pollers: Pollers,
  ) {}

  async read(unfinished: UnfinishedRun): Promise<Waiting> {
    const { client } = this;
    const { description, run, begun, resetFrom, failures, segments, waits } = unfinished;
    const step = await nextStep(client, this.pollers, description, begun);
    if (!begun) return { begun, ...(step && { step }), total: 0, unfinished: 0, reasons: {}, knots: [] };
    const now = Date.now();
    const activities = pendingActivitiesOf(description);
    const queues = dueQueues(activities, now).slice(0, QUEUES_LOOKED_AT);
    const pollers = await Promise.all(
      queues.map(async (queue) => [queue, await this.pollers.of(queue, 'activity')] as const),
    );
    const { historyLength, historySize = 0 } = description;
    const { terminals, limits: wanted } = memoOf(description);
    const limits = runLimits(wanted);
    const layout = await this.layoutOf(run, terminals);
    const outcomes = await this.outcomes(run.temporal_run_id, failures);
    return {
      begun,
      ...whyWaiting({
        layout,
        outcomes,
        ...(resetFrom !== undefined && { outcomesBefore: await this.outcomes(resetFrom) }),
        activities,
        ...(segments && { segments }),
        ...(waits && { waits }),
        childRuns: new Map([
          ...(await this.earlierChildRuns(run, layout, limits, outcomes)),
          ...childRunsOf(description),
        ]),
        pollers: new Map(pollers),
        ...(step && { step }),
        isHistoryFull: holdDispatch(limits, { historyLength, historySize }),
        now,
      }),
    };
  }

  private async layoutOf(run: RunRecord, terminals: readonly string[] | undefined): Promise<Layout> {
    const key = JSON.stringify([run.plan_hash, terminals]);
    if (this.last?.key !== key) {
      const { plan } = await readPlanOf(this.backends, run);
      this.last = { key, layout: layoutOf(plan, terminals) };
    }
    return this.last.layout;
  }

  /** Child runs of earlier executions of the run, which the server does not list with the present one. */
  private async earlierChildRuns(
    run: RunRecord,
    layout: Layout,
    { childRunsFromEvents }: RunLimits,
    outcomes: ReadonlyMap<string, boolean>,
  ): Promise<readonly (readonly [string, string])[]> {
    const slow = childRunKnots(layout, childRunsFromEvents)
      .map((knot) => layout.ids[knot]!)
      .filter((knot) => !outcomes.has(knot));
    const found = await Promise.all(
      slow.slice(0, CHILD_RUNS_LOOKED_AT).map(async (knot) => {
        const child = await runningChildRun(this.client, run, knot);
        return child === undefined ? [] : [[knot, childRunId(run.run_id, knot)] as const];
      }),
    );
    return found.flat();
  }

  private async outcomes(
    temporalRunId: string,
    failures: readonly KnotFailure[] = [],
  ): Promise<Map<string, boolean>> {
    const outcomes = new Map(failures.map(({ knot }) => [knot, false]));
    for (const record of await this.backends.runHistory.getRecords(temporalRunId))
      outcomes.set(record.knot_id, record.outcome === 'ok');
    return outcomes;
  }
}

/** By the id of the knot that runs in it: a child run of a knot is named after the run and the knot. */
function childRunsOf({ workflowId, raw }: WorkflowExecutionDescription): ReadonlyMap<string, string> {
  const prefix = `${workflowId}/`;
  const ids = (raw.pendingChildren ?? []).flatMap((child) => child.workflowId ?? []);
  return new Map(ids.filter((id) => id.startsWith(prefix)).map((id) => [id.slice(prefix.length), id]));
}
