import { mapOfElement } from '../../authoring/element-id';
import type { LineageRecord, OutcomeKind, Percentiles, RunRecord, Statistics, StatisticsQuery } from '..';

/** Each bucket of durations is 4.4 % wide. */
export const BUCKETS_PER_E = 16 / Math.LN2;
/** Engines whose logarithms differ in the last digit agree on the edges. */
export const EDGE = 1e-9;

/** The bucket of a duration. Databases compute the same bucket in SQL. */
export function bucketOf(milliseconds: number): number {
  return Math.floor(Math.log(Math.max(milliseconds, 0) + 1) * BUCKETS_PER_E + EDGE);
}

/** The middle of a bucket in whole milliseconds, as clocks have no finer units. */
function timeOf(bucket: number): number {
  return Math.round(Math.exp((bucket + 0.5) / BUCKETS_PER_E) - 1);
}

/** One knot, or several knots that agree in all fields. */
interface Counted {
  readonly outcome: OutcomeKind;
  readonly isReused: boolean;
  /** The bucket of the duration; meaningless if nothing ran; null if another row counts these knots. */
  readonly duration: number | null;
  /** A bucket. Null if another row has the time in the queue. */
  readonly queued: number | null;
  readonly count: number;
  readonly bytes: number;
  /** Milliseconds that making the reused values took. */
  readonly saved: number;
}

export class Sums {
  ran = 0;
  failed = 0;
  skipped = 0;
  reused = 0;
  saved = 0;
  bytes = 0;
  /** Counts by bucket. */
  readonly durations: number[] = [];
  readonly queued: number[] = [];

  add({ outcome, isReused, duration, queued, count, bytes, saved }: Counted): void {
    const hasRun = outcome !== 'skipped' && !isReused;
    if (hasRun && queued !== null) this.queued[queued] = (this.queued[queued] ?? 0) + count;
    if (duration === null) return;
    if (hasRun) {
      this.ran += count;
      if (outcome === 'err') this.failed += count;
      this.bytes += bytes;
      this.durations[duration] = (this.durations[duration] ?? 0) + count;
    } else if (outcome === 'skipped') this.skipped += count;
    else {
      this.reused += count;
      this.saved += saved;
    }
  }
}

/** Adds up figures by name. */
export class StatisticsTally {
  readonly #sums = new Map<string, Sums>();

  addRecord(by: 'definition' | 'knot', record: LineageRecord): void {
    if (record.definition === 'parameter') return;
    const { made_in } = record.extra as { readonly made_in?: number };
    this.of(by === 'definition' ? record.definition : nameOfKnot(record.knot_id)).add({
      outcome: record.outcome,
      isReused: record.cached_from_run !== null,
      duration: bucketOf(record.finished_at - record.started_at),
      queued: bucketOf(record.started_at - record.scheduled_at),
      count: 1,
      bytes: record.output_size ?? 0,
      saved: made_in ?? 0,
    });
  }

  /** Runs of equal duration. */
  addRuns(tapestry: string, status: RunRecord['status'], milliseconds: number, count: number): void {
    const sums = this.of(tapestry);
    if (status === 'succeeded' || status === 'failed') {
      sums.ran += count;
      if (status === 'failed') sums.failed += count;
      const bucket = bucketOf(milliseconds);
      sums.durations[bucket] = (sums.durations[bucket] ?? 0) + count;
    } else sums.skipped += count;
  }

  result(): Statistics[] {
    return [...this.#sums].map(
      ([name, { ran, failed, skipped, reused, saved, bytes, durations, queued }]) => ({
        name,
        ran,
        failed,
        skipped,
        reused,
        savedMs: saved,
        bytes,
        durationMs: percentilesOf(durations),
        queuedMs: percentilesOf(queued),
      }),
    );
  }

  /** Creates the sums on first use, which adds the name to the result. */
  of(name: string): Sums {
    let sums = this.#sums.get(name);
    if (!sums) this.#sums.set(name, (sums = new Sums()));
    return sums;
  }
}

type Row = Readonly<Record<string, unknown>>;

/** A row of figures that a database grouped by outcome and duration, or by outcome and time queued. */
export function addKnotFigures(tally: StatisticsTally, row: Row): void {
  const bucket = (value: unknown): number | null => (value === null ? null : Number(value));
  tally.of(row['name'] as string).add({
    outcome: row['outcome'] as OutcomeKind,
    isReused: Boolean(row['is_reused']),
    duration: bucket(row['duration']),
    queued: bucket(row['queued']),
    count: Number(row['count']),
    bytes: Number(row['bytes']),
    saved: Number(row['saved']),
  });
}

/** A row of runs that a database grouped by tapestry, status and duration. */
export function addRunFigures(tally: StatisticsTally, row: Row): void {
  tally.addRuns(
    row['name'] as string,
    row['status'] as RunRecord['status'],
    Number(row['took']),
    Number(row['count']),
  );
}

export function nameOfKnot(knotId: string): string {
  const map = mapOfElement(knotId);
  return map === undefined ? knotId : `${map}[]`;
}

export function isInWindow(finishedAt: number | null, { since, until }: StatisticsQuery): boolean {
  return finishedAt !== null && finishedAt >= since && finishedAt < until;
}

/** Nearest-rank percentiles. */
function percentilesOf(counts: readonly number[]): Percentiles | null {
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total === 0) return null;
  const at = (share: number): number => {
    let left = Math.ceil(total * share);
    return timeOf(counts.findIndex((count) => (left -= count ?? 0) <= 0));
  };
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99) };
}
