import { createHash, randomUUID } from 'node:crypto';
import type {
  TriggerEvent,
  WebhookBody,
  WebhookDeclaration,
  WebhookEvent,
  WebhookSignalDeclaration,
} from '../../triggers';
import { isSecretName } from '../../values/redact';
import { Problem } from './problem';
import type { Verified } from './verify';

export interface Genuine extends Verified {
  readonly bytes: Uint8Array;
  readonly headers: Readonly<Record<string, string>>;
  /** Ends the body's share in the limit for bodies in progress. */
  release(): void;
}

/** Throws `Problem`. */
export function eventOf(
  { options }: WebhookDeclaration | WebhookSignalDeclaration,
  genuine: Genuine,
): WebhookEvent {
  const { key, bytes, headers } = genuine;
  const body = decodeBody(options.body, bytes, headers);
  return { body, headers, id: key ?? randomUUID() };
}

export function linkOf({ id, headers }: WebhookEvent): TriggerEvent['link'] {
  const { 'x-request-id': request } = headers;
  return { request: id, ...(request !== undefined && { requestId: request.slice(0, 200) }) };
}

export function hashOf(data: Uint8Array | string): string {
  return `sha256:${createHash('sha256').update(data).digest('hex')}`;
}

export function withoutSecrets(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).filter(([name]) => !isSecretName(name) && !/signature/.test(name)),
  );
}

/** Throws `Problem` 400, 415. */
function decodeBody(
  kind: WebhookBody,
  bytes: Uint8Array,
  headers: Readonly<Record<string, string>>,
): unknown {
  const encoding = headers['content-encoding'] ?? 'identity';
  if (encoding.toLowerCase() !== 'identity')
    throw new Problem('UnsupportedMediaType', 'The body is compressed. Send it without content-encoding.');
  if (kind === 'bytes') return bytes;
  const given = headers['content-type'];
  // Without a body, its content type means nothing.
  if (bytes.byteLength === 0) return kind === 'text' ? '' : undefined;
  const [type = '', ...parameters] = (given ?? '').toLowerCase().split(';');
  if (!isTaken(kind, type.trim()))
    throw new Problem('UnsupportedMediaType', `The body must be ${TAKEN[kind]}; say so in content-type.`);
  const charset = parameters
    .map((parameter) => /^\s*charset\s*=\s*"?([^"\s]+)"?\s*$/.exec(parameter)?.[1])
    .find(Boolean);
  if (charset !== undefined && !['utf-8', 'utf8', 'us-ascii'].includes(charset))
    throw new Problem('UnsupportedMediaType', 'The body must be in UTF-8.');
  const text = decodedText(bytes);
  if (kind === 'text') return text;
  if (kind === 'form') return fieldsOf(text);
  if (text === '') return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    // The parser's message repeats a part of the body.
    throw new Problem('InvalidRequest', 'The body is not JSON.');
  }
}

const TAKEN: Readonly<Record<Exclude<WebhookBody, 'bytes'>, string>> = {
  json: 'application/json',
  text: 'text/plain',
  form: 'application/x-www-form-urlencoded',
};

function isTaken(kind: Exclude<WebhookBody, 'bytes'>, type: string): boolean {
  if (type === TAKEN[kind]) return true;
  if (kind === 'json') return /^application\/[a-z0-9.!#$&^_-]+\+json$/.test(type);
  return kind === 'text' && type.startsWith('text/');
}

const decoder = new TextDecoder('utf-8', { fatal: true });

function decodedText(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch {
    throw new Problem('InvalidRequest', 'The body is not UTF-8.');
  }
}

function fieldsOf(text: string): Record<string, string | string[]> {
  const form = new URLSearchParams(text);
  return Object.fromEntries(
    [...new Set(form.keys())].map((name) => {
      const values = form.getAll(name);
      return [name, values.length === 1 ? values[0]! : values];
    }),
  );
}
