import { isDeepStrictEqual } from 'node:util';
import { SelvageError } from '../../errors';
import { unsealed } from '../../encryption/seal-backends';
import type { Backends, DataStore, LineageRecord, RunRecord, StoredEntry, StoredValue } from '../../ports';
import { isSealedName } from '../../ports/parts/content-hash';
import { isBytesHash } from '../../values';
import { everyPage } from '../../ports/parts/every-item';

/** Bytes of a batch of values. Values larger than a batch are copied alone; larger raw bytes as a stream. */
const BATCH_BYTES = 4 * 1024 * 1024;
/** Records per commit. */
const BATCH_RECORDS = 500;

interface CopyOptions {
  readonly from: Backends;
  readonly to: Backends;
  /** Accepts a target with runs that the source does not have. */
  readonly merge?: boolean;
  /** A function that is called after each page, with the counts so far. */
  readonly onProgress?: (report: CopyReport) => void;
}

/** The number of items in the source, and how many of them this copy has added to the target. */
interface Copied {
  total: number;
  added: number;
}

export interface CopyReport {
  readonly values: Copied;
  readonly plans: Copied;
  readonly runs: Copied;
  readonly records: Copied;
  /** Entries of the start ledger. */
  readonly starts: Copied;
  /** Ids of unfinished runs, which were left out with their records. */
  readonly open: string[];
  /** Differences of the target after the copy, at most a hundred. */
  readonly differences: string[];
}

/**
 * Copies all finished runs to other backends, with records, plans, values and starts, and compares them there.
 * A copy skips what the target has, so a second copy resumes an interrupted one and adds what is new. Sealed values
 * stay sealed. Cursors of emitters (places in one history), offers, leases and open runs are not copied.
 *
 * @throws SelvageError `RunHistoryNotEmpty`, `Usage` (both are one history), `BackendUnavailable`
 */
export async function copyRecords({ from, to, merge = false, onProgress }: CopyOptions): Promise<CopyReport> {
  const none = (): Copied => ({ total: 0, added: 0 });
  const report: CopyReport = {
    values: none(),
    plans: none(),
    runs: none(),
    records: none(),
    starts: none(),
    open: [],
    differences: [],
  };
  const progress = (): void => onProgress?.(report);
  await requireOther(from, to);
  const runs = await idsOfRuns(from, report);
  if (!merge) await requireNoOtherRuns(to, new Set([...runs, ...report.open]));
  // Copy referred data first, so that a reader of the target never misses what a record names.
  await copyValues(unsealed(from.dataStore), unsealed(to.dataStore), report.values, progress);
  await copyPlans(from, to, report.plans);
  await copyRuns(from, to, runs, report, progress);
  await copyStarts(from, to, report.starts);
  await compareRecords(from, to, new Set(runs), report, progress);
  return report;
}

async function requireOther(from: Backends, to: Backends): Promise<void> {
  if ((await from.runHistory.identity()) !== (await to.runHistory.identity())) return;
  throw new SelvageError(
    'Usage',
    'Both addresses lead to the same run history. Name another one to copy to.',
  );
}

/** Temporal run ids of finished runs, oldest first: listings order equal times by when they were recorded. */
async function idsOfRuns({ runHistory }: Backends, report: CopyReport): Promise<string[]> {
  const ids: string[] = [];
  for await (const runs of everyPage((page) => runHistory.listRuns(page))) {
    for (const { status, temporal_run_id } of runs) {
      if (status === 'running') report.open.push(temporal_run_id);
      else ids.push(temporal_run_id);
    }
  }
  report.runs.total = ids.length;
  return ids.reverse();
}

async function requireNoOtherRuns({ runHistory }: Backends, known: ReadonlySet<string>): Promise<void> {
  for await (const runs of everyPage((page) => runHistory.listRuns(page))) {
    const other = runs.find(({ temporal_run_id }) => !known.has(temporal_run_id));
    if (!other) continue;
    throw new SelvageError(
      'RunHistoryNotEmpty',
      `The run history to copy to has other runs, such as "${other.run_id}". Name an empty database; or add --merge to have both there.`,
      { details: { run: other.run_id } },
    );
  }
}

async function copyValues(
  from: DataStore,
  to: DataStore,
  copied: Copied,
  progress: () => void,
): Promise<void> {
  for await (const entries of everyPage((page) => from.list(page))) {
    copied.total += entries.length;
    const there = await to.hasMany(entries.map(({ hash }) => hash));
    const missing = entries.filter(({ hash }) => !there.has(hash));
    for (const some of inBatches(missing)) copied.added += await copySome(from, to, some);
    progress();
  }
}

function* inBatches(entries: readonly StoredEntry[]): Generator<readonly StoredEntry[]> {
  let batch: StoredEntry[] = [];
  let bytes = 0;
  for (const entry of entries) {
    if (batch.length > 0 && bytes + entry.size > BATCH_BYTES) {
      yield batch;
      [batch, bytes] = [[], 0];
    }
    batch.push(entry);
    bytes += entry.size;
  }
  if (batch.length > 0) yield batch;
}

