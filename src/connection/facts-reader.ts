import {
  type WorkflowClient,
  type WorkflowExecutionDescription,
  WorkflowNotFoundError,
} from '@temporalio/client';
import { layoutOf, childRunKnots, isNesting, type Layout } from '../plan';
import type { Backends, RunRecord } from '../ports';
import { childRunId } from '../workflows/child-run-id';
import { holdDispatch } from '../workflows/history-budget';
import type { KnotFailure, OpenWait } from '../workflows/messages';
import { runLimits, type RunLimits } from '../workflows/run-limits';
import { runningChildRun } from './child-runs';
import { readWorkflowTask } from './workflow-task-facts';
import { pendingActivitiesOf } from './pending-activity';
import type { Pollers } from './pollers';
import { readPlanOf } from './read-run';
import { memoOf, recordedElsewhere } from './unbegun-run';
import type { Waiting, WaitingKnot } from './explain/waiting';
import { dueQueues } from './explain/activity-reason';
import type { ChildFacts, PendingActivity, RunFacts, UnbegunFacts } from './explain/facts';
import { explain, explainKnot } from './explain/explain';
import { pinnedBuild } from './worker-builds';
import { type Workers, listIfKept } from './workers';
import { unreachable } from './connection-errors';
import { bodyName } from '../authoring/body-names';
import type { LoadedPlan } from '../runtime';
import type { WorkerState } from './worker-state';

/** Maximum number of task queues to look at: each costs a call to the server. */
const QUEUES_LOOKED_AT = 20;
const CHILD_RUNS_LOOKED_AT = 20;

/** An unfinished run, as its client has just read it. */
export interface UnfinishedRun {
  readonly description: WorkflowExecutionDescription;
  readonly run: RunRecord;
  readonly begun: boolean;
  /** The Temporal run id of the earlier records, after a reset. */
  readonly resetFrom?: string;
  /** Failures that a worker reported, if one answered. */
  readonly failures?: readonly KnotFailure[];
  readonly segments?: readonly (readonly string[])[];
  readonly waits?: readonly OpenWait[];
  /** Layout and outcomes, where they were read before, for many runs at once. */
  readonly known?: { readonly layout: Layout; readonly outcomes: ReadonlyMap<string, boolean> };
}

/** Reads why a run has not ended, from the server, the plan and the run history. */
export class FactsReader {
  private last: { readonly key: string; readonly layout: Layout } | undefined;

  constructor(
    private readonly client: WorkflowClient,
    private readonly backends: Backends,
    private readonly pollers: Pollers,
    private readonly workers: Pick<Workers, 'list'>,
  ) {}

  async read(unfinished: UnfinishedRun): Promise<Waiting> {
    const { begun, run, description } = unfinished;
    if (!begun && run.details['recorded_elsewhere']) {
      const { taskQueue } = description;
      const workflowTask = { ...recordedElsewhere(run.run_id), taskQueue, since: run.started_at };
      return { started: begun, workflowTask, total: 0, unfinished: 0, reasons: {}, knots: [] };
    }
    const waiting = explain(begun ? await this.facts(unfinished) : await this.stepFacts(unfinished, []));
    return { ...waiting, knots: await this.withQueues(waiting.knots, run) };
  }

  /** Why one knot has not ended, with all its elements in flight; undefined if it has ended. */
  async readKnot(unfinished: UnfinishedRun, knotId: string): Promise<WaitingKnot | undefined> {
    const knot = explainKnot(await this.facts(unfinished, knotId), knotId);
    return knot && (await this.withQueues([knot], unfinished.run))[0];
  }

  private async withQueues(knots: readonly WaitingKnot[], run: RunRecord): Promise<readonly WaitingKnot[]> {
    return await withQueuesThatHave(knots, this.workers, () => readPlanOf(this.backends, run));
  }

  /** @param knotId a knot whose child run is always read */
  private async facts(unfinished: UnfinishedRun, knotId?: string): Promise<RunFacts> {
    const { description, run, resetFrom, failures, segments, waits, known } = unfinished;
    const { historyLength, historySize = 0 } = description;
    const { terminals, limits: wanted } = memoOf(description);
    const limits = runLimits(wanted);
    const layout = known?.layout ?? (await this.layoutOf(run, terminals));
    const outcomes = known?.outcomes ?? (await this.outcomes(run.temporal_run_id, failures));
    const childRuns = new Map([
      ...(await this.earlierChildRuns(run, layout, limits, outcomes)),
      ...childRunsOf(description),
    ]);
    const children = await this.childrenOf(layout, childRuns, knotId);
    const ofChildren = [...children.values()].flatMap((child) => child.activities);
    return {
      layout,
      outcomes,
      ...(resetFrom !== undefined && { outcomesBefore: await this.outcomes(resetFrom) }),
      segments,
      waits,
      childRuns,
      children,
      ...(await this.stepFacts(unfinished, ofChildren)),
      isHistoryFull: holdDispatch(limits, { historyLength, historySize }),
    };
  }

