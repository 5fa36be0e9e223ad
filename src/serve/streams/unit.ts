import {
  keyOfOffset,
  type DeadLetterReason,
  type StreamDeadLetter,
  type StreamElement,
  type StreamResult,
  type StreamSettings,
} from '../../streams';
import type { Part } from './progress';

export interface Unit extends Part {
  /** The key of the unit's first element in the start ledger, with the partition. */
  readonly key: string;
  /** Order keys of the elements: units with a common key wait for each other. Without order by key: absent. */
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

/** The key by which elements are ordered. Elements without a key share the empty one. */
export function orderKeyOf({ key }: StreamSettings, element: StreamElement): string {
  let own: string | null | undefined = element.key;
  try {
    if (key) own = key(element.value, element);
  } catch {
    // The element is refused anyway.
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

/** The ledger's entry for a unit. */
export interface UnitClaim {
  readonly inserted: boolean;
  /** Number of elements that the unit was claimed with. */
  readonly elements: number;
  /** The key of the last element, if the unit had several. */
  readonly last?: string;
  /** Why the unit was refused at the claim. */
  readonly refusal?: DeadLetterReason;
}

export type ElementEnd =
  | { readonly element: StreamElement; readonly result: StreamResult }
  | { readonly element: StreamElement; readonly letter: StreamDeadLetter };

export interface UnitRuns<Claim extends UnitClaim = UnitClaim> {
  /** Why an element cannot be parameters of a run; undefined if the element can. */
  refusalOf(element: StreamElement): Promise<DeadLetterReason | undefined>;
  /** Claims units, in the order of the source; claims are durable when this returns. */
  claim(units: readonly Unit[]): Promise<readonly Claim[]>;
  /** Keys ({@link keyInLedger}) of the last elements of recently claimed batches and lists. */
  lastsOfClaims(): Promise<ReadonlySet<string>>;
  /** Starts the unit's run unless it exists, and waits for its end. The method may be called again after an error. */
  run(unit: Unit, claim: Claim, signal: AbortSignal): Promise<readonly ElementEnd[]>;
}
