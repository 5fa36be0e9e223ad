import type { Sha256 } from '../canonical';
import { planOf, withNested, type LoadedPlan } from '../execution';
import type { TapestryRecord } from '../model/records';
import type { Backends, RunRecord, RunStatus } from '../protocols';
import { digestOf } from '../sealing/seal-backends';
import { VERSION } from '../version';

/** The knot of another run that has started this one. */
export interface StartedBy {
  readonly runId: string;
  /** What the records of that run are kept under. */
  readonly recordRun: string;
  readonly knot: string;
}

/** What the record of an in-process run says. */
export interface RunToRecord {
  readonly runId: string;
  readonly recordRun: string;
  readonly startedBy: StartedBy | undefined;
  readonly tapestry: TapestryRecord;
  /** With what the run was extended by. */
  readonly plan: LoadedPlan;
  /** The plan as the tapestry store keeps it. */
  readonly planText: string;
  /** Those that the run was asked for; absent: the plan's own. */
  readonly terminals: readonly string[] | undefined;
  /** By name. */
  readonly parameterHashes: Readonly<Record<string, string>>;
  readonly status: RunStatus;
  readonly startedAt: number;
  readonly finishedAt: number;
  /** `counts`, or `error` of one that never began. */
  readonly environment: RunRecord['environment'];
}

/** Records a run when it is over: one that ends with its process is cut short, and nothing goes on with it. */
export async function putOnRecord(backends: Backends, sha256: Sha256, run: RunToRecord): Promise<void> {
  const { runHistory, tapestryStore } = backends;
  const { tag } = digestOf(backends);
  const { plan, planText: text, startedBy, finishedAt } = run;
  const { hash } = plan;
  const { tapestry } = plan.plan;
  // The last one is its own, so that a plan is never there without those that it names.
  for (const nested of [...withNested(run.tapestry)].slice(1).reverse()) {
    const { hash, text } = planOf(nested, sha256);
    await tapestryStore.save({ hash, tapestry: nested.name, text, savedAt: finishedAt });
  }
  await tapestryStore.save({ hash, tapestry, text, savedAt: finishedAt });
  await runHistory.startRun({
    run_id: run.runId,
    temporal_run_id: run.recordRun,
    tapestry,
    plan_hash: hash,
    parameter_hashes: run.parameterHashes,
    terminals: plan.terminals(run.terminals),
    status: run.status,
    actor: null,
    trigger: startedBy ? 'knot' : 'code',
    tags: [],
    vcs_commit: null,
    parent_run_id: startedBy?.runId ?? null,
    started_at: run.startedAt,
    finished_at: finishedAt,
    environment: {
      selvage: VERSION,
      ...(tag !== undefined && { digest_key: tag }),
      ...(startedBy && { parent_knot: startedBy.knot, parent_temporal_run_id: startedBy.recordRun }),
      ...(run.environment as object),
    },
  });
}
