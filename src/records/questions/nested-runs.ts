import type { LineageRecord, RunRecord } from '../../ports';

/** The Temporal run id of the last run that a knot started; undefined if the knot starts none. */
export function childRunOf({ extra }: LineageRecord): string | undefined {
  return (extra as { child_run?: { temporal_run_id: string } }).child_run?.temporal_run_id;
}

/** The knot that started a run, and the Temporal run id of that knot's run; undefined if no knot started it. */
export function startedBy({
  details,
}: RunRecord): { readonly knot: string; readonly temporalRunId: string } | undefined {
  const { parent_knot: knot, parent_temporal_run_id: temporalRunId } = details as Record<
    string,
    string | undefined
  >;
  return knot === undefined || temporalRunId === undefined ? undefined : { knot, temporalRunId };
}
