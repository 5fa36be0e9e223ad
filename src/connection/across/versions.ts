import { bodyName } from '../../authoring/body-names';
import { nestedPlan, type Plan, type PlanDefinition } from '../../plan';
import { BACKFILL } from '../../backfills';
import type { Backends } from '../../ports';
import type { LoadedPlan } from '../../runtime';
import { requestOfBackfill } from '../backfills';
import { readFinishedKnots } from './finished-knots';
import { PlansOfRuns, readOpenRuns, type OpenRun } from './open-runs';
import type { WorkerState } from '../worker-state';
import { compare, listIfKept } from '../workers';
import type { BodyVersion, PlanInUse, Versions } from './version-answers';
import type { OpenRunsQuery } from './waiting-run';
import type { AcrossHost } from './waiting-runs';

const SHOWN_UNREAD = 20;

interface Needed {
  readonly body: string;
  readonly codeHash: string | null;
  readonly isExact: boolean;
}

/** @throws SelvageError `ServerUnreachable`, `BackendUnavailable` */
export async function readVersions(host: AcrossHost, query: OpenRunsQuery): Promise<Versions> {
  const { backends } = host;
  const [open, alive, history] = await Promise.all([
    readOpenRuns(host, query),
    listIfKept(host.workers),
    backends.runHistory.identity(),
  ]);
  const ids = open.flatMap(({ record }) => (record ? [record.temporal_run_id] : []));
  const finished = await readFinishedKnots(backends.runHistory, ids, () => false);
  const plans = new PlansOfRuns(backends);
  const bodies = new Bodies();
  const unread: string[] = [];
  for (const run of open) {
    const plan = run.planHash === '' ? undefined : await plans.of(run.planHash, run.runId);
    const isRead = plan && (await bodies.need(run, plan, doneOf(run, plan, plans, finished), plans));
    if (!isRead || !(await isBackfillRead(backends, run, plans, bodies))) unread.push(run.runId);
  }
  // In one namespace there may be workers of other projects, whose runs are not in this history.
  const workers = (alive ?? []).filter(({ runHistory }) => runHistory === null || runHistory === history);
  const isEveryRunRead =
    unread.length === 0 && Object.values(query).every((condition) => condition === undefined);
  return {
    plans: plansInUse(open),
    bodies: bodies.list(workers, isEveryRunRead),
    open: open.length,
    unknownRuns: unread.slice(0, SHOWN_UNREAD),
    silentWorkers: workers.filter((worker) => worker.bodies === null).map(({ identity }) => identity),
    workersKnown: alive !== undefined,
  };
}

/** Adds what the unstarted runs of a backfill need. Returns false if these needs are not known. */
async function isBackfillRead(
  backends: Backends,
  run: OpenRun,
  plans: PlansOfRuns,
  bodies: Bodies,
): Promise<boolean> {
  if (run.tapestry !== BACKFILL) return true;
  const request = run.record && (await requestOfBackfill(backends, run.record.temporal_run_id));
  if (!request?.plan) return request !== undefined;
  const plan = await plans.of(request.plan, run.runId);
  return plan !== undefined && (await bodies.need(run, plan, () => false, plans));
}

class Bodies {
  private readonly rows = new Map<string, { needed: Needed; runs: OpenRun[]; exact: number }>();
  /** The needs of a whole plan, nested plans included; undefined if a nested plan is missing. */
  private readonly ofPlans = new Map<string, Promise<readonly Needed[] | undefined>>();

  /** @returns false if a nested plan is missing */
  async need(
    run: OpenRun,
    plan: LoadedPlan,
    isDone: (knot: string) => boolean,
    plans: PlansOfRuns,
  ): Promise<boolean> {
    const needed = await this.ofKnots(plan, isDone, plans);
    if (!needed) return false;
    // Several knots of one body are one need, which is exact if the need of any of these knots is.
    const own = new Map<string, Needed>();
    for (const each of needed) {
      const key = JSON.stringify([each.body, each.codeHash]);
      if (!own.get(key)?.isExact) own.set(key, each);
    }
    for (const [key, each] of own) {
      const row = this.rows.get(key) ?? { needed: each, runs: [], exact: 0 };
      row.runs.push(run);
      if (each.isExact) row.exact += 1;
      this.rows.set(key, row);
    }
    return true;
  }

