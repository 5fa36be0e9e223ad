import { SelvageError, isAway, type ErrorCode } from '../../errors';
import { PUT_AGAIN_AFTER_MS, type Backends, type StoredEntry } from '../../ports';
import { durationOption, type Duration } from '../../values/duration';
import { isBytesHash, isTableHash } from '../../values';
import { everyPage } from '../../ports/parts/every-item';
import { tablesInside } from '../../runtime/table-rows';
import { FilesOfTables } from './files-of-tables';
import { oldestRunning, type OpenRun } from './running-runs';

const HOUR_MS = 60 * 60 * 1000;
const DEFAULT_GRACE_MS = 24 * HOUR_MS;
/** A writer has at least this long between putting a value and naming it in a record. */
export const LEAST_GRACE_MS = 2 * HOUR_MS;
const PAGE = 1_000;

export interface GarbageOptions {
  /** Grace of at least two hours; values put within this time stay. Default 24 hours. */
  readonly grace?: Duration;
  /** Age of at least two hours; also removes recorded values that were last put or reused longer ago. Default: none. */
  readonly ttl?: Duration;
  /** Only counts. Default false. */
  readonly dryRun?: boolean;
  /** Aborting this signal ends the call after the current page. */
  readonly signal?: AbortSignal;
  /** A function that is called with the progress so far. */
  readonly onProgress?: (report: GarbageReport) => void;
}

export interface ValueTotal {
  readonly count: number;
  readonly bytes: number;
}

export interface GarbageReport {
  readonly dryRun: boolean;
  /** Whether all values were examined; false if the call was interrupted or a store is unreachable. */
  readonly complete: boolean;
  /** Why a store of values could not be read: code and message. */
  readonly unavailable?: { readonly code: ErrorCode; readonly message: string };
  readonly examined: ValueTotal;
  /** Values removed (or to be removed) because no record names them. */
  readonly unreferenced: ValueTotal;
  /** Values removed (or to be removed) because of their age. */
  readonly expired: ValueTotal;
  /** Values put at this time (milliseconds since the epoch) or later stayed. */
  readonly until: number;
  /** The unfinished run that kept values older than the grace or the TTL. */
  readonly heldBy?: OpenRun;
  /** The hash of the last examined value. */
  readonly last?: string;
}

/**
 * Removes values that no record names: slices of maps, payloads of signals, parameters, and values of workers that
 * died before recording them. Values put within the grace, or since the oldest unfinished run began, stay. The call is
 * safe beside writers and other calls. If a store is unreachable, the call stops and sets `unavailable`.
 *
 * @param open unfinished runs that the run history may not know yet
 * @throws SelvageError `InvalidConfig`, `BackendUnavailable`
 */
export async function collectGarbage(
  backends: Pick<Backends, 'runHistory' | 'dataStore'>,
  options: GarbageOptions = {},
  open?: OpenRun,
): Promise<GarbageReport> {
  const grace = durationOption('grace', options.grace ?? DEFAULT_GRACE_MS);
  const ttl = durationOption('ttl', options.ttl);
  requireSpan('grace', grace);
  if (ttl !== undefined) requireSpan('ttl', ttl);
  return await sweep(backends, { ...options, grace, ttl }, open);
}

