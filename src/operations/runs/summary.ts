import { z } from 'zod';
import type { RunRecord } from '../../ports';
import { instant, list, runStatus } from '../fields';

export const runSummary = z.object({
  runId: z.string(),
  temporalRunId: z.string(),
  tapestry: z.string(),
  status: runStatus,
  /** Absent: a worker has started it. */
  started: z.literal(false).optional(),
  startedAt: instant,
  finishedAt: instant.optional(),
  counts: z.object({ ok: z.int(), err: z.int(), skipped: z.int() }).optional(),
  actor: z.string().optional(),
  trigger: z.string().optional(),
  triggerKey: z.string().optional(),
  partition: z.string().optional(),
  tags: list(z.string()),
  error: z.object({ type: z.string(), message: z.string() }).optional(),
});
export type RunSummary = z.output<typeof runSummary>;

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
