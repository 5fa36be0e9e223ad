import { columnOrder } from '../values/column-order';
import {
  StoredBytes,
  asPlainBytes,
  contentHash,
  decodeTable,
  decodeText,
  decodeValue,
  defined,
  encodeValue,
  isBytesHash,
  isTableHash,
  jsonOf,
  type Encoded,
  type Sha256,
} from '../values';
import { STORED_TABLE } from '../values/stored-table';
import { encodeTable } from './encoded-table';
import { Table } from '../tables/table';
import { SelvageError } from '../errors';
import type { Envelope } from '../scheduler/envelope';
import type { StoredValue, TableFacts } from '../ports';

/** A value that has left its body: encoded, hashed, and shared with nobody. */
export interface EncodedValue {
  readonly hash: string;
  /** Bytes of the encoded value. */
  readonly size: number;
  /** The encoded bytes; absent if they are already in the data store (a stream that the body stored). */
  readonly encoded?: Encoded;
  /** `encoded` in the form that the data store keeps. */
  readonly bytes?: Uint8Array;
  /** For a list, the number of its elements. */
  readonly length?: number;
  /** For a list of records, the order of its columns as they were made, if the stored one differs. */
  readonly columns?: readonly number[];
  /** For a stored stream, its media type, or ''. */
  readonly stored?: string;
  /** For a table whose manifest is not at hand, its columns. */
  readonly table?: TableFacts;
  /** The manifests of the tables in the value. */
  readonly tables?: readonly StoredValue[];
}

const decoder = new TextDecoder();

/**
 * @param mayBeLost whether the value is only compared with others, so that the rows of tables in it need not be
 * stored. Default: false
 * @throws SelvageError `NotEncodable`, naming the path of the part that cannot be encoded
 */
export function encodeOutput(value: unknown, digest: Sha256, mayBeLost = false): EncodedValue {
  if (StoredBytes.is(value)) {
    return { hash: value.hash, size: value.size, stored: value.mediaType ?? '' };
  }
  if (Table.is(value)) {
    const encoded = encodeTable(value, digest, mayBeLost);
    const bytes = utf8(encoded.text);
    return { hash: encoded.hash, size: bytes.byteLength, encoded, bytes };
  }
  const tables: StoredValue[] = [];
  const hashOf = (table: Table): string => {
    const reference = table[STORED_TABLE];
    // The data store has the manifest of a table that nobody has read here.
    if (reference.isStored && reference.manifest === undefined) return reference.hash;
    const { hash, text } = encodeTable(table, digest, mayBeLost);
    tables.push({ hash, bytes: utf8(text) });
    return hash;
  };
  const encoded = ownCopy(encodeValue(value, (table) => hashOf(table as Table)));
  const bytes = encoded.kind === 'bytes' ? encoded.bytes : utf8(encoded.text);
  return {
    hash: contentHash(encoded, digest),
    size: bytes.byteLength,
    encoded,
    bytes,
    ...(tables.length > 0 && { tables }),
    ...(Array.isArray(value) && defined({ length: value.length, columns: columnOrder(value) })),
  };
}

/** The copy uses Node's shared pool: separate memory would cost more than the rest of the work for a small value. */
function utf8(text: string): Uint8Array {
  const { buffer, byteOffset, byteLength } = Buffer.from(text);
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/** Copies the given bytes, as the body may go on using its memory. */
function ownCopy(encoded: Encoded): Encoded {
  return encoded.kind === 'bytes' ? { kind: 'bytes', bytes: new Uint8Array(encoded.bytes) } : encoded;
}

/** A fresh copy, so that no body can change another's input. A stored stream is given as a reference. */
export function freshCopy(value: EncodedValue): unknown {
  return value.encoded ? decodeValue(value.encoded) : storedReference(value);
}

export function storedReference(value: { hash: string; size: number; stored?: string }): StoredBytes {
  return new StoredBytes({
    hash: value.hash,
    size: value.size,
    ...(value.stored && { mediaType: value.stored }),
  });
}

/** Carries the value inline up to `inlineLimit` bytes, else by reference. */
export function envelopeOf(value: EncodedValue, inlineLimit: number): Envelope {
  // The hash of a table cannot be computed from its manifest's bytes, so its value is always a reference.
  if (value.encoded && value.encoded.kind !== 'table' && value.size <= inlineLimit)
    return { value: jsonOf(value.encoded) };
  return {
    hash: value.hash,
    size: value.size,
    ...(value.length !== undefined && { length: value.length }),
    ...(value.stored !== undefined && { stored: value.stored }),
  };
}

/** A reference to a parameter in the data store. No encoded value has this tag of references. */
export interface ParameterReference extends Pick<EncodedValue, 'hash' | 'size' | 'stored'> {
  readonly $type: 'reference';
}

export function parameterReference({
  hash,
  size,
  stored,
}: Pick<EncodedValue, 'hash' | 'size' | 'stored'>): ParameterReference {
  return { $type: 'reference', hash, size, ...(stored !== undefined && { stored }) };
}

/** The bytes that the data store must hold for the value; empty for a stream, which is already there. */
export function storedValues({ hash, bytes, tables = [] }: EncodedValue): StoredValue[] {
  return bytes ? [...tables, { hash, bytes }] : [];
}

/** The stored value's bytes are not copied. */
export function encodedOfStored(hash: string, bytes: Uint8Array): Encoded {
  if (isTableHash(hash)) return { kind: 'table', hash, text: decoder.decode(bytes) };
  return isBytesHash(hash)
    ? { kind: 'bytes', bytes: asPlainBytes(bytes) }
    : { kind: 'json', text: decoder.decode(bytes) };
}

export function decodeStored(hash: string, bytes: Uint8Array): unknown {
  if (isTableHash(hash)) return decodeTable(hash, decoder.decode(bytes));
  // `slice` of a Buffer would be a view of its memory, not a copy.
  return isBytesHash(hash) ? new Uint8Array(bytes) : decodeText(decoder.decode(bytes));
}

export function valueMissing(hash: string, knot: string): SelvageError {
  return new SelvageError(
    'ValueMissing',
    `The value ${hash} of knot "${knot}" is not in the data store. It was deleted, or this process looks at another ` +
      'data store than the worker that wrote it: compare their SELVAGE_DATA (`selvage doctor` shows it).',
    { details: { hash, knot } },
  );
}
