import type { HistoryChange, OutcomeKind, RunStatus } from '../../ports';

/** Columns that a kind of change lacks are null. */
export interface ChangeRow {
  readonly kind: HistoryChange['kind'];
  readonly run_id: string;
  readonly temporal_run_id: string;
  readonly tapestry: string | null;
  readonly knot_id: string | null;
  readonly at: number;
  readonly outcome: OutcomeKind | null;
  readonly status: RunStatus | null;
  readonly early: boolean | number | null;
}

export function changeOf(row: ChangeRow, position: string): HistoryChange {
  const { kind, run_id, temporal_run_id, tapestry, knot_id, at, outcome, status, early } = row;
  return {
    position,
    kind,
    run_id,
    temporal_run_id,
    tapestry: tapestry ?? '',
    ...(knot_id !== null && { knot_id }),
    ...(outcome !== null && { outcome }),
    ...(status !== null && { status }),
    ...(early && { isBeforeRun: true as const }),
    at,
  };
}
