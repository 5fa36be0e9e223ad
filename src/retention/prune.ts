import { SelvageError } from '../errors';
import type { Backends, RunHistory, RunRecord } from '../protocols';
import { collectGarbage, LEAST_GRACE_MS, type GarbageReport } from './garbage';
import { allRuns, runningRuns, type OpenRun } from './running-runs';

export interface PruneOptions {
  /** Runs that ended longer ago than so many milliseconds go. At least two hours. */
  readonly olderThan: number;
  /** Only runs of this tapestry, with the runs that their knots have started. Default: of all. */
  readonly tapestry?: string;
  /** Only tells which runs would go. */
  readonly dryRun?: boolean;
  /** Once aborted, it ends after the run that it is at. */
  readonly signal?: AbortSignal;
  /** Hears how far it has come. */
  readonly onProgress?: (report: PruneReport) => void;
}

export interface PrunedTapestry {
  readonly tapestry: string;
  readonly runs: number;
  /** When the oldest of them and the newest began: milliseconds since the epoch. */
  readonly oldest: number;
  readonly newest: number;
}

export interface PruneReport {
  readonly dryRun: boolean;
  /** False where it was interrupted: the next one does the rest. */
  readonly complete: boolean;
  /** Runs that ended before this time (milliseconds since the epoch) go. */
  readonly before: number;
  /** How many runs were (or would be) removed, nested ones included. */
  readonly runs: number;
  /** The same by tapestry, by name. */
  readonly tapestries: readonly PrunedTapestry[];
  /** Lineage records that were removed; 0 of a dry run. */
  readonly records: number;
  /** Runs that ended as long ago and stay, since one that is not over, or ended later, needs them: the first of them. */
  readonly held: number;
  readonly heldRuns: readonly string[];
  /** What was removed of values; absent of a dry run, and where it was interrupted before. */
  readonly garbage?: GarbageReport;
}

/** What the server knows of runs that are not over, and that the run history may not know yet. */
export interface OpenRuns {
  readonly oldest?: OpenRun;
  /** Their ids, and those of the runs that they go on from. */
  readonly needed: ReadonlySet<string>;
}

const NAMED_RUNS = 20;
/** What runs have started is listed close together. */
const REMEMBERED_PARENTS = 1_000;

/**
 * Removes runs that ended long ago, with their lineage, and then the values that no record names any more. A run and the runs that its knots have
 * started go together, or not at all: while one of them is not over, or ended later, all stay; so does a run from which one that is not over
 * goes on. A value stays as long as a record that is left names it. It may run beside workers and others like it, and be broken off at any
 * time: the next one does the rest.
 *
 * @param open runs that are not over
 * @throws SelvageError `InvalidConfig`, `BackendUnavailable`
 */
export async function prune(
  backends: Pick<Backends, 'runHistory' | 'dataStore'>,
  options: PruneOptions,
  open: OpenRuns = { needed: new Set() },
): Promise<PruneReport> {
  const { olderThan, tapestry, dryRun = false, signal, onProgress } = options;
  if (!(Number.isFinite(olderThan) && olderThan >= LEAST_GRACE_MS)) {
    throw new SelvageError(
      'InvalidConfig',
      `The age is ${String(olderThan)} ms. Give two hours (${LEAST_GRACE_MS} ms) or more: of a run that has just ended, a worker may still record something.`,
      { details: { option: 'olderThan', span: olderThan, reason: 'WrongValue' } },
    );
  }
  const { runHistory } = backends;
  const before = Date.now() - olderThan;
  const families = new Families(runHistory, before, await neededRuns(runHistory, open));
  const totals = new Map<string, PrunedTapestry>();
  const heldRuns: string[] = [];
  let [runs, records, held] = [0, 0, 0];
  const report = (complete: boolean, garbage?: GarbageReport): PruneReport => ({
    dryRun,
    complete,
    before,
    runs,
    tapestries: [...totals.values()].sort((one, other) => (one.tapestry < other.tapestry ? -1 : 1)),
    records,
    held,
    heldRuns,
    ...(garbage && { garbage }),
  });
  // Newest first: so what a run has started comes before it. They may be removed meanwhile.
  for await (const run of allRuns(runHistory, { until: before })) {
    if (signal?.aborted) return report(false);
    const fate = await families.fateOf(run);
    if (tapestry !== undefined && (await families.rootOf(run)).tapestry !== tapestry) continue;
    if (fate === 'held') {
      held += 1;
      if (heldRuns.length < NAMED_RUNS) heldRuns.push(run.run_id);
    }
    if (fate !== 'goes') continue;
    const deleted = dryRun ? 0 : await runHistory.deleteRun(run.temporal_run_id);
    // Another one has removed it meanwhile.
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

/** Ids of runs that are not over, and of those that they go on from. */
async function neededRuns(runHistory: RunHistory, open: OpenRuns): Promise<ReadonlySet<string>> {
  const needed = new Set(open.needed);
  for await (const { run_id: runId, environment } of runningRuns(runHistory)) {
    needed.add(runId);
    const { resumed_from: resumed } = environment as { resumed_from?: string };
    if (resumed !== undefined) needed.add(resumed);
  }
  return needed;
}

/** `young`: it is not old enough. `held`: it is, and stays for the sake of another one. */
type Fate = 'goes' | 'held' | 'young';

/** Which runs go, and which stay for the sake of the one that has started them, or of one that they have started. */
class Families {
  /** Temporal run ids of runs that have started one that stays. */
  private readonly parentsOfStaying = new Set<string>();
  /** The fate of runs that have started others, by temporal run id. */
  private readonly fates = new Map<string, Fate>();
  private readonly parents = new Map<string, RunRecord | undefined>();

  constructor(
    private readonly runHistory: RunHistory,
    private readonly before: number,
    private readonly needed: ReadonlySet<string>,
  ) {}

  /** Runs are to be asked for newest first. */
  async fateOf(run: RunRecord): Promise<Fate> {
    const fate = await this.fate(run);
    const { parent_temporal_run_id: parent } = run.environment as { parent_temporal_run_id?: string };
    if (fate !== 'goes' && parent !== undefined) this.parentsOfStaying.add(parent);
    return fate;
  }

  /** The run that nothing else has started, as far as it is on record. */
  async rootOf(run: RunRecord): Promise<RunRecord> {
    let root = run;
    for (let parent = await this.parentOf(root); parent; parent = await this.parentOf(root)) root = parent;
    return root;
  }

  private async fate(run: RunRecord): Promise<Fate> {
    const { status, finished_at: end, run_id: runId, temporal_run_id: temporalRunId } = run;
    if (status === 'running' || end === null || end >= this.before) return 'young';
    if (this.needed.has(runId) || this.parentsOfStaying.has(temporalRunId)) return 'held';
    const parent = await this.parentOf(run);
    if (!parent) return 'goes';
    let fateOfParent = this.fates.get(parent.temporal_run_id);
    if (fateOfParent === undefined) {
      fateOfParent = await this.fate(parent);
      this.fates.set(parent.temporal_run_id, fateOfParent);
    }
    return fateOfParent === 'goes' ? 'goes' : 'held';
  }

  private async parentOf({ parent_run_id: id, environment }: RunRecord): Promise<RunRecord | undefined> {
    const { parent_temporal_run_id: temporalRunId } = environment as { parent_temporal_run_id?: string };
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
    oldest: Math.min(total?.oldest ?? at, at),
    newest: Math.max(total?.newest ?? at, at),
  };
}
