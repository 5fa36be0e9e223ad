import { Api, unknownPath, wrongMethod, type ApiOptions } from '../../api/api';
import { SelvageError } from '../../errors';
import { HEADERS, jsonAnswer } from '../../http/answers';
import type { ProjectData } from '../../operations/surroundings';
import { answerJson } from '../../values/answer-json';
import { QUESTIONS } from '../asks';
import type { OtherQuestions } from '../contract';
import { answer } from '../questions';
import { documentOf, PageFiles } from './page';

type QuestionName = keyof OtherQuestions;

export interface HandlerOptions extends ApiOptions {
  /** The path at which the page is mounted, such as `/selvage`; empty for the root. */
  readonly basePath: string;
}

/** Answers all requests of a page; undefined for a path outside of it. */
export class PageHandler {
  readonly #files = new PageFiles();
  readonly #v1: Api;

  constructor(
    private readonly data: ProjectData,
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
      if (rest.startsWith('api/')) return await this.#api(request, rest.slice('api/'.length));
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

  async #api(request: Request, name: string): Promise<Response> {
    const isQuestion = Object.hasOwn(QUESTIONS, name);
    if (name.startsWith('v1/')) return await this.#v1.fetch(request, name.slice('v1/'.length));
    if (!isQuestion) throw unknownPath();
    if (request.method !== 'GET') throw wrongMethod('GET');
    return await this.#question(request, name as QuestionName);
  }

  async #question(request: Request, name: QuestionName): Promise<Response> {
    const rights = await this.options.guard.rightsOf(request);
    const text = new URL(request.url).searchParams.get('q') ?? '{}';
    const ask = checked(QUESTIONS[name], parse(text), name);
    return await jsonResponse(request, await answer(this.data, rights, name, ask));
  }
}

/** @throws SelvageError `InvalidRequest` */
function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new SelvageError('InvalidRequest', 'What was asked is no JSON.', { cause: error });
  }
}

type Schema = (typeof QUESTIONS)[QuestionName];

/** @throws SelvageError `InvalidRequest` */
function checked(schema: Schema, asked: unknown, name: string): object {
  const { success, data, error } = parsed(schema, asked, name);
  if (success) return data;
  const problems = error.issues.slice(0, 5).map(({ path, message }) => ({ path: path.join('.'), message }));
  const words = problems
    .map(({ path, message }) => (path === '' ? message : `${path}: ${message}`))
    .join('; ');
  throw new SelvageError('InvalidRequest', `"${name}" was asked wrongly: ${words}.`, {
    details: { problems },
  });
}

/** @throws SelvageError `InvalidRequest` if the ask is nested deeper than the stack goes */
function parsed(schema: Schema, asked: unknown, name: string): ReturnType<Schema['safeParse']> {
  try {
    return schema.safeParse(asked);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new SelvageError('InvalidRequest', `"${name}" was asked with what is nested too deeply.`, {
      cause: error,
    });
  }
}

async function jsonResponse(request: Request, value: unknown): Promise<Response> {
  return await jsonAnswer(request, JSON.stringify(answerJson(value)));
}
