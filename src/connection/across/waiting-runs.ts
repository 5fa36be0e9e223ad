import { setTimeout as delay } from 'node:timers/promises';
import { SelvageError, isAway } from '../../errors';
import { bodyName } from '../../authoring/body-names';
import type { Layout } from '../../plan';
import type { RunRecord } from '../../ports';
import { runMatches } from '../../ports/parts/run-matches';
import { inParallel } from '../../values/in-parallel';
import type { LoadedPlan } from '../../runtime';
import { nobodyTakes } from '../explain/activity-reason';
import { durationOption } from '../../values/duration';
import type { Connected } from '../connect';
import { describeIfThere } from '../executions';
import { KnotReasons, urgency } from '../explain/knot-reasons';
import { nobodyPolls } from '../explain/nobody-polls';
import { recordedElsewhere } from '../unbegun-run';
import type { Pollers } from '../pollers';
import type { RunHandle } from '../run-handle';
import { isUnfinished } from '../run-on-server';
import type { RunFacts } from '../explain/facts';
import { UnfinishedKnots } from '../explain/unfinished-knots';
import type { Waiting, WaitingKnot } from '../explain/waiting';
import { FactsReader } from '../facts-reader';
import type { WorkerState } from '../worker-state';
import type { Workers } from '../workers';
import { readFinishedKnots, type Finished } from './finished-knots';
import { PlansOfRuns, ofRecord, readOpenRuns, runningRecords, type OpenRun } from './open-runs';
import type { OpenRunsQuery, WaitingRun, WaitingRuns, WaitingRunsQuery } from './waiting-run';

const WITHIN_MS = 10_000;
const ASKED_AT_ONCE = 32;
/** Refused knots are offered again five times a second, and then less often. */
const SECOND_LOOK_MS = 100;
/** A wait that is past its time by more than this margin should have ended. */
const OVERDUE_MS = 5_000;
const EMPTY = new Map<string, never>();

/** The parts of a client for questions across runs. */
export interface AcrossHost extends Pick<Connected, 'client' | 'backends' | 'place'> {
  readonly pollers: Pollers;
  readonly workers: Pick<Workers, 'list'>;
  handleOf(runId: string): RunHandle;
}

interface Begun {
  readonly run: RunRecord;
  readonly plan: LoadedPlan;
  readonly layout: Layout;
  readonly finished: ReadonlyMap<string, Finished>;
}

interface ReadyKnots {
  readonly facts: RunFacts;
  readonly knots: UnfinishedKnots;
  readonly ready: readonly number[];
  readonly policies: readonly Layout['policies'][number][];
}

/** `ask`: only the server can tell why the run waits. `working`: nothing of the run waits. */
type Verdict = WaitingRun | 'ask' | 'working';

/**
 * Says which unfinished runs wait, and for what.
 *
 * A1 If all ready knots of a run are waits by its records, the run waits for these: the server has only a timer. A2 A
 * run with another ready knot waits for a worker if nobody polls the task queues of run and knot. A3 The server is
 * asked about all other runs, and about runs whose record names another execution than the server: a call for each run,
 * the oldest first. Past the time limit, runs are `NotChecked`.
 *
 * @throws SelvageError `ServerUnreachable`, `BackendUnavailable`
 */
export async function readWaitingRuns(
  host: AcrossHost,
  { within = WITHIN_MS, ...query }: WaitingRunsQuery,
): Promise<WaitingRuns> {
  return await new AcrossReader(host).read(query, durationOption('within', within));
}

class AcrossReader {
  private readonly now = Date.now();
  private readonly pollers: Pollers;
  private readonly plans: PlansOfRuns;
  private readonly reader: FactsReader;

  private limit = Infinity;

  constructor(private readonly host: AcrossHost) {
    const { client, backends, pollers, workers } = host;
    this.pollers = pollers.cached();
    this.plans = new PlansOfRuns(backends);
    let alive: Promise<WorkerState[]> | undefined;
    const list = (): Promise<WorkerState[]> => (alive ??= workers.list());
    this.reader = new FactsReader(client.workflow, backends, this.pollers, { list });
  }

