import { SelvageError, type ErrorReason } from '../errors';
import { toBase64 } from './base64';
import type { Encoded } from './encoded';
import type { Json, JsonObject } from './json';
import { asPlainBytes, isoOf, isPlainBytes, kindOf } from './kinds';
import { formatPath, shorten, type Step } from './path';
import { refusalOf } from './refusals';
import { isWellFormed, setOwn, SortedTree, sortKeys } from './sorted-tree';
import { StoredBytes } from './stored-bytes';
import { isStoredTable, STORED_TABLE, type StoredTable } from './stored-table';
import { ATTACHMENT, CLASS_PREFIX, MAXIMUM_DEPTH, TAG, VALUE } from './tags';
import { codecOfPrototype, type ValueCodec } from './value-codecs';

/**
 * Encodes a value for hashing and storing. Bytes (`Uint8Array`) are neither changed nor copied. Everything but bytes
 * becomes canonical JSON, with tags for values that JSON lacks (see `tags.ts`).
 *
 * The value consists of own enumerable string keys of plain objects, elements of arrays, and entries of maps and sets.
 * The order of keys, map entries and set members does not count. An object without prototype comes back as a plain
 * object.
 *
 * @throws SelvageError `NotEncodable` for cycles, functions, symbols, lone surrogates, invalid dates, sparse arrays,
 *   class instances without a codec (Node's `Buffer` is one), and nesting over 1,000 levels. The error's message and
 *   `details.path` name the culprit.
 */
export function encodeValue(value: unknown, hashOf?: HashOfTable): Encoded {
  if (isPlainBytes(value)) return { kind: 'bytes', bytes: asPlainBytes(value) };
  const text = withEncoder((encoder) => encoder.tree.print(encoder.encode(value)), { hashOf });
  return { kind: 'json', text };
}

/** The hash by which a table in a value is known; a host with a digest key has its own. Default: the table's. */
export type HashOfTable = (table: StoredTable) => string;

interface Surroundings {
  /** Bytes beside the text. Absent if all bytes become text. */
  readonly attachments?: Uint8Array[];
  readonly hashOf?: HashOfTable;
}

/** The tagged form as a JSON tree, for embedding in other JSON. A value that is bytes is tagged, too. */
export function encodeJson(value: unknown, hashOf?: HashOfTable): Json {
  return withEncoder((encoder) => encoder.encode(value), { hashOf });
}

/** An encoded text with larger bytes beside it. */
export interface Attached {
  /** JSON of the tagged form. */
  readonly text: string;
  /** Bytes in the value's own memory, not copies. */
  readonly attachments: readonly Uint8Array[];
}

/** Shorter bytes are in the text: an attachment costs more than their base64. */
const ATTACHED_BYTES = 1024;
/** Limit of a frame of the body protocol. */
const MAXIMUM_ATTACHMENTS = 16_384;

/**
 * Encodes a value for a body host: bytes of 1 KiB and more are attachments. Throws `NotEncodable`, as
 * {@link encodeValue}.
 */
export function encodeAttached(value: unknown): Attached {
  const attachments: Uint8Array[] = [];
  const text = withEncoder((encoder) => encoder.tree.print(encoder.encode(value)), { attachments });
  return { text, attachments };
}

/** The tagged form of an encoded value. The value's bytes may be a `Buffer` of a store. */
export function jsonOf(encoded: Encoded): Json {
  if (encoded.kind === 'table') return tagged('table', { hash: encoded.hash });
  return encoded.kind === 'json'
    ? (JSON.parse(encoded.text) as Json)
    : tagged('bytes', toBase64(encoded.bytes));
}

function withEncoder<T>(work: (encoder: ValueEncoder) => T, surroundings: Surroundings = {}): T {
  const encoder = new ValueEncoder(surroundings);
  try {
    return work(encoder);
  } catch (error) {
    throw SelvageError.is(error, 'NotEncodable') ? error : encoder.failure(error);
  }
}

// The built-in iteration works for collections of other realms, and values cannot override it.
const entriesOfMap = Map.prototype.entries as (
  this: Map<unknown, unknown>,
) => MapIterator<[unknown, unknown]>;
const membersOfSet = Set.prototype.values as (this: Set<unknown>) => SetIterator<unknown>;
const isEnumerable = Object.prototype.propertyIsEnumerable;

/** A member with the canonical text by which it is sorted. */
interface Entry {
  readonly text: string;
  readonly json: Json;
}

