import type { CommitResult, RunRecord } from '../ports';
import { secondsOf, type Histogram, type Instruments } from './instruments';
import { RunMetrics, type Countable } from './run-metrics';

/** Receives a worker's counts. */
export interface WorkCounts {
  /** A function that is called before a worker starts. */
  workerBegins(has: Countable): void;
  /** @param seconds of the transaction */
  committed(results: readonly CommitResult[], seconds: number): void;
  /** A function that is called when this worker has recorded the end of a run. */
  runEnded(run: RunRecord): void;
  /** @param knots committed in it */
  segmentEnded(seconds: number, knots: number): void;
  /** An attempt was refused and will be repeated. */
  refused(code: string): void;
}

/** Counts a process's recorded knots and their costs. */
export class WorkMetrics implements WorkCounts {
  private readonly runs: RunMetrics;
  private readonly commits: Histogram;
  private readonly records: ReturnType<Instruments['createCounter']>;
  private readonly segments: Histogram;
  private readonly segmentKnots: ReturnType<Instruments['createCounter']>;
  private readonly refusals: ReturnType<Instruments['createCounter']>;

  constructor(instruments: Instruments) {
    this.runs = new RunMetrics(instruments, false);
    this.commits = secondsOf(
      instruments,
      'selvage.commit.duration',
      'How long a transaction of outcomes and values took',
    );
    this.records = instruments.createCounter('selvage.commit.records', {
      description: 'Outcomes that were given to be committed',
      labels: [],
    });
    this.segments = secondsOf(instruments, 'selvage.segment.duration', 'How long a segment of knots took');
    this.segmentKnots = instruments.createCounter('selvage.segment.knots', {
      description: 'Knots that ran in segments',
      labels: [],
    });
    this.refusals = instruments.createCounter('selvage.refusals', {
      description: 'Attempts that could not be made now and are made again, by reason',
      labels: ['selvage.reason'],
    });
  }

  workerBegins(has: Countable): void {
    this.runs.begin(has);
  }

  committed(results: readonly CommitResult[], seconds: number): void {
    this.commits.record(seconds);
    this.records.add(results.length);
    // If two workers have an outcome of one knot, only the recorded one counts.
    for (const { inserted, record } of results) if (inserted) this.runs.countKnot(record);
  }

  runEnded(run: RunRecord): void {
    this.runs.countRun(run);
  }

  segmentEnded(seconds: number, knots: number): void {
    this.segments.record(seconds);
    if (knots > 0) this.segmentKnots.add(knots);
  }

  refused(code: string): void {
    this.refusals.add(1, { 'selvage.reason': code });
  }
}
