import { graphOfPlan } from '../plan/run-graph';
import type { GraphState, RecordedAttempt, RunGraph } from '../authoring/run-graph';
import type { ErrorCause } from '../authoring/outcome';
import type { ExceptionRecord, LineageRecord } from '../ports';
import type { ElementCounts } from './lineage';
import { presentCode } from '../errors';
import type { LoadedPlan } from './loaded-plan';

/** The graph of a run from its records; ignores those of map elements. */
export function graphOfRun({ plan, hash }: LoadedPlan, records: Iterable<LineageRecord>): RunGraph {
  const states = new Map<string, LineageRecord>();
  for (const record of records) states.set(record.knot_id, record);
  const graph = graphOfPlan(plan, hash);
  const knots = graph.knots.map((knot) => {
    const record = states.get(knot.id);
    return record ? { ...knot, state: stateOf(record, knot.codeHash) } : knot;
  });
  return { ...graph, knots };
}

export function stateOf(record: LineageRecord, codeHash: string | undefined): GraphState {
  const { extra, code_hash: code } = record;
  const { error, elements, child_run, attempts, waits } = extra as {
    error?: ExceptionRecord;
    elements?: ElementCounts;
    child_run?: { run_id: string };
    attempts?: readonly RecordedAttempt[];
    waits?: GraphState['waits'];
  };
  // The value of another run was made by that run's code.
  const isOther =
    code !== null && record.cached_from_run === null && code !== codeHash && codeHash !== undefined;
  return {
    outcome: record.outcome,
    ...(record.skip_reason && { skipReason: record.skip_reason }),
    ...(record.output_hash !== null && { outputHash: record.output_hash }),
    ...(record.output_size !== null && { outputSize: record.output_size }),
    scheduledAt: record.scheduled_at,
    startedAt: record.started_at,
    finishedAt: record.finished_at,
    attempt: record.attempt,
    ...(record.cached_from_run !== null && { cachedFromRun: record.cached_from_run }),
    ...(error && { error: { type: error.type, message: error.message, ...placeOf(error) } }),
    ...(elements && {
      elements: {
        count: elements.count,
        failed: elements.failed,
        ...(elements.reused !== undefined && { reused: elements.reused }),
      },
    }),
    ...(isOther && { ranCodeHash: code }),
    ...(child_run && { childRunId: child_run.run_id }),
    ...(record.worker !== null && { worker: record.worker }),
    ...(attempts && {
      attempts: attempts.map(({ started_at: startedAt, ended_at: endedAt, ...one }) => ({
        ...one,
        startedAt,
        endedAt,
      })),
    }),
    ...(waits && { waits: waits.map((wait) => ({ ...wait, code: presentCode(wait.code) })) }),
  };
}

/** A knot that failed because of a run or an element has no frame of its own; the cause has. */
function placeOf({ at, cause, errors = [] }: ErrorCause): { readonly at?: string } {
  if (at !== undefined) return { at };
  for (const nested of [...(cause ? [cause] : []), ...errors]) {
    const place = placeOf(nested);
    if (place.at !== undefined) return place;
  }
  return {};
}
