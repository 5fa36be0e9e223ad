import type { RunRecord } from '../../ports';
import type { RunSummary } from '../../explorer/contract';

interface SaidOfRun {
  readonly begun?: false;
  readonly counts?: RunSummary['counts'];
  readonly error?: { readonly type: string; readonly message: string };
}

/** Limit for an error message in a list; the run's own view has all of it. */
const MESSAGE_CHARACTERS = 500;

export function summaryOf(run: RunRecord): RunSummary {
  const { begun, counts, error } = run.details as SaidOfRun;
  return {
    runId: run.run_id,
    temporalRunId: run.temporal_run_id,
    tapestry: run.tapestry,
    status: run.status,
    ...(begun === false && run.status === 'running' && { started: false }),
    startedAt: run.started_at,
    ...(run.finished_at !== null && { finishedAt: run.finished_at }),
    ...(counts && { counts: { ok: counts.ok, err: counts.err, skipped: counts.skipped } }),
    ...(run.actor !== null && { actor: run.actor }),
    ...(run.trigger !== null && { trigger: run.trigger }),
    ...(run.trigger_key !== null && { triggerKey: run.trigger_key }),
    ...(run.partition !== null && { partition: run.partition }),
    tags: run.tags,
    ...(error && { error: { type: error.type, message: error.message.slice(0, MESSAGE_CHARACTERS) } }),
  };
}
