import { withSubject } from '../../encryption/run-scope';
import { subjectOf } from '../../encryption/seal-backends';
import { SelvageError } from '../../errors';
import { valuesNamedBy, type Backends, type LineageRecord, type RunRecord } from '../../ports';
import { durationOption, type Duration } from '../../values/duration';
import { runningRuns } from './running-runs';
import { slicesOfMap } from './slices-of-map';
import { planOf, recordsOf, valuesOfRun, withNestedRuns } from './values-of-run';
import { everyItem, everyPage } from '../../ports/parts/every-item';
import { tablesInside } from '../../runtime/table-rows';
import { FilesOfTables } from './files-of-tables';
import { isTableHash } from '../../values';

/** Values in one question to the data store. */
const AT_A_TIME = 1_000;
/** Maximum number of knots listed for each value. */
const NAMED_KNOTS = 20;
/** Maximum number of hashes in a run's note of a scrub. */
const NOTED_HASHES = 100;

/** Selects values to remove, which must meet all given conditions. */
export interface ScrubSelection {
  readonly hashes?: readonly string[];
  /** Run ids: all values of these runs, and of the runs that their knots started. */
  readonly runs?: readonly string[];
  /** Least time since the values were last put. */
  readonly olderThan?: Duration;
}

export interface Referrer {
  readonly runId: string;
  readonly temporalRunId: string;
  readonly knotId: string;
  readonly finishedAt: number;
}

/** A value to be removed, and the newest of the knots that refer to it. */
export interface ScrubbedValue {
  readonly hash: string;
  /** Whether the data store has the value. */
  readonly isThere: boolean;
  readonly madeBy: readonly Referrer[];
  readonly takenBy: readonly Referrer[];
  /** Set if there are more makers or takers than are listed. */
  readonly hasMore: boolean;
  /** With sealed values: the subjects for whom runs have stored the value; each subject's copy is removed. */
  readonly subjects?: readonly string[];
}

export interface ScrubPlan {
  readonly items: readonly ScrubbedValue[];
  /** Unfinished runs that refer to some of the values: without `force`, nothing is removed. */
  readonly running: readonly string[];
  /** Runs with an `inlineLimit` other than 0: Temporal's history may have small values of them as well. */
  readonly inHistories: readonly string[];
}

export interface ScrubOptions {
  /** Reason that is kept in the records of the runs that made the values. */
  readonly reason?: string;
  /** The user who removes the values, for the records. */
  readonly actor?: string;
  /** Removes values of unfinished runs as well; such runs may fail. Default false. */
  readonly force?: boolean;
}

export interface Scrubbed {
  /** Number of existing values that were removed. */
  readonly removed: number;
  /** When the values were removed, in milliseconds since the epoch. */
  readonly at: number;
}

/** A scrub, as noted in the run's record under `details.scrubs`. */
interface ScrubNote {
  readonly at: number;
  readonly by: string | null;
  readonly reason: string | null;
  /** Number of removed values of the run. */
  readonly values: number;
  /** At most 100. */
  readonly hashes: readonly string[];
}

/** The subjects for whom a value was stored, by the value's hash, as far as the selection tells. */
type Owned = Map<string, Set<string>>;

/**
 * Finds the values that would be removed, and references to them; `impact` finds copies inside other values.
 *
 * @throws SelvageError `UnknownRun`, `InvalidConfig`, `BackendUnavailable`
 */
export async function planScrub(backends: Backends, selection: ScrubSelection): Promise<ScrubPlan> {
  const selected = await selectedValues(backends, selection);
  const tables = await addTables(backends, selected);
  const slices: Owned = new Map();
  const runs = new Map<string, RunRecord | undefined>();
  const values: Omit<ScrubbedValue, 'isThere'>[] = [];
  for (const [hash, subjects] of selected) {
    const made = await backends.runHistory.findLineage({ outputHash: hash, limit: NAMED_KNOTS });
    const taken = await backends.runHistory.findLineage({ inputHash: hash, limit: NAMED_KNOTS });
    for (const { temporal_run_id: id } of [...made.items, ...taken.items]) {
      if (!runs.has(id)) runs.set(id, await backends.runHistory.getRunByTemporalId(id));
      addOwner(subjects, runs.get(id));
    }
    if (selection.hashes?.includes(hash)) await addSlices(backends, hash, slices);
    values.push({
      hash,
      madeBy: made.items.map(referrer),
      takenBy: taken.items.map(referrer),
      hasMore: made.cursor !== undefined || taken.cursor !== undefined,
    });
  }
  for (const [hash, subjects] of selected)
    for (const file of tables.get(hash) ?? []) addAll(slices, file, subjects);
  for (const [hash, subjects] of selected) {
    for (const subject of slices.get(hash) ?? []) subjects.add(subject);
    slices.delete(hash);
  }
  const there = await present(backends, new Map([...selected, ...slices]));
  for (const hash of slices.keys())
    if (there.has(hash)) values.push({ hash, madeBy: [], takenBy: [], hasMore: false });
  return {
    items: values.map((value) => {
      const subjects = [...(selected.get(value.hash) ?? slices.get(value.hash)!)];
      return { ...value, isThere: there.has(value.hash), ...(subjects.length > 0 && { subjects }) };
    }),
    running: await runningThatNeed(backends, new Set([...selected.keys(), ...slices.keys()])),
    inHistories: withValuesInHistories(runs.values()),
  };
}

