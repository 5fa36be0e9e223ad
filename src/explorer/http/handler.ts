import { promisify } from 'node:util';
import type { z } from 'zod';
import { gzip } from 'node:zlib';
import { BodyReader } from '../../adapters/webhook/read-body';
import { Problem } from '../../adapters/webhook/problem';
import { SelvageError } from '../../errors';
import { answerJson } from '../../values/answer-json';
import { act, type ActAsk } from '../acts';
import { ACTS, QUESTIONS } from '../asks';
import type { OtherActs, OtherQuestions } from '../contract';

type ActName = keyof OtherActs;
type QuestionName = keyof OtherQuestions;
import { OPERATIONS } from '../../operations';
import { fromTexts } from '../../operations/flat';
import { invoke } from '../../operations/invoke';
import { pathOf, type Operation } from '../../operations/operation';
import type { ProjectData } from '../../operations/surroundings';
import { refusalOf } from '../http-status';
import { liveStream } from '../live-stream';
import { answer } from '../questions';
import type { Guard } from './guard';
import { acceptsGzip, documentOf, HEADERS, PageFiles } from './page';

/** Limits for the body of a request: parameters of a run, or the payload of a signal. */
const BODY_LIMITS = { body: 4 * 1024 * 1024, time: 30_000 };
/** Shorter answers are sent uncompressed. */
const LEAST_ZIPPED = 1_024;
const ZIP_LEVEL = 4;

export interface HandlerOptions {
  readonly guard: Guard;
  /** The path at which the page is mounted, such as `/selvage`; empty for the root. */
  readonly basePath: string;
  /** Receives failures that are not the caller's fault. */
  readonly onFailure: (error: unknown) => void;
  /** Aborts when the page is closed, which ends the streams of events. */
  readonly closing: AbortSignal;
}

/** Answers all requests of a page; undefined for a path outside of it. */
export class PageHandler {
  readonly #files = new PageFiles();
  readonly #bodies = new BodyReader();

  constructor(
    private readonly data: ProjectData,
    private readonly options: HandlerOptions,
  ) {}

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
      return this.#refuse(error);
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
    const isAct = Object.hasOwn(ACTS, name);
    if (name === 'live') return await this.#live(request);
    if (name.startsWith('v1/')) return await this.#operation(request, name.slice('v1/'.length));
    if (isAct && request.method === 'POST') return await this.#act(request, name as ActName);
    if (isQuestion && request.method === 'GET') return await this.#question(request, name as QuestionName);
    if (!isQuestion && !isAct) throw unknownPath();
    throw wrongMethod([...(isQuestion ? ['GET'] : []), ...(isAct ? ['POST'] : [])].join(', '));
  }

  async #operation(request: Request, path: string): Promise<Response> {
    const isQuery = path.endsWith('/query');
    const operation = AT_PATH.get(isQuery ? path.slice(0, -'/query'.length) : path);
    if (!operation) throw unknownPath();
    const isAct = operation.kind === 'act';
    const method = isAct || isQuery ? 'POST' : 'GET';
    if (request.method !== method || (isAct && isQuery)) throw wrongMethod(isAct ? 'POST' : method);
    const caller = await this.options.guard.rightsOf(request, isAct);
    const ask = method === 'GET' ? askInQuery(operation, request) : await this.#bodyOf(request);
    return await jsonResponse(request, await invoke(operation, { ...this.data, caller }, ask as never));
  }

  async #bodyOf(request: Request): Promise<unknown> {
    const { bytes, release } = await this.#bodies.read(request, BODY_LIMITS);
    release();
    return parse(new TextDecoder().decode(bytes));
  }

  async #question(request: Request, name: QuestionName): Promise<Response> {
    const rights = await this.options.guard.rightsOf(request);
    const text = new URL(request.url).searchParams.get('q') ?? '{}';
    const ask = checked(QUESTIONS[name], parse(text), name);
    return await jsonResponse(request, await answer(this.data, rights, name, ask));
  }

  async #act(request: Request, name: ActName): Promise<Response> {
    const rights = await this.options.guard.rightsOf(request, true);
    const ask = checked(ACTS[name], await this.#bodyOf(request), name);
    return await jsonResponse(request, await act(this.data, rights, name, ask as ActAsk));
  }

  async #live(request: Request): Promise<Response> {
    if (request.method !== 'GET') throw wrongMethod('GET');
    await this.options.guard.rightsOf(request);
    const { live } = this.data;
    if (!live) {
      throw new SelvageError(
        'UnknownPath',
        `The run history (${this.data.backends.runHistory.technology}) does not tell what changes in it: ask again now and then.`,
      );
    }
    const after =
      request.headers.get('last-event-id') ?? new URL(request.url).searchParams.get('after') ?? undefined;
    const stream = liveStream(live, after, AbortSignal.any([request.signal, this.options.closing]));
    return new Response(stream, {
      headers: {
        ...HEADERS,
        'content-type': 'text/event-stream',
        'cache-control': 'no-store',
        // Keeps proxies from buffering events.
        'x-accel-buffering': 'no',
      },
    });
  }

  #refuse(thrown: unknown): Response {
    const error =
      thrown instanceof Problem ? new SelvageError(thrown.code, thrown.detail, { cause: thrown }) : thrown;
    const { status, body } = refusalOf(error);
    if (status === 500) this.options.onFailure(error);
    return new Response(JSON.stringify(body), {
      status,
      headers: {
        ...HEADERS,
        ...(thrown instanceof WrongMethod && { allow: thrown.allow }),
        'content-type': 'application/json; charset=utf-8',
        'cache-control': 'no-store',
      },
    });
  }
}

/** By the path below `api/v1/`, such as `runs/waiting`. */
const AT_PATH = new Map<string, Operation>(OPERATIONS.map((one) => [pathOf(one.name), one]));

function askInQuery({ ask }: Operation, request: Request): object {
  const { searchParams } = new URL(request.url);
  return fromTexts(
    ask as z.ZodObject,
    new Map([...searchParams.keys()].map((name) => [name, searchParams.getAll(name)])),
  );
}

class WrongMethod extends SelvageError {
  constructor(readonly allow: string) {
    super('MethodNotAllowed', `This path takes ${allow}.`, { details: { allow } });
  }
}

function wrongMethod(allow: string): SelvageError {
  return new WrongMethod(allow);
}

function unknownPath(): SelvageError {
  return new SelvageError('UnknownPath', 'There is nothing at this path.');
}

/** @throws SelvageError `InvalidRequest` */
function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new SelvageError('InvalidRequest', 'What was asked is no JSON.', { cause: error });
  }
}

type Schema = (typeof QUESTIONS)[QuestionName] | (typeof ACTS)[ActName];

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

const zip = promisify(gzip);

async function jsonResponse(request: Request, value: unknown): Promise<Response> {
  const text = JSON.stringify(answerJson(value));
  const headers = {
    ...HEADERS,
    'content-type': 'application/json; charset=utf-8',
    'cache-control': 'no-store',
    vary: 'accept-encoding, cookie',
  };
  if (text.length < LEAST_ZIPPED || !acceptsGzip(request)) return new Response(text, { headers });
  const zipped = new Uint8Array(await zip(text, { level: ZIP_LEVEL }));
  return new Response(zipped, { headers: { ...headers, 'content-encoding': 'gzip' } });
}
