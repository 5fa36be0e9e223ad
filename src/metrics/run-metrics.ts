import { mapOfElement } from '../authoring/element-id';
import type { RecordedAttempt, RecordedWait } from '../authoring/run-graph';
import type { LineageRecord, RunRecord } from '../ports';
import { secondsOf, type Instruments, type Labels } from './instruments';

interface Facts {
  readonly error?: { readonly type: string };
  readonly attempts?: readonly RecordedAttempt[];
  readonly waits?: readonly RecordedWait[];
  readonly made_in?: number;
}

/** The same for all knots of a definition: the number of series does not grow with plans that are extended. */
const DEFINITION = 'selvage.definition';
const OUTCOME = 'selvage.outcome';

/**
 * What runs cost, as numbers: the one place where knots and runs are counted, whoever hears of them. Times are in
 * seconds. The elements of a map count as their map.
 */
export class RunMetrics {
  private readonly duration: ReturnType<Instruments['createHistogram']>;
  private readonly queued: ReturnType<Instruments['createHistogram']>;
  private readonly waits: ReturnType<Instruments['createHistogram']>;
  private readonly runs: ReturnType<Instruments['createHistogram']>;
  private readonly outcomes: ReturnType<Instruments['createCounter']>;
  private readonly attempts: ReturnType<Instruments['createCounter']>;
  private readonly saved: ReturnType<Instruments['createCounter']>;

  constructor(instruments: Instruments) {
    this.duration = secondsOf(
      instruments,
      'selvage.knot.duration',
      'How long the attempt took that counted',
      [DEFINITION, OUTCOME],
    );
    this.queued = secondsOf(
      instruments,
      'selvage.knot.queue.duration',
      'From when a knot could begin until it did',
      [DEFINITION],
    );
    this.waits = secondsOf(
      instruments,
      'selvage.knot.wait.duration',
      'How long a knot could not proceed, by reason',
      [DEFINITION, 'selvage.reason'],
    );
    this.runs = secondsOf(
      instruments,
      'selvage.run.duration',
      'From the start of a run to its end, by status',
      ['selvage.tapestry', 'selvage.run.status'],
    );
    this.outcomes = instruments.createCounter('selvage.knot.outcomes', {
      description: 'Outcomes of knots',
      labels: [DEFINITION, OUTCOME, 'selvage.reused', 'selvage.skip_reason', 'error.type'],
    });
    this.attempts = instruments.createCounter('selvage.knot.failed_attempts', {
      description: 'Attempts that ended without an outcome, by reason',
      labels: [DEFINITION, 'error.type'],
    });
    this.saved = instruments.createCounter('selvage.reuse.saved', {
      description: 'What making reused values had taken',
      unit: 's',
      labels: [DEFINITION],
    });
  }

  countRun({ tapestry, status, started_at: from, finished_at: until }: RunRecord): void {
    this.runs.record(Math.max(0, ((until ?? from) - from) / 1_000), {
      'selvage.tapestry': tapestry,
      'selvage.run.status': status,
    });
  }

  /** @param tapestry that of its run, where it is known */
  countKnot(record: LineageRecord, tapestry?: string): void {
    if (record.definition === 'parameter') return;
    const { error, attempts = [], waits = [], made_in: madeIn } = record.extra as Facts;
    const isReused = record.cached_from_run !== null;
    const knot: Labels = {
      ...(tapestry !== undefined && { 'selvage.tapestry': tapestry }),
      [DEFINITION]: record.definition,
      'selvage.knot': mapOfElement(record.knot_id) ?? record.knot_id,
    };
    this.outcomes.add(1, {
      ...knot,
      [OUTCOME]: record.outcome,
      'selvage.reused': isReused,
      ...(record.skip_reason !== null && { 'selvage.skip_reason': record.skip_reason }),
      ...(error && { 'error.type': error.type }),
    });
    // Each element of a map that was reused has a record of its own.
    if (isReused && madeIn !== undefined) this.saved.add(madeIn / 1_000, knot);
    if (record.outcome === 'skipped' || isReused) return;
    this.duration.record((record.finished_at - record.started_at) / 1_000, {
      ...knot,
      [OUTCOME]: record.outcome,
    });
    this.queued.record(Math.max(0, record.started_at - record.scheduled_at) / 1_000, knot);
    for (const { reason } of attempts) this.attempts.add(1, { ...knot, 'error.type': reason.code });
    for (const { code, since, until } of waits)
      this.waits.record((until - since) / 1_000, { ...knot, 'selvage.reason': code });
  }
}
