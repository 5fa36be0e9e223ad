import { SelvageError } from '../errors';
import { PUT_AGAIN_AFTER_MS, type Backends, type StoredEntry } from '../protocols';
import { oldestRunning, type OpenRun } from './running-runs';

const HOUR_MS = 60 * 60 * 1000;
export const DEFAULT_GRACE_MS = 24 * HOUR_MS;
/** A writer that has put a value and not named it in a record yet has so long at least. */
export const LEAST_GRACE_MS = 2 * HOUR_MS;
const PAGE = 1_000;

export interface GarbageOptions {
  /** Values that were put within so many milliseconds stay. At least two hours; default 24 hours. */
  readonly grace?: number;
  /**
   * Values whose last put, or last use by a run that took them over, is longer ago than so many milliseconds are removed although records name them.
   * At least two hours. Default: none are.
   */
  readonly ttl?: number;
  /** Only counts. */
  readonly dryRun?: boolean;
  /** Once aborted, it ends after the page that it is at. */
  readonly signal?: AbortSignal;
  /** Hears how far it has come. */
  readonly onProgress?: (report: GarbageReport) => void;
}

export interface ValueTotal {
  readonly count: number;
  readonly bytes: number;
}

export interface GarbageReport {
  readonly dryRun: boolean;
  /** False where it was interrupted: the values behind `last` were not looked at. */
  readonly complete: boolean;
  readonly examined: ValueTotal;
  /** Removed (or to be removed), since no record names them. */
  readonly unreferred: ValueTotal;
  /** Removed (or to be removed) by their age. */
  readonly expired: ValueTotal;
  /** Values that were put at this time (milliseconds since the epoch) or later have stayed. */
  readonly before: number;
  /** The run that is not over, for whose sake values stay that are older than the grace or the TTL. */
  readonly heldBy?: OpenRun;
  /** The hash of the last value that was looked at. */
  readonly last?: string;
}

/**
 * Removes the values that no record names, page by page: what runs wrote on their way (slices of maps, payloads of signals, parameters), and what
 * a worker put that died before it could record it. Values that were put within the grace, or since the oldest run that is not over began,
 * stay. It cannot race a writer, and any number may run at once.
 *
 * @param open runs that are not over and that the run history may not know yet
 * @throws SelvageError `InvalidConfig`, `BackendUnavailable`
 */
export async function collectGarbage(
  backends: Pick<Backends, 'runHistory' | 'dataStore'>,
  options: GarbageOptions = {},
  open?: OpenRun,
): Promise<GarbageReport> {
  const { grace = DEFAULT_GRACE_MS, ttl } = options;
  requireSpan('grace', grace);
  if (ttl !== undefined) requireSpan('ttl', ttl);
  return await sweep(backends, { ...options, grace }, open);
}

/** @internal As {@link collectGarbage}, of any grace, however short. */
export async function sweep(
  { runHistory, dataStore }: Pick<Backends, 'runHistory' | 'dataStore'>,
  {
    grace,
    ttl,
    dryRun = false,
    signal,
    onProgress,
  }: Omit<GarbageOptions, 'grace'> & { readonly grace: number },
  open?: OpenRun,
): Promise<GarbageReport> {
  const now = Date.now();
  const holder = earlier(open, await oldestRunning(runHistory));
  const until = (span: number): number => Math.min(now - span, holder?.since ?? now);
  const before = until(grace);
  const removed = { dryRun, before };
  const heldBy = holder && holder.since < now - Math.min(grace, ttl ?? grace) ? holder : undefined;
  const examined = new Total();
  const unreferred = new Total();
  const expired = new Total();
  let last: string | undefined;
  const report = (complete: boolean): GarbageReport => ({
    ...removed,
    complete,
    examined: examined.sum,
    unreferred: unreferred.sum,
    expired: expired.sum,
    ...(heldBy && { heldBy }),
    ...(last !== undefined && { last }),
  });
  const remove = async (entries: readonly StoredEntry[], since: number, total: Total): Promise<void> => {
    if (entries.length === 0) return;
    const hashes = entries.map(({ hash }) => hash);
    const gone = new Set(dryRun ? hashes : await dataStore.deleteUnlessPutSince(hashes, since));
    total.add(entries.filter(({ hash }) => gone.has(hash)));
  };
  // The noted time may be that much too early.
  const oldSince = before - PUT_AGAIN_AFTER_MS;
  const expiredSince = ttl === undefined ? -Infinity : until(ttl) - PUT_AGAIN_AFTER_MS;
  let cursor: string | undefined;
  do {
    if (signal?.aborted) return report(false);
    const page = await dataStore.list({ limit: PAGE, ...(cursor !== undefined && { cursor }) });
    examined.add(page.items);
    const tooOld = page.items.filter(({ lastPutAt }) => lastPutAt < expiredSince);
    await remove(tooOld, expiredSince, expired);
    const old = page.items.filter(({ lastPutAt }) => lastPutAt < oldSince && lastPutAt >= expiredSince);
    const named = old.length > 0 ? await runHistory.referredTo(old.map(({ hash }) => hash)) : new Set();
    await remove(
      old.filter(({ hash }) => !named.has(hash)),
      oldSince,
      unreferred,
    );
    last = page.items.at(-1)?.hash ?? last;
    cursor = page.cursor;
    onProgress?.(report(cursor === undefined));
  } while (cursor !== undefined);
  return report(true);
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
