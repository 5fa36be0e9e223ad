import {
  StoredBytes,
  asPlainBytes,
  contentHash,
  decodeText,
  encodeValue,
  jsonOf,
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
  /** `encoded` as the data store keeps it. */
  readonly bytes?: Uint8Array;
  /** Number of elements, of a list. */
  readonly length?: number;
  /** Of a stored stream: its media type, or ''. */
  readonly stored?: string;
}

const decoder = new TextDecoder();

/**
 * Encodes what a body returned.
 *
 * @throws SelvageError `NotEncodable` naming the path of the part that has no encoding.
 */
export function encodeOutput(value: unknown, digest: Sha256): EncodedValue {
  if (StoredBytes.is(value)) {
    return { hash: value.hash, size: value.size, stored: value.mediaType ?? '' };
  }
  const encoded = ownCopy(encodeValue(value));
  const bytes = encoded.kind === 'bytes' ? encoded.bytes : utf8(encoded.text);
  return {
    hash: contentHash(encoded, digest),
    size: bytes.byteLength,
    encoded,
    bytes,
    ...(Array.isArray(value) && { length: value.length }),
  };
}

/** Node keeps small buffers in common memory: some of its own for each costs more than all the rest of a small value. */
function utf8(text: string): Uint8Array {
  const { buffer, byteOffset, byteLength } = Buffer.from(text);
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/** Bytes are encoded as they are, in the memory of the body, which may go on to use it. */
function ownCopy(encoded: Encoded): Encoded {
  return encoded.kind === 'bytes' ? { kind: 'bytes', bytes: new Uint8Array(encoded.bytes) } : encoded;
}

/** A fresh copy of the value for one consumer, so that no body can change another's input. */
export function decodeEncoded(encoded: Encoded): unknown {
  return encoded.kind === 'bytes' ? encoded.bytes.slice() : decodeText(encoded.text);
}

/** What one consumer gets of a value that is at hand: a copy, or of a stored stream its reference. */
export function freshCopy(value: EncodedValue): unknown {
  return value.encoded ? decodeEncoded(value.encoded) : storedReference(value);
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
  if (value.encoded && value.size <= inlineLimit) return { value: jsonOf(value.encoded) };
  return {
    hash: value.hash,
    size: value.size,
    ...(value.length !== undefined && { length: value.length }),
    ...(value.stored !== undefined && { stored: value.stored }),
  };
}

/** Stands for a parameter that is in the data store. No encoded value has this tag. */
export interface ParameterReference {
  readonly $type: 'reference';
  readonly hash: string;
  readonly size: number;
  /** As of a reference envelope. */
  readonly stored?: string;
}

export function parameterReference({
  hash,
  size,
  stored,
}: Pick<EncodedValue, 'hash' | 'size' | 'stored'>): ParameterReference {
  return { $type: 'reference', hash, size, ...(stored !== undefined && { stored }) };
}

/** What the data store has to hold for the value; nothing for a stream that is there already. */
export function storedValues({ hash, bytes }: EncodedValue): StoredValue[] {
  return bytes ? [{ hash, bytes }] : [];
}

/** What stored bytes are, by their hash. The bytes are not copied. */
export function encodedOfStored(hash: string, bytes: Uint8Array): Encoded {
  return hash.startsWith('bytes-sha256:')
    ? { kind: 'bytes', bytes: asPlainBytes(bytes) }
    : { kind: 'json', text: decoder.decode(bytes) };
}

/** A fresh copy of the value that stored bytes stand for; which kind they are is told by the hash. */
export function decodeStored(hash: string, bytes: Uint8Array): unknown {
  // Not `slice`, which of a Buffer makes a view.
  return hash.startsWith('bytes-sha256:') ? new Uint8Array(bytes) : decodeText(decoder.decode(bytes));
}

export function valueMissing(hash: string, knot: string): SelvageError {
  return new SelvageError(
    'ValueMissing',
    `The value ${hash} of knot "${knot}" is not in the data store. It was deleted, or this process looks at another ` +
      'data store than the worker that wrote it: compare their SELVAGE_DATA (`selvage doctor` shows it).',
    { details: { hash, knot } },
  );
}
