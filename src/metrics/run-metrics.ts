import { mapOfElement } from '../authoring/element-id';
import type { RecordedAttempt, RecordedWait } from '../authoring/run-graph';
import type { LineageRecord, RunRecord } from '../ports';
import { secondsOf, type Histogram, type Instruments, type Labels } from './instruments';

interface Facts {
  readonly error?: { readonly type: string };
  readonly attempts?: readonly RecordedAttempt[];
  readonly waits?: readonly RecordedWait[];
  readonly made_in?: number;
}

/** Knots are counted by definition, so that extended plans do not add series. */
const DEFINITION = 'selvage.definition';
const OUTCOME = 'selvage.outcome';

/** Ends of runs that a worker records; a run that is terminated otherwise is not counted. */
const ENDS = ['succeeded', 'failed', 'cancelled'] as const satisfies readonly RunRecord['status'][];

/** The tapestries and definitions of a worker. */
export interface Countable {
  readonly tapestryNames: readonly string[];
  /** Names of definitions. */
  readonly activityTypes: readonly string[];
}

/** Labels of plain outcomes, and of attempts. */
interface PlainLabels {
  readonly knot: Labels;
  readonly outcome: Labels;
  readonly duration: Labels;
}

/** The only place where knots and runs are counted. Times in seconds; elements count as their map. */
export class RunMetrics {
  private readonly duration: Histogram;
  private readonly queued: Histogram;
  private readonly waits: Histogram;
  private readonly runs: Histogram;
  private readonly outcomes: ReturnType<Instruments['createCounter']>;
  private readonly attempts: ReturnType<Instruments['createCounter']>;
  private readonly saved: ReturnType<Instruments['createCounter']>;

  /** Plain labels by outcome and definition. */
  private readonly plain = new Map<string, PlainLabels>();

  /** @param namesKnots labels include `selvage.knot` and `selvage.tapestry`, with many values */
  constructor(
    instruments: Instruments,
    private readonly namesKnots: boolean,
  ) {
    this.duration = secondsOf(instruments, 'selvage.knot.duration', 'Duration of the attempt that counted', [
      DEFINITION,
      OUTCOME,
    ]);
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
      description: 'Time that reused values had taken to make',
      unit: 's',
      labels: [DEFINITION],
    });
  }

  /** Known series start at 0, as an alert by `increase` does not see a series that appears at 1. */
  begin({ tapestryNames, activityTypes }: Countable): void {
    for (const tapestry of tapestryNames)
      for (const status of ENDS)
        this.runs.zero?.({ 'selvage.tapestry': tapestry, 'selvage.run.status': status });
    for (const definition of activityTypes) {
      this.attempts.add(0, { [DEFINITION]: definition, 'error.type': 'WorkerLost' });
      for (const outcome of ['ok', 'err'] as const) {
        const labels = this.labelsOf({ definition, knot_id: '', outcome });
        this.outcomes.add(0, labels.outcome);
        this.duration.zero?.(labels.duration);
      }
    }
  }

  countRun({ tapestry, status, started_at: from, finished_at: until }: RunRecord): void {
    this.runs.record(Math.max(0, ((until ?? from) - from) / 1_000), {
      'selvage.tapestry': tapestry,
      'selvage.run.status': status,
    });
  }

  countKnot(record: LineageRecord, tapestry?: string): void {
    if (record.definition === 'parameter') return;
    const { error, attempts = [], waits = [], made_in: madeIn } = record.extra as Facts;
    const isReused = record.cached_from_run !== null;
    const { knot, outcome, duration } = this.labelsOf(record, tapestry);
    const isPlain = !isReused && record.skip_reason === null && !error;
    this.outcomes.add(
      1,
      isPlain
        ? outcome
        : {
            ...outcome,
            'selvage.reused': isReused,
            ...(record.skip_reason !== null && { 'selvage.skip_reason': record.skip_reason }),
            ...(error && { 'error.type': error.type }),
          },
    );
    // Each reused element of a map has its own record.
    if (isReused && madeIn !== undefined) this.saved.add(madeIn / 1_000, knot);
    if (record.outcome === 'skipped' || isReused) return;
    this.duration.record((record.finished_at - record.started_at) / 1_000, duration);
    this.queued.record(Math.max(0, record.started_at - record.scheduled_at) / 1_000, knot);
    for (const { reason } of attempts) this.attempts.add(1, { ...knot, 'error.type': reason.code });
    for (const { code, since, until } of waits)
      this.waits.record((until - since) / 1_000, { ...knot, 'selvage.reason': code });
  }

  /** Labels without the knot's name are cached, because making labels takes longer than counting. */
  private labelsOf(
    { definition, knot_id: id, outcome }: Pick<LineageRecord, 'definition' | 'knot_id' | 'outcome'>,
    tapestry?: string,
  ): PlainLabels {
    if (this.namesKnots) {
      return plainLabels(outcome, {
        ...(tapestry !== undefined && { 'selvage.tapestry': tapestry }),
        [DEFINITION]: definition,
        'selvage.knot': mapOfElement(id) ?? id,
      });
    }
    const key = `${outcome} ${definition}`;
    let labels = this.plain.get(key);
    if (!labels) this.plain.set(key, (labels = plainLabels(outcome, { [DEFINITION]: definition })));
    return labels;
  }
}

function plainLabels(outcome: LineageRecord['outcome'], knot: Labels): PlainLabels {
  const duration = { ...knot, [OUTCOME]: outcome };
  return { knot, duration, outcome: { ...duration, 'selvage.reused': false } };
}
