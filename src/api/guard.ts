import { createHash, timingSafeEqual } from 'node:crypto';
import { hostname } from 'node:os';
import { isIP } from 'node:net';
import { SelvageError } from '../errors';
import { scopeMissing } from '../operations/scope-missing';
import type { Rights } from '../operations/surroundings';
import type { NamedToken } from './tokens';

/** The rights of a caller. */
export interface Caller {
  readonly mayRead: boolean;
  readonly mayAct: boolean;
  /** Whether the caller may read values. Default: `mayRead`. */
  readonly mayReadValues?: boolean;
  /** Whether the caller sees secrets in values, parameters and defaults. Default: `mayAct`. */
  readonly maySeeSecrets?: boolean;
  /** Trigger that is recorded with the runs that the caller starts. */
  readonly actor?: string;
  /** The name of the caller's token, if the token has scopes. */
  readonly token?: string;
}

/** Identifies the caller of a request. An undefined caller is unknown, and may do nothing. */
export type Authenticate = (request: Request) => Caller | undefined | Promise<Caller | undefined>;

interface GuardOptions {
  readonly authenticate: Authenticate;
  readonly isReadOnly: boolean;
  /** Whether a host name is this server's own; if omitted, any name is, and the surrounding server must check names. */
  readonly isOwnHost?: (host: string) => boolean;
}

/**
 * Decides what a request may do.
 * G1  Other sites get no answer. Browsers name the site of a request; a foreign host name that leads here (DNS
 *     rebinding) is refused.
 * G2  An act must be JSON with a header that no form or link can send: the page's own, or a bearer token.
 * G3  `authenticate` decides for each request anew.
 */
export class Guard {
  constructor(private readonly options: GuardOptions) {}

  /** @throws SelvageError `CrossSiteRequest` */
  requireOwnHost(request: Request): void {
    const host = hostOf(request);
    if (this.options.isOwnHost?.(host) === false) {
      throw new SelvageError(
        'CrossSiteRequest',
        `This page is not served under the name ${JSON.stringify(host)}. Open it by the link that was printed, or name the host with --public-host.`,
        { details: { host } },
      );
    }
  }

  /**
   * @param act whether the request is an act
   * @throws SelvageError `CrossSiteRequest`, `Unauthenticated`, `ScopeMissing`, `UiReadOnly`, `UnsupportedMediaType`
   */
  async rightsOf(request: Request, act = false): Promise<Rights> {
    this.requireOwnHost(request);
    requireSameOrigin(request);
    if (act) requireActRequest(request);
    const caller = await this.options.authenticate(request);
    if (!caller || (!act && !caller.mayRead)) throw notAllowed('read', caller);
    const { isReadOnly } = this.options;
    if (act && isReadOnly) {
      throw new SelvageError('UiReadOnly', 'This page is for reading: it was started with --read-only.');
    }
    if (act && !caller.mayAct) throw notAllowed('act', caller);
    return {
      mayAct: caller.mayAct,
      isReadOnly,
      mayReadValues: caller.mayReadValues ?? caller.mayRead,
      maySeeSecrets: caller.maySeeSecrets ?? caller.mayAct,
      // The page adds its own trigger to runs that it starts.
      ...(request.headers.get(ACT_HEADER) === null && { trigger: 'api' }),
      ...(caller.actor !== undefined && { actor: caller.actor }),
    };
  }
}

function notAllowed(to: 'read' | 'act', caller: Caller | undefined): SelvageError {
  if (caller?.token !== undefined) return scopeMissing(to);
  return new SelvageError(
    'Unauthenticated',
    to === 'read'
      ? 'This page needs its token. Open the link that `selvage ui` has printed.'
      : 'Actions need the token. Open the link that `selvage ui` has printed.',
  );
}

function hostOf(request: Request): string {
  return request.headers.get('host') ?? new URL(request.url).host;
}

/** Browsers always send the header `sec-fetch-site`, and scripts cannot change it; other programs leave it out. */
function requireSameOrigin(request: Request): void {
  const { headers } = request;
  const site = headers.get('sec-fetch-site');
  const origin = headers.get('origin');
  const isForeignSite = site !== null && site !== 'same-origin' && site !== 'none';
  const isForeignOrigin = origin !== null && !isOriginOf(origin, hostOf(request));
  if (!isForeignSite && !isForeignOrigin) return;
  throw new SelvageError('CrossSiteRequest', 'Another site has sent this request, which gets no answer.', {
    details: { ...(origin !== null && { origin }), ...(site !== null && { site }) },
  });
}

