import type { Sha256 } from '../values';
import { planOf, withNested, type LoadedPlan } from '../runtime';
import type { TapestryRecord } from '../authoring/records';
import type { Backends, RunRecord, RunStatus } from '../ports';
import { digestOf } from '../encryption/seal-backends';
import { VERSION } from '../version';

export interface StartedBy {
  readonly runId: string;
  /** Key of the records of the run whose knot started this one. */
  readonly temporalRunId: string;
  readonly knot: string;
}

export interface RunToRecord {
  readonly runId: string;
  readonly temporalRunId: string;
  readonly startedBy: StartedBy | undefined;
  readonly tapestry: TapestryRecord;
  /** Extensions included. */
  readonly plan: LoadedPlan;
  /** The plan's text, as in the tapestry store. */
  readonly planText: string;
  /** The requested terminals. Default: the plan's own terminals. */
  readonly terminals: readonly string[] | undefined;
  readonly parameterHashes: Readonly<Record<string, string>>;
  readonly partition: string | undefined;
  readonly status: RunStatus;
  readonly startedAt: number;
  readonly finishedAt: number;
  /** Either `counts`, or `error` for a run that never began. */
  readonly details: RunRecord['details'];
}

/** Records a run at its end. A run that dies with its process has no record, as it could not be continued. */
export async function putOnRecord(backends: Backends, sha256: Sha256, run: RunToRecord): Promise<void> {
  const { runHistory, tapestryStore } = backends;
  const { tag } = digestOf(backends);
  const { plan, planText: text, startedBy, finishedAt } = run;
  const { hash } = plan;
  const { tapestry } = plan.plan;
  // Nested plans are stored first, so that no plan is stored without them.
  for (const nested of [...withNested(run.tapestry)].slice(1).reverse()) {
    const { hash, text } = planOf(nested, sha256);
    await tapestryStore.save({ hash, tapestry: nested.name, text, savedAt: finishedAt });
  }
  await tapestryStore.save({ hash, tapestry, text, savedAt: finishedAt });
  await runHistory.startRun({
    run_id: run.runId,
    temporal_run_id: run.temporalRunId,
    tapestry,
    plan_hash: hash,
    parameter_hashes: run.parameterHashes,
    terminals: plan.terminals(run.terminals),
    status: run.status,
    actor: null,
    trigger: startedBy ? 'knot' : 'code',
    trigger_key: null,
    partition: run.partition ?? null,
    tags: [],
    vcs_commit: null,
    parent_run_id: startedBy?.runId ?? null,
    started_at: run.startedAt,
    finished_at: finishedAt,
    details: {
      selvage: VERSION,
      ...(tag !== undefined && { digest_key: tag }),
      ...(startedBy && { parent_knot: startedBy.knot, parent_temporal_run_id: startedBy.temporalRunId }),
      ...(run.details as object),
    },
  });
}
