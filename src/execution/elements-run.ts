import type { DefinitionRecord } from '../model/records';
import type {
  CommitResult,
  ExceptionRecord,
  LineageRecord,
  RecordedOutcome,
  StoredValue,
} from '../protocols';
import { cacheKeyOf, type ValueId } from './cache-key';
import type { CachedValue, PassedOver } from './cached-values';
import { encodeOutput, storedValues, type EncodedValue } from './encoded-value';
import { describeError } from './exception-record';
import type { Hashing } from './hashing';
import { assembleInputs } from './inputs';
import { lineageRecord, reusedRecord, withPassedOver, type Execution, type OutcomeToRecord } from './lineage';
import type { LoadedPlan } from './loaded-plan';
import type { ElementKnot } from './element-knots';
import { freshPart, idOfPart } from './element-values';

/** What became of an element: as recorded, by this run or by an earlier one. */
export type ElementEnd<Recorded = LineageRecord> =
  /** `value` is absent where it is not at hand: another attempt has recorded it, or another run has made it. */
  | { readonly kind: 'ok'; readonly value?: EncodedValue; readonly record: Recorded }
  | { readonly kind: 'err'; readonly error: ExceptionRecord };

/** What another knot has made of the same. */
export interface CachedElement extends CachedValue {
  /** Where the host has read it. */
  readonly value?: EncodedValue;
}

/** What a host does for the elements that it runs in its process. */
export interface ElementsHost {
  /** Calls the body once. */
  call(element: ElementKnot, inputs: Record<string, unknown>, attempt: number): Promise<unknown>;
  /** Asked of each element whose value may be reused. */
  findMade(element: ElementKnot, cacheKey: string): Promise<CachedElement>;
  /**
   * What a throw means: to be tried `again`, after the wait that this takes; the element is `left` without an outcome; or it
   * has failed.
   */
  judge(element: ElementKnot, error: unknown, throws: number): Promise<'again' | 'left' | 'failed'>;
  /** Undefined: nothing is to be recorded any more. */
  commit(record: LineageRecord, values: readonly StoredValue[]): Promise<CommitResult | undefined>;
  execution(attempt: number, startedAt: number): Execution;
  now(): number;
  /** Whether no more elements are to begin. */
  isHeld(): boolean;
  ended(element: ElementKnot, end: ElementEnd): void;
}

export interface ElementsToRun {
  readonly plan: LoadedPlan;
  readonly definition: DefinitionRecord;
  readonly codeHash: string | null;
  readonly hashing: Hashing;
  readonly runId: string;
  /** The text of an element, by the input that gets it; undefined: the input is not one that gets elements. */
  readonly textOf: (element: ElementKnot, input: string) => string | undefined;
  /** Of a parent whose value is shared, by index in the plan. */
  readonly sharedId: (parent: number) => ValueId;
  /** A fresh copy. */
  readonly sharedValue: (parent: number) => unknown;
  /** Attempts and throws before this run. Default: the first attempt. */
  readonly attemptsBefore?: number;
  /** Whether the body stands in for the definition's own, so that nothing is reused and nothing is to be. */
  readonly isReplaced?: boolean;
}

/** Runs elements of a map in this process: each with its own attempts, record and outcome. */
export class ElementsRun {
  constructor(
    private readonly elements: ElementsToRun,
    private readonly host: ElementsHost,
  ) {}

  /** Runs them in order, no more than `concurrency` at once: begun and not on record yet. Rejects where the host does. */
  async run(elements: Iterable<ElementKnot>, concurrency: number): Promise<void> {
    const iterator = elements[Symbol.iterator]();
    let isBroken = false;
    const work = async (): Promise<void> => {
      while (!isBroken && !this.host.isHeld()) {
        const next = iterator.next();
        if (next.done) return;
        try {
          await this.runElement(next.value);
        } catch (error) {
          isBroken = true;
          throw error;
        }
      }
    };
    const workers: Promise<void>[] = [];
    for (let worker = 0; worker < concurrency; worker++) workers.push(work());
    await Promise.all(workers);
  }

