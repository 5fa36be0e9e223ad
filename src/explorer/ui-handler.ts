import path from 'node:path';
import type { Selvage } from '../client';
import { isDebug, lineLogger } from '../connection/log-line';
import { SelvageError } from '../errors';
import type { LoggerLike } from '../authoring/knot-context';
import { isNodeSurroundings } from '../http/node-surroundings';
import { writeErrorLine } from '../node/terminal';
import type { TriggerDeclaration } from '../triggers';
import type { AnyTapestry } from '../authoring';
import { Explorer } from './explorer';
import { Guard, type Authenticate } from '../api/guard';
import { ServerReach } from '../operations/reach';

export interface UiHandlerOptions {
  /** The client, which answers questions and carries out acts; `close` leaves it open. */
  readonly selvage: Selvage;
  /**
   * Identifies the caller of each request and its rights: by a session, a proxy's header, a client certificate. An
   * unknown caller (undefined) gets a 401. `actor` is recorded with the runs that it starts.
   */
  readonly authenticate: Authenticate;
  /** The tapestries that the page has forms for. Default: none. */
  readonly tapestries?: readonly AnyTapestry[];
  /** The triggers to show even if they have started nothing yet. Default: none. */
  readonly triggers?: readonly TriggerDeclaration[];
  /** The mount path, such as `/selvage`, if the framework keeps it in the URL. Default: the root. */
  readonly basePath?: string;
  /** Whether all acts are refused. Default false. */
  readonly readOnly?: boolean;
  /** Host names of the page; other `Host` headers are refused. If omitted, your server must check names. */
  readonly hosts?: readonly string[];
  /** The title of the page; if omitted, the name of the project's folder. */
  readonly project?: string;
  /** Receives failures to answer (`warn`); if omitted, they become lines on stderr. */
  readonly logger?: LoggerLike;
}

/**
 * Answers the page's requests in any framework with `Request` and `Response`; `toNodeHandler` adapts the handler to
 * Node.
 */
export interface UiHandler {
  (request: Request, surroundings?: unknown): Promise<Response>;
  /** Ends the streams of events, which otherwise stay open as long as the page. The client stays open. */
  close(): void;
}

/**
 * The page of runs in a server of your own, with your own authentication.
 *
 * @throws SelvageError `InvalidConfig`
 */
export function uiHandler(options: UiHandlerOptions): UiHandler {
  const { selvage, authenticate, tapestries = [], triggers = [], readOnly = false, hosts } = options;
  if (typeof authenticate !== 'function') {
    throw new SelvageError(
      'InvalidConfig',
      'uiHandler() needs `authenticate`: a function that says of a request who asks, and whether that one may read and act.',
      { details: { option: 'authenticate', reason: 'MissingPart' } },
    );
  }
  const basePath = (options.basePath ?? '').replace(/\/+$/, '');
  if (basePath !== '' && !basePath.startsWith('/')) {
    throw new SelvageError(
      'InvalidConfig',
      `The basePath ${JSON.stringify(basePath)} of the page does not begin with "/".`,
      { details: { option: 'basePath', reason: 'WrongValue' } },
    );
  }
  const named = hosts && new Set(hosts.map((host) => host.toLowerCase()));
  const explorer = new Explorer({
    backends: selvage.backends,
    reach: ServerReach.of(selvage),
    project: options.project ?? path.basename(selvage.projectDir),
    tapestries,
    triggers,
    basePath,
    guard: new Guard({
      authenticate,
      isReadOnly: readOnly,
      ...(named && { isOwnHost: (host: string) => named.has(host.toLowerCase()) }),
    }),
    logger: options.logger ?? lineLogger(writeErrorLine, { format: 'text', runs: true, isVerbose: isDebug }),
  });
  const answer = async (request: Request, surroundings?: unknown): Promise<Response> =>
    await explorer.fetch(request, isNodeSurroundings(surroundings) ? surroundings.mountedAt : undefined);
  return Object.assign(answer, { close: () => explorer.close() });
}
