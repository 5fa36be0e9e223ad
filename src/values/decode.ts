import { SelvageError } from '../errors';
import { fromBase64 } from './base64';
import type { Encoded } from './encoded';
import type { Json, JsonObject } from './json';
import { isObject } from './kinds';
import { formatPath, shorten, type Step } from './path';
import { setOwn } from './sorted-tree';
import { partsOfHash } from './hash';
import { StoredBytes } from './stored-bytes';
import { tableOf } from './stored-table';
import { ATTACHMENT, CLASS_PREFIX, MAXIMUM_DEPTH, TAG, VALUE } from './tags';
import { codecNamed } from './value-codecs';

/** The decoded value shares no memory with the encoded form. */
export function decodeValue(encoded: Encoded): unknown {
  if (encoded.kind === 'table') return decodeTable(encoded.hash, encoded.text);
  return encoded.kind === 'bytes' ? encoded.bytes.slice() : decodeText(encoded.text);
}

/** A table by its hash and its manifest, as the data store keeps it. @throws SelvageError `NotDecodable` */
export function decodeTable(hash: string, manifest: string): unknown {
  const table = tableOf({ hash, manifest: JSON.parse(manifest) as Json });
  if (table) return table;
  throw new SelvageError(
    'NotDecodable',
    `The table ${hash} cannot be read here, where no tables are loaded. Import 'selvage' first.`,
  );
}

/**
 * Decodes the JSON text of a tagged form. Throws `NotDecodable` for text that is not JSON, malformed or unknown
 * tags, and classes without a codec here.
 */
export function decodeText(text: string): unknown {
  let json: Json;
  try {
    json = JSON.parse(text) as Json;
  } catch (cause) {
    throw new SelvageError(
      'NotDecodable',
      `The stored text ${shorten(JSON.stringify(text))} is not JSON. It may be damaged: restore the stored value.`,
      { cause },
    );
  }
  return mayHaveTags(text) ? decodeJson(json) : json;
}

/**
 * Without tags, the walk through the tree is skipped: the walk costs more than parsing. Canonical text never escapes
 * the letters of a tag.
 */
function mayHaveTags(text: string): boolean {
  return text.includes(TAG) || text.includes('\\u');
}

export interface DecodeOptions {
  /**
   * Whether references to bytes in the data store are decoded (default) or refused, as values from outside could
   * name other people's bytes.
   */
  readonly allowReferences?: boolean;
  /** Bytes beside the text, from a body host; these bytes become the value's own memory. Default: none. */
  readonly attachments?: readonly Uint8Array[];
}

/**
 * Decodes the JSON tree of a tagged form, without changing it. Parts of the tree without tags are not copied.
 *
 * @throws SelvageError `NotDecodable`, as {@link decodeText}; with `details.reference` for a refused reference
 */
export function decodeJson(json: Json, options: DecodeOptions = {}): unknown {
  const reader = new ValueReader(options);
  try {
    return reader.read(json, 0);
  } catch (error) {
    throw SelvageError.is(error) ? error : reader.failure(error);
  }
}

class ValueReader {
  private readonly steps: Step[] = [];

  private readonly allowReferences: boolean;
  private readonly attachments: readonly Uint8Array[];

  constructor({ allowReferences = true, attachments = [] }: DecodeOptions) {
    this.allowReferences = allowReferences;
    this.attachments = attachments;
  }

  read(json: Json, depth: number): unknown {
    if (typeof json !== 'object' || json === null) return json;
    if (depth >= MAXIMUM_DEPTH) {
      this.refuse(`lies deeper than ${MAXIMUM_DEPTH} levels`, 'Such a value is never written.');
    }
    if (Array.isArray(json)) return this.readArray(json, depth);
    return Object.hasOwn(json, TAG) ? this.readTagged(json, depth) : this.readObject(json, depth);
  }

