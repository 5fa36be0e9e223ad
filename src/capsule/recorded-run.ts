import { InMemoryDataStore } from '../adapters/memory';
import { nodeSha256 } from '../node/node-sha256';
import type { PlanKnot } from '../plan';
import { SelvageError } from '../errors';
import { mapOfElement } from '../authoring/element-id';
import {
  type LoadedPlan,
  encodedOfStored,
  failedOutcomeOf,
  listInputs,
  needsNoInputs,
  receivedOutcome,
  valueOfRecord,
  type EncodedValue,
  type OutcomeToRecord,
} from '../runtime';
import type { TapestryRecord } from '../authoring/records';
import type { Backends, DataStore, LineageRecord, RunRecord } from '../ports';
import { gathered, inOnePiece } from '../ports/parts/pieces';
import { PLAIN_DIGEST, type ValueDigest } from '../encryption/digests';
import { subjectOf } from '../encryption/seal-backends';
import { withSubject } from '../encryption/run-scope';
import { redactText } from '../values/redact';
import { firstDifference } from './first-difference';
import { type KnotEnd, type Reproduction, unreadable, endOf, endOfOutcome, told } from './reproduction';

/** Holds values that repeated bodies store, for a short time; reads all others from the run's store. */
class ScratchDataStore extends InMemoryDataStore {
  readonly #stored = new Map<string, Uint8Array>();
  readonly #inner: Pick<DataStore, 'getStream'>;
  readonly #digest: ValueDigest;

  constructor(inner: Pick<DataStore, 'getStream'>, digest: ValueDigest) {
    super();
    this.#inner = inner;
    this.#digest = digest;
  }

  override async putStream(source: AsyncIterable<Uint8Array>): Promise<{ hash: string; size: number }> {
    const bytes = await gathered(source);
    const hash = `bytes-sha256:${this.#digest.ofSha256(nodeSha256(bytes))}`;
    this.#stored.set(hash, bytes);
    return { hash, size: bytes.byteLength };
  }

  override async getStream(hash: string): Promise<AsyncIterable<Uint8Array> | undefined> {
    const bytes = this.#stored.get(hash);
    return bytes ? inOnePiece(bytes) : await this.#inner.getStream(hash);
  }
}

/** @internal A run as recorded. */
export class RecordedRun {
  readonly scratch: ScratchDataStore;
  /** Digest for the run's hashes; without the run's key, values are compared by their bytes. */
  readonly digest: ValueDigest;
  readonly #hasDigest: boolean;
  #maps: ReadonlySet<string> | undefined;

  constructor(
    private readonly backends: Backends,
    readonly run: RunRecord,
    readonly plan: LoadedPlan,
    readonly records: ReadonlyMap<string, LineageRecord>,
    readonly tapestry: TapestryRecord,
    digest: ValueDigest | undefined,
  ) {
    this.#hasDigest = digest !== undefined;
    this.digest = digest ?? PLAIN_DIGEST;
    this.scratch = new ScratchDataStore(backends.dataStore, this.digest);
  }

  hasElements(map: string): boolean {
    this.#maps ??= new Set([...this.records.keys()].flatMap((id) => mapOfElement(id) ?? []));
    return this.#maps.has(map);
  }