  async read(query: OpenRunsQuery, within: number): Promise<WaitingRuns> {
    const { backends } = this.host;
    this.limit = performance.now() + within;
    const records = await runningRecords(backends);
    const matching = records.filter((run) => runMatches(run, query));
    const begun = matching.map((run) => run.temporal_run_id);
    const finished = await readFinishedKnots(backends.runHistory, begun, () => this.isLate);
    const waits = await this.waitsOnRecord(matching, finished);
    const others = new Set(begun.filter((id) => !waits.has(id)));
    const open = await readOpenRuns(this.host, query, records, (run) => others.has(run.temporal_run_id));
    this.limit = performance.now() + within;
    open.sort((a, b) => a.startedAt - b.startedAt);
    const found: (WaitingRun | 'working' | 'over')[] = [];
    const toAsk: { readonly run: OpenRun; readonly begun?: Begun }[] = [];
    await inParallel(open, ASKED_AT_ONCE, async (run) => {
      if (run.isElsewhere) return void found.push(noted(run, { reason: recordedElsewhere(run.runId) }));
      const waiting = run.isCurrent && waits.get(run.record!.temporal_run_id);
      if (waiting) return void found.push(waiting);
      const known = await this.begunOf(run, finished);
      const verdict =
        known === 'PlanMissing' ? noted(run, planMissing(run)) : await this.verdictOf(run, known);
      if (verdict === 'ask') toAsk.push({ run, ...(typeof known === 'object' && { begun: known }) });
      else found.push(verdict);
    });
    await inParallel(toAsk, ASKED_AT_ONCE, async ({ run, begun: known }) => {
      found.push(this.isLate ? notAsked(run) : await this.ask(run, known).catch(tellOf(run)));
    });
    const runs = found.filter((each) => typeof each === 'object');
    return {
      items: runs.sort((a, b) => a.since - b.since || (a.runId < b.runId ? -1 : 1)),
      open: found.filter((each) => each !== 'over').length,
      working: found.filter((each) => each === 'working').length,
    };
  }

  /** The waits of runs by their records, if the server has the runs as running: by Temporal run id. */
  private async waitsOnRecord(
    records: readonly RunRecord[],
    finished: ReadonlyMap<string, ReadonlyMap<string, Finished>>,
  ): Promise<Map<string, WaitingRun>> {
    const waits = new Map<string, WaitingRun>();
    for (const record of records) {
      const run = ofRecord(record);
      const known = await this.begunOf(run, finished);
      const waiting = typeof known === 'object' && this.waitOf(run, known, '');
      if (waiting) waits.set(record.temporal_run_id, waiting);
    }
    return waits;
  }

  private get isLate(): boolean {
    return performance.now() > this.limit;
  }

  /** The begun run; undefined if no worker has begun it, or its records were not read in time. */
  private async begunOf(
    { record: run }: OpenRun,
    read: ReadonlyMap<string, ReadonlyMap<string, Finished>>,
  ): Promise<Begun | 'PlanMissing' | undefined> {
    const finished = run && read.get(run.temporal_run_id);
    if (!finished) return undefined;
    const plan = await this.plans.of(run.plan_hash, run.run_id);
    return plan ? { run, plan, layout: this.plans.layoutOf(plan, run), finished } : 'PlanMissing';
  }