  private readArray(array: Json[], depth: number): unknown[] {
    let result: unknown[] = array;
    for (let i = 0; i < array.length; i++) {
      const element = this.readPart(i, array[i]!, depth);
      if (element === array[i]) continue;
      if (result === array) result = array.slice();
      result[i] = element;
    }
    return result;
  }

  private readObject(object: JsonObject, depth: number): Record<string, unknown> {
    let result: Record<string, unknown> = object;
    for (const key of Object.keys(object)) {
      const part = this.readPart(key, object[key]!, depth);
      if (part === object[key]) continue;
      if (result === object) result = { ...object };
      setOwn(result, key, part);
    }
    return result;
  }

  private readPart(step: Step, json: Json, depth: number): unknown {
    if (typeof json !== 'object' || json === null) return json;
    this.steps.push(step);
    const value = this.read(json, depth + 1);
    this.steps.pop();
    return value;
  }

  private readTagged(object: JsonObject, depth: number): unknown {
    const tag = object[TAG];
    const value = object[VALUE];
    const keys = Object.keys(object).length;
    if (typeof tag !== 'string') return this.malformed(`its ${TAG} is not a string`);
    if (tag === 'undefined') return keys === 1 ? undefined : this.malformed('undefined has no value');
    if (keys !== 2 || value === undefined)
      return this.malformed(`it needs "${TAG}" and "${VALUE}", and nothing else`);
    if (tag.startsWith(CLASS_PREFIX)) return this.readInstance(tag.slice(CLASS_PREFIX.length), value, depth);
    switch (tag) {
      case 'bytes':
        return this.readString(value, 'base64', fromBase64);
      case 'date':
        return this.readString(value, 'a date as toISOString() writes it', dateOf);
      case 'bigint':
        return this.readString(value, 'decimal digits', bigintOf);
      case 'number':
        return this.readString(value, 'NaN, Infinity, -Infinity or -0', (text) => NUMBERS.get(text));
      case 'map':
        return this.readMap(value, depth);
      case 'set':
        return this.readSet(value, depth);
      case 'stored':
        return this.readStored(value);
      case 'table':
        return this.readTable(value, depth);
      case 'object':
        return this.readEscaped(value, depth);
      case ATTACHMENT:
        return (
          (typeof value === 'number' ? this.attachments[value] : undefined) ??
          this.malformed('there is no such attachment')
        );
      default:
        return this.refuse(
          `has the unknown tag ${shorten(JSON.stringify(tag))}`,
          'It was written by a newer version of Selvage, or is no encoded value.',
        );
    }
  }

  private readString<T>(value: Json, what: string, parse: (text: string) => T | undefined): T {
    const parsed = typeof value === 'string' ? parse(value) : undefined;
    return parsed === undefined ? this.malformed(`it needs ${what} as value`) : parsed;
  }

  private readMap(value: Json, depth: number): Map<unknown, unknown> {
    if (!Array.isArray(value)) return this.malformed('it needs a list as value');
    const map = new Map<unknown, unknown>();
    this.steps.push(VALUE);
    for (let i = 0; i < value.length; i++) {
      const pair = value[i]!;
      this.steps.push(i);
      if (!Array.isArray(pair) || pair.length !== 2) return this.malformed('an entry is a pair');
      map.set(this.readPart(0, pair[0]!, depth), this.readPart(1, pair[1]!, depth));
      this.steps.pop();
    }
    this.steps.pop();
    return map.size === value.length ? map : this.malformed('a key comes twice');
  }

  private readSet(value: Json, depth: number): Set<unknown> {
    if (!Array.isArray(value)) return this.malformed('it needs a list as value');
    this.steps.push(VALUE);
    const set = new Set(this.readArray(value, depth));
    this.steps.pop();
    return set.size === value.length ? set : this.malformed('a member comes twice');
  }

  private readEscaped(value: Json, depth: number): Record<string, unknown> {
    if (!isObject(value)) return this.malformed('it needs an object as value');
    this.steps.push(VALUE);
    const object = this.readObject(value, depth);
    this.steps.pop();
    return object;
  }

