import { duration } from '../authoring/checks';
import { declared, isDeclared } from '../authoring/marks';
import { SelvageError } from '../errors';
import { durationMs, type Duration } from '../values/duration';
import { readSecretSources, type Secret, type SecretSource } from '../authoring/secrets';

const VERIFICATION = Symbol.for('selvage.verification');

/** A request as passed to a verifier of your own. */
export interface RawRequest {
  /** The body as received: signatures are of these bytes. */
  readonly body: Uint8Array;
  /** By lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  /** Time of the request's arrival, in milliseconds since the epoch. */
  readonly receivedAt: number;
}

/**
 * Your own check of a request: `false` or a throw responds with 401, `true` starts a run for each request.
 * `key`, which must come from a signed part, starts a run only for its first request.
 */
export type CustomVerifier = (
  request: RawRequest,
) => boolean | { readonly key?: string } | Promise<boolean | { readonly key?: string }>;

export interface StandardWebhooksVerification {
  readonly scheme: 'standard-webhooks';
  readonly secrets: readonly Secret[];
  /** Milliseconds. */
  readonly tolerance: number;
  /** Prefix of a signature's three headers. */
  readonly headers: 'webhook' | 'svix';
}

interface GithubVerification {
  readonly scheme: 'github';
  readonly secrets: readonly Secret[];
}

interface BearerVerification {
  readonly scheme: 'bearer';
  readonly secrets: readonly Secret[];
}

/** A verification made by {@link standardWebhooks}, {@link github} or {@link bearer}. */
export type Verification = StandardWebhooksVerification | GithubVerification | BearerVerification;

interface WithSecret {
  /** Secrets; several during a change: each is valid. */
  readonly secret: SecretSource | readonly SecretSource[];
}

export interface StandardWebhooksOptions extends WithSecret {
  /** Allowed difference of the signed time from now, either way: a second to an hour. Default 5 minutes. */
  readonly tolerance?: Duration;
  /** `svix`: the headers are `svix-id`, `svix-timestamp` and `svix-signature`. Default `webhook`. */
  readonly headers?: 'webhook' | 'svix';
}

const FIVE_MINUTES = 300_000;
const LONGEST_TOLERANCE = 3_600_000;

/**
 * Verifies signatures by Standard Webhooks: HMAC-SHA-256 over `webhook-id`, `webhook-timestamp` and the body.
 * The signed id is the key: one run per id, and another body under the same id is refused (409).
 *
 * @throws SelvageError `WeakSecret`, `InvalidConfig`
 */
export function standardWebhooks(options: StandardWebhooksOptions): Verification {
  requireOptions('standardWebhooks', options, ['secret', 'tolerance', 'headers']);
  const { secret, tolerance = FIVE_MINUTES, headers = 'webhook' } = options;
  const problem = duration(1_000, LONGEST_TOLERANCE)(tolerance);
  if (problem) throw wrongValue('standardWebhooks', 'tolerance', problem);
  if (headers !== 'webhook' && headers !== 'svix')
    throw wrongValue('standardWebhooks', 'headers', 'must be "webhook" or "svix"');
  const secrets = readSecretSources('standardWebhooks', 'standard-webhooks', secret);
  const scheme = 'standard-webhooks';
  return declared({ scheme, secrets, tolerance: durationMs(tolerance)!, headers }, VERIFICATION);
}

/**
 * Verifies GitHub's signatures: HMAC-SHA-256 over the body, in `x-hub-signature-256`. The key is `x-github-delivery`,
 * which is not signed, so the same signature under another delivery id is refused for 24 hours (409).
 *
 * @throws SelvageError `WeakSecret`, `InvalidConfig`
 */
export function github(options: WithSecret): Verification {
  requireOptions('github', options, ['secret']);
  const secrets = readSecretSources('github', 'github', options.secret);
  return declared({ scheme: 'github', secrets }, VERIFICATION);
}

/**
 * Verifies a token in `authorization: Bearer …`. The key is the header `idempotency-key`; without this header, each
 * request starts a run.
 *
 * @throws SelvageError `WeakSecret`, `InvalidConfig`
 */
export function bearer(options: {
  /** Tokens; several during a change: each is valid. */
  readonly token: SecretSource | readonly SecretSource[];
}): Verification {
  requireOptions('bearer', options, ['token']);
  const secrets = readSecretSources('bearer', 'bearer', options.token);
  return declared({ scheme: 'bearer', secrets }, VERIFICATION);
}

export function isVerification(value: unknown): value is Verification {
  return isDeclared(value, VERIFICATION);
}

/** @throws SelvageError `InvalidConfig` */
export function requireOptions(what: string, options: unknown, known: readonly string[]): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new SelvageError('InvalidConfig', `${what} needs an object of options (${known.join(', ')}).`, {
      details: { reason: 'MissingPart' },
    });
  }
  for (const key of Object.keys(options)) {
    if (known.includes(key)) continue;
    throw new SelvageError(
      'InvalidConfig',
      `${what} has no option "${key}"; its options are: ${known.join(', ')}.`,
      { details: { option: key, reason: 'UnknownOption' } },
    );
  }
}

export function wrongValue(what: string, option: string, complaint: string): SelvageError {
  return new SelvageError('InvalidConfig', `${what}: the option "${option}" ${complaint}.`, {
    details: { option, reason: 'WrongValue' },
  });
}
