import type { Attempt } from './attempt';
import { Expansion } from './expansion';
import type { ReferenceOutcome } from './reference-interpreter';
import type { FailedRecord, KnotRecord, SimulatedStore, Value } from './store';
import { Violation, type ViolationKind } from './violation';

/** Who inserted the record of a knot, and after how many steps of the run. */
interface Insertion {
  readonly by: Attempt | undefined;
  readonly at: number;
}

/** The store of a run, and what must hold of it at all times. */
export class Ledger {
  /** By knot or element. */
  private readonly insertions = new Map<number, Insertion>();

  constructor(
    private readonly nameOf: (unit: number) => string,
    private readonly store: SimulatedStore,
  ) {}

  put(value: Value): void {
    this.store.put(value);
  }

  lookUp(knot: number): KnotRecord | undefined {
    return this.store.lookUp(knot);
  }

  /** Answers the record that stands. */
  insert(knot: number, record: KnotRecord, by: Attempt | undefined, at: number): KnotRecord {
    const { inserted, record: standing } = this.store.insert(knot, record);
    if (inserted) {
      if (this.insertions.has(knot)) throw this.violation('two records', knot, 'was recorded twice');
      this.insertions.set(knot, { by, at });
    }
    return standing;
  }

  /** No attempt runs a body whose record was there when it began, or that it has recorded itself. */
  requireMayRun(attempt: Attempt, knot: number): void {
    const insertion = this.insertions.get(knot);
    if (!insertion || (insertion.by !== attempt && insertion.at >= attempt.begunAt)) return;
    // Its child run has not heard yet that the run has given it up.
    if (insertion.by === undefined && attempt.activity.owner instanceof Expansion) return;
    throw this.violation('ran again', knot, 'was run again when its record had been inserted');
  }

  /** A parent's value for a child that runs: as it was told, else by the parent's record. */
  valueOf(parent: number, told: Value | null | undefined): Value {
    if (told !== null && told !== undefined) {
      this.requireRecorded(parent, told);
      return told;
    }
    const record = this.store.find(parent);
    if (record?.outcome !== 'ok') {
      throw this.violation('value missing', parent, 'has a child that runs, and no value of it is recorded');
    }
    this.requirePut(parent, record.value);
    return record.value;
  }

  /** What became of a parent without a value, for a child that receives outcomes and runs by itself; undefined: it has one. */
  failedParent(parent: number): FailedRecord | undefined {
    const record = this.store.find(parent);
    if (!record) {
      throw this.violation('value missing', parent, 'has a child that runs on its outcome, and no record');
    }
    return record.outcome === 'ok' ? undefined : record;
  }

  /** What is told of a knot is what its record says. */
  requireRecorded(knot: number, value: Value): void {
    const record = this.store.find(knot);
    if (record?.outcome !== 'ok' || record.value !== value) {
      throw this.violation('wrong value', knot, 'has a value passed on that is not the recorded one');
    }
    this.requirePut(knot, value);
  }

  find(knot: number): KnotRecord | undefined {
    return this.store.find(knot);
  }

  /** Of what has ended. */
  require(knot: number): KnotRecord {
    const record = this.store.find(knot);
    if (!record) throw this.violation('no record', knot, 'has ended, and has no record');
    return record;
  }

  /** Of an element, which may not have run. */
  checkElement(element: number): void {
    const record = this.store.find(element);
    if (record?.outcome === 'ok') this.requirePut(element, record.value);
  }

  /** That the knot's one record is there, its value too, and both agree with what the workflow holds. */
  checkAtEnd(knot: number, outcome: ReferenceOutcome, isCancelled: boolean): KnotRecord {
    const record = this.store.find(knot);
    if (!record) throw this.violation('no record', knot, 'has no record when the run has ended');
    if (record.outcome === 'ok') this.requirePut(knot, record.value);
    // What ended while the cancelled run no longer listened is recorded as it ended.
    const isLate = isCancelled && outcome === 'skipped: cancelled';
    if (record.outcome !== outcome.split(':')[0] && !isLate) {
      throw this.violation('wrong outcome', knot, `came to ${outcome}, and ${record.outcome} is recorded`);
    }
    return record;
  }

  private requirePut(knot: number, value: Value): void {
    if (!this.store.has(value)) {
      throw this.violation('value missing', knot, 'is recorded with a value that is not in the data store');
    }
  }

  private violation(kind: ViolationKind, knot: number, what: string): Violation {
    const id = this.nameOf(knot);
    return new Violation(kind, `Knot "${id}" ${what}`, id);
  }
}
