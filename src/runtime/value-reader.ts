import { decodeJson, decodeValue, type Encoded, type Sha256 } from '../values';
import { isReference, type Envelope } from '../scheduler';
import {
  decodeStored,
  encodedOfStored,
  encodeOutput,
  storedReference,
  valueMissing,
  type EncodedValue,
} from './encoded-value';
import type { DataStore, StoredValue } from '../ports';

/** The value at hand: a reference is not read. */
export function valueOfEnvelope(envelope: Envelope, digest: Sha256): EncodedValue {
  return isReference(envelope) ? envelope : encodeOutput(decodeJson(envelope.value), digest);
}

export interface ValuesAtHand {
  get(hash: string): Uint8Array | undefined;
  add(value: StoredValue): void;
}

/** Provides inputs for the knots of one layout: values made in it are at hand, others come from the data store. */
export class ValueReader {
  constructor(
    private readonly dataStore: DataStore,
    private readonly atHand?: ValuesAtHand,
  ) {}

  /** Hashes to read; undefined if all values are at hand, so that {@link fresh} needs nothing. */
  missing(values: readonly EncodedValue[]): string[] | undefined {
    let missing: string[] | undefined;
    for (const { encoded, stored, hash } of values) {
      if (encoded === undefined && stored === undefined) (missing ??= []).push(hash);
    }
    return missing;
  }

  /** Reads values by hash. @throws SelvageError `ValueMissing`, `ValueDamaged`, `BackendUnavailable` */
  async read(hashes: readonly string[], knot: string): Promise<ReadonlyMap<string, Uint8Array>> {
    const found = new Map<string, Uint8Array>();
    const unread: string[] = [];
    for (const hash of new Set(hashes)) {
      const bytes = this.atHand?.get(hash);
      if (bytes) found.set(hash, bytes);
      else unread.push(hash);
    }
    if (unread.length > 0) {
      const read = await this.dataStore.getMany(unread);
      for (const hash of unread) {
        const bytes = read.get(hash);
        if (!bytes) throw valueMissing(hash, knot);
        found.set(hash, bytes);
        this.atHand?.add({ hash, bytes });
      }
    }
    return found;
  }

  /** Bytes of the value; undefined for a stored stream, which is a reference. */
  encoded(value: EncodedValue, read: ReadonlyMap<string, Uint8Array> | undefined): Encoded | undefined {
    if (value.encoded || value.stored !== undefined) return value.encoded;
    return encodedOfStored(value.hash, read!.get(value.hash)!);
  }

  fresh(value: EncodedValue, read: ReadonlyMap<string, Uint8Array> | undefined): unknown {
    if (value.encoded) return decodeValue(value.encoded);
    return value.stored === undefined
      ? decodeStored(value.hash, read!.get(value.hash)!)
      : storedReference(value);
  }
}
