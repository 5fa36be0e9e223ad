import { decodeJson, decodeValue, type Encoded, type Sha256 } from '../values';
import { isReference, type Envelope } from '../scheduler';
import {
  decodeStored,
  encodedOfStored,
  encodeOutput,
  storedReference,
  type EncodedValue,
} from './encoded-value';
import { readAllStored, type ValueSources } from './read-values';

/** The value at hand: a reference is not read. */
export function valueOfEnvelope(envelope: Envelope, digest: Sha256): EncodedValue {
  return isReference(envelope) ? envelope : encodeOutput(decodeJson(envelope.value), digest);
}

/** Provides inputs for the knots of one layout: values made in it are at hand, others come from the data store. */
export class ValueReader {
  constructor(private readonly from: ValueSources) {}

  /** Hashes to read; undefined if all values are at hand, so that {@link fresh} needs nothing. */
  missing(values: readonly EncodedValue[]): string[] | undefined {
    let missing: string[] | undefined;
    for (const { encoded, stored, hash } of values) {
      if (encoded === undefined && stored === undefined) (missing ??= []).push(hash);
    }
    return missing;
  }

  /** Reads values by hash, and keeps them at hand. Errors as for {@link readAllStored}. */
  async read(hashes: readonly string[], knot: string): Promise<ReadonlyMap<string, Uint8Array>> {
    const found = await readAllStored(
      this.from,
      hashes.map((hash) => [hash, knot]),
    );
    for (const [hash, bytes] of found) this.from.recentValues?.add({ hash, bytes });
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
