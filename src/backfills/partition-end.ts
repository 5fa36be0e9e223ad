/** A partition that a backfill is to make, or to wait for. */
export interface PlannedPartition {
  readonly key: string;
  /** The number of the run to make: 1 for the partition's first. A number taken by a run that was already over is skipped. */
  readonly n: number;
  /** When it was chosen, by the run history's clock. A run that was over by then is made again. */
  readonly since: number;
  /** The run that is already making it. */
  readonly running?: string;
  /** The partition that must be ok first, with its position in the list. */
  readonly after?: { readonly key: string; readonly place: number };
  /** The partition that would have to be ok first but is not going to be made, so this one is not made either. */
  readonly heldBy?: string;
}

/** The result of a partition. */
export interface BackfilledPartition {
  readonly key: string;
  /** `held`: not begun, because the previous partition is not ok. */
  readonly state: 'ok' | 'failed' | 'cancelled' | 'held';
  /** Absent if none was started. */
  readonly runId?: string;
  /** Set if the run existed already, started by somebody else. */
  readonly awaited?: true;
  /** Why it is not ok. */
  readonly reason?: string;
}

/** The result of a backfill. */
export interface BackfillReport {
  /** Number of partitions that it was to make. */
  readonly partitions: number;
  readonly ok: number;
  readonly failed: number;
  readonly cancelled: number;
  readonly held: number;
  /** How many of these already had a run, started by somebody else. */
  readonly awaited: number;
  /** The first hundred that are not ok, in the order of making. */
  readonly notOk: readonly BackfilledPartition[];
}

const NAMED = 100;

export function reportOf(ends: readonly BackfilledPartition[]): BackfillReport {
  const count = (state: BackfilledPartition['state']): number =>
    ends.filter((end) => end.state === state).length;
  return {
    partitions: ends.length,
    ok: count('ok'),
    failed: count('failed'),
    cancelled: count('cancelled'),
    held: count('held'),
    awaited: ends.filter(({ awaited }) => awaited).length,
    notOk: ends.filter(({ state }) => state !== 'ok').slice(0, NAMED),
  };
}
