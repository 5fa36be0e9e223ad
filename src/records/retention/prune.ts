import { SelvageError } from '../../errors';
import type { Backends, RunHistory, RunQuery, RunRecord } from '../../ports';
import { runMatches } from '../../ports/parts/run-matches';
import { durationOption, type Duration } from '../../values/duration';
import { collectGarbage, LEAST_GRACE_MS, type GarbageReport } from './garbage';
import { allRuns, runningRuns, type OpenRun } from './running-runs';

export interface PruneOptions {
  /** Age of at least two hours; runs that ended longer ago are removed. */
  readonly olderThan: Duration;
  /** Selects matching runs, and the runs that their knots started. Default: all. */
  readonly which?: PruneSelection;
  /** Whether to remove runs, too, that an emitter has not heard of, and never will. Default false. */
  readonly undelivered?: boolean;
  /** Only reports. Default false. */
  readonly dryRun?: boolean;
  /** Aborting this signal ends the call after the current run. */
  readonly signal?: AbortSignal;
  /** A function that is called with the progress so far. */
  readonly onProgress?: (report: PruneReport) => void;
}

/** Selects runs for which all given conditions hold. */
export interface PruneSelection extends Omit<RunQuery, 'limit' | 'cursor'> {
  /** Selects only runs with these ids. */
  readonly runs?: readonly string[];
}

interface PrunedTapestry {
  readonly tapestry: string;
  readonly runs: number;
  /** When the oldest and the newest of the runs began: milliseconds since the epoch. */
  readonly oldestStartedAt: number;
  readonly newestStartedAt: number;
}

export interface PruneReport {
  readonly dryRun: boolean;
  /** Whether the call was completed: after an interruption, the next call does the rest. */
  readonly complete: boolean;
  /** Runs that ended before this time (milliseconds since the epoch) are removed. */
  readonly until: number;
  /** Number of runs that were (or would be) removed, including nested ones. */
  readonly runs: number;
  /** Number of runs that were (or would be) removed by tapestry, sorted by name. */
  readonly tapestries: readonly PrunedTapestry[];
  /** Number of removed lineage records; 0 for a dry run. */
  readonly records: number;
  /** Number of old enough runs that an unfinished or younger run needs; `retainedRuns` lists the first ones. */
  readonly retained: number;
  readonly retainedRuns: readonly string[];
  /** Number of runs that are old enough, but of whose family the emitters in `undeliveredBy` have not heard all yet. */
  readonly undelivered: number;
  readonly undeliveredBy: readonly string[];
  /** The removed values; absent for a dry run, and if the call was interrupted before. */
  readonly garbage?: GarbageReport;
}

/** Unfinished runs that the server knows, and the run history may not know yet. */
export interface OpenRuns {
  readonly oldest?: OpenRun;
  /** Ids of unfinished runs, and of the runs that these resume. */
  readonly needed: ReadonlySet<string>;
}

const NAMED_RUNS = 20;
/** Runs started by one run are listed close together. */
const REMEMBERED_PARENTS = 1_000;

/**
 * Removes runs that ended long ago, with their lineage, then the values that no record names any more. A run and
 * the runs that its knots started go together: all stay while one of them is unfinished or younger. A run that an
 * unfinished one resumes stays, too. The call is safe beside workers and other calls; after an interruption, the next
 * call does the rest.
 *
 * @param open unfinished runs
 * @throws SelvageError `InvalidConfig`, `BackendUnavailable`
 */