  private async stepFacts(
    { description, begun }: UnfinishedRun,
    ofChildren: readonly PendingActivity[],
  ): Promise<UnbegunFacts> {
    const now = Date.now();
    const activities = pendingActivitiesOf(description);
    const queues = dueQueues([...activities, ...ofChildren], now).slice(0, QUEUES_LOOKED_AT);
    const pollers = new Map(
      await Promise.all(
        queues.map(async (queue) => {
          // On other queues than its own, a pinned run's knots may go to the current build there.
          const pinned = queue === description.taskQueue ? pinnedBuild(description) : undefined;
          return [queue, await this.pollers.of(queue, 'activity', pinned)] as const;
        }),
      ),
    );
    const workflowTask = await readWorkflowTask(this.client, this.pollers, description, begun);
    return { activities, pollers, workflowTask, now };
  }

  /** Child runs of maps and slow knots. Child runs with other tapestries are runs, explained by themselves. */
  private async childrenOf(
    layout: Layout,
    childRuns: ReadonlyMap<string, string>,
    knotId: string | undefined,
  ): Promise<ReadonlyMap<string, ChildFacts>> {
    const indexes = new Map(layout.ids.map((id, index) => [id, index]));
    const isNested = (id: string): boolean =>
      isNesting(layout.policies[layout.policy[indexes.get(id) ?? 0]!]!.node);
    const shown = [...childRuns].filter(([id]) => indexes.has(id) && !isNested(id));
    const looked = shown.filter(([id], index) => index < CHILD_RUNS_LOOKED_AT || id === knotId);
    const found = await Promise.all(
      looked.map(async ([, childRun]) => {
        const child = await readChild(this.client, this.pollers, childRun);
        return child ? [[childRun, child] as const] : [];
      }),
    );
    return new Map(found.flat());
  }

  private async layoutOf(run: RunRecord, terminals: readonly string[] | undefined): Promise<Layout> {
    const key = JSON.stringify([run.plan_hash, terminals]);
    if (this.last?.key !== key) {
      const { plan } = await readPlanOf(this.backends, run);
      this.last = { key, layout: layoutOf(plan, terminals) };
    }
    return this.last.layout;
  }

  /** Child runs of earlier executions, which the server does not list with the current execution. */
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

/** Child runs are keyed by knot, because the id of a child run is made of run and knot. */
function childRunsOf({ workflowId, raw }: WorkflowExecutionDescription): ReadonlyMap<string, string> {
  const prefix = `${workflowId}/`;
  const ids = (raw.pendingChildren ?? []).flatMap((child) => child.workflowId ?? []);
  return new Map(ids.filter((id) => id.startsWith(prefix)).map((id) => [id.slice(prefix.length), id]));
}

/** Reads the parts of one map, each of which costs a call to the server. */
const PARTS_LOOKED_AT = 10;

/** The facts about a child run; undefined if it has ended. @throws SelvageError `ServerUnreachable` */
async function readChild(
  client: WorkflowClient,
  pollers: Pollers,
  workflowId: string,
): Promise<ChildFacts | undefined> {
  try {
    const description = await client.getHandle(workflowId).describe();
    const own = await readWorkflowTask(client, pollers, description, true);
    const parts = (description.raw.pendingChildren ?? []).slice(0, PARTS_LOOKED_AT);
    const ofParts = await Promise.all(
      parts.map(async (part) => await readChild(client, pollers, part.workflowId ?? '')),
    );
    return {
      activities: [...pendingActivitiesOf(description), ...ofParts.flatMap((part) => part?.activities ?? [])],
      workflowTasks: [own, ...ofParts.flatMap((part) => part?.workflowTasks ?? [])],
    };
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw unreachable(error);
  }
}

const QUEUES_NAMED = 5;

/** Adds the task queues with a suitable worker to knots that wait for a body (`BodyMissing`). */
async function withQueuesThatHave(
  knots: readonly WaitingKnot[],
  workers: Pick<Workers, 'list'>,
  planOf: () => Promise<LoadedPlan>,
): Promise<readonly WaitingKnot[]> {
  if (!knots.some(isMissing)) return knots;
  const alive = await listIfKept(workers);
  if (!alive) return knots;
  const plan = await planOf();
  return knots.map((knot) =>
    isMissing(knot) && plan.has(knot.knotId)
      ? withQueues(knot, queuesThatHave(plan, knot.knotId, alive))
      : knot,
  );
}

function isMissing({ reason }: WaitingKnot): boolean {
  return reason.code === 'BodyMissing';
}

function queuesThatHave(plan: LoadedPlan, knotId: string, workers: readonly WorkerState[]): string[] {
  const knot = plan.knot(knotId);
  const wanted = knot.each === undefined ? plan.definitionOf(knot)! : plan.elementDefinitionOf(knot);
  const name = bodyName(wanted, plan.plan.tapestry, knotId);
  const having = workers.filter(({ bodies }) => bodies?.includes(name));
  return [...new Set(having.map(({ taskQueue }) => taskQueue))].sort();
}

function withQueues(knot: WaitingKnot, queuesWithBody: readonly string[]): WaitingKnot {
  const { code, message } = knot.reason;
  const named = queuesWithBody.slice(0, QUEUES_NAMED).map((queue) => `"${queue}"`);
  const more = queuesWithBody.length - named.length;
  const who =
    named.length === 0
      ? 'No worker that is alive says that it has it.'
      : `Workers of task ${named.length === 1 ? 'queue' : 'queues'} ${named.join(', ')}${more > 0 ? ` and ${more} more` : ''} have it.`;
  return { ...knot, reason: { code, message: `${message} ${who}` }, queuesWithBody };
}