  private async verdictOf(run: OpenRun, begun: Begun | undefined): Promise<Verdict> {
    // The run was continued with another history, or reset to a point before the last one on record.
    if (!run.workflow || (run.record && run.record.temporal_run_id !== run.workflow.runId)) return 'ask';
    const { taskQueue } = run.workflow;
    if (!begun) {
      if (run.record || this.isLate) return 'ask';
      const nobody = nobodyTakes(
        taskQueue,
        run.startedAt,
        await this.pollers.of(taskQueue, 'workflow'),
        this.now,
      );
      if (nobody === undefined) return 'ask';
      return noted(run, { reason: { code: 'NoWorker', message: nobody }, since: run.startedAt, taskQueue });
    }
    const waiting = this.waitOf(run, begun, taskQueue);
    if (waiting) return waiting;
    const { ready, policies } = this.readyKnots(begun, taskQueue);
    if (policies.every(({ wait }) => wait !== undefined)) return 'ask';
    if (this.isLate || policies.some(({ taskQueue: own }) => own !== undefined && own !== taskQueue))
      return 'ask';
    const pollers = await this.pollers.of(taskQueue, 'workflow');
    if (!pollers || pollers.alive.length > 0 || pollers.builds) return 'ask';
    const stuck = ready.findIndex((_, at) => policies[at]!.wait === undefined);
    const knot: WaitingKnot = {
      knotId: begun.layout.ids[ready[stuck]!]!,
      state: 'queued',
      reason: { code: 'NoWorker', message: nobodyPolls(taskQueue, pollers) },
      since: readySince(begun, ready[stuck]!),
      taskQueue,
    };
    return ofKnot(run, knot, ready.length - 1, begun);
  }

  private readyKnots(begun: Begun, taskQueue: string): ReadyKnots {
    const facts = this.factsOf(begun, taskQueue);
    const knots = new UnfinishedKnots(facts);
    const ready = knots.indexes.filter((index) => knots.unfinishedParents(index).length === 0);
    const policies = ready.map((index) => begun.layout.policies[begun.layout.policy[index]!]!);
    return { facts, knots, ready, policies };
  }

  /** The wait of a run; undefined unless all its ready knots are waits whose time has not passed. */
  private waitOf(run: OpenRun, begun: Begun, taskQueue: string): WaitingRun | undefined {
    const { facts, knots, ready, policies } = this.readyKnots(begun, taskQueue);
    if (ready.length === 0 || policies.some(({ wait }) => wait === undefined)) return undefined;
    const waits = ready.map((index) => ({
      ...new KnotReasons(facts, knots).reasonOf(index),
      since: readySince(begun, index),
    }));
    if (waits.some(({ until = Infinity }) => until < this.now - OVERDUE_MS)) return undefined;
    return ofKnot(run, waits[0]!, waits.length - 1, begun);
  }

  /** The facts about a run as if the server had nothing of the run but its waits. */
  private factsOf({ layout, finished, run }: Begun, taskQueue: string): RunFacts {
    const waits = layout.ids.flatMap((knot, index) => {
      const { wait } = layout.policies[layout.policy[index]!]!;
      const duration = wait?.ms ?? wait?.timeout;
      if (!wait || duration === undefined) return [];
      return [{ knot, until: readySince({ layout, finished, run }, index) + duration }];
    });
    return {
      layout,
      outcomes: outcomesOf(finished),
      workflowTask: { taskQueue, isPaused: false },
      activities: [],
      childRuns: EMPTY,
      pollers: EMPTY,
      isHistoryFull: false,
      now: this.now,
      waits,
    };
  }

  private async ask(
    run: OpenRun,
    begun: Begun | undefined,
    isSecond = false,
  ): Promise<WaitingRun | 'working' | 'over'> {
    const description = await describeIfThere(this.host.client.workflow, run.runId);
    if (!isUnfinished(description)) return 'over';
    const { firstRunId } = description.raw.workflowExecutionInfo ?? {};
    const isOfRecord = begun && [description.runId, firstRunId].includes(begun.run.temporal_run_id);
    const unfinished = isOfRecord
      ? { run: begun.run, begun: true, known: { layout: begun.layout, outcomes: outcomesOf(begun.finished) } }
      : await this.host.handleOf(run.runId).records.unfinished(description);
    const waiting = await this.reader.read({ description, ...unfinished });
    const found = reasonOfRun(run, waiting, begun);
    // A knot that is refused again and again is with a worker for a moment each time.
    if (isSecond || found !== 'working' || !waiting.knots.some(isTriedAgain)) return found;
    await delay(SECOND_LOOK_MS);
    return await this.ask(run, begun, true);
  }
}

function isTriedAgain({ state, attempt = 1 }: WaitingKnot): boolean {
  return state === 'running' && attempt > 1;
}

