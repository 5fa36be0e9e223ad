import { decodeText } from './decode';
import { jsonOf } from './encode';
import type { Encoded } from './encoded';
import { isBytes } from './kinds';
import { sortKeys } from './sorted-tree';
import { TAG, VALUE } from './tags';

/*
 * Splits encoded lists and records into texts, and joins them again. Parts are slices of the canonical text, so
 * nothing is decoded or encoded again.
 */

/** In canonical order. */
export interface RecordParts {
  readonly keys: readonly string[];
  readonly texts: readonly string[];
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const BACKSLASH = 0x5c;
const LIST = 0x5b;
const LIST_END = 0x5d;
const OBJECT = 0x7b;
const OBJECT_END = 0x7d;

const BYTES = `{"${TAG}":"bytes",`;
const STORED = `{"${TAG}":"stored",`;
const ESCAPED = `{"${TAG}":"object","${VALUE}":`;
const TAGGED = `{"${TAG}":`;

/** The elements; undefined if the value is not a list. */
export function listParts(encoded: Encoded): string[] | undefined {
  if (encoded.kind === 'bytes' || !encoded.text.startsWith('[')) return undefined;
  return partsWithin(encoded.text, 1, encoded.text.length - 1);
}

/** The members; undefined if the value is not a plain object. */
export function recordParts(encoded: Encoded): RecordParts | undefined {
  if (encoded.kind === 'bytes') return undefined;
  const { text } = encoded;
  if (text.startsWith(ESCAPED)) return membersWithin(text, ESCAPED.length + 1, text.length - 2);
  if (!text.startsWith('{') || text.startsWith(TAGGED)) return undefined;
  return membersWithin(text, 1, text.length - 1);
}

/** The text of a value inside another one. */
export function partOf(encoded: Encoded): string {
  return encoded.kind === 'json' ? encoded.text : JSON.stringify(jsonOf(encoded));
}

/** The text; undefined for a stored stream, which is a reference without text. */
export function valueOfPart(text: string): Encoded | undefined {
  if (text.startsWith(STORED)) return undefined;
  if (!text.startsWith(BYTES)) return { kind: 'json', text };
  const bytes = decodeText(text);
  return isBytes(bytes) ? { kind: 'bytes', bytes } : { kind: 'json', text };
}

/** Joins parts; throws `RangeError` if the text exceeds the longest possible string. */
export function listOfParts(texts: readonly string[]): Encoded {
  return { kind: 'json', text: `[${texts.join(',')}]` };
}

/** Throws like {@link listOfParts}. */
export function recordOfParts(members: ReadonlyMap<string, string>): Encoded {
  const keys = sortKeys([...members.keys()]);
  const text = `{${keys.map((key) => `${JSON.stringify(key)}:${members.get(key)!}`).join(',')}}`;
  return { kind: 'json', text: members.has(TAG) ? `${ESCAPED}${text}}` : text };
}

function membersWithin(text: string, from: number, to: number): RecordParts {
  const keys: string[] = [];
  const texts: string[] = [];
  for (const member of partsWithin(text, from, to)) {
    const end = endOfString(member, 0);
    keys.push(JSON.parse(member.slice(0, end)) as string);
    texts.push(member.slice(end + 1));
  }
  return { keys, texts };
}

function partsWithin(text: string, from: number, to: number): string[] {
  const parts: string[] = [];
  if (from >= to) return parts;
  let depth = 0;
  let start = from;
  for (let at = from; at < to; at++) {
    const unit = text.charCodeAt(at);
    if (unit === QUOTE) at = endOfString(text, at) - 1;
    else if (unit === COMMA && depth === 0) {
      parts.push(text.slice(start, at));
      start = at + 1;
    } else if (unit === LIST || unit === OBJECT) depth += 1;
    else if (unit === LIST_END || unit === OBJECT_END) depth -= 1;
  }
  parts.push(text.slice(start, to));
  return parts;
}

/** The position after the closing quote of a string. */
function endOfString(text: string, start: number): number {
  for (let quote = text.indexOf('"', start + 1); ; quote = text.indexOf('"', quote + 1)) {
    let backslashes = 0;
    while (text.charCodeAt(quote - 1 - backslashes) === BACKSLASH) backslashes += 1;
    if (backslashes % 2 === 0) return quote + 1;
  }
}