  private async runElement(element: ElementKnot): Promise<void> {
    const { host } = this;
    const startedAt = host.now();
    const key = this.keyOf(element);
    const made = key === undefined ? undefined : await host.findMade(element, key);
    // A cancel may have come meanwhile.
    if (made && host.isHeld()) return;
    if (made?.record) {
      await this.takeOver(element, made.record, made.value);
      return;
    }
    const reuse = { key: key ?? null, passedOver: made?.passedOver };
    const before = this.elements.attemptsBefore ?? 0;
    for (let attempt = 1; ; attempt++) {
      let value: EncodedValue;
      try {
        const result = await host.call(element, this.inputsOf(element), before + attempt);
        value = encodeOutput(result, this.elements.hashing.digest);
      } catch (error) {
        const verdict = await host.judge(element, error, attempt);
        if (verdict === 'again') continue;
        if (verdict === 'failed') await this.fail(element, error, before + attempt, startedAt, reuse);
        return;
      }
      const ok = { kind: 'ok' as const, value };
      await this.commit(element, ok, storedValues(value), before + attempt, startedAt, reuse);
      return;
    }
  }

  private fail(
    element: ElementKnot,
    error: unknown,
    attempt: number,
    startedAt: number,
    reuse: Reuse,
  ): Promise<void> {
    const { runId, hashing } = this.elements;
    const { record, values } = describeError(error, { runId, knotId: element.id, attempt }, hashing);
    return this.commit(element, { kind: 'err', error: record }, values, attempt, startedAt, reuse);
  }

  private commit(
    element: ElementKnot,
    outcome: OutcomeToRecord & { kind: 'ok' | 'err' },
    values: readonly StoredValue[],
    attempt: number,
    startedAt: number,
    { key, passedOver }: Reuse,
  ): Promise<void> {
    const { plan, codeHash } = this.elements;
    const execution = this.host.execution(attempt, startedAt);
    const record = lineageRecord(plan, element, execution, outcome, this.hashOf(element), codeHash, key);
    return this.host.commit(withPassedOver(record, passedOver), values).then((result) => {
      if (!result) return;
      const end = result.inserted ? endOf(outcome, result.record) : endOfRecord(result.record);
      if (end) this.host.ended(element, end);
    });
  }

  private async takeOver(
    element: ElementKnot,
    made: LineageRecord,
    value: EncodedValue | undefined,
  ): Promise<void> {
    const { plan } = this.elements;
    const now = this.host.now();
    const execution = { ...this.host.execution(0, now), finishedAt: now };
    const record = reusedRecord(plan, element, execution, made, this.hashOf(element));
    const result = await this.host.commit(record, []);
    if (!result) return;
    const end: ElementEnd | undefined = result.inserted
      ? { kind: 'ok', record, ...(value && { value }) }
      : endOfRecord(result.record);
    if (end) this.host.ended(element, end);
  }

  private keyOf(element: ElementKnot): string | undefined {
    const { plan, codeHash, hashing, isReplaced } = this.elements;
    if (isReplaced || codeHash === null) return undefined;
    return cacheKeyOf(plan, element, codeHash, this.idOf(element), hashing.digest);
  }

  private inputsOf(element: ElementKnot): Record<string, unknown> {
    const { textOf, sharedValue } = this.elements;
    return assembleInputs(element, 'values', (parent, input) => {
      const text = textOf(element, input);
      return text === undefined ? sharedValue(parent) : freshPart(text);
    });
  }

  private hashOf(element: ElementKnot): (parent: number, input: string) => string {
    const idOf = this.idOf(element);
    return (parent, input) => idOf(parent, input).hash;
  }

  private idOf(element: ElementKnot): (parent: number, input: string) => ValueId {
    const { textOf, sharedId, hashing } = this.elements;
    return (parent, input) => {
      const text = textOf(element, input);
      return text === undefined ? sharedId(parent) : idOfPart(text, hashing.digest);
    };
  }
}

/** What the record of an element says of reuse. */
interface Reuse {
  readonly key: string | null;
  readonly passedOver: PassedOver | undefined;
}

function endOf(outcome: OutcomeToRecord & { kind: 'ok' | 'err' }, record: LineageRecord): ElementEnd {
  return outcome.kind === 'ok'
    ? { kind: 'ok', value: outcome.value, record }
    : { kind: 'err', error: outcome.error };
}

/** Undefined of one that says nothing of the element's body. */
export function endOfRecord<Recorded extends RecordedOutcome>(
  record: Recorded,
): ElementEnd<Recorded> | undefined {
  if (record.outcome === 'ok') return { kind: 'ok', record };
  if (record.outcome === 'skipped') return undefined;
  return { kind: 'err', error: (record.extra as { error: ExceptionRecord }).error };
}