/**
 * Turns one value into its tagged tree. `ancestors` contain the part of the value that is being encoded. `steps[i]`
 * leads from `ancestors[i]` to that part; undefined means the ancestor itself. Steps beyond the ancestors are stale.
 */
class ValueEncoder {
  readonly tree = new SortedTree();
  private readonly ancestors: object[] = [];
  private readonly steps: (Step | undefined)[] = [];

  constructor(private readonly surroundings: Surroundings) {}

  encode(value: unknown): Json {
    switch (typeof value) {
      case 'string':
        if (isWellFormed(value)) return value;
        return this.refuse(
          'LoneSurrogate',
          'it has a lone surrogate',
          'Store text that is not valid Unicode as bytes.',
        );
      case 'number':
        return Number.isFinite(value) && !Object.is(value, -0)
          ? value
          : tagged('number', nameOfNumber(value));
      case 'boolean':
        return value;
      case 'object': {
        if (value === null) return null;
        this.enter(value);
        const json = this.encodeObject(value);
        this.ancestors.pop();
        return json;
      }
      case 'undefined':
        return { [TAG]: 'undefined' };
      case 'bigint':
        return tagged('bigint', String(value));
      case 'function':
        return this.refuse('Function', 'it is a function', 'Leave it out, or call it and keep the result.');
      case 'symbol':
        return this.refuse('Symbol', 'it is a symbol', 'Use a string instead.');
    }
  }

  /** The failure for an error of a getter, a proxy or a codec, or of the engine for too long a text. */
  failure(cause: unknown): SelvageError {
    const reason = cause instanceof Error ? cause.message : String(cause);
    return this.error(
      'Unreadable',
      `reading it failed (${reason})`,
      'Return plain data; keep what is very large as bytes, by ctx.store().',
      cause,
    );
  }

  private enter(value: object): void {
    const { ancestors } = this;
    if (ancestors.length >= MAXIMUM_DEPTH) {
      this.refuse(
        'TooDeep',
        `it lies deeper than ${MAXIMUM_DEPTH} levels`,
        'Make the value flatter, for instance a list whose members refer to one another by index.',
      );
    }
    if (ancestors.includes(value)) {
      this.refuse('Cycle', 'it contains itself', 'Refer to the outer value by a key or an index instead.');
    }
    ancestors.push(value);
    this.step(undefined);
  }

  private encodeObject(value: object): Json {
    const prototype = Object.getPrototypeOf(value) as object | null;
    const codec = prototype === null ? undefined : codecOfPrototype(prototype);
    if (codec !== undefined) return this.encodeInstance(value, codec);
    switch (kindOf(value, prototype)) {
      case 'plain':
        return this.encodePlain(value as Record<string, unknown>);
      case 'array':
        return this.encodeArray(value as unknown[]);
      case 'bytes':
        return this.encodeBytes(value as Uint8Array);
      case 'date':
        return tagged(
          'date',
          isoOf(value) ??
            this.refuse('InvalidDate', 'it is an invalid date', 'Check its source, or use null.'),
        );
      case 'map':
        return this.encodeMap(value as Map<unknown, unknown>);
      case 'set':
        return this.encodeSet(value as Set<unknown>);
      case 'other':
        if (StoredBytes.is(value)) return this.encodeStored(value);
        return isStoredTable(value) ? this.encodeTable(value) : this.refuseInstance(value);
    }
  }

  private encodePlain(object: Record<string, unknown>): Json {
    this.refuseSymbolKeys(object);
    const { mark } = this.tree;
    const json: JsonObject = {};
    const keys = sortKeys(Object.keys(object));
    for (const key of keys) {
      this.step(key);
      if (!isWellFormed(key))
        this.refuse('LoneSurrogate', 'its key has a lone surrogate', 'Use a key that is valid Unicode.');
      setOwn(json, key, this.encode(object[key]));
    }
    this.tree.addObject(json, keys, mark);
    return Object.hasOwn(json, TAG) ? this.tree.add(tagged('object', json), mark) : json;
  }

  private encodeArray(array: readonly unknown[]): Json {
    const { mark } = this.tree;
    const json: Json[] = [];
    for (let i = 0; i < array.length; i++) {
      const element = array[i];
      this.step(i);
      if (element === undefined && !Object.hasOwn(array, i)) {
        this.refuse('Hole', 'the list has a hole there', 'Fill it, with null or undefined.');
      }
      json.push(this.encode(element));
    }
    return this.tree.add(json, mark);
  }

