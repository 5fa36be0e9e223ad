import type { DeadLetter, StreamElement, StreamResult } from '../../streams';
import type { Part } from './progress';

/** Elements that one run is for. */
export interface Unit extends Part {
  /** Identifies the unit in the start ledger: the key of its first element, with the partition. */
  readonly key: string;
  /** By which elements of other units must wait for this one; undefined without order by key. */
  readonly keys?: readonly string[];
  /** Why the only element cannot be parameters of a run. */
  readonly refusal?: DeadLetter['error'];
}

/** What the start ledger says of a unit. */
export interface UnitClaim {
  readonly inserted: boolean;
  /** How many elements the unit was claimed with. */
  readonly elements: number;
  /** Why it was refused then. */
  readonly refusal?: DeadLetter['error'];
}

/** What became of an element. */
export type ElementEnd =
  | { readonly element: StreamElement; readonly result: StreamResult }
  | { readonly element: StreamElement; readonly letter: DeadLetter };

/** How the runs of a stream are started, and their results read. */
export interface UnitRuns<Claim extends UnitClaim = UnitClaim> {
  /** Why an element cannot be parameters of a run; undefined if it can. */
  refusalOf(element: StreamElement): Promise<DeadLetter['error'] | undefined>;
  /** Claims units, in the order of the source. Durable when it returns. */
  claim(units: readonly Unit[]): Promise<readonly Claim[]>;
  /** Starts the unit's run unless it exists, and waits for its end. May be called again after an error. */
  run(unit: Unit, claim: Claim, signal: AbortSignal): Promise<readonly ElementEnd[]>;
}