  /** Bodies that runs need, and bodies of workers that no run needs. */
  list(workers: readonly WorkerState[], isEveryRunRead: boolean): BodyVersion[] {
    const those = (body: string): WorkerState[] => workers.filter(({ bodies }) => bodies?.includes(body));
    const having = (body: string): BodyVersion['workers'] =>
      those(body).map(({ identity, taskQueue }) => ({ identity, taskQueue }));
    const needed = [...this.rows.values()].map(({ needed: { body, codeHash }, runs, exact }): BodyVersion => {
      const oldest = runs.reduce((one, other) => (other.startedAt < one.startedAt ? other : one));
      return {
        body,
        codeHash,
        runs: runs.length,
        pinned: exact,
        oldestStartedAt: oldest.startedAt,
        oldestRunId: oldest.runId,
        tapestries: [...new Set(runs.map(({ tapestry }) => tapestry))].sort(),
        workers: having(body),
        safeToRemove: false,
      };
    });
    const names = new Set(needed.map(({ body }) => body));
    const unneeded = [...new Set(workers.flatMap(({ bodies }) => bodies ?? []))].filter(
      (body) => !names.has(body),
    );
    const rest = unneeded.map((body): BodyVersion => {
      const safeToRemove =
        isEveryRunRead && those(body).every(({ runHistory }) => runHistory !== null) ? true : null;
      return {
        body,
        codeHash: null,
        runs: 0,
        pinned: 0,
        tapestries: [],
        workers: having(body),
        safeToRemove,
      };
    });
    return [...needed, ...rest].sort((a, b) => compare(a.body, b.body) || b.runs - a.runs);
  }

  private async ofKnots(
    { plan }: LoadedPlan,
    isDone: (knot: string) => boolean,
    plans: PlansOfRuns,
  ): Promise<readonly Needed[] | undefined> {
    const needed: Needed[] = [];
    for (const knot of plan.knots) {
      if (knot.definition < 0 || isDone(knot.id)) continue;
      const isExact = knot.policy.onCodeChange === 'wait';
      for (const index of [knot.definition, knot.each ?? -1])
        if (index >= 0) needed.push(neededOf(plan, plan.definitions[index]!, knot.id, isExact));
      const nested = nestedPlan(knot);
      if (!nested) continue;
      const below = await this.ofPlan(nested.plan, plans);
      if (!below) return undefined;
      needed.push(...below);
    }
    return needed;
  }

  private async ofPlan(hash: string, plans: PlansOfRuns): Promise<readonly Needed[] | undefined> {
    let needed = this.ofPlans.get(hash);
    if (!needed) {
      needed = plans.of(hash, '').then((plan) => plan && this.ofKnots(plan, () => false, plans));
      this.ofPlans.set(hash, needed);
    }
    return await needed;
  }
}

/** Whether a run no longer needs a knot of its plan, or never did. */
function doneOf(
  { record }: OpenRun,
  plan: LoadedPlan,
  plans: PlansOfRuns,
  finished: Awaited<ReturnType<typeof readFinishedKnots>>,
): (knot: string) => boolean {
  if (!record) return () => false;
  const layout = plans.layoutOf(plan, record);
  const wanted = layout === plan.layout ? undefined : new Set(layout.ids);
  const done = finished.get(record.temporal_run_id);
  return (knot) => done?.has(knot) === true || wanted?.has(knot) === false;
}

function neededOf({ tapestry }: Plan, definition: PlanDefinition, knot: string, isExact: boolean): Needed {
  return { body: bodyName(definition, tapestry, knot), codeHash: definition.codeHash ?? null, isExact };
}

function plansInUse(open: readonly OpenRun[]): PlanInUse[] {
  const plans = new Map<string, PlanInUse>();
  for (const { tapestry, planHash, startedAt } of open) {
    const key = JSON.stringify([tapestry, planHash]);
    const { runs = 0, oldestStartedAt = startedAt } = plans.get(key) ?? {};
    plans.set(key, {
      tapestry,
      planHash,
      runs: runs + 1,
      oldestStartedAt: Math.min(oldestStartedAt, startedAt),
    });
  }
  return [...plans.values()].sort((a, b) => compare(a.tapestry, b.tapestry) || b.runs - a.runs);
}