  private encodeBytes(bytes: Uint8Array): Json {
    const { attachments } = this.surroundings;
    if (!attachments || bytes.byteLength < ATTACHED_BYTES || attachments.length === MAXIMUM_ATTACHMENTS)
      return tagged('bytes', toBase64(bytes));
    attachments.push(asPlainBytes(bytes));
    return tagged(ATTACHMENT, attachments.length - 1);
  }

  private encodeMap(map: Map<unknown, unknown>): Json {
    const { mark } = this.tree;
    const pairs = [...entriesOfMap.call(map)];
    const entries: Entry[] = [];
    for (let i = 0; i < pairs.length; i++) {
      this.step({ kind: 'map-key', index: i });
      const key = this.encode(pairs[i]![0]);
      const text = this.tree.print(key);
      this.step({ kind: 'map-value', key: text });
      const value = this.encode(pairs[i]![1]);
      entries.push({ text, json: this.tree.add([key, value], mark) });
    }
    return this.tree.add(tagged('map', this.tree.add(this.sort(entries, 'keys'), mark)), mark);
  }

  private encodeSet(set: Set<unknown>): Json {
    const { mark } = this.tree;
    const members = [...membersOfSet.call(set)];
    const entries: Entry[] = [];
    for (let i = 0; i < members.length; i++) {
      this.step({ kind: 'set-member', index: i });
      const json = this.encode(members[i]);
      entries.push({ text: this.tree.print(json), json });
    }
    return this.tree.add(tagged('set', this.tree.add(this.sort(entries, 'members'), mark)), mark);
  }

  private encodeStored({ hash, mediaType, size }: StoredBytes): Json {
    return tagged('stored', mediaType === undefined ? { hash, size } : { hash, mediaType, size });
  }

  private encodeTable(table: StoredTable): Json {
    const { isStored, hash, manifest, bytes } = table[STORED_TABLE];
    const { attachments, hashOf } = this.surroundings;
    if (!isStored && !hashOf) {
      this.refuse(
        'Instance',
        'its rows are only in this process',
        'Return the table from the body of a knot, which keeps it in the data store.',
      );
    }
    // Bodies elsewhere have no data store to read the manifest from.
    if (attachments) {
      return tagged('table', {
        hash,
        ...(manifest !== undefined && { manifest }),
        ...(bytes && { bytes: this.encode(bytes) }),
      });
    }
    return tagged('table', { hash: hashOf?.(table) ?? hash });
  }

  private encodeInstance(instance: object, codec: ValueCodec): Json {
    const { mark } = this.tree;
    this.step({ kind: 'codec', name: codec.name });
    const json = this.encode(codec.encode(instance));
    return this.tree.add(tagged(CLASS_PREFIX + codec.name, json), mark);
  }

  private sort(entries: Entry[], what: 'keys' | 'members'): Json[] {
    entries.sort((a, b) => (a.text < b.text ? -1 : 1));
    const twin = entries.find((entry, i) => i > 0 && entry.text === entries[i - 1]!.text);
    if (twin !== undefined) {
      this.step(undefined);
      this.refuse(
        'EqualParts',
        `two of its ${what} have the same content, ${shorten(twin.text)}`,
        `A stored value tells ${what} apart by content only: keep one of the two, or use a list.`,
      );
    }
    return entries.map((entry) => entry.json);
  }

  private step(step: Step | undefined): void {
    this.steps[this.ancestors.length - 1] = step;
  }

  private refuseSymbolKeys(object: object): void {
    const symbols = Object.getOwnPropertySymbols(object);
    if (symbols.length === 0) return;
    const symbol = symbols.find((key) => isEnumerable.call(object, key));
    if (symbol === undefined) return;
    this.step(symbol);
    this.refuse(
      'Symbol',
      'its key is a symbol',
      'Use a string, or make the property non-enumerable if it is no data.',
    );
  }

  private refuseInstance(value: object): never {
    const { reason, remedy } = refusalOf(value);
    return this.refuse('Instance', reason, remedy);
  }

  private refuse(reason: ErrorReason<'NotEncodable'>, what: string, remedy: string): never {
    throw this.error(reason, what, remedy);
  }

  private error(
    reason: ErrorReason<'NotEncodable'>,
    what: string,
    remedy: string,
    cause?: unknown,
  ): SelvageError {
    const path = formatPath(this.steps.slice(0, this.ancestors.length).filter((step) => step !== undefined));
    return new SelvageError('NotEncodable', `The value at ${path} cannot be encoded: ${what}. ${remedy}`, {
      details: { path, reason },
      cause,
    });
  }
}

function tagged(tag: string, value: Json): JsonObject {
  return { [TAG]: tag, [VALUE]: value };
}

function nameOfNumber(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value);
}
