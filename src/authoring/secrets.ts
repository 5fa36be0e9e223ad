import { utf8Length } from '../values';
import { fromBase64 } from '../values/base64';
import { SelvageError } from '../errors';

/**
 * A secret, or the environment variable that has it. The variable is read when the trigger or emitter works, so the
 * file can be loaded without it. A variable may have several valid secrets, separated by spaces; for GitHub, whose
 * secrets are any text, by lines.
 */
export type SecretSource = string | { readonly env: string };

/** The kind of a secret, which decides its required form. */
export type SecretKind = 'standard-webhooks' | 'github' | 'bearer';

const INSPECT = Symbol.for('nodejs.util.inspect.custom');
const HIDDEN = '(hidden)';

/** Printing a secret, or converting it to JSON, does not reveal it. */
export class Secret {
  readonly #text: string | undefined;

  constructor(
    text: string | undefined,
    /** Name of the environment variable; undefined if the secret was given directly. */
    readonly env?: string,
  ) {
    this.#text = text;
  }

  /** The secret's text; undefined if it is in an environment variable. */
  reveal(): string | undefined {
    return this.#text;
  }

  toString(): string {
    return HIDDEN;
  }

  toJSON(): string {
    return HIDDEN;
  }

  [INSPECT](): string {
    return HIDDEN;
  }
}

/** GitHub's secrets may be any text. */
const GITHUB_BYTES = 16;
const BEARER_LENGTH = 24;
const STANDARD_BYTES = 24;
/** Least number of different characters: `aaaaaaaaaaaaaaaa` has fewer, random secrets have more. */
const DIFFERENT_CHARACTERS = 5;
const WHSEC = 'whsec_';
/** RFC 6750: the characters of the header `authorization`. */
const TOKEN = /^[A-Za-z0-9\-._~+/]+=*$/;
const ENV_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

const HOW_TO_MAKE: Readonly<Record<SecretKind, string>> = {
  'standard-webhooks':
    'Take the one that the sender shows, or make one: echo "whsec_$(openssl rand -base64 32)"',
  github: 'Make one: openssl rand -hex 32',
  bearer: 'Make one: openssl rand -hex 32',
};

/** Reads a secret; undefined if `given` is no source of one. */
export function secretFrom(given: unknown): Secret | undefined {
  if (typeof given === 'string' && given !== '') return new Secret(given);
  const { env } = (given ?? {}) as { readonly env?: unknown };
  return typeof env === 'string' && ENV_NAME.test(env) ? new Secret(undefined, env) : undefined;
}

/**
 * Checks secrets that were given directly; those in the environment are read later. `what` is the scheme, such as
 * `github`. Throws `WeakSecret` or `InvalidConfig`, without any part of a secret.
 */
export function readSecretSources(what: string, kind: SecretKind, given: unknown): readonly Secret[] {
  const list: readonly unknown[] = Array.isArray(given) ? (given as readonly unknown[]) : [given];
  if (list.length === 0) throw weakSecret(what, kind, 'there is none');
  return list.map((source, index) => {
    const which = list.length > 1 ? `secret ${index + 1} of ${list.length}` : 'the secret';
    if (source === undefined || source === null || source === '') {
      throw weakSecret(
        what,
        kind,
        `${which} is ${source === '' ? 'empty' : 'missing'}; where an environment variable has it, write { env: 'NAME' }`,
      );
    }
    if (typeof source === 'object' && 'env' in source) {
      const { env } = source;
      if (typeof env === 'string' && ENV_NAME.test(env)) return new Secret(undefined, env);
      throw new SelvageError(
        'InvalidConfig',
        `${what}: \`env\` of ${which} must be the name of an environment variable, such as { env: 'WEBHOOK_SECRET' }.`,
        { details: { option: 'env', reason: 'WrongValue' } },
      );
    }
    const problem = typeof source === 'string' ? weaknessOf(kind, source) : 'must be a text or { env: NAME }';
    if (problem !== undefined) throw weakSecret(what, kind, `${which} ${problem}`);
    return new Secret(source as string);
  });
}

/** The secrets themselves. Secrets in the environment are read and checked now; throws `WeakSecret`. */
export function revealSecrets(
  what: string,
  kind: SecretKind,
  secrets: readonly Secret[],
  environment: Readonly<Record<string, string | undefined>>,
): string[] {
  return secrets.flatMap((secret) => {
    const { env } = secret;
    if (env === undefined) return secret.reveal()!;
    // Spaces may belong to a GitHub secret; the line break at the end of a file does not.
    const texts = (environment[env] ?? '')
      .split(kind === 'github' ? /[\r\n]+/ : /\s+/)
      .filter((text) => text.trim() !== '');
    if (texts.length === 0) {
      throw weakSecret(what, kind, `the environment variable ${env} is not set, or is empty`, { env });
    }
    for (const text of texts) {
      const problem = weaknessOf(kind, text);
      if (problem !== undefined)
        throw weakSecret(what, kind, `the secret in the environment variable ${env} ${problem}`, { env });
    }
    return texts;
  });
}

/** The bytes of a secret of Standard Webhooks; undefined if it is not base64. */
export function standardSecretBytes(secret: string): Uint8Array | undefined {
  return fromBase64(secret.startsWith(WHSEC) ? secret.slice(WHSEC.length) : secret);
}

/** A complaint that continues a sentence after "the secret"; undefined if the secret is acceptable. */
function weaknessOf(kind: SecretKind, secret: string): string | undefined {
  if (kind === 'standard-webhooks') {
    if (/^wh[sp]k_/.test(secret)) return 'is a key of an asymmetric signature, which is not supported';
    const bytes = standardSecretBytes(secret);
    if (bytes === undefined) return `is not "${WHSEC}" and base64`;
    if (bytes.length < STANDARD_BYTES)
      return `has ${bytes.length} bytes, and must have at least ${STANDARD_BYTES}`;
    return new Set(bytes).size < DIFFERENT_CHARACTERS ? 'repeats the same bytes' : undefined;
  }
  if (kind === 'bearer') {
    if (!TOKEN.test(secret)) return 'has characters that the header `authorization` cannot have';
    if (secret.length < BEARER_LENGTH)
      return `has ${secret.length} characters, and must have at least ${BEARER_LENGTH}`;
  } else if (utf8Length(secret) < GITHUB_BYTES) {
    return `has ${utf8Length(secret)} bytes, and must have at least ${GITHUB_BYTES}`;
  }
  return new Set(secret).size < DIFFERENT_CHARACTERS ? 'repeats the same characters' : undefined;
}

function weakSecret(
  what: string,
  kind: SecretKind,
  problem: string,
  details: Readonly<Record<string, unknown>> = {},
): SelvageError {
  return new SelvageError('WeakSecret', `${what}: ${problem}. ${HOW_TO_MAKE[kind]}`, {
    details: { scheme: kind, ...details },
  });
}
