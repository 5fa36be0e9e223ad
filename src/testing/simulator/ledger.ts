import { hashOfInline } from '../../activities/parents';
import type { Trail } from '../../runtime';
import { isReference, type Envelope } from '../../scheduler';
import type { CommitResult, LineageRecord, StoredValue } from '../../ports';
import type { Sha256 } from '../../values';
import type { ReferenceOutcome } from './reference-interpreter';
import type { SimulatedStore } from './store';
import { Violation, type ViolationKind } from './violation';

interface Insertion {
  readonly run: string;
  readonly knot: string;
  readonly by: object | undefined;
  readonly at: number;
}

/** The store of a world, with its permanent invariants. */
export class Ledger {
  /** The first violation, or a defect of the simulator, which fails the simulation. */
  failure: Error | undefined;
  /** Insertions by run and knot, the oldest first. */
  private readonly insertions = new Map<string, Insertion>();
  /** How often the history has gone back in time. */
  losses = 0;
  /** Records that were lost, by run and knot; others may have been made in their place. */
  private readonly lost = new Set<string>();

  constructor(
    readonly store: SimulatedStore,
    /** Prefix of the names of a run's knots. */
    private readonly addressOf: (run: string) => string,
    private readonly digest: Sha256,
  ) {}

  get size(): number {
    return this.insertions.size;
  }

  put(values: readonly StoredValue[]): void {
    for (const value of values) this.store.put(value);
  }

  /** @param by an attempt; undefined: the run itself */
  insert(record: LineageRecord, by: object | undefined, at: number): CommitResult {
    const result = this.store.insert(record);
    if (result.inserted) {
      const { temporal_run_id: run, knot_id: knot } = record;
      if (!isInOrder(record)) this.note('wrong times', run, knot, 'has times on record that go backwards');
      const key = keyOf(run, knot);
      if (this.insertions.has(key)) this.note('two records', run, knot, 'was recorded twice');
      this.insertions.set(key, { run, knot, by, at });
    }
    return result;
  }

  /** Loses the newer half of the records that the run history can lose. */
  goBack(mayLose: (run: string, knot: string) => boolean): void {
    // Given values have been there before the simulation begins.
    const records = [...this.insertions].filter(([, { run, knot, at }]) => at > 0 && mayLose(run, knot));
    for (const [key, { run, knot }] of records.slice(Math.floor(records.length / 2))) {
      this.insertions.delete(key);
      this.store.remove(run, knot);
      this.lost.add(key);
    }
    this.losses += 1;
  }

  /**
   * Throws unless the knot had no record when the attempt `by` began, and this attempt made none. @param begunAt its
   * first step
   */
  requireMayRun(run: string, knot: string, by: object, begunAt: number): void {
    // An attempt that was given up may record its value beside the knot that runs again after a loss.
    if (this.losses > 0) return;
    const insertion = this.insertions.get(keyOf(run, knot));
    // The run may have given up a knot that it recorded itself, which its attempts may not know yet.
    if (!insertion?.by || (insertion.by !== by && insertion.at >= begunAt)) return;
    this.note('ran again', run, knot, 'was run again when its record had been inserted');
  }

  /** A value that is reported must be the recorded one. Throws a {@link Violation}. */
  requireRecorded(run: string, knot: string, told: Envelope | undefined): void {
    if (this.lost.has(keyOf(run, knot))) return;
    const record = this.store.find(run, knot);
    // A branch that runs again may choose a path that is on record as skipped. The record stands, as at the end.
    if (this.losses > 0 && record?.outcome === 'skipped') return;
    const hash = told && (isReference(told) ? told.hash : hashOfInline(told.value, this.digest));
    if (record?.outcome !== 'ok' || (hash !== undefined && record.output_hash !== hash))
      throw this.violated('wrong value', run, knot, 'has a value passed on that is not the recorded one');
    this.requirePut(record);
  }

  /** Requires a record with the workflow's outcome. Throws a {@link Violation}. */
  checkAtEnd(run: string, knot: string, outcome: ReferenceOutcome, isCancelled: boolean): void {
    const record = this.store.find(run, knot);
    if (!record) throw this.violated('no record', run, knot, 'has no record when the run has ended');
    // A knot without an outcome may have ended while the cancelled run no longer listened.
    const isLate = isCancelled && outcome === 'skipped: cancelled';
    if (record.outcome !== outcome.split(':')[0] && !isLate && this.losses === 0)
      throw this.violated(
        'wrong outcome',
        run,
        knot,
        `came to ${outcome}, and ${record.outcome} is recorded`,
      );
  }

  checkValues(run: string): void {
    for (const record of this.store.recordsOf(run)) this.requirePut(record);
  }

  private requirePut({ temporal_run_id, knot_id, outcome, output_hash, extra }: LineageRecord): void {
    // Bodies store streams.
    if (outcome !== 'ok' || extra['stored'] !== undefined || this.store.has(output_hash!)) return;
    throw this.violated(
      'value missing',
      temporal_run_id,
      knot_id,
      'is recorded with a value that is not in the data store',
    );
  }

  /** Notes a violation where simulated code would catch a throw. */
  note(kind: ViolationKind, run: string, knot: string, what: string): void {
    this.failure ??= this.violated(kind, run, knot, what);
  }

  /** Notes that a body is not repeatable, unless a failure was noted before. */
  noteBody(run: string, knot: string, what: string): void {
    const name = this.addressOf(run) + knot;
    this.failure ??= new Violation('not repeatable', `The body of knot "${name}" ${what}`, name);
  }

  violated(kind: ViolationKind, run: string, knot: string, what: string): Violation {
    const name = this.addressOf(run) + knot;
    return new Violation(kind, `Knot "${name}" ${what}`, name);
  }
}

function keyOf(run: string, knot: string): string {
  return `${run} ${knot}`;
}

function isInOrder({ scheduled_at, started_at, finished_at, extra }: LineageRecord): boolean {
  const { attempts = [], waits = [] } = extra as Partial<Trail>;
  return (
    scheduled_at <= started_at &&
    started_at <= finished_at &&
    attempts.every((attempt) => attempt.started_at <= attempt.ended_at) &&
    waits.every(({ since, until }) => since <= until)
  );
}
