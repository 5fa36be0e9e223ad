import { Api, unknownPath, wrongMethod } from '../api/api';
import type { Guard } from '../api/guard';
import type { LoggerLike } from '../authoring/knot-context';
import { HEADERS } from '../http/answers';
import { isFollowed, LiveFeed } from '../operations/live-feed';
import { Plans } from '../operations/plans';
import type { ProjectData } from '../operations/surroundings';
import { oneLineOf } from '../runtime';
import { documentOf, PageFiles } from './http/page';

const API = 'api/v1/';

export interface ExplorerSurroundings extends Omit<ProjectData, 'plans' | 'live'> {
  readonly guard: Guard;
  /** The path of the page, such as `/selvage`; empty for the root. */
  readonly basePath: string;
  readonly logger: LoggerLike;
}

/** The page's data and acts, independent of the server. */
export class Explorer {
  readonly #closing = new AbortController();
  readonly #data: ProjectData;
  readonly #files = new PageFiles();
  readonly #api: Api;
  readonly #guard: Guard;
  readonly #basePath: string;

  constructor({ guard, basePath, logger, ...data }: ExplorerSurroundings) {
    const { backends } = data;
    const plans = new Plans(backends);
    const { runHistory } = backends;
    this.#guard = guard;
    this.#basePath = basePath;
    this.#data = {
      ...data,
      plans,
      ...(isFollowed(runHistory) && { live: new LiveFeed(runHistory, backends, plans) }),
    };
    this.#api = new Api(this.#data, {
      guard,
      closing: this.#closing.signal,
      onAct: (act) =>
        logger.info(
          act,
          `${act.actor ?? 'somebody'} asked for ${act.act}${act.from === undefined ? '' : ` from ${act.from}`}${act.refused === undefined ? '' : `: refused (${act.refused})`}`,
        ),
      onFailure: (err) =>
        logger.warn({ err }, `the page could not do what it was asked for: ${oneLineOf(err)}`),
    });
  }

  /** @param mountedAt the prefix that a framework has stripped from the path */
  async fetch(request: Request, mountedAt = ''): Promise<Response> {
    const { pathname } = new URL(request.url);
    const basePath = this.#basePath;
    try {
      this.#guard.requireOwnHost(request);
      if (basePath !== '' && pathname !== basePath && !pathname.startsWith(`${basePath}/`))
        throw unknownPath();
      const rest = pathname.slice(basePath.length).replace(/^\//, '');
      if (rest.startsWith(API)) return await this.#api.fetch(request, rest.slice(API.length));
      if (rest.startsWith('api/')) throw unknownPath();
      return this.#page(request, rest, `${mountedAt}${basePath}/`);
    } catch (error) {
      return this.#api.refuse(error);
    }
  }

  #page(request: Request, rest: string, base: string): Response {
    if (request.method !== 'GET' && request.method !== 'HEAD') throw wrongMethod('GET, HEAD');
    const file = rest === '' ? undefined : this.#files.respond(rest, request);
    if (file) return file;
    // A missing file must not be answered by the document. A dot marks a file only at the top level: further down,
    // names of runs may have dots.
    if (/^[^/]*\.(?:js|css|map|woff2|ico|png|svg)$/.test(rest)) throw unknownPath();
    return new Response(documentOf(base), {
      headers: { ...HEADERS, 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' },
    });
  }

  /** Ends all streams of events. Backends and client stay open. */
  close(): void {
    this.#closing.abort();
    this.#data.live?.close();
  }
}
