import { createHmac, randomUUID } from 'node:crypto';
import { Webhook } from 'standardwebhooks';

/** A new secret of Standard Webhooks. */
export function standardSecret(): string {
  return `whsec_${Buffer.from(`${randomUUID()}${randomUUID()}`.slice(0, 32)).toString('base64')}`;
}

export interface SignedParts {
  readonly id?: string;
  /** Seconds since the epoch. Default: now. */
  readonly at?: number;
}

/** The three headers, signed by the reference library of Standard Webhooks. */
export function standardHeaders(
  secret: string,
  body: string,
  { id = `msg_${randomUUID()}`, at = seconds() }: SignedParts = {},
): Record<string, string> {
  return {
    'webhook-id': id,
    'webhook-timestamp': String(at),
    'webhook-signature': new Webhook(secret).sign(id, new Date(at * 1_000), body),
  };
}

export function githubHeaders(
  secret: string,
  body: string,
  delivery: string = randomUUID(),
): Record<string, string> {
  return {
    'x-github-event': 'push',
    'x-github-delivery': delivery,
    'x-hub-signature-256': `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`,
  };
}

export function seconds(): number {
  return Math.floor(Date.now() / 1_000);
}

/** A POST of JSON, unless a header says otherwise. */
export function post(
  path: string,
  body: string | Uint8Array<ArrayBuffer>,
  headers: Readonly<Record<string, string>> = {},
): Request {
  return new Request(`http://hooks.test${path}`, {
    method: 'POST',
    body,
    headers: { 'content-type': 'application/json', ...headers },
  });
}
