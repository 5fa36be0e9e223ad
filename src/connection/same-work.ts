import { nodeSha256 } from '../backends';
import { changedCode, nestedPlansOf, readPlan, wiringHash, type Plan } from '../plan';
import { SelvageError } from '../errors';
import type { LoadedPlan } from '../runtime';
import type { BackendIdentities, RunRecord, TapestryStore } from '../ports';
import { digestTagOf, subjectOf } from '../encryption/seal-backends';
import type { ResumedRun, RunMemo } from '../workflows/messages';

/** Properties that must be equal for two starts to ask for the same work. */
export interface WorkOfRun extends Pick<RunMemo, 'plan' | 'parametersHash' | 'terminals' | 'subject'> {
  readonly backends?: Pick<BackendIdentities, 'digest'>;
  readonly resume?: Pick<ResumedRun, 'runId' | 'from'>;
}

/** Finds plans by hash among the caller's own, then in the tapestry store. */
export class PlanFinder {
  constructor(
    private readonly store: TapestryStore,
    private readonly own: () => ReadonlyMap<string, Plan>,
  ) {}

  async find(hash: string): Promise<Plan | undefined> {
    const own = this.own().get(hash);
    if (own) return own;
    const stored = await this.store.get(hash);
    return stored && readPlan(stored.text);
  }
}

interface ComparedPlans {
  readonly isSameWiring: boolean;
  /** Definitions, and knots with a body in place, whose code differs; empty if the wiring differs. */
  readonly changedCode: readonly string[];
}

async function comparePlans(found: string, wanted: string, plans: PlanFinder): Promise<ComparedPlans> {
  if (found === wanted) return { isSameWiring: true, changedCode: [] };
  const [before, now] = await Promise.all([wiredPlan(found, plans), wiredPlan(wanted, plans)]);
  if (!before || before.wiring !== now?.wiring) return { isSameWiring: false, changedCode: [] };
  const changed = new Set(changedCode(before.plan, now.plan));
  for (const [knot, nested] of nestedPlansOf(now.plan)) {
    const nestedBefore = nestedPlansOf(before.plan).get(knot);
    if (nestedBefore === undefined) continue;
    for (const name of (await comparePlans(nestedBefore, nested, plans)).changedCode) changed.add(name);
  }
  return { isSameWiring: true, changedCode: [...changed] };
}

/** A plan with its wiring; undefined if a plan is gone from the tapestry store. */
async function wiredPlan(
  hash: string,
  plans: PlanFinder,
): Promise<{ readonly plan: Plan; readonly wiring: string } | undefined> {
  const plan = await plans.find(hash);
  if (!plan) return undefined;
  const nested = new Map<string, string>();
  for (const inner of nestedPlansOf(plan).values()) {
    const wired = await wiredPlan(inner, plans);
    if (!wired) return undefined;
    nested.set(inner, wired.wiring);
  }
  return { plan, wiring: wiringHash(plan, (inner) => nested.get(inner)!, nodeSha256) };
}

/**
 * Checks that a run and a start of its id have equal wiring, parameters, terminals, origin and subject.
 *
 * @returns the bodies whose code has changed since the run began
 * @throws SelvageError `RunIdInUse` if they differ, or if repeating the same is refused
 */
export async function requireSameWork(
  runId: string,
  found: WorkOfRun,
  wanted: RunMemo,
  { plans, ifExists }: { readonly plans: PlanFinder; readonly ifExists: 'refuse' | 'attach' },
): Promise<readonly string[]> {
  const compared =
    found.plan === undefined || wanted.plan === undefined
      ? { isSameWiring: false, changedCode: [] }
      : await comparePlans(found.plan, wanted.plan, plans);
  const differing = differences(found, wanted, compared);
  if (differing.length === 0 && ifExists === 'attach') return compared.changedCode;
  const why =
    differing.length === 0
      ? 'It is the same work: attach to it (`getRun`), or choose another id.'
      : `It does other work: ${differing.join('; ')}. To start this work, choose another id (the same command without --run-id). ` +
        `To go on with that run: selvage resume ${runId} FILE`;
  throw new SelvageError('RunIdInUse', `The run id "${runId}" is in use. ${why}`, {
    details: {
      run: runId,
      found: { plan: found.plan, parameters: found.parametersHash },
      wanted: { plan: wanted.plan, parameters: wanted.parametersHash },
    },
  });
}

/** The differences of two starts, each as a clause; empty if they ask for the same work. */
function differences(found: WorkOfRun, wanted: WorkOfRun, { isSameWiring }: ComparedPlans): string[] {
  const terminals = ({ terminals: chosen }: WorkOfRun): string => chosen?.join(', ') ?? "the plan's own";
  const origin = ({ resume }: WorkOfRun): string =>
    resume ? `run "${resume.runId}"${resume.from?.length ? ` from ${resume.from.join(', ')}` : ''}` : 'none';
  const parts: readonly (readonly [boolean, string])[] = [
    [
      isSameWiring,
      `its tapestry is wired otherwise (its plan is ${found.plan ?? 'unknown'}, yours ${wanted.plan ?? 'unknown'})`,
    ],
    [
      found.parametersHash === wanted.parametersHash,
      `its parameters are ${found.parametersHash ?? 'unknown'}, yours ${wanted.parametersHash ?? 'unknown'}`,
    ],
    [
      !isSameWiring || terminals(found) === terminals(wanted),
      `its terminals are ${terminals(found)}, yours ${terminals(wanted)}`,
    ],
    [
      origin(found) === origin(wanted),
      `the run that it goes on from is ${origin(found)}, yours ${origin(wanted)}`,
    ],
    [
      found.subject === wanted.subject,
      `its subject is ${found.subject ?? 'none'}, yours ${wanted.subject ?? 'none'}`,
    ],
  ];
  return parts.flatMap(([isSame, text]) => (isSame ? [] : [text]));
}

/** The record of an extended run names its latest plan and terminals. */
function startedWith({ plan_hash, terminals, details }: RunRecord): {
  plan: string;
  terminals: RunRecord['terminals'];
} {
  const { started_with } = details as { started_with?: ReturnType<typeof startedWith> };
  return started_with ?? { plan: plan_hash, terminals };
}

export function workOfRecord(run: RunRecord, wanted: RunMemo, plan: LoadedPlan): WorkOfRun {
  const {
    parameters_hash: parametersHash,
    resumed_from: resumedFrom,
    run_again: from,
  } = run.details as { parameters_hash?: string; resumed_from?: string; run_again?: string[] };
  const subject = subjectOf(run);
  const digest = digestTagOf(run);
  const started = startedWith(run);
  // The record has names and ids, which are equal for plans of one wiring.
  const hasSameTerminals =
    JSON.stringify(started.terminals) === JSON.stringify(plan.terminals(wanted.terminals));
  const terminals = hasSameTerminals ? wanted.terminals : Object.values(started.terminals);
  return {
    plan: started.plan,
    backends: { ...(digest !== undefined && { digest }) },
    ...(parametersHash && { parametersHash }),
    ...(terminals && { terminals }),
    ...(subject !== undefined && { subject }),
    ...(resumedFrom !== undefined && { resume: { runId: resumedFrom, ...(from && { from }) } }),
  };
}