export async function prune(
  backends: Pick<Backends, 'runHistory' | 'dataStore'>,
  options: PruneOptions,
  open: OpenRuns = { needed: new Set() },
): Promise<PruneReport> {
  const { which, undelivered: removesUndelivered = false, dryRun = false, signal, onProgress } = options;
  const olderThan = durationOption('olderThan', options.olderThan);
  if (!(Number.isFinite(olderThan) && olderThan >= LEAST_GRACE_MS)) {
    throw new SelvageError(
      'InvalidConfig',
      `The age is ${String(olderThan)} ms. Give two hours (${LEAST_GRACE_MS} ms) or more: of a run that has just ended, a worker may still record something.`,
      { details: { option: 'olderThan', span: olderThan, reason: 'WrongValue' } },
    );
  }
  const { runHistory } = backends;
  const until = Date.now() - olderThan;
  const readers = removesUndelivered ? [] : await slowReaders(runHistory);
  const needed = await neededRuns(runHistory, open);
  const roots = new Roots(runHistory);
  const named = which?.runs && new Set(which.runs);
  const totals = new Map<string, PrunedTapestry>();
  const retainedRuns: string[] = [];
  const undeliveredBy = new Set<string>();
  let [runs, records, held, undelivered] = [0, 0, 0, 0];
  const report = (complete: boolean, garbage?: GarbageReport): PruneReport => ({
    dryRun,
    complete,
    until,
    runs,
    tapestries: [...totals.values()].sort((one, other) => (one.tapestry < other.tapestry ? -1 : 1)),
    records,
    retained: held,
    retainedRuns,
    undelivered,
    undeliveredBy: [...undeliveredBy].sort(),
    ...(garbage && { garbage }),
  });
  const isYoung = ({ status, finished_at: end }: RunRecord): boolean =>
    status === 'running' || end === null || end >= until;
  /** The emitters that hold up a family, by its topmost run; empty if another run holds it up. */
  const staying = new Map<string, ReadonlySet<string>>();
  for await (const run of allRuns(runHistory, { until })) {
    if (signal?.aborted) return report(false);
    const isHeld = isYoung(run) || needed.has(run.run_id);
    const behind = isHeld ? [] : readers.filter(({ deliveredUntil }) => deliveredUntil <= run.finished_at!);
    if (!isHeld && behind.length === 0) continue;
    const { temporal_run_id: root } = await roots.of(run);
    const others = staying.get(root);
    const isFamilyHeld = isHeld || others?.size === 0;
    staying.set(root, new Set(isFamilyHeld ? [] : [...(others ?? []), ...behind.map(({ name }) => name)]));
  }
  // Runs come newest first, so that child runs come before their parents. Listed runs may be removed meanwhile.
  for await (const run of allRuns(runHistory, { until })) {
    if (signal?.aborted) return report(false);
    if (isYoung(run)) continue;
    const root = await roots.of(run);
    if (which && (!runMatches(root, which) || named?.has(root.run_id) === false)) continue;
    const emitters = staying.get(root.temporal_run_id);
    if (emitters?.size === 0) {
      held += 1;
      if (retainedRuns.length < NAMED_RUNS) retainedRuns.push(run.run_id);
    } else if (emitters) {
      undelivered += 1;
      for (const name of emitters) undeliveredBy.add(name);
    }
    if (emitters) continue;
    const deleted = dryRun ? 0 : await runHistory.deleteRun(run.temporal_run_id);
    // Another call has removed the run meanwhile.
    if (deleted === undefined) continue;
    runs += 1;
    records += deleted;
    totals.set(run.tapestry, withRun(totals.get(run.tapestry), run));
    onProgress?.(report(false));
  }
  if (dryRun) return report(true);
  const garbage = await collectGarbage(backends, { ...(signal && { signal }) }, open.oldest);
  return report(garbage.complete, garbage);
}

/** Clocks of workers differ, and a record may be committed long after its time. */
const LATE_MS = 3_600_000;

interface SlowReader {
  readonly name: string;
  /** The time before which ended runs were delivered. */
  readonly deliveredUntil: number;
}

/** Emitters that have not heard of everything, without disabled ones, which hold nothing up. */
async function slowReaders(runHistory: RunHistory): Promise<SlowReader[]> {
  const states = (await runHistory.emitterTableBeside?.().list()) ?? [];
  if (states.length === 0) return [];
  const last = (await runHistory.lastChange?.()) ?? null;
  return states
    .filter(({ position, disabledAt }) => disabledAt === null && position !== last)
    .map(({ name, position, positionAt, createdAt }) => ({
      name,
      deliveredUntil: position === null ? 0 : (positionAt ?? createdAt) - LATE_MS,
    }));
}

/** Ids of unfinished runs, and of the runs that they resume. */
async function neededRuns(runHistory: RunHistory, open: OpenRuns): Promise<ReadonlySet<string>> {
  const needed = new Set(open.needed);
  for await (const { run_id: runId, details } of runningRuns(runHistory)) {
    needed.add(runId);
    const { resumed_from: resumed } = details as { resumed_from?: string };
    if (resumed !== undefined) needed.add(resumed);
  }
  return needed;
}

/** Finds the topmost run of each family, as far as it is on record. */
class Roots {
  private readonly parents = new Map<string, RunRecord | undefined>();

  constructor(private readonly runHistory: RunHistory) {}

  async of(run: RunRecord): Promise<RunRecord> {
    let root = run;
    for (let parent = await this.parentOf(root); parent; parent = await this.parentOf(root)) root = parent;
    return root;
  }

  private async parentOf({ parent_run_id: id, details }: RunRecord): Promise<RunRecord | undefined> {
    const { parent_temporal_run_id: temporalRunId } = details as { parent_temporal_run_id?: string };
    if (id === null && temporalRunId === undefined) return undefined;
    const key = temporalRunId ?? `latest ${id}`;
    if (!this.parents.has(key)) {
      if (this.parents.size >= REMEMBERED_PARENTS) this.parents.clear();
      const { runHistory } = this;
      this.parents.set(
        key,
        temporalRunId === undefined
          ? await runHistory.getRun(id!)
          : await runHistory.getRunByTemporalId(temporalRunId),
      );
    }
    return this.parents.get(key);
  }
}

function withRun(total: PrunedTapestry | undefined, { tapestry, started_at: at }: RunRecord): PrunedTapestry {
  return {
    tapestry,
    runs: (total?.runs ?? 0) + 1,
    oldestStartedAt: Math.min(total?.oldestStartedAt ?? at, at),
    newestStartedAt: Math.max(total?.newestStartedAt ?? at, at),
  };
}
