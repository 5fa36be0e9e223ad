import { decodeJson, type Encoded, type Sha256 } from '../canonical';
import { isReference, type Envelope } from '../engine';
import {
  decodeEncoded,
  decodeStored,
  encodedOfStored,
  encodeOutput,
  storedReference,
  valueMissing,
  type EncodedValue,
} from '../execution';
import type { DataStore } from '../protocols';
import type { RecentValues } from './recent-values';

/** The value that an envelope stands for; of a reference, not yet read. */
export function valueOfEnvelope(envelope: Envelope, digest: Sha256): EncodedValue {
  return isReference(envelope) ? envelope : encodeOutput(decodeJson(envelope.value), digest);
}

/** Gives the knots of one segment their inputs: what was made in it is at hand, other values come from the data store. */
export class SegmentValues {
  constructor(
    private readonly dataStore: DataStore,
    private readonly recent: RecentValues,
  ) {}

  /** Undefined: all are at hand, and {@link fresh} needs nothing. */
  missing(values: readonly EncodedValue[]): string[] | undefined {
    let missing: string[] | undefined;
    for (const { encoded, stored, hash } of values) {
      if (encoded === undefined && stored === undefined) (missing ??= []).push(hash);
    }
    return missing;
  }

  /**
   * By hash.
   *
   * @throws SelvageError `ValueMissing`, `ValueDamaged`, `BackendUnavailable`
   */
  async read(hashes: readonly string[], knot: string): Promise<ReadonlyMap<string, Uint8Array>> {
    const found = new Map<string, Uint8Array>();
    const unread: string[] = [];
    for (const hash of new Set(hashes)) {
      const bytes = this.recent.get(hash);
      if (bytes) found.set(hash, bytes);
      else unread.push(hash);
    }
    if (unread.length > 0) {
      const read = await this.dataStore.getMany(unread);
      for (const hash of unread) {
        const bytes = read.get(hash);
        if (!bytes) throw valueMissing(hash, knot);
        found.set(hash, bytes);
        this.recent.add({ hash, bytes });
      }
    }
    return found;
  }

  /** Undefined of a stored stream, which is a reference. */
  encoded(value: EncodedValue, read: ReadonlyMap<string, Uint8Array> | undefined): Encoded | undefined {
    if (value.encoded || value.stored !== undefined) return value.encoded;
    return encodedOfStored(value.hash, read!.get(value.hash)!);
  }

  /** A copy of the value for one body. */
  fresh(value: EncodedValue, read: ReadonlyMap<string, Uint8Array> | undefined): unknown {
    if (value.encoded) return decodeEncoded(value.encoded);
    return value.stored === undefined
      ? decodeStored(value.hash, read!.get(value.hash)!)
      : storedReference(value);
  }
}
