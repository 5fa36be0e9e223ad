import { z } from 'zod';
import { toBase64 } from '../../values/base64';
import { TAG } from '../../values/tags';
import type { Json } from '../../values';
import { REDACTED, redactJson, redactText } from '../../values/redact';
import { SelvageError } from '../../errors';
import * as fields from '../fields';
import { cutJson } from './cut-json';
import { csvOf, isTable, rowsAsked, tableOf, tableView } from './table-view';

/** Limits of a preview: characters, and bytes in hexadecimal. */
const PREVIEW = 256 * 1024;
const CSV = 2 * 1024 * 1024;
const HEX_BYTES = 16 * 1024;
const IMAGE_BYTES = 2 * 1024 * 1024;
/** Largest value that is read whole: of a larger one, the beginning is shown as text. */
export const WHOLE_BYTES = 16 * 1024 * 1024;
const PAGE_OF_TABLE = 100;

export const runOfValue = fields.name
  .optional()
  .describe('the run whose key decrypts the value, where values are sealed for subjects');

export const partOfValue = {
  path: z
    .array(z.union([fields.text, z.int().min(0)]))
    .max(1_000)
    .default([])
    .describe('path into the value: names and indexes'),
  from: z
    .int()
    .min(0)
    .default(0)
    .describe('first item of a list, row of a table, character of a text or byte to return'),
  as: z
    .enum(['json', 'text', 'bytes', 'csv'])
    .optional()
    .describe(
      'the form to return; by default the one that shows most of the value. `csv`: a list of records in full, 2 MiB at a time',
    ),
  ...rowsAsked,
};

const found = { hash: z.string(), size: z.int() };
export const tableForm = z.object({ form: z.literal('table'), ...found, table: tableView });
/**
 * `code` says why the value is not shown: `ValueMissing`, `SubjectForgotten`, `KeyMissing`, `Redacted`, `NotKept`,
 * `ValueSealed`, …
 */
export const notShown = z.object({
  form: z.literal('none'),
  hash: z.string(),
  code: z.string(),
  message: z.string(),
});

/**
 * A preview of at most 256 KiB; for an image, 2 MiB. `json` is encoded: values that JSON cannot express are objects
 * with `$type` (`date`, `bytes`, `bigint`, `number`, `undefined`, `map`, `set`, `stored`, `class:<name>`, `object`)
 * and `value`.
 */
export const valueView = z.discriminatedUnion('form', [
  z.object({ form: z.literal('json'), ...found, json: fields.json, truncated: z.boolean() }),
  z.object({
    form: z.literal('text'),
    ...found,
    text: z.string(),
    mediaType: z.string().optional(),
    truncated: z.boolean(),
  }),
  z.object({ form: z.literal('image'), ...found, mediaType: z.string(), base64: z.string() }),
  tableForm,
  z.object({ form: z.literal('bytes'), ...found, mediaType: z.string().optional(), hex: z.string() }),
  notShown,
]);
export type ValueView = z.output<typeof valueView>;

interface Bytes {
  readonly hash: string;
  /** Size of the whole value, in bytes. */
  readonly size: number;
  readonly bytes: Uint8Array;
}

interface How extends Readonly<z.output<z.ZodObject<typeof partOfValue>>> {
  /** Redacts the value before anything is taken of it. */
  readonly isRedacted: boolean;
}

/** @throws SelvageError `InvalidQuery` if the path leads nowhere */
export function viewOfJson(
  { hash, size, bytes, isCut, columns }: Bytes & { isCut: boolean; columns?: readonly number[] },
  how: How,
): ValueView {
  const { path, from, as, isRedacted } = how;
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
  if (isCut) return textView({ hash, size }, isRedacted ? redactText(text) : text, from, isCut);
  const root = JSON.parse(text) as Json;
  const shownRoot = isRedacted ? redactJson(root) : root;
  if (as === 'text')
    return textView({ hash, size }, isRedacted ? JSON.stringify(shownRoot) : text, from, isCut);
  const json = at(shownRoot, path);
  const order = path.length === 0 ? columns : undefined;
  if (as === undefined && isTable(json))
    return { form: 'table', hash, size, table: tableOf(json, order, how, PAGE_OF_TABLE) };
  if (as === 'csv') {
    if (!isTable(json)) throw new SelvageError('InvalidQuery', 'Only a list of records can be CSV.');
    return textView({ hash, size, mediaType: 'text/csv' }, csvOf(json, order, how), from, false, CSV);
  }
  if (as === undefined && typeof json === 'string') return textView({ hash, size }, json, from, false);
  const bytesInside = taggedBytes(json);
  if (bytesInside && as !== 'json')
    return viewOfBytes({ hash, size: bytesInside.byteLength, bytes: bytesInside }, how);
  const shown = cutJson(from > 0 && Array.isArray(json) ? json.slice(from) : json, PREVIEW);
  return { form: 'json', hash, size, ...shown };
}

