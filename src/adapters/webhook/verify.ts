import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import {
  revealSecrets,
  standardSecretBytes,
  type CustomVerifier,
  type RawRequest,
  type StandardWebhooksVerification,
  type Verification,
} from '../../triggers';
import { Problem } from './problem';

export interface Verified {
  /** The key of the event, from signed or configured parts; undefined if each request is an event of its own. */
  readonly key?: string;
  /** The digest of a signature that covers the body but not the key. */
  readonly unboundSignature?: string;
}

/** Decides who may send requests to one webhook. */
export interface Verifier {
  /** Refuses requests without reading their bodies. Throws `Problem` 400, 401. */
  first(request: Omit<RawRequest, 'body'>): void;
  /** Throws `Problem` 400, 401. */
  verify(request: RawRequest): Verified | Promise<Verified>;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** @param what the trigger's name, for messages. Throws `WeakSecret` if the environment lacks a secret */
export function verifierOf(
  what: string,
  verify: Verification | CustomVerifier | false,
  environment: Environment,
): Verifier {
  if (verify === false) return anybody;
  if (typeof verify === 'function') return customVerifier(verify);
  const secrets = revealSecrets(`${what}: ${verify.scheme}`, verify.scheme, verify.secrets, environment);
  switch (verify.scheme) {
    case 'standard-webhooks':
      return standardVerifier(verify, secrets);
    case 'github':
      return githubVerifier(secrets);
    case 'bearer':
      return bearerVerifier(secrets);
  }
}

const anybody: Verifier = {
  first: () => {},
  verify: ({ headers }) => explicitKey(headers),
};

/** The length of 32 bytes in base64. */
const SIGNATURE_LENGTH = 44;
/** Senders sign with a few keys at a time; more signatures are an attempt to waste our time. */
const SIGNATURES_AT_MOST = 20;
const SECONDS = /^\d{1,12}$/;

function standardVerifier(
  { tolerance, headers: prefix }: StandardWebhooksVerification,
  secrets: readonly string[],
): Verifier {
  const keys = secrets.map((secret) => standardSecretBytes(secret)!);
  const names = { id: `${prefix}-id`, time: `${prefix}-timestamp`, signature: `${prefix}-signature` };
  const signed = (
    request: Omit<RawRequest, 'body'>,
  ): { readonly id: string; readonly time: string; readonly signatures: readonly Buffer[] } => {
    const { headers, receivedAt } = request;
    const id = required(headers, names.id, STANDARD);
    const time = required(headers, names.time, STANDARD);
    const signature = required(headers, names.signature, STANDARD);
    // A full stop separates the signed parts: in an id, it would make the signature valid for another id.
    const key = checkedKey(names.id, id);
    if (key.includes('.')) throw new Problem('InvalidRequest', `The header ${names.id} has a full stop.`);
    if (!SECONDS.test(time))
      throw notAuthentic(`The header ${names.time} is no whole number of seconds.`, STANDARD);
    // Times are whole seconds, as the sender counts them.
    const late = Math.floor(receivedAt / 1_000) - Number(time);
    const most = Math.floor(tolerance / 1_000);
    if (Math.abs(late) > most) {
      throw notAuthentic(
        `The time in ${names.time} is more than ${most} seconds ${late > 0 ? 'ago' : 'ahead'}.`,
        STANDARD,
      );
    }
    const signatures = signature
      .split(' ')
      .filter((each) => each.startsWith('v1,'))
      .slice(0, SIGNATURES_AT_MOST)
      .map((each) => Buffer.from(each.slice('v1,'.length)))
      .filter(({ length }) => length === SIGNATURE_LENGTH);
    if (signatures.length === 0)
      throw notAuthentic(`The header ${names.signature} has no signature of version v1.`, STANDARD);
    return { id, time, signatures };
  };
  return {
    first: (request) => void signed(request),
    verify: (request) => {
      const { id, time, signatures } = signed(request);
      const expected = keys.map((key) =>
        Buffer.from(createHmac('sha256', key).update(`${id}.${time}.`).update(request.body).digest('base64')),
      );
      if (!someEqual(expected, signatures))
        throw notAuthentic(`No signature in ${names.signature} is right.`, STANDARD);
      return { key: id };
    },
  };
}

const GITHUB_SIGNATURE = /^sha256=([0-9a-f]{64})$/i;

function githubVerifier(secrets: readonly string[]): Verifier {
  const signed = ({
    headers,
  }: Omit<RawRequest, 'body'>): { readonly delivery: string; readonly signature: Buffer } => {
    const given = required(headers, 'x-hub-signature-256', 'GitHub');
    const [, hex] = GITHUB_SIGNATURE.exec(given) ?? [];
    if (hex === undefined) throw notAuthentic('The header x-hub-signature-256 has no signature.', 'GitHub');
    const delivery = checkedKey('x-github-delivery', required(headers, 'x-github-delivery', 'GitHub'));
    return { delivery, signature: Buffer.from(hex, 'hex') };
  };
  return {
    first: (request) => void signed(request),
    verify: (request) => {
      const { delivery, signature } = signed(request);
      const expected = secrets.map((secret) => createHmac('sha256', secret).update(request.body).digest());
      if (!someEqual(expected, [signature]))
        throw notAuthentic('The signature in x-hub-signature-256 is wrong.', 'GitHub');
      return { key: delivery, unboundSignature: sha256(signature).toString('hex') };
    },
  };
}

const BEARER = /^bearer +([^ ]+)$/i;

function bearerVerifier(secrets: readonly string[]): Verifier {
  const expected = secrets.map(sha256);
  const first = ({ headers }: Omit<RawRequest, 'body'>): void => {
    const [, token] = BEARER.exec(headers['authorization'] ?? '') ?? [];
    if (token === undefined) throw notAuthentic('The header authorization has no bearer token.', 'Bearer');
    // Digests have equal length, so that not even the token's length leaks.
    if (!someEqual(expected, [sha256(token)])) throw notAuthentic('The bearer token is wrong.', 'Bearer');
  };
  return {
    first,
    verify: (request) => {
      first(request);
      return explicitKey(request.headers);
    },
  };
}

function customVerifier(verify: CustomVerifier): Verifier {
  return {
    first: () => {},
    verify: async (request) => {
      let answer: unknown;
      try {
        answer = await verify(request);
      } catch (error) {
        // Libraries throw at a wrong signature, and their messages may contain secrets.
        throw notAuthentic('The request is not genuine.', 'Custom', error);
      }
      if (answer === true) return {};
      if (typeof answer !== 'object' || answer === null)
        throw notAuthentic('The request is not genuine.', 'Custom');
      const { key } = answer as { readonly key?: unknown };
      if (key === undefined) return {};
      return { key: checkedKey('key of the verifier', key) };
    },
  };
}

const STANDARD = 'StandardWebhooks';

function required(headers: RawRequest['headers'], name: string, scheme: string): string {
  const value = headers[name];
  if (value !== undefined && value !== '') return value;
  throw notAuthentic(`The header ${name} is missing.`, scheme);
}

function explicitKey(headers: RawRequest['headers']): Verified {
  const key = headers['idempotency-key'];
  return key === undefined ? {} : { key: checkedKey('idempotency-key', key) };
}

const KEY = /^[!-~]{1,255}$/;

function checkedKey(name: string, key: unknown): string {
  if (typeof key === 'string' && KEY.test(key)) return key;
  throw new Problem(
    'InvalidRequest',
    `The ${name === 'key of the verifier' ? name : `header ${name}`} must have 1 to 255 printable ASCII characters without spaces.`,
  );
}

/** Compares all pairs of texts, so that the duration does not tell which pair matched. */
function someEqual(expected: readonly Uint8Array[], given: readonly Uint8Array[]): boolean {
  let found = false;
  for (const one of expected) for (const other of given) if (timingSafeEqual(one, other)) found = true;
  return found;
}

function sha256(data: string | Uint8Array): Buffer {
  return createHash('sha256').update(data).digest();
}

/** RFC 9110 requires a 401 to name the scheme. */
function notAuthentic(detail: string, scheme: string, cause?: unknown): Problem {
  return new Problem('Unauthenticated', detail, {
    headers: { 'www-authenticate': scheme },
    ...(cause !== undefined && { cause }),
  });
}