/**
 * Removes the values of a plan everywhere. Records stay, and the runs that made the values note the scrub. After a
 * crash, or if bytes could not be purged, repeat the call; a new plan works as well.
 *
 * @throws SelvageError `RunNotOver` (without `force`), `BackendUnavailable`
 */
export async function scrub(
  backends: Backends,
  { items: values, running }: ScrubPlan,
  { reason, actor, force = false }: ScrubOptions = {},
): Promise<Scrubbed> {
  const there = values.filter(({ isThere }) => isThere);
  if (there.length > 0 && running.length > 0 && !force) throw stillRunning(running);
  const at = Date.now();
  // The scrub is noted first, as a crash must not leave values removed without a recorded reason.
  await note(backends, there, { at, by: actor ?? null, reason: reason ?? null });
  // Rows go before the tables that name them, so that a repeated scrub finds them.
  for (const value of [...values].reverse()) await removeValue(backends, value);
  await backends.dataStore.purge?.();
  return { removed: there.length, at };
}

/** The latest scrub of a value, by the records of the runs that made it. */
export async function scrubOf(
  { runHistory }: Pick<Backends, 'runHistory'>,
  hash: string,
): Promise<ScrubNote | undefined> {
  const { items } = await runHistory.findLineage({ outputHash: hash, limit: NAMED_KNOTS });
  for (const temporalRunId of new Set(items.map(({ temporal_run_id }) => temporal_run_id))) {
    const run = await runHistory.getRunByTemporalId(temporalRunId);
    const found = notesOf(run).findLast(
      ({ hashes, values }) => hashes.includes(hash) || values > hashes.length,
    );
    if (found) return found;
  }
  return undefined;
}

async function selectedValues(
  backends: Backends,
  { hashes = [], runs = [], ...given }: ScrubSelection,
): Promise<Owned> {
  const selected: Owned = new Map();
  for (const hash of hashes) subjectsIn(selected, hash);
  for (const runId of runs) {
    const run = await backends.runHistory.getRun(runId);
    if (!run) throw unknownRun(runId);
    for (const one of await withNestedRuns(backends, run))
      for (const hash of await valuesOfRun(backends, one)) addOwner(subjectsIn(selected, hash), one);
  }
  const olderThan = durationOption('olderThan', given.olderThan);
  if (olderThan !== undefined) {
    if (!(olderThan >= 0)) {
      throw new SelvageError('InvalidConfig', `The age is ${String(olderThan)} ms. Give 0 or more.`, {
        details: { option: 'olderThan', reason: 'WrongValue' },
      });
    }
    const before = Date.now() - olderThan;
    for await (const { hash, lastPutAt } of everyItem((page) => backends.dataStore.list(page)))
      if (lastPutAt < before) subjectsIn(selected, hash);
  }
  return selected;
}

/**
 * Tables inside of the selected values are parts of them. Selections have the rows of their table: what is removed for
 * one of them is missing for all. Returns all tables, if any is selected.
 */
async function addTables({ dataStore }: Backends, selected: Owned): Promise<FilesOfTables> {
  for (const [hash, subjects] of [...selected]) {
    for (const subject of [undefined, ...subjects]) {
      await unlessForgotten(
        withSubject(subject, async () => {
          for (const table of (await tablesInside(dataStore, [{ hash }])).keys())
            addAll(selected, table, subjects);
        }),
      );
    }
  }
  const tables = new FilesOfTables();
  if (![...selected.keys()].some(isTableHash)) return tables;
  for await (const page of everyPage((page) => dataStore.list(page), AT_A_TIME))
    await tables.add(dataStore, page);
  const removed = new Set<string>();
  // A selection may have a second file for a subject, which further tables share.
  let before: number;
  do {
    before = removed.size;
    for (const hash of selected.keys()) for (const file of tables.get(hash) ?? []) removed.add(file);
    for (const [table, files] of tables)
      if ([...files].some((file) => removed.has(file))) subjectsIn(selected, table);
  } while (removed.size > before);
  return tables;
}

async function addSlices(backends: Backends, hash: string, slices: Owned): Promise<void> {
  for await (const record of everyItem((page) =>
    backends.runHistory.findLineage({ inputHash: hash, ...page }),
  )) {
    const isOverIt = Object.entries(record.parent_input_hashes).some(
      ([name, input]) => input === hash && (name === 'over' || name.startsWith('over.')),
    );
    if (!isOverIt) continue;
    const run = await backends.runHistory.getRunByTemporalId(record.temporal_run_id);
    if (!run) continue;
    const plan = await planOf(backends, run);
    if (!plan?.has(record.knot_id) || !plan.knot(record.knot_id).policy.map) continue;
    const map = plan.knot(record.knot_id);
    for (const slice of await slicesOfMap(backends, plan, map, run)) addOwner(subjectsIn(slices, slice), run);
  }
}

