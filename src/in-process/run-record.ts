import type { Sha256 } from '../values';
import { planOf, withNested, type LoadedPlan } from '../runtime';
import type { TapestryRecord } from '../authoring/records';
import type { Backends, RunRecord, RunStatus } from '../ports';
import { digestOf } from '../encryption/seal-backends';
import { VERSION } from '../version';

/** The knot of another run that started this one. */
export interface StartedBy {
  readonly runId: string;
  /** The key of that run's records. */
  readonly temporalRunId: string;
  readonly knot: string;
}

export interface RunToRecord {
  readonly runId: string;
  readonly temporalRunId: string;
  readonly startedBy: StartedBy | undefined;
  readonly tapestry: TapestryRecord;
  /** The plan, extensions included. */
  readonly plan: LoadedPlan;
  /** The plan as the tapestry store keeps it. */
  readonly planText: string;
  /** The terminals that were asked for. If omitted, the plan's own. */
  readonly terminals: readonly string[] | undefined;
  /** Parameter name to hash. */
  readonly parameterHashes: Readonly<Record<string, string>>;
  /** The partition's key, for a partitioned tapestry. */
  readonly partition: string | undefined;
  readonly status: RunStatus;
  readonly startedAt: number;
  readonly finishedAt: number;
  /** `counts`, or `error` for a run that never began. */
  readonly details: RunRecord['details'];
}

/** Records a run when it is over. A run that dies with its process leaves no record, as nothing could continue it. */
export async function putOnRecord(backends: Backends, sha256: Sha256, run: RunToRecord): Promise<void> {
  const { runHistory, tapestryStore } = backends;
  const { tag } = digestOf(backends);
  const { plan, planText: text, startedBy, finishedAt } = run;
  const { hash } = plan;
  const { tapestry } = plan.plan;
  // Nested plans are saved first, so that no plan exists without those that it names.
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
