import type { Attributes, Counter, Histogram, Meter } from '@opentelemetry/api';
import type { RecordedAttempt, RecordedWait } from '../../authoring/run-graph';
import type { KnotFinished, RunEnded, RunEvent } from '../../emitters';
import { elementOf } from './trace-of-run';

const SECONDS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 1_800, 3_600, 14_400];

interface Facts {
  readonly error?: { readonly type: string };
  readonly attempts?: readonly RecordedAttempt[];
  readonly waits?: readonly RecordedWait[];
  readonly made_in?: number;
}

/** What runs cost, as numbers. Times are in seconds. The elements of a map count as their map. */
export class RunMetrics {
  private readonly duration: Histogram;
  private readonly queued: Histogram;
  private readonly outcomes: Counter;
  private readonly attempts: Counter;
  private readonly saved: Counter;
  private readonly waits: Histogram;
  private readonly runs: Histogram;

  constructor(meter: Meter) {
    const seconds = (name: string, description: string): Histogram =>
      meter.createHistogram(name, {
        description,
        unit: 's',
        advice: { explicitBucketBoundaries: SECONDS },
      });
    this.duration = seconds('selvage.knot.duration', 'How long the attempt took that counted');
    this.queued = seconds('selvage.knot.queue.duration', 'From when a knot could begin until it did');
    this.waits = seconds('selvage.knot.wait.duration', 'How long a knot could not proceed, by reason');
    this.runs = seconds('selvage.run.duration', 'From the start of a run to its end, by status');
    this.outcomes = meter.createCounter('selvage.knot.outcomes', { description: 'Outcomes of knots' });
    this.attempts = meter.createCounter('selvage.knot.failed_attempts', {
      description: 'Attempts that ended without an outcome, by reason',
    });
    this.saved = meter.createCounter('selvage.reuse.saved', {
      description: 'What making reused values had taken',
      unit: 's',
    });
  }

  count(event: RunEvent): void {
    if (event.type === 'knot-finished') this.countKnot(event);
    else if (event.type === 'run-ended') this.countRun(event);
  }

  private countRun({ run }: RunEnded): void {
    const seconds = ((run.finished_at ?? run.started_at) - run.started_at) / 1_000;
    this.runs.record(Math.max(0, seconds), {
      'selvage.tapestry': run.tapestry,
      'selvage.run.status': run.status,
    });
  }

  private countKnot({ record, run }: KnotFinished): void {
    if (record.definition === 'parameter') return;
    const { error, attempts = [], waits = [], made_in: madeIn } = record.extra as Facts;
    const isReused = record.cached_from_run !== null;
    const knot: Attributes = {
      'selvage.tapestry': run.tapestry,
      'selvage.knot': elementOf(record.knot_id)?.map ?? record.knot_id,
    };
    this.outcomes.add(1, {
      ...knot,
      'selvage.outcome': record.outcome,
      'selvage.reused': isReused,
      ...(record.skip_reason !== null && { 'selvage.skip_reason': record.skip_reason }),
      ...(error && { 'error.type': error.type }),
    });
    // Each element of a map that was reused has a record of its own.
    if (isReused && madeIn !== undefined) this.saved.add(madeIn / 1_000, knot);
    if (record.outcome === 'skipped' || isReused) return;
    this.duration.record((record.finished_at - record.started_at) / 1_000, {
      ...knot,
      'selvage.outcome': record.outcome,
    });
    this.queued.record(Math.max(0, record.started_at - record.scheduled_at) / 1_000, knot);
    for (const { reason } of attempts) this.attempts.add(1, { ...knot, 'error.type': reason.code });
    for (const { code, since, until } of waits)
      this.waits.record((until - since) / 1_000, { ...knot, 'selvage.reason': code });
  }
}
