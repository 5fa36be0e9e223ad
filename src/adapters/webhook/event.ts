import { createHash, randomUUID } from 'node:crypto';
import type {
  TriggerEvent,
  WebhookDeclaration,
  WebhookEvent,
  WebhookSignalDeclaration,
} from '../../triggers';
import { isSecretName } from '../../values/redact';
import { decodeBody } from './decode-body';
import type { Verified } from './verify';

export interface Genuine extends Verified {
  readonly bytes: Uint8Array;
  readonly headers: Readonly<Record<string, string>>;
  /** Ends the body's share of the limit for bodies in progress. */
  release(): void;
}

/** Errors: `Problem`. */
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