/** @internal Like {@link collectGarbage}, with a grace of any length. */
async function sweep(
  { runHistory, dataStore }: Pick<Backends, 'runHistory' | 'dataStore'>,
  {
    grace,
    ttl,
    dryRun = false,
    signal,
    onProgress,
  }: Omit<GarbageOptions, 'grace' | 'ttl'> & { readonly grace: number; readonly ttl?: number | undefined },
  open?: OpenRun,
): Promise<GarbageReport> {
  const now = Date.now();
  const holder = earlier(open, await oldestRunning(runHistory));
  const until = (span: number): number => Math.min(now - span, holder?.since ?? now);
  const before = until(grace);
  const removed = { dryRun, until: before };
  const heldBy = holder && holder.since < now - Math.min(grace, ttl ?? grace) ? holder : undefined;
  const examined = new Total();
  const unreferred = new Total();
  const expired = new Total();
  let last: string | undefined;
  const report = (complete: boolean, away?: SelvageError): GarbageReport => ({
    ...removed,
    complete,
    ...(away && { unavailable: { code: away.code, message: away.message } }),
    examined: examined.sum,
    unreferenced: unreferred.sum,
    expired: expired.sum,
    ...(heldBy && { heldBy }),
    ...(last !== undefined && { last }),
  });
  const gone = new Set<string>();
  const remove = async (entries: readonly StoredEntry[], since: number, total: Total): Promise<void> => {
    if (entries.length === 0) return;
    const hashes = entries.map(({ hash }) => hash);
    const removed = new Set(dryRun ? hashes : await dataStore.deleteUnlessPutSince(hashes, since));
    for (const hash of removed) gone.add(hash);
    total.add(entries.filter(({ hash }) => removed.has(hash)));
  };
  // The time noted for a value may be too early by `PUT_AGAIN_AFTER_MS`.
  const oldSince = before - PUT_AGAIN_AFTER_MS;
  const expiredSince = ttl === undefined ? -Infinity : until(ttl) - PUT_AGAIN_AFTER_MS;
  /** Old tables, and raw bytes, which may be their rows: they go after what may have them. */
  const old = new Map<string, { readonly entry: StoredEntry; readonly total: Total }>();
  const removeOrDefer = async (
    entries: readonly StoredEntry[],
    since: number,
    total: Total,
  ): Promise<void> => {
    for (const entry of entries) if (isOfTables(entry)) old.set(entry.hash, { entry, total });
    await remove(
      entries.filter((entry) => !isOfTables(entry)),
      since,
      total,
    );
  };
  const sweepPage = async (from: string | undefined): Promise<string | undefined> => {
    const page = await dataStore.list({ limit: PAGE, ...(from !== undefined && { cursor: from }) });
    examined.add(page.items);
    const tooOld = page.items.filter(({ lastPutAt }) => lastPutAt < expiredSince);
    await removeOrDefer(tooOld, expiredSince, expired);
    const others = page.items.filter(({ lastPutAt }) => lastPutAt < oldSince && lastPutAt >= expiredSince);
    const named = others.length > 0 ? await runHistory.referredTo(others.map(({ hash }) => hash)) : new Set();
    await removeOrDefer(
      others.filter(({ hash }) => !named.has(hash)),
      oldSince,
      unreferred,
    );
    last = page.items.at(-1)?.hash ?? last;
    return page.cursor;
  };
  let cursor: string | undefined;
  do {
    if (signal?.aborted) return report(false);
    try {
      cursor = await sweepPage(cursor);
    } catch (error) {
      // The pages before this one are done. Large values may be on a server of their own.
      if (isAway(error)) return report(false, error);
      throw error;
    }
    onProgress?.(report(false));
  } while (cursor !== undefined);
  const removeOld = async (isOf: (hash: string) => boolean): Promise<void> => {
    const all = [...old.values()].filter(({ entry }) => isOf(entry.hash));
    for (const total of [unreferred, expired]) {
      const its = all.filter((one) => one.total === total).map(({ entry }) => entry);
      const since = total === expired ? expiredSince : oldSince;
      for (const some of inGroups(its, PAGE)) await remove(some, since, total);
    }
  };
  const sweepTables = async (): Promise<void> => {
    const hasOldTables = [...old.keys()].some(isTableHash);
    const tables = new FilesOfTables();
    for await (const values of everyPage((page) => dataStore.list(page), PAGE)) {
      const left = values.filter(({ hash }) => !gone.has(hash));
      if (hasOldTables) for (const table of (await tablesInside(dataStore, left)).keys()) old.delete(table);
      await tables.add(dataStore, left);
    }
    await removeOld(isTableHash);
    for (const [table, files] of tables) {
      if (gone.has(table)) continue;
      // What an unreadable manifest names is not known, so that no rows go.
      if (tables.unreadable.has(table)) old.clear();
      for (const file of files) old.delete(file);
    }
    await removeOld(isBytesHash);
  };
  try {
    if (old.size > 0) await sweepTables();
  } catch (error) {
    if (isAway(error)) return report(false, error);
    throw error;
  }
  onProgress?.(report(true));
  return report(true);
}

function isOfTables({ hash }: StoredEntry): boolean {
  return isBytesHash(hash) || isTableHash(hash);
}

function* inGroups<T>(items: readonly T[], size: number): Generator<readonly T[]> {
  for (let first = 0; first < items.length; first += size) yield items.slice(first, first + size);
}

class Total {
  private count = 0;
  private bytes = 0;

  add(entries: readonly StoredEntry[]): void {
    this.count += entries.length;
    for (const { size } of entries) this.bytes += size;
  }

  get sum(): ValueTotal {
    return { count: this.count, bytes: this.bytes };
  }
}

function earlier(one: OpenRun | undefined, other: OpenRun | undefined): OpenRun | undefined {
  if (!one || !other) return one ?? other;
  return one.since <= other.since ? one : other;
}

function requireSpan(option: 'grace' | 'ttl', span: number): void {
  if (Number.isFinite(span) && span >= LEAST_GRACE_MS) return;
  throw new SelvageError(
    'InvalidConfig',
    `The ${option} is ${String(span)} ms. Give two hours (${LEAST_GRACE_MS} ms) or more: what a worker has put and not recorded yet must stay.`,
    { details: { option, span, reason: 'WrongValue' } },
  );
}
