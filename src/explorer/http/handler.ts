import { Api, unknownPath, wrongMethod, type ApiOptions } from '../../api/api';
import { HEADERS } from '../../http/answers';
import type { ProjectData } from '../../operations/surroundings';
import { documentOf, PageFiles } from './page';

const API = 'api/v1/';

export interface HandlerOptions extends ApiOptions {
  /** The path at which the page is mounted, such as `/selvage`; empty for the root. */
  readonly basePath: string;
}

/** Answers all requests of a page; undefined for a path outside of it. */
export class PageHandler {
  readonly #files = new PageFiles();
  readonly #v1: Api;

  constructor(
    data: ProjectData,
    private readonly options: HandlerOptions,
  ) {
    this.#v1 = new Api(data, options);
  }

  /** @param mountedAt the part that a framework has stripped from the front of the path */
  async fetch(request: Request, mountedAt = ''): Promise<Response> {
    const { pathname } = new URL(request.url);
    const { basePath } = this.options;
    try {
      this.options.guard.requireOwnHost(request);
      if (basePath !== '' && pathname !== basePath && !pathname.startsWith(`${basePath}/`))
        throw unknownPath();
      const rest = pathname.slice(basePath.length).replace(/^\//, '');
      if (rest.startsWith(API)) return await this.#v1.fetch(request, rest.slice(API.length));
      if (rest.startsWith('api/')) throw unknownPath();
      return this.#page(request, rest, `${mountedAt}${basePath}/`);
    } catch (error) {
      return this.#v1.refuse(error);
    }
  }

  #page(request: Request, rest: string, base: string): Response {
    if (request.method !== 'GET' && request.method !== 'HEAD') throw wrongMethod('GET, HEAD');
    const file = rest === '' ? undefined : this.#files.respond(rest, request);
    if (file) return file;
    // A missing file must not be answered by the page's document. This holds at the top level only: further
    // down, the names are those of runs, which may have dots.
    if (/^[^/]*\.(?:js|css|map|woff2|ico|png|svg)$/.test(rest)) throw unknownPath();
    return new Response(documentOf(base), {
      headers: { ...HEADERS, 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' },
    });
  }
}
