import { z } from 'zod';
import { triggerOfBackfill } from '../../backfills/names';
import type { RunRecord } from '../../ports';
import { streamName } from '../../streams';
import { instant, json, list, runStatus } from '../fields';

export const runSummary = z.object({
  runId: z.string(),
  temporalRunId: z.string(),
  tapestry: z.string(),
  /** Hash of the plan; empty until a worker has made the plan. */
  planHash: z.string(),
  status: runStatus,
  /** Set until a worker has started the run. */
  started: z.literal(false).optional(),
  /** Set if the server knows the run, but another run history has its record. */
  recordedElsewhere: z.literal(true).optional(),
  startedAt: instant,
  finishedAt: instant.optional(),
  counts: z.object({ ok: z.int(), err: z.int(), skipped: z.int() }).optional(),
  actor: z.string().optional(),
  trigger: z.string().optional(),
  triggerKey: z.string().optional(),
  /** Origin of the event that started the run, such as topic, partition and offset. */
  event: z.record(z.string(), z.union([z.string(), z.number()])).optional(),
  partition: z.string().optional(),
  tags: list(z.string()),
  error: z.object({ type: z.string(), message: z.string() }).optional(),
  parentRunId: z.string().optional(),
  parentKnotId: z.string().optional(),
  /** The run that started this run, by a nested knot or as a backfill; or the stream of its elements. */
  partOf: z.union([z.object({ runId: z.string() }), z.object({ stream: z.string() })]).optional(),
  resumedFrom: z.string().optional(),
  /** Runs that resumed this run, in order of the requests; `runs.show` adds their status. */
  resumedAs: list(z.object({ runId: z.string(), status: runStatus.optional() })).optional(),
  vcsCommit: z.string().optional(),
  /** Small parameters by name, if a list was asked for them; absent for callers that do not see values in full. */
  parameters: z.record(z.string(), json).optional(),
});
export type RunSummary = z.output<typeof runSummary>;

interface SaidOfRun {
  readonly begun?: false;
  readonly recorded_elsewhere?: true;
  readonly counts?: RunSummary['counts'];
  readonly error?: { readonly type: string; readonly message: string };
  readonly event?: RunSummary['event'];
  readonly parent_knot?: string;
  readonly resumed_from?: string;
  readonly resumed_as?: readonly string[];
}

/** Limit for an error message in a list. */
const MESSAGE_CHARACTERS = 500;

export function summaryOf(run: RunRecord): RunSummary {
  const { begun, counts, error, resumed_as: resumes = [], ...details } = run.details as SaidOfRun;
  return {
    runId: run.run_id,
    temporalRunId: run.temporal_run_id,
    tapestry: run.tapestry,
    planHash: run.plan_hash,
    status: run.status,
    ...(begun === false && run.status === 'running' && { started: false }),
    ...(details.recorded_elsewhere && { recordedElsewhere: true }),
    startedAt: run.started_at,
    ...(run.finished_at !== null && { finishedAt: run.finished_at }),
    ...(counts && { counts: { ok: counts.ok, err: counts.err, skipped: counts.skipped } }),
    ...(run.actor !== null && { actor: run.actor }),
    ...(run.trigger !== null && { trigger: run.trigger }),
    ...(run.trigger_key !== null && { triggerKey: run.trigger_key }),
    event: details.event,
    ...(run.partition !== null && { partition: run.partition }),
    tags: run.tags,
    ...(error && { error: { type: error.type, message: error.message.slice(0, MESSAGE_CHARACTERS) } }),
    ...(run.parent_run_id !== null && { parentRunId: run.parent_run_id }),
    parentKnotId: details.parent_knot,
    partOf: wholeOf(run, details.event),
    resumedFrom: details.resumed_from,
    ...(resumes.length > 0 && { resumedAs: resumes.map((runId) => ({ runId })) }),
    ...(run.vcs_commit !== null && { vcsCommit: run.vcs_commit }),
  };
}

const STREAM = streamName('');

function wholeOf({ parent_run_id, trigger }: RunRecord, event: RunSummary['event']): RunSummary['partOf'] {
  const backfill = event?.['backfill'];
  if (parent_run_id !== null) return { runId: parent_run_id };
  if (typeof backfill === 'string' && trigger === triggerOfBackfill(backfill)) return { runId: backfill };
  return trigger?.startsWith(STREAM) ? { stream: trigger.slice(STREAM.length) } : undefined;
}
