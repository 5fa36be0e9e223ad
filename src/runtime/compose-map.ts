import {
  defined,
  encodedSize,
  encodeValue,
  hashText,
  listOfParts,
  partOf,
  recordOfParts,
  type Encoded,
  type Sha256,
} from '../values';
import type { PlanKnot } from '../plan';
import { SelvageError } from '../errors';
import type { ExceptionRecord } from '../ports';
import { storedValues, type EncodedValue } from './encoded-value';
import type { Hashing } from './hashing';
import type { ElementCounts } from './lineage';
import type { KnotOutcomeToRecord } from './node-outcome';
import { errorId } from './exception-record';
import { elementName } from './element-knots';

const NAMED_ELEMENTS = 20;

/** Results of some elements, for another process that continues behind these elements. */
export interface ComposedRange {
  /** The results in order: each value as a part of the list; null for a failure. */
  readonly parts: readonly (string | null)[];
  readonly failures: readonly (readonly [position: number, error: ExceptionRecord])[];
  /** Counts all elements up to the end of this range. */
  readonly reused: number;
  readonly saved: number;
}

/** Composes a map's outcome from its elements' outcomes; equal on every host. */
export class MapComposer {
  /** The values of elements as parts of the list, by position. */
  private readonly parts: (string | undefined)[];
  private readonly failures = new Map<number, ExceptionRecord>();
  private reused = 0;
  private saved = 0;

  constructor(
    private readonly map: PlanKnot,
    private readonly count: number,
    private readonly keys: readonly string[] | undefined,
  ) {
    this.parts = new Array<string | undefined>(count).fill(undefined);
  }

  /**
   * @param part the value as a part of the list
   * @param reusedOf if the value was reused, milliseconds that making it took
   */
  ok(position: number, part: string, reusedOf?: number): void {
    this.parts[position] = part;
    if (reusedOf === undefined) return;
    this.reused += 1;
    this.saved += reusedOf;
  }

  err(position: number, error: ExceptionRecord): void {
    this.failures.set(position, error);
  }

  /** Results of elements from `from` to before `to`, which all have an outcome. Later elements have no result yet. */
  range(from: number, to: number): ComposedRange {
    const { reused, saved } = this;
    return {
      parts: this.parts.slice(from, to).map((part) => part ?? null),
      failures: [...this.failures].filter(([position]) => position >= from && position < to),
      reused,
      saved,
    };
  }

  /** Takes over the results that {@link range} returned. */
  add(from: number, { parts, failures, reused, saved }: ComposedRange): void {
    for (const [index, part] of parts.entries()) this.parts[from + index] = part ?? undefined;
    for (const [position, error] of failures) this.failures.set(position, error);
    this.reused = reused;
    this.saved = saved;
  }

  /** Positions of elements without an outcome yet, from `from` to before `to`. */
  open(from: number, to: number): number[] {
    const open: number[] = [];
    for (let position = from; position < to; position++) {
      if (this.parts[position] === undefined && !this.failures.has(position)) open.push(position);
    }
    return open;
  }

  /** @throws SelvageError `NotEncodable` if the whole is too long for a value, which fails the map */
  outcome(runId: string, { sha256, digest }: Hashing): KnotOutcomeToRecord {
    const { count, reused, saved } = this;
    const elements: ElementCounts = {
      count,
      failed: this.failures.size,
      ...(reused > 0 && { reused, saved }),
    };
    const { onError } = this.map.policy.map!;
    if (this.failures.size > 0 && onError === undefined) {
      return { outcome: { kind: 'err', error: this.failure(runId, sha256), elements }, values: [] };
    }
    const { encoded, length } = this.whole(onError === 'collect', sha256);
    const value = valueOf(encoded, length, digest);
    return { outcome: { kind: 'ok', value, elements }, values: storedValues(value) };
  }

  private whole(collect: boolean, sha256: Sha256): { encoded: Encoded; length: number | undefined } {
    const parts: string[] = [];
    const members = new Map<string, string>();
    for (let position = 0; position < this.count; position++) {
      const part = this.partAt(position, collect, sha256);
      if (part === undefined) continue;
      if (this.keys) members.set(this.keys[position]!, part);
      else parts.push(part);
    }
    try {
      return this.keys
        ? { encoded: recordOfParts(members), length: undefined }
        : { encoded: listOfParts(parts), length: parts.length };
    } catch (cause) {
      if (!(cause instanceof RangeError)) throw cause;
      throw new SelvageError(
        'NotEncodable',
        `The value of map "${this.map.id}" is longer than a value may be. Keep what is large by ctx.store() in the elements' bodies, and let ` +
          'them return the references.',
        { details: { knot: this.map.id }, cause },
      );
    }
  }

  private partAt(position: number, collect: boolean, sha256: Sha256): string | undefined {
    const part = this.parts[position];
    if (part !== undefined) return collect ? `{"kind":"ok","value":${part}}` : part;
    if (!collect) return undefined;
    const error = this.collected(position, sha256);
    return partOf(encodeValue({ kind: 'err', error }));
  }

  /** The element's error without all that differs between runs, so that equal runs have equal values. */
  private collected(position: number, sha256: Sha256): ExceptionRecord {
    const { type, message, cause } = this.failures.get(position)!;
    const knotId = `${this.map.id}${this.nameOf(position)}`;
    return {
      id: errorId({ runId: '', knotId, type, message }, sha256),
      type,
      message,
      traceback: '',
      ...(cause && { cause: { type: cause.type, message: cause.message } }),
      attempt: 0,
    };
  }

  private failure(runId: string, sha256: Sha256): ExceptionRecord {
    const failed = [...this.failures.keys()].sort((a, b) => a - b);
    const named = failed.slice(0, NAMED_ELEMENTS).map((position) => this.nameOf(position));
    const others = failed.length - named.length;
    const first = this.failures.get(failed[0]!)!;
    const { at, cause, errors } = first;
    const type = 'MapElements';
    const message =
      `${failed.length} of the ${this.count} elements of map "${this.map.id}" failed: ${named.join(', ')}` +
      `${others > 0 ? ` and ${others} more` : ''}. Look at their records, or choose another onError. ` +
      `The first: ${first.type}: ${first.message}`;
    return {
      id: errorId({ runId, knotId: this.map.id, type, message }, sha256),
      type,
      message,
      traceback: '',
      cause: { type: first.type, message: first.message, ...defined({ at, cause, errors }) },
      attempt: 1,
    };
  }

  private nameOf(position: number): string {
    return elementName(this.keys ? this.keys[position]! : position);
  }
}

function valueOf(encoded: Encoded, length: number | undefined, digest: Sha256): EncodedValue {
  const { text } = encoded as { text: string };
  const bytes = new Uint8Array(Buffer.from(text));
  return {
    hash: hashText(text, digest),
    size: encodedSize(encoded),
    encoded,
    bytes,
    ...(length !== undefined && { length }),
  };
}