/** The one thing that a run waits for: the most stuck of its knots, or its workflow task. */
function reasonOfRun(
  run: OpenRun,
  { workflowTask, knots, unfinished }: Waiting,
  begun: Begun | undefined,
): WaitingRun | 'working' {
  const [first] = knots;
  if (first && urgency(first) === 0) return ofKnot(run, first, countOthers(knots, 0), begun);
  if (workflowTask && workflowTask.code !== 'WorkflowTaskRunning') {
    const { code, message, since = run.startedAt, taskQueue } = workflowTask;
    return noted(run, { reason: { code, message }, since, taskQueue });
  }
  const waits = knots.find(({ state }) => state === 'queued' || state === 'waiting');
  if (waits) return ofKnot(run, waits, countOthers(knots, urgency(waits)), begun);
  const isWorking =
    workflowTask !== undefined || unfinished === 0 || knots.some(({ state }) => state === 'running');
  if (isWorking || !first) return 'working';
  return ofKnot(run, first, 0, begun);
}

function countOthers(knots: readonly WaitingKnot[], of: number): number {
  return knots.filter((knot) => urgency(knot) === of && knot.state !== 'running').length - 1;
}

function ofKnot(run: OpenRun, knot: WaitingKnot, otherKnots: number, begun: Begun | undefined): WaitingRun {
  const { knotId, reason, since, taskQueue, signal, until, queuesWithBody } = knot;
  const index = begun?.layout.ids.indexOf(knotId) ?? -1;
  return noted(run, {
    knotId,
    reason,
    since: since ?? (begun && index >= 0 ? readySince(begun, index) : run.startedAt),
    body: begun && bodyOf(begun.plan, knotId),
    ...(otherKnots > 0 && { otherKnots }),
    taskQueue,
    signal,
    until,
    queuesWithBody,
  });
}

function noted(
  { runId, tapestry, planHash, startedAt, record }: OpenRun,
  why: Partial<WaitingRun> & Pick<WaitingRun, 'reason'>,
): WaitingRun {
  return { runId, tapestry, planHash, startedAt, started: record !== undefined, since: startedAt, ...why };
}

/** Lists an unreadable run with its error, so that it does not hide the other runs. */
function tellOf(run: OpenRun): (error: unknown) => WaitingRun {
  return (error) => {
    if (isAway(error) || !SelvageError.is(error)) throw error;
    return noted(run, { reason: { code: error.code, message: error.message } });
  };
}

function notAsked(run: OpenRun): WaitingRun {
  const message = 'there was no time to ask the server about it: give more time, or ask about fewer runs';
  return noted(run, { reason: { code: 'NotChecked', message } });
}

function planMissing({ planHash }: OpenRun): Pick<WaitingRun, 'reason'> {
  return { reason: { code: 'PlanMissing', message: `its plan ${planHash} is not in the tapestry store` } };
}

/** When the last parent of a knot finished; without parents, when the run began. */
function readySince(
  { layout, finished, run }: Pick<Begun, 'layout' | 'finished' | 'run'>,
  index: number,
): number {
  const { ids, parents, parentStart, parameterCount } = layout;
  let since = run.started_at;
  for (const parent of parents.subarray(parentStart[index], parentStart[index + 1]))
    if (parent >= parameterCount) since = Math.max(since, finished.get(ids[parent]!)?.at ?? 0);
  return since;
}

function outcomesOf(finished: ReadonlyMap<string, Finished>): Map<string, boolean> {
  return new Map([...finished].map(([knot, { isOk }]) => [knot, isOk]));
}

/** The name by which workers have the body of a knot, or of the elements of a map. */
function bodyOf(plan: LoadedPlan, knotId: string): string | undefined {
  const knot = plan.has(knotId) ? plan.knot(knotId) : undefined;
  const definition =
    knot && (knot.each === undefined ? plan.definitionOf(knot) : plan.elementDefinitionOf(knot));
  return definition && bodyName(definition, plan.plan.tapestry, knotId);
}