function textView(
  of: { readonly hash: string; readonly size: number; readonly mediaType?: string },
  text: string,
  from: number,
  isCut: boolean,
  most = PREVIEW,
): ValueView {
  const shown = text.slice(from, from + most);
  return { form: 'text', ...of, text: shown, truncated: isCut || from + shown.length < text.length };
}

export function viewOfBytes(
  { hash, size, bytes: given, mediaType }: Bytes & { readonly mediaType?: string },
  { from, as, isRedacted }: How,
): ValueView {
  const bytes = isRedacted ? withoutSecrets(given) : given;
  const image = imageType(bytes, mediaType);
  if (as === undefined && image !== undefined && size <= IMAGE_BYTES && bytes.byteLength >= size)
    return { form: 'image', hash, size, mediaType: image, base64: toBase64(bytes) };
  if (as === 'text' || (as === undefined && isTextual(bytes, mediaType))) {
    const text = new TextDecoder().decode(
      bytes.subarray(0, Math.min(bytes.byteLength, (from + PREVIEW) * 4)),
    );
    const of = { hash, size, ...(mediaType !== undefined && mediaType !== '' && { mediaType }) };
    return textView(of, text, from, bytes.byteLength < size);
  }
  return {
    form: 'bytes',
    hash,
    size,
    ...(mediaType !== undefined && mediaType !== '' && { mediaType }),
    hex: Buffer.from(bytes.subarray(from, from + HEX_BYTES)).toString('hex'),
  };
}

/** @throws SelvageError `InvalidQuery` */
function at(root: Json, path: readonly (string | number)[]): Json {
  let json: Json | undefined = root;
  for (const part of path) {
    if (json === REDACTED) return json;
    const isThere: boolean = typeof json === 'object' && json !== null && Object.hasOwn(json, part);
    json = isThere ? (json as Record<string | number, Json>)[part] : undefined;
    if (json === undefined) {
      throw new SelvageError('InvalidQuery', `The value has no part ${JSON.stringify(path)}.`, {
        details: { path },
      });
    }
  }
  return json;
}

function withoutSecrets(bytes: Uint8Array): Uint8Array {
  const text = new TextDecoder().decode(bytes);
  const shown = redactText(text);
  return shown === text ? bytes : new TextEncoder().encode(shown);
}

function taggedBytes(json: Json): Uint8Array | undefined {
  if (typeof json !== 'object' || json === null || Array.isArray(json) || json[TAG] !== 'bytes')
    return undefined;
  return typeof json['value'] === 'string' ? Buffer.from(json['value'], 'base64') : undefined;
}

const SIGNATURES: readonly (readonly [mediaType: string, matches: (bytes: Uint8Array) => boolean])[] = [
  ['image/png', (bytes) => startsWith(bytes, [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])],
  ['image/jpeg', (bytes) => startsWith(bytes, [0xff, 0xd8, 0xff])],
  ['image/gif', (bytes) => startsWith(bytes, [0x47, 0x49, 0x46, 0x38])],
  [
    'image/webp',
    (bytes) =>
      startsWith(bytes, [0x52, 0x49, 0x46, 0x46]) && startsWith(bytes.subarray(8), [0x57, 0x45, 0x42, 0x50]),
  ],
];

/** Decides by the first bytes: the stated media type is not trusted. An SVG is a document, shown as text. */
function imageType(bytes: Uint8Array, said: string | undefined): string | undefined {
  if (said !== undefined && said !== '' && !/^image\/|^application\/octet-stream/i.test(said))
    return undefined;
  return SIGNATURES.find(([, matches]) => matches(bytes))?.[0];
}

function startsWith(bytes: Uint8Array, first: readonly number[]): boolean {
  return first.every((byte, index) => bytes[index] === byte);
}

const TEXTUAL = /^text\/|[/+](?:json|xml|yaml|csv|javascript|x-ndjson)\b|^image\/svg/i;
const LOOKED_AT = 4 * 1024;

function isTextual(bytes: Uint8Array, said: string | undefined): boolean {
  if (said !== undefined && TEXTUAL.test(said)) return true;
  const beginning = bytes.subarray(0, LOOKED_AT);
  if (beginning.byteLength === 0 || beginning.some(isControl)) return false;
  try {
    // The last character of the beginning may be cut.
    new TextDecoder('utf-8', { fatal: true }).decode(beginning, { stream: true });
    return true;
  } catch {
    return false;
  }
}

/** Control characters other than tabs, line and page ends, and the escape of colours. */
function isControl(byte: number): boolean {
  return byte < 0x20 && ![0x09, 0x0a, 0x0c, 0x0d, 0x1b].includes(byte);
}
