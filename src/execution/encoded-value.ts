import {
  StoredBytes,
  contentHash,
  decodeText,
  encodeJson,
  encodeValue,
  encodedSize,
  type Encoded,
  type Sha256,
} from '../canonical';
import { SelvageError } from '../errors';
import type { Envelope } from '../engine/envelope';
import type { StoredValue } from '../protocols';

/** A value after it left its body: encoded, hashed, and no longer shared with anyone. */
export interface EncodedValue {
  readonly hash: string;
  /** Bytes of the encoded value. */
  readonly size: number;
  /** Absent where the bytes are in the data store already (a stream that the body stored). */
  readonly encoded?: Encoded;
  /** Number of elements, of a list. */
  readonly length?: number;
  /** Of a stored stream: its media type, or ''. */
  readonly stored?: string;
}

/**
 * Encodes what a body returned.
 *
 * @throws SelvageError `NotEncodable` naming the path of the part that has no encoding.
 */
export function encodeOutput(value: unknown, sha256: Sha256): EncodedValue {
  if (StoredBytes.is(value)) {
    return { hash: value.hash, size: value.size, stored: value.mediaType ?? '' };
  }
  const encoded = encodeValue(value);
  return {
    hash: contentHash(encoded, sha256),
    size: encodedSize(encoded),
    encoded,
    ...(Array.isArray(value) && { length: value.length }),
  };
}

/** A fresh copy of the value for one consumer, so that no body can change another's input. */
export function decodeEncoded(encoded: Encoded): unknown {
  return encoded.kind === 'bytes' ? encoded.bytes.slice() : decodeText(encoded.text);
}

/** The reference that stands for a stored stream, as consumers get it. */
export function storedReference(value: { hash: string; size: number; stored?: string }): StoredBytes {
  return new StoredBytes({
    hash: value.hash,
    size: value.size,
    ...(value.stored && { mediaType: value.stored }),
  });
}

/** The envelope in which the value travels: whole up to `inlineLimit` bytes, else by reference. */
export function envelopeOf(value: EncodedValue, inlineLimit: number): Envelope {
  if (value.encoded && value.size <= inlineLimit) return { value: inlineJson(value.encoded) };
  return {
    hash: value.hash,
    size: value.size,
    ...(value.length !== undefined && { length: value.length }),
    ...(value.stored !== undefined && { stored: value.stored }),
  };
}

function inlineJson(encoded: Encoded): ReturnType<typeof encodeJson> {
  return encoded.kind === 'bytes'
    ? encodeJson(encoded.bytes)
    : (JSON.parse(encoded.text) as ReturnType<typeof encodeJson>);
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** What the data store has to hold for the value; nothing for a stream that is there already. */
export function storedValues(value: EncodedValue): StoredValue[] {
  if (!value.encoded) return [];
  const bytes = value.encoded.kind === 'bytes' ? value.encoded.bytes : encoder.encode(value.encoded.text);
  return [{ hash: value.hash, bytes }];
}

/** The value that stored bytes stand for; which kind they are is told by the hash. */
export function decodeStored(hash: string, bytes: Uint8Array): unknown {
  return hash.startsWith('bytes-sha256:') ? bytes : decodeText(decoder.decode(bytes));
}

export function valueMissing(hash: string, knot: string): SelvageError {
  return new SelvageError(
    'ValueMissing',
    `The value ${hash} of knot "${knot}" is not in the data store. It was deleted, or this process looks at another ` +
      'data store than the worker that wrote it: compare their SELVAGE_DATA (`selvage doctor` shows it).',
    { details: { hash, knot } },
  );
}
