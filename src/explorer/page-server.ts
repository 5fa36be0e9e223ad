import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { currentActor } from '../client';
import { SelvageError } from '../errors';
import { makePrivateFolder, STATE_FOLDER } from '../node/private-files';
import { isProject } from '../node/project-folder';
import { LEAST_SECRET, projectSecret } from '../node/project-secret';
import { isWritable } from '../node/writable';
import { listen, type Listener } from '../http/listener';
import { Explorer, type ExplorerSurroundings } from './explorer';
import { byToken, Guard, isEqual, isLoopback, ownHosts } from '../api/guard';
import { readTokens } from '../api/tokens';
import { HEADERS } from '../http/answers';

export { ServerReach } from '../operations/reach';

const DEFAULT_PORT = 4480;
const TOKEN_FILE = 'ui-token';
const COOKIE_SECONDS = 30 * 24 * 3600;
/** Milliseconds that answers in progress may take when the server closes; streams of events end at once. */
const CLOSE_MS = 500;

export interface PageServerOptions extends Omit<ExplorerSurroundings, 'guard' | 'basePath'> {
  readonly projectDir: string;
  /** The port; if omitted, 4480, or any free port if another program uses that. 0: any free port. */
  readonly port?: number;
  /** The host, by default `127.0.0.1`; on addresses other than loopback, reading needs the token, too. */
  readonly host?: string;
  /** Names by which a proxy serves the page. If such names are given, reading needs the token, too. Default: none. */
  readonly hosts?: readonly string[];
  /** Whether nobody sees the printed link, so the token must be stored in the project. Default false. */
  readonly isService?: boolean;
  readonly isReadOnly?: boolean;
  /** Whether reading needs the token even on loopback. Default false. */
  readonly isReadingClosed?: boolean;
  /** Whether all readers see secrets; default: false, for only callers with the token. */
  readonly areSecretsShown?: boolean;
  /**
   * The token; if omitted, `SELVAGE_UI_TOKEN`, else the project's own. A service creates a missing project folder for
   * it; other pages get a new token.
   */
  readonly token?: string;
}

export interface PageServer {
  readonly port: number;
  readonly url: string;
  /** The URL with the token, for callers that may act. */
  readonly link: string;
  readonly isOpenToOthers: boolean;
  close(): Promise<void>;
}

/** @throws SelvageError `PortInUse`, `InvalidConfig`, `WeakSecret`, `FolderUnusable` */
export async function servePage(options: PageServerOptions): Promise<PageServer> {
  const { host = '127.0.0.1', hosts = [], isReadOnly = false } = options;
  const isReadingClosed = options.isReadingClosed || hosts.length > 0 || !isLoopback(host);
  const token = options.token ?? tokenOf(options, process.env, isReadingClosed || !isReadOnly);
  const isOwnHost = ownHosts(host, hosts);
  let cookie = '';
  let answerPage: (request: Request) => Promise<Response> = () =>
    Promise.resolve(new Response(null, { status: 503 }));
  const listener = await listenSomewhere((request) => answerPage(request), options.port, host);
  cookie = `selvage_page_${listener.port}`;
  const actor = currentActor() ?? undefined;
  const guard = new Guard({
    isOwnHost,
    isReadOnly,
    authenticate: byToken({
      token,
      cookie,
      tokens: readTokens(process.env['SELVAGE_API_TOKENS'] ?? ''),
      actor,
      areSecretsShown: options.areSecretsShown,
      isReadingClosed,
    }),
  });
  const explorer = new Explorer({ ...options, guard, basePath: '' });
  answerPage = async (request) => {
    const url = new URL(request.url);
    const given = url.searchParams.get('token');
    if (
      given !== null &&
      !url.pathname.startsWith('/api/') &&
      isOwnHost(request.headers.get('host') ?? url.host)
    )
      return isEqual(given, token) ? admit(url, cookie, token) : wrongToken();
    return await explorer.fetch(request);
  };
  const url = `${shownUrl(listener.url)}/`;
  return {
    port: listener.port,
    url,
    link: `${url}?token=${token}`,
    isOpenToOthers: !isLoopback(host),
    close: async () => {
      explorer.close();
      await listener.close(CLOSE_MS);
    },
  };
}

/** Moves the token from the URL into a cookie: out of history, bookmarks and the screen. */
function admit(url: URL, cookie: string, token: string): Response {
  url.searchParams.delete('token');
  // The path must begin with one slash: a location that begins with two names another host.
  const location = `/${url.pathname.replace(/^\/+/, '')}${url.search}`;
  return new Response(null, {
    status: 303,
    headers: {
      ...HEADERS,
      location,
      'set-cookie': `${cookie}=${token}; HttpOnly; SameSite=Strict; Path=/; Max-Age=${COOKIE_SECONDS}`,
      'cache-control': 'no-store',
    },
  });
}

function wrongToken(): Response {
  return new Response(
    'This link is not of this page any more. Take the one that was printed when it was started.\n',
    {
      status: 401,
      headers: { ...HEADERS, 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' },
    },
  );
}

async function listenSomewhere(
  fetch: (request: Request) => Promise<Response>,
  port: number | undefined,
  host: string,
): Promise<Listener> {
  try {
    return await listen(fetch, { port: port ?? DEFAULT_PORT, host });
  } catch (error) {
    if (port !== undefined || !SelvageError.is(error, 'PortInUse')) throw error;
    return await listen(fetch, { port: 0, host });
  }
}

/** Replaces an address such as `0.0.0.0`, which browsers cannot open. */
function shownUrl(url: string): string {
  return url.replace('//0.0.0.0:', '//127.0.0.1:').replace('//[::]:', '//[::1]:');
}

function tokenOf(
  { projectDir, isService = false }: PageServerOptions,
  environment: Readonly<Record<string, string | undefined>>,
  isAskedFor: boolean,
): string {
  const said = environment['SELVAGE_UI_TOKEN'];
  if (said !== undefined && said !== '') {
    if (said.length >= LEAST_SECRET && /^[\w.~-]+$/.test(said)) return said;
    throw new SelvageError(
      'WeakSecret',
      `The token in SELVAGE_UI_TOKEN has fewer than ${LEAST_SECRET} characters, or others than letters, digits, "-", "_", "." and "~". Make one: openssl rand -hex 32`,
      { details: { variable: 'SELVAGE_UI_TOKEN' } },
    );
  }
  // A page over a missing project must not create its folder.
  const isPassing = !isAskedFor || (!isService && !isProject(projectDir) && isWritable(projectDir));
  if (isPassing) return randomBytes(32).toString('base64url');
  return projectSecret(
    () => {
      const folder = path.join(projectDir, STATE_FOLDER);
      makePrivateFolder(folder);
      return folder;
    },
    TOKEN_FILE,
    {
      of: 'the page',
      ends: 'links that were printed before end with it.',
      instead: 'Set SELVAGE_UI_TOKEN.',
    },
  );
}
