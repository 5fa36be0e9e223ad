import type { RunStatus } from '../ports';
import type { PlannedPartition } from './partition-end';
import type { BackfillOrder, BackfillState } from './selection';
import { numberOfRun } from './run-ids';

/** A partition with its newest run. */
export interface PartitionCandidate {
  readonly key: string;
  readonly state: 'missing' | 'running' | 'ok' | 'failed' | 'stale';
  /** The partition's newest run; absent if the partition is missing. */
  readonly run?: {
    readonly runId: string;
    readonly status: RunStatus;
    /** Milliseconds since the epoch. */
    readonly startedAt: number;
    readonly finishedAt: number | null;
  };
}

export interface Choice {
  readonly tapestry: string;
  readonly only: readonly BackfillState[];
  readonly order: BackfillOrder;
  /** The time by the run history's clock, before the partitions were read. */
  readonly since: number;
  /**
   * Start of the resumed backfill, or of the first resumed one. Partitions that failed after this start are made again.
   */
  readonly failedSince?: number;
  /**
   * The partition that a key depends on; undefined for the first. If `previous` is omitted, partitions are independent.
   */
  readonly previous?: (key: string) => string | undefined;
  /** Whether an unlisted partition is ok. */
  readonly isOk?: (key: string) => boolean;
}

/** Chooses partitions, in the order of making, with running ones to be awaited. @param standing in domain order */
export function choosePartitions(
  standing: readonly PartitionCandidate[],
  choice: Choice,
): PlannedPartition[] {
  const { tapestry, only, order, since, previous, isOk = () => false } = choice;
  const { failedSince = Infinity } = choice;
  const wants = ({ state, run }: PartitionCandidate): boolean => {
    if (state === 'running' || only.includes('all')) return true;
    if (state !== 'failed') return state !== 'ok' && only.includes(state);
    // A cancelled run counts as missing, not as failed.
    const isStopped = run?.status === 'cancelled' && only.includes('missing');
    // The resumed backfill may have started the partition's run, or waited for it.
    const isOfResumed = run !== undefined && Math.max(run.startedAt, run.finishedAt ?? 0) >= failedSince;
    return isStopped || only.includes('failed') || isOfResumed;
  };
  const chosen = standing.filter(wants);
  if (order === 'backward') chosen.reverse();
  if (previous) inChains(chosen, previous);
  const places = new Map(chosen.map(({ key }, place) => [key, place]));
  const states = new Map(standing.map(({ key, state }) => [key, state]));
  const dependence = (key: string): Pick<PlannedPartition, 'after' | 'heldBy'> => {
    const before = previous?.(key);
    if (before === undefined) return {};
    const place = places.get(before);
    if (place !== undefined) return { after: { key: before, place } };
    const state = states.get(before);
    const isThere = state === undefined ? isOk(before) : state === 'ok' || state === 'stale';
    return isThere ? {} : { heldBy: before };
  };
  return chosen.map(({ key, state, run }) => ({
    key,
    n: nextNumber(tapestry, key, state === 'running' ? undefined : run?.runId),
    since,
    ...(state === 'running' && { running: run!.runId }),
    ...(state !== 'running' && dependence(key)),
  }));
}

/** The number after the newest run's; 1 if no backfill made that run. Starting shows whether the number is taken. */
function nextNumber(tapestry: string, key: string, newest: string | undefined): number {
  return ((newest !== undefined && numberOfRun(tapestry, key, newest)) || 0) + 1;
}

/** Puts the heads of all chains first, so that no chain waits for itself while others could proceed. */
function inChains(chosen: PartitionCandidate[], previous: (key: string) => string | undefined): void {
  const depths = new Map<string, number>();
  for (const { key } of chosen) depths.set(key, (depths.get(previous(key) ?? '') ?? -1) + 1);
  chosen.sort((one, other) => depths.get(one.key)! - depths.get(other.key)!);
}