  private readStored(value: Json): StoredBytes {
    if (!this.allowReferences) throw referenceRefused(`The part at ${formatPath(this.steps)}`);
    if (!isObject(value)) return this.malformed('it needs an object as value');
    const { hash, size, mediaType, ...others } = value;
    const isMediaType = mediaType === undefined || typeof mediaType === 'string';
    if (
      typeof hash !== 'string' ||
      typeof size !== 'number' ||
      !isMediaType ||
      Object.keys(others).length > 0
    ) {
      return this.malformed('it needs hash, size and at most mediaType');
    }
    try {
      return new StoredBytes({ hash, size, mediaType });
    } catch (cause) {
      return this.malformed('its hash or size is impossible', cause);
    }
  }

  private readTable(value: Json, depth: number): unknown {
    if (!this.allowReferences) throw referenceRefused(`The part at ${formatPath(this.steps)}`);
    if (
      !isObject(value) ||
      typeof value.hash !== 'string' ||
      partsOfHash(value.hash)?.kind !== 'table-sha256'
    )
      return this.malformed('it needs the hash of a table');
    const { hash, manifest, bytes: attached } = value as { hash: string; manifest?: Json; bytes?: Json };
    const bytes = attached === undefined ? undefined : this.readPart('bytes', attached, depth);
    return (
      tableOf({
        hash,
        ...(manifest !== undefined && { manifest }),
        ...(bytes instanceof Uint8Array && { bytes }),
      }) ?? this.refuse('is a table, and no tables are loaded here', "Import 'selvage' first.")
    );
  }

  private readInstance(name: string, value: Json, depth: number): unknown {
    const codec = codecNamed(name);
    if (codec === undefined) {
      return this.refuse(
        `is an instance of the class "${name}", which has no codec here`,
        'Import the module that registers it with registerValueCodec() before values are read.',
      );
    }
    const data = this.readPart(VALUE, value, depth);
    try {
      return codec.decode(data);
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      return this.refuse(
        `was not accepted by the codec "${name}" (${reason})`,
        'Check that its decode() reads older data too.',
        cause,
      );
    }
  }

  /** The failure for an error of the engine, such as a full stack. */
  failure(cause: unknown): SelvageError {
    const reason = cause instanceof Error ? cause.message : String(cause);
    return this.error(`could not be read (${reason})`, 'It may be damaged: restore the stored value.', cause);
  }

  private malformed(reason: string, cause?: unknown): never {
    return this.refuse(
      `has a malformed tag: ${reason}`,
      'Stored values are only ever written by an encoder.',
      cause,
    );
  }

  private refuse(reason: string, remedy: string, cause?: unknown): never {
    throw this.error(reason, remedy, cause);
  }

  private error(reason: string, remedy: string, cause?: unknown): SelvageError {
    const path = formatPath(this.steps);
    return new SelvageError('NotDecodable', `The stored value at ${path} ${reason}. ${remedy}`, {
      details: { path },
      cause,
    });
  }
}

/** The failure for a value from outside that refers to the data store without permission. `what` begins the message. */
export function referenceRefused(what: string): SelvageError {
  return new SelvageError(
    'NotDecodable',
    `${what} refers to a value in the data store, which may belong to another run, and references are not allowed here. Give the value itself, or ` +
      'allow references: `--allow-references` of `selvage run` and `selvage signal`, `allowReferences` in the memo of the workflow.',
    { details: { reference: true } },
  );
}

const NUMBERS: ReadonlyMap<string, number> = new Map([
  ['NaN', NaN],
  ['Infinity', Infinity],
  ['-Infinity', -Infinity],
  ['-0', -0],
]);

function dateOf(text: string): Date | undefined {
  const date = new Date(text);
  return !Number.isNaN(date.getTime()) && date.toISOString() === text ? date : undefined;
}

function bigintOf(text: string): bigint | undefined {
  return /^(?:0|-?[1-9][0-9]*)$/.test(text) ? BigInt(text) : undefined;
}