async function runningThatNeed(backends: Backends, hashes: ReadonlySet<string>): Promise<string[]> {
  const need: string[] = [];
  for await (const run of runningRuns(backends.runHistory)) {
    const { given_parameters: given = [] } = run.details as { given_parameters?: string[] };
    const isGiven = [...given, ...Object.values(run.parameter_hashes)].some((hash) => hashes.has(hash));
    if (isGiven || (await names(backends, run, hashes))) need.push(run.run_id);
  }
  return need;
}

async function names(backends: Backends, run: RunRecord, hashes: ReadonlySet<string>): Promise<boolean> {
  for await (const record of recordsOf(backends, run))
    if (valuesNamedBy(record).some((hash) => hashes.has(hash))) return true;
  return false;
}

function withValuesInHistories(runs: Iterable<RunRecord | undefined>): string[] {
  const found = new Set<string>();
  for (const run of runs) if (run && run.details['inline_limit'] !== 0) found.add(run.run_id);
  return [...found];
}

async function note(
  { runHistory }: Backends,
  values: readonly ScrubbedValue[],
  what: Pick<ScrubNote, 'at' | 'by' | 'reason'>,
): Promise<void> {
  const byRun = new Map<string, string[]>();
  for (const { hash, madeBy } of values) {
    for (const temporalRunId of new Set(madeBy.map((made) => made.temporalRunId)))
      byRun.set(temporalRunId, [...(byRun.get(temporalRunId) ?? []), hash]);
  }
  for (const [temporalRunId, hashes] of byRun) {
    const run = await runHistory.getRunByTemporalId(temporalRunId);
    if (!run) continue;
    const scrubs = [
      ...notesOf(run),
      { ...what, values: hashes.length, hashes: hashes.slice(0, NOTED_HASHES) },
    ];
    await runHistory.changeRun(temporalRunId, { details: { scrubs } });
  }
}

function notesOf(run: RunRecord | undefined): readonly ScrubNote[] {
  return (run?.details['scrubs'] as ScrubNote[] | undefined) ?? [];
}

function referrer({ run_id, temporal_run_id, knot_id, finished_at }: LineageRecord): Referrer {
  return { runId: run_id, temporalRunId: temporal_run_id, knotId: knot_id, finishedAt: finished_at };
}

function unknownRun(run: string): SelvageError {
  return new SelvageError(
    'UnknownRun',
    `The run history does not know run "${run}". \`selvage runs list\` shows what there is.`,
    { details: { run } },
  );
}

function stillRunning(running: readonly string[]): SelvageError {
  return new SelvageError(
    'RunNotOver',
    `Nothing was removed: values are referred to by runs that are not over (${running.slice(0, 10).join(', ')}). Wait for their end, cancel them, or ` +
      'remove the values all the same (`--force`, `force: true`): then knots that need them fail or wait.',
    { details: { runs: [...running] } },
  );
}

function subjectsIn(owned: Owned, hash: string): Set<string> {
  let subjects = owned.get(hash);
  if (!subjects) owned.set(hash, (subjects = new Set()));
  return subjects;
}

function addAll(owned: Owned, hash: string, subjects: Iterable<string>): void {
  const all = subjectsIn(owned, hash);
  for (const subject of subjects) all.add(subject);
}

function addOwner(subjects: Set<string>, run: RunRecord | undefined): void {
  const subject = run && subjectOf(run);
  if (subject !== undefined) subjects.add(subject);
}

/** Hashes of values that exist for any subject. */
async function present({ dataStore }: Backends, owned: Owned): Promise<Set<string>> {
  const found = new Set<string>();
  const ask = async (hashes: readonly string[]): Promise<void> => {
    for (let first = 0; first < hashes.length; first += AT_A_TIME)
      for (const hash of await dataStore.hasMany(hashes.slice(first, first + AT_A_TIME))) found.add(hash);
  };
  await ask([...owned.keys()]);
  const bySubject = new Map<string, string[]>();
  for (const [hash, subjects] of owned) {
    if (found.has(hash)) continue;
    for (const subject of subjects) bySubject.set(subject, [...(bySubject.get(subject) ?? []), hash]);
  }
  for (const [subject, hashes] of bySubject) await unlessForgotten(withSubject(subject, () => ask(hashes)));
  return found;
}

/** Removes every copy. Outside of any run, the data store only knows the copies that records name. */
async function removeValue(
  { dataStore }: Backends,
  { hash, subjects = [] }: { readonly hash: string; readonly subjects?: readonly string[] },
): Promise<void> {
  await dataStore.delete(hash);
  for (const subject of subjects) await unlessForgotten(withSubject(subject, () => dataStore.delete(hash)));
}

/** Copies sealed for a forgotten subject are unreadable, and nobody knows their names: the next `gc` removes them. */
async function unlessForgotten(work: Promise<void>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!SelvageError.is(error, 'SubjectForgotten')) throw error;
  }
}