/** Copies some values, and returns how many; a value may have been removed meanwhile. */
async function copySome(from: DataStore, to: DataStore, entries: readonly StoredEntry[]): Promise<number> {
  const [first] = entries;
  // Only raw bytes and sealed values are put as streams.
  if (first!.size > BATCH_BYTES && (isBytesHash(first!.hash) || isSealedName(first!.hash)))
    return await copyStream(from, to, first!.hash);
  const found = await from.getMany(entries.map(({ hash }) => hash));
  await to.put([...found].map(([hash, bytes]): StoredValue => ({ hash, bytes })));
  return found.size;
}

async function copyStream(from: DataStore, to: DataStore, hash: string): Promise<number> {
  const stream = await from.getStream(hash);
  if (!stream) return 0;
  await to.putStream(stream, isSealedName(hash) ? { nameAtEnd: () => hash } : {});
  return 1;
}

async function copyPlans(from: Backends, to: Backends, copied: Copied): Promise<void> {
  for await (const plans of everyPage((page) => from.tapestryStore.list(page), 100)) {
    copied.total += plans.length;
    for (const plan of plans) {
      if (await to.tapestryStore.get(plan.hash)) continue;
      await to.tapestryStore.save(plan);
      copied.added += 1;
    }
  }
}

/** Commits the records of a run before the run itself, so that a run in the target is complete. */
async function copyRuns(
  from: Backends,
  to: Backends,
  ids: readonly string[],
  report: CopyReport,
  progress: () => void,
): Promise<void> {
  for (const id of ids) {
    const [run, there] = await Promise.all([
      from.runHistory.getRunByTemporalId(id),
      to.runHistory.getRunByTemporalId(id),
    ]);
    if (!run || there) continue;
    await commitAll(to, await from.runHistory.getRecords(id), report);
    await to.runHistory.startRun(run);
    report.runs.added += 1;
    if (report.runs.added % 100 === 0) progress();
  }
}

async function commitAll(to: Backends, records: readonly LineageRecord[], report: CopyReport): Promise<void> {
  for (let at = 0; at < records.length; at += BATCH_RECORDS) {
    const results = await to.runHistory.commit(records.slice(at, at + BATCH_RECORDS));
    report.records.added += results.filter(({ inserted }) => inserted).length;
  }
}

async function copyStarts(from: Backends, to: Backends, copied: Copied): Promise<void> {
  for await (const entries of everyPage((page) => from.startLedger.list(page))) {
    copied.total += entries.length;
    const results = await to.startLedger.claim(
      entries.map(({ trigger, key, runId, requestHash, event }) => ({
        trigger,
        key,
        runId,
        requestHash,
        event,
      })),
    );
    copied.added += results.filter(({ inserted }) => inserted).length;
    await to.startLedger.markStarted(entries.filter(({ startedAt }) => startedAt !== null));
  }
}

const DIFFERENCES = 100;

/**
 * Compares the records of both histories, also those without a run on record. Skips runs that were open or began during
 * the copy.
 */
async function compareRecords(
  from: Backends,
  to: Backends,
  runs: ReadonlySet<string>,
  report: CopyReport,
  progress: () => void,
): Promise<void> {
  const tell = (what: string): void => {
    if (report.differences.length < DIFFERENCES) report.differences.push(what);
  };
  const left = new Map<string, boolean>();
  for await (const records of everyPage((page) => from.runHistory.findLineage(page), BATCH_RECORDS)) {
    for (const { temporal_run_id: id } of records)
      if (!left.has(id))
        left.set(id, !runs.has(id) && (await from.runHistory.getRunByTemporalId(id)) !== undefined);
    const closed = records.filter(({ temporal_run_id }) => !left.get(temporal_run_id));
    report.records.total += closed.length;
    // For a record that the target has, `commit` returns the target's.
    const results = await to.runHistory.commit(closed);
    results.forEach(({ inserted, record }, index) => {
      if (inserted) report.records.added += 1;
      else if (!isDeepStrictEqual(record, closed[index]))
        tell(`knot ${record.knot_id} of run ${record.run_id} has another record`);
    });
    const hashes = closed.flatMap(({ output_hash }) => output_hash ?? []);
    const [here, there] = await Promise.all([from.dataStore.hasMany(hashes), to.dataStore.hasMany(hashes)]);
    for (const hash of here) if (!there.has(hash)) tell(`the value ${hash} is missing`);
    progress();
  }
  for await (const listed of everyPage((page) => from.runHistory.listRuns(page))) {
    for (const run of listed.filter(({ temporal_run_id }) => runs.has(temporal_run_id))) {
      const copy = await to.runHistory.getRunByTemporalId(run.temporal_run_id);
      if (!isSameRun(copy, run)) tell(`run ${run.run_id} has another record`);
    }
  }
}

/** Ignores `details`: a finished run may get a note later, such as that it was resumed. */
function isSameRun(copy: RunRecord | undefined, run: RunRecord): boolean {
  return copy !== undefined && isDeepStrictEqual({ ...copy, details: {} }, { ...run, details: {} });
}
