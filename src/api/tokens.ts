import { SelvageError } from '../errors';
import { LEAST_SECRET } from '../node/project-secret';

/** Rights of a token: to read records, to read values in full, to act. */
const SCOPES = ['read', 'values', 'act'] as const;
type Scope = (typeof SCOPES)[number];

/** A token of a program. */
export interface NamedToken {
  /** The name of the token, which is the actor of its acts. */
  readonly name: string;
  readonly scopes: ReadonlySet<Scope>;
  readonly token: string;
}

const VARIABLE = 'SELVAGE_API_TOKENS';

/**
 * Reads tokens such as `grafana:read:TOKEN ci:read+act:TOKEN`, separated by white space.
 *
 * @throws SelvageError `WeakSecret`; the message has none of the tokens
 */
export function readTokens(text: string): NamedToken[] {
  const tokens = text
    .split(/\s+/)
    .filter((entry) => entry !== '')
    .map(readToken);
  for (const [index, { name }] of tokens.entries())
    if (tokens.findIndex((one) => one.name === name) !== index) throw refused(`names "${name}" twice`);
  return tokens;
}

function readToken(entry: string, index: number): NamedToken {
  const [name = '', said = '', token = '', ...rest] = entry.split(':');
  const where = `in its entry ${index + 1}`;
  if (!/^[\w.@-]+$/.test(name))
    throw refused(`has no name of letters, digits, "-", "_", "." and "@" ${where}`);
  if (token.length < LEAST_SECRET || rest.length > 0 || !/^[\w.~-]+$/.test(token))
    throw refused(
      `has a token ${where} with fewer than ${LEAST_SECRET} characters, or others than letters, digits, "-", "_", "." and "~"`,
    );
  const scopes = new Set(said.split('+'));
  const unknown = [...scopes].filter((scope) => !SCOPES.includes(scope as Scope));
  if (unknown.length > 0)
    throw refused(
      `has the scope ${JSON.stringify(unknown[0])} ${where}, which is none of ${SCOPES.join(', ')}`,
    );
  return { name, scopes: scopes as Set<Scope>, token };
}

function refused(reason: string): SelvageError {
  return new SelvageError(
    'WeakSecret',
    `The variable ${VARIABLE} ${reason}. Write NAME:SCOPES:TOKEN, with white space between several: grafana:read:TOKEN. Make a token: openssl rand -hex 32`,
    { details: { variable: VARIABLE } },
  );
}
