import {
  keyOfOffset,
  type DeadLetterReason,
  type StreamDeadLetter,
  type StreamElement,
  type StreamResult,
  type StreamSettings,
} from '../../streams';
import type { Part } from './progress';

/** Elements that one run is for. */
export interface Unit extends Part {
  /** Identifies the unit in the start ledger: the key of its first element, with the partition. */
  readonly key: string;
  /** By which elements of other units must wait for this one; undefined without order by key. */
  readonly keys?: readonly string[];
  /** Why the only element cannot be parameters of a run. */
  readonly refusal?: DeadLetterReason;
}

export function unitOf(
  options: StreamSettings,
  partition: string,
  elements: readonly StreamElement[],
  refusal?: DeadLetterReason,
): Unit {
  return {
    partition,
    elements,
    key: keyInLedger(partition, keyOfOffset(elements[0]!.offset)),
    ...(options.order === 'key' && {
      keys: [...new Set(elements.map((element) => orderKeyOf(options, element)))],
    }),
    ...(refusal && { refusal }),
  };
}

export function keyInLedger(partition: string, key: string): string {
  return partition === '' ? key : `${partition}:${key}`;
}

/** By which an element is in order with others. Those without a key are so among themselves. */
export function orderKeyOf({ key }: StreamSettings, element: StreamElement): string {
  let own: string | null | undefined = element.key;
  try {
    if (key) own = key(element.value, element);
  } catch {
    // It is refused: for that, or for its value.
  }
  return own === undefined || own === null ? '' : `k${String(own)}`;
}

export function keyRefusalOf({ key }: StreamSettings, element: StreamElement): DeadLetterReason | undefined {
  try {
    key?.(element.value, element);
    return undefined;
  } catch (error) {
    const { name, message } = error instanceof Error ? error : new Error(String(error));
    return { code: name, message: `the option "key" throws: ${message}` };
  }
}

/** What the start ledger says of a unit. */
export interface UnitClaim {
  readonly inserted: boolean;
  /** How many elements the unit was claimed with. */
  readonly elements: number;
  /** The key of the last of them, if there were several. */
  readonly last?: string;
  /** Why it was refused then. */
  readonly refusal?: DeadLetterReason;
}

export type ElementEnd =
  | { readonly element: StreamElement; readonly result: StreamResult }
  | { readonly element: StreamElement; readonly letter: StreamDeadLetter };

/** How the runs of a stream are started, and their results read. */
export interface UnitRuns<Claim extends UnitClaim = UnitClaim> {
  /** Why an element cannot be parameters of a run; undefined if it can. */
  refusalOf(element: StreamElement): Promise<DeadLetterReason | undefined>;
  /** Claims units, in the order of the source. Durable when it returns. */
  claim(units: readonly Unit[]): Promise<readonly Claim[]>;
  /** The keys of the last elements of the batches and lists that were claimed lately, as {@link keyInLedger} gives them. */
  lastsOfClaims(): Promise<ReadonlySet<string>>;
  /** Starts the unit's run unless it exists, and waits for its end. May be called again after an error. */
  run(unit: Unit, claim: Claim, signal: AbortSignal): Promise<readonly ElementEnd[]>;
}