  /** A failed parent's outcome, as its child receives it; undefined for a parent with a value. */
  receivedOf(parent: number): ReturnType<typeof receivedOutcome> | undefined {
    const failed = failedOutcomeOf(this.#recordOf(parent));
    return failed && receivedOutcome(this.plan.plan.knots[parent]!, failed);
  }

  /**
   * The values of a knot's parents, by index in the plan.
   *
   * @throws SelvageError the reason why a value is unavailable
   */
  async parents(knot: PlanKnot): Promise<ReadonlyMap<number, EncodedValue>> {
    // A node that only passes a value on needs just the hash of the value.
    const isPassedOn = needsNoInputs(knot);
    const values = new Map<number, EncodedValue>();
    for (const input of Object.values(knot.inputs)) {
      if (!('parent' in input) || values.has(input.parent)) continue;
      const record = this.#recordOf(input.parent);
      if (record.outcome !== 'ok') continue;
      values.set(input.parent, isPassedOn ? valueOfRecord(record) : await this.valueOf(record));
    }
    for (const [input] of knot.policy.map ? listInputs(knot) : []) {
      const { parent } = knot.inputs[input] as { parent: number };
      if (!values.has(parent))
        throw new SelvageError('ValueMissing', `Knot "${this.plan.parentId(parent)}" has no value.`);
    }
    return values;
  }

  async compare(
    record: LineageRecord,
    now: OutcomeToRecord | { readonly kind: 'err'; readonly error: NonNullable<KnotEnd['error']> },
  ): Promise<Reproduction> {
    const ends = { recorded: endOf(record), now: endOfOutcome(now) };
    const base = { runId: this.run.run_id, knotId: record.knot_id, ...ends };
    const { recorded } = ends;
    if (record.outcome !== now.kind)
      return { ...base, verdict: 'outcome', explanation: `it ${told(recorded)}, and now ${told(ends.now)}` };
    if (now.kind === 'skipped') return { ...base, verdict: 'same', explanation: 'it was skipped again' };
    if (now.kind === 'err') {
      const { type, message } = recorded.error!;
      const isSaid = [now.error.message, redactText(now.error.message), '(redacted)'].includes(message);
      const isSame = type === now.error.type && isSaid;
      return isSame
        ? { ...base, verdict: 'same', explanation: `it failed again: ${type}: ${now.error.message}` }
        : { ...base, verdict: 'error', explanation: `it ${told(recorded)}, and now ${told(ends.now)}` };
    }
    if (this.#hasDigest && now.value.hash === record.output_hash)
      return { ...base, verdict: 'same', explanation: 'it gave the same value' };
    return await this.#compareValues(record, now.value, base);
  }

  async #compareValues(
    record: LineageRecord,
    now: EncodedValue,
    base: Pick<Reproduction, 'runId' | 'knotId' | 'recorded' | 'now'>,
  ): Promise<Reproduction> {
    let value: EncodedValue;
    try {
      value = await withSubject(subjectOf(this.run), () => this.valueOf(record));
    } catch (error) {
      if (!SelvageError.is(error)) throw error;
      if (!this.#hasDigest) return unreadable(this.run, record.knot_id, record, error);
      return {
        ...base,
        verdict: 'value',
        explanation: `it gave another value; the recorded one cannot be shown: ${error.message}`,
      };
    }
    const isSame =
      value.encoded && now.encoded
        ? Buffer.compare(bytesOf(value), bytesOf(now)) === 0
        : value.hash === now.hash && value.encoded === now.encoded;
    if (isSame) return { ...base, verdict: 'same', explanation: 'it gave the same value' };
    const difference = value.encoded && now.encoded && firstDifference(value.encoded, now.encoded);
    return {
      ...base,
      verdict: 'value',
      explanation: difference
        ? `it gave another value: at ${difference.path} there was ${difference.recorded}, and now is ${difference.now}`
        : 'it gave another value',
      ...(difference && { difference }),
    };
  }

  /** @throws SelvageError the reason why the value is unavailable */
  async valueOf(record: LineageRecord): Promise<EncodedValue> {
    const value = valueOfRecord(record);
    if (value.stored !== undefined) return value;
    const bytes = await this.backends.dataStore.get(value.hash);
    if (bytes) return { ...value, encoded: encodedOfStored(value.hash, bytes), bytes };
    throw new SelvageError(
      'ValueMissing',
      `The value ${value.hash} of knot "${record.knot_id}" is not in the data store any more.`,
      { details: { hash: value.hash, knot: record.knot_id } },
    );
  }

  #recordOf(parent: number): LineageRecord {
    const id = this.plan.parentId(parent);
    const record = this.records.get(id);
    if (record) return record;
    throw new SelvageError(
      'ValueMissing',
      `Knot "${id}", whose value is an input, is not on record of run "${this.run.run_id}".`,
      { details: { knot: id, run: this.run.run_id } },
    );
  }
}

function bytesOf({ encoded }: EncodedValue): Uint8Array {
  return encoded?.kind === 'bytes' ? encoded.bytes : Buffer.from(encoded?.text ?? '');
}
