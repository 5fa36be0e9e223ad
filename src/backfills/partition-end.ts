/** A partition that a backfill makes, or waits for. */
export interface PlannedPartition {
  readonly key: string;
  /** Number of the run: 1 for the partition's first. A number that an ended run has is skipped. */
  readonly n: number;
  /** Time of the choice, by the run history's clock. If a run was over by that time, another is made. */
  readonly since: number;
  /** The run that already makes the partition. */
  readonly running?: string;
  /** The partition that must be ok before this one is started, with its position in the list. */
  readonly after?: { readonly key: string; readonly place: number };
  /** A partition that must be ok before this one but is not made, so this one is not made either. */
  readonly heldBy?: string;
}

/** The result of a partition. */
export interface BackfilledPartition {
  readonly key: string;
  /** `held`: not started, because the previous partition is not ok. */
  readonly state: 'ok' | 'failed' | 'cancelled' | 'held';
  /** The partition's run; absent if none was started. */
  readonly runId?: string;
  /** Set if the run existed and was not started by the backfill. */
  readonly awaited?: true;
  /** Why the partition is not ok. */
  readonly reason?: string;
}

/** The result of a backfill. */
export interface BackfillReport {
  /** Number of planned partitions. */
  readonly partitions: number;
  readonly ok: number;
  readonly failed: number;
  readonly cancelled: number;
  readonly held: number;
  /** Number of partitions with a run that the backfill did not start. */
  readonly awaited: number;
  /** The first hundred partitions that are not ok, in the order of making. */
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
