import { createHmac, timingSafeEqual } from 'node:crypto';
import { SelvageError } from '../../errors';
import { LEAST_SECRET, projectSecret } from '../../node/project-secret';

const BYTES = 32;
const FILE = 'status-secret';

/** The access that a token gives. */
interface StatusGrant {
  readonly runId: string;
  /** Whether the values of terminals may be read. */
  readonly outputs: boolean;
}

/**
 * Makes and reads the tokens of status URLs, each for one run. A token has the grant and an HMAC of it, so nothing is
 * stored, and tokens are valid as long as their secret is.
 */
export class StatusTokens {
  /** @param secrets the first secret signs tokens; all secrets verify tokens */
  constructor(private readonly secrets: readonly string[]) {}

  tokenOf({ runId, outputs }: StatusGrant): string {
    const grant = Buffer.from(`${outputs ? WITH_OUTPUTS : STATUS_ALONE}${runId}`).toString('base64url');
    return `${grant}.${mac(this.secrets[0]!, grant).toString('base64url')}`;
  }

  /** Returns undefined if none of the secrets made the token. */
  read(token: string): StatusGrant | undefined {
    const [grant = '', given = '', ...more] = token.split('.');
    const signature = Buffer.from(given, 'base64url');
    if (more.length > 0 || signature.length !== BYTES) return undefined;
    let found = false;
    for (const secret of this.secrets) if (timingSafeEqual(mac(secret, grant), signature)) found = true;
    if (!found) return undefined;
    const text = Buffer.from(grant, 'base64url').toString();
    return { runId: text.slice(1), outputs: text.startsWith(WITH_OUTPUTS) };
  }
}

const WITH_OUTPUTS = 'o';
const STATUS_ALONE = 's';

function mac(secret: string, grant: string): Buffer {
  return createHmac('sha256', secret).update(`selvage.status.v1\n${grant}`).digest();
}

/**
 * The secrets of status tokens: the given ones; else those of the environment (`SELVAGE_STATUS_SECRET`, separated by
 * spaces); else the project's own, created if missing.
 *
 * @throws SelvageError `WeakSecret`, `FolderUnusable`
 */
export function statusSecrets(
  given: string | readonly string[] | undefined,
  environment: Readonly<Record<string, string | undefined>>,
  makeFolder: () => string,
): string[] {
  const said = given ?? environment['SELVAGE_STATUS_SECRET']?.split(/\s+/).filter((text) => text !== '');
  const list = typeof said === 'string' ? [said] : said;
  if (list === undefined || (given === undefined && list.length === 0)) return [ownSecret(makeFolder)];
  if (list.length > 0 && list.every((secret) => secret.length >= LEAST_SECRET)) return [...list];
  throw new SelvageError(
    'WeakSecret',
    `${given === undefined ? 'A secret in SELVAGE_STATUS_SECRET' : 'A secret in `statusSecret`'} has fewer than ${LEAST_SECRET} characters. Make one: openssl rand -hex 32`,
    { details: { option: 'statusSecret' } },
  );
}

function ownSecret(makeFolder: () => string): string {
  return projectSecret(makeFolder, FILE, {
    of: 'status URLs',
    ends: 'status URLs that were given out end with it.',
    instead: 'Set SELVAGE_STATUS_SECRET.',
  });
}