/** Compares hosts only: a proxy may end TLS, so the scheme may differ. */
function isOriginOf(origin: string, host: string): boolean {
  try {
    return new URL(origin).host === new URL(`${new URL(origin).protocol}//${host}`).host;
  } catch {
    return false;
  }
}

export const ACT_HEADER = 'x-selvage-action';

function requireActRequest({ headers }: Request): void {
  // Other sites cannot send the header `authorization` either: CORS does not permit this header.
  const isBearer = headers.get('authorization')?.startsWith('Bearer ') === true;
  if (headers.get(ACT_HEADER) === null && !isBearer) {
    throw new SelvageError(
      'CrossSiteRequest',
      `An act needs the header ${ACT_HEADER}, which the page sends, or the token as "authorization: Bearer …".`,
    );
  }
  const [type] = (headers.get('content-type') ?? '').split(';');
  if (type!.trim().toLowerCase() !== 'application/json') {
    throw new SelvageError(
      'UnsupportedMediaType',
      'An act is asked for in JSON: content-type: application/json.',
    );
  }
}

interface TokenOptions {
  readonly token: string;
  readonly isReadingClosed: boolean;
  readonly actor: string | undefined;
  readonly cookie: string;
  readonly tokens: readonly NamedToken[];
  /** Whether readers without the token see secrets, too. Default false. */
  readonly areSecretsShown?: boolean | undefined;
}

/** Callers with the token may act. Callers without the token may read, unless reading is closed. */
export function byToken({
  token,
  isReadingClosed,
  actor,
  cookie,
  tokens,
  areSecretsShown = false,
}: TokenOptions): Authenticate {
  return (request) => {
    const given = givenToken(request, cookie);
    // Compares with all tokens, so that the duration does not tell which one matched.
    const [named] = tokens.filter((one) => isEqual(given, one.token));
    if (named) {
      const { name, scopes } = named;
      const maySeeSecrets = scopes.has('values');
      const may = {
        mayRead: scopes.has('read'),
        mayReadValues: maySeeSecrets,
        maySeeSecrets,
        mayAct: scopes.has('act'),
      };
      return { ...may, actor: name, token: name };
    }
    const hasToken = isEqual(given, token);
    return {
      mayRead: hasToken || !isReadingClosed,
      mayAct: hasToken,
      maySeeSecrets: hasToken || areSecretsShown,
      ...(actor !== undefined && { actor }),
    };
  };
}

function givenToken({ headers }: Request, cookie: string): string | undefined {
  const [, bearer] = /^Bearer (.+)$/.exec(headers.get('authorization') ?? '') ?? [];
  if (bearer !== undefined) return bearer;
  for (const part of (headers.get('cookie') ?? '').split(';')) {
    const [name, value] = part.trim().split('=');
    if (name === cookie) return value;
  }
  return undefined;
}

/** Compares in constant time, so that the duration tells nothing about the token. */
export function isEqual(given: string | undefined, token: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given ?? ''), digest(token)) && given !== undefined;
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(?:\.\d{1,3}){3}$/.test(host);
}

/**
 * Returns a check for a server's own names. A server on loopback has the names of loopback. Any other server has IP
 * addresses (safe from DNS rebinding), the machine's name and the given host. A proxy's names are always accepted.
 */
export function ownHosts(listening: string, ofProxy: readonly string[] = []): (host: string) => boolean {
  return (said) => {
    const name = nameIn(said);
    if (name === undefined) return false;
    if (ofProxy.some((own) => own.toLowerCase() === name)) return true;
    if (isLoopback(listening)) return isLoopback(name);
    return isIP(name) !== 0 || [listening, hostname(), 'localhost'].some((own) => own.toLowerCase() === name);
  };
}

/** The host name in lower case, without port and brackets. */
function nameIn(host: string): string | undefined {
  try {
    return new URL(`http://${host}`).hostname.replace(/^\[|\]$/g, '').toLowerCase();
  } catch {
    return undefined;
  }
}
