import type { LineageRecord, RunRecord } from '../protocols';

/** The Temporal run id of the last run that a knot has started; undefined of one that starts none. */
export function childRunOf({ extra }: LineageRecord): string | undefined {
  return (extra as { child_run?: { temporal_run_id: string } }).child_run?.temporal_run_id;
}

/** The knot that has started a run, and the Temporal run id of its own; undefined of a run that no knot has started. */
export function startedBy({
  environment,
}: RunRecord): { readonly knot: string; readonly temporalRun: string } | undefined {
  const { parent_knot: knot, parent_temporal_run_id: temporalRun } = environment as Record<
    string,
    string | undefined
  >;
  return knot === undefined || temporalRun === undefined ? undefined : { knot, temporalRun };
}
