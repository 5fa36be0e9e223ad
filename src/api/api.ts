import { createHash, randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { LRUCache } from 'lru-cache';
import type { z } from 'zod';
import { BodyReader } from '../adapters/webhook/read-body';
import { Problem } from '../adapters/webhook/problem';
import { Rate } from '../adapters/webhook/rate';
import { SelvageError } from '../errors';
import { HEADERS, jsonAnswer } from '../http/answers';
import { remoteAddressOf } from '../http/remote-address';
import { OPERATIONS } from '../operations';
import { fromTexts } from '../operations/flat';
import { DOWNLOAD, downloadOf } from '../operations/tables/download';
import { invoke } from '../operations/invoke';
import { pathOf, type Act, type Operation } from '../operations/operation';
import type { ProjectData, Rights } from '../operations/surroundings';
import { ACTS } from '../ports';
import { unstorableIn } from '../ports/parts/not-storable';
import { within } from '../ports/parts/pause';
import { answerJson } from '../values/answer-json';
import type { Guard } from './guard';
import { liveStream } from './live-stream';
import { openApi } from './open-api';
import { problemDocument } from './problem-document';

/** Path of the files of tables. */
const TABLE_FILE = pathOf(DOWNLOAD.name);
const BODY_LIMITS = { body: 4 * 1024 * 1024, time: 30_000 };
/** Suffix of the path for a question by POST, for which a URL is too small. */
const QUERY = '/query';
/** Per caller. The rate is far above the few requests a second that a page in use sends. */
const RATE = { perSecond: 200, burst: 1_000 };
const LONGEST_RUN_ID = 1_000;
/** Milliseconds that an act's answer waits for its record. */
const NOTE_MS = 2_000;
/** Number of callers whose rate is remembered. */
const CALLERS = 1_000;

const TABLE: readonly Operation[] = OPERATIONS;
/** Operations by path below `/api/v1/`, such as `runs/waiting`. */
const AT_PATH = new Map(TABLE.map((one) => [pathOf(one.name), one]));

interface ApiOptions {
  readonly guard: Guard;
  readonly onFailure: (error: unknown) => void;
  readonly onAct: (act: ActNote) => void;
  /** A signal that aborts when the API is closed, and ends the streams of events. */
  readonly closing: AbortSignal;
}

/** An act as the log has it. */
interface ActNote {
  readonly act: string;
  readonly actor: string | undefined;
  /** The request's address, if the server knows it; behind a proxy, the proxy's address. */
  readonly from: string | undefined;
  /** The error's code if it was refused. */
  readonly refused?: string;
}

export class Api {
  readonly #bodies = new BodyReader();
  /** Counts requests by actor: the page's own, a token's name, or a user's. */
  readonly #rates = new LRUCache<string, Rate>({ max: CALLERS });
  #document: string | undefined;

  constructor(
    private readonly data: ProjectData,
    private readonly options: ApiOptions,
  ) {}

  /** @param path below `/api/v1/` */
  async fetch(request: Request, path: string): Promise<Response> {
    if (path === 'openapi.json') return await this.#describe(request);
    if (path === 'live') return await this.#live(request);
    if (path === TABLE_FILE) return await this.#file(request);
    const isQuery = path.endsWith(QUERY);
    const operation = AT_PATH.get(isQuery ? path.slice(0, -QUERY.length) : path);
    const isAct = operation?.kind === 'act';
    if (!operation || (isAct && isQuery)) throw unknownPath();
    const method = isAct || isQuery ? 'POST' : 'GET';
    if (request.method !== method) throw wrongMethod(method);
    const caller = await this.options.guard.rightsOf(request, isAct);
    this.#requireRate(caller.actor ?? '');
    const ask = method === 'GET' ? askInUrl(operation, request) : await this.#bodyOf(request);
    return operation.kind === 'act'
      ? await this.#act(request, operation, withKey(operation, ask, request), caller)
      : await this.#answer(request, operation, ask, caller);
  }

  #requireRate(actor: string): void {
    const rate = this.#rates.get(actor) ?? new Rate(RATE);
    this.#rates.set(actor, rate);
    const seconds = rate.take();
    if (seconds > 0)
      throw new Problem(
        'TooManyRequests',
        `More requests come than one caller may send (${RATE.perSecond} a second). Send it again later.`,
        {
          headers: { 'retry-after': String(Math.ceil(seconds)) },
        },
      );
  }

  async #answer(request: Request, operation: Operation, ask: object, caller: Rights): Promise<Response> {
    const answer: unknown = await invoke(operation, { ...this.data, caller }, ask);
    const text = JSON.stringify(answerJson(answer));
    const etag = `"${createHash('sha256').update(text).digest('base64url')}"`;
    if (request.headers.get('if-none-match')?.split(/,\s*/).includes(etag))
      return new Response(null, { status: 304, headers: { ...HEADERS, etag } });
    return await jsonAnswer(request, text, { etag });
  }

  async #act(request: Request, operation: Operation, ask: object, caller: Rights): Promise<Response> {
    const note = { act: operation.name, actor: caller.actor, from: remoteAddressOf(request) };
    const { runId } = (ask ?? {}) as { readonly runId?: unknown };
    let answer: unknown;
    try {
      answer = await invoke(operation, { ...this.data, caller }, ask);
    } catch (error) {
      await this.#note({ ...note, refused: SelvageError.is(error) ? error.code : 'InternalError' }, runId);
      throw error;
    }
    await this.#note(note, (answer as { readonly runId?: unknown }).runId ?? runId);
    return await jsonAnswer(request, JSON.stringify(answerJson(answer)));
  }

  /**
   * Logs an act at once, and records it. A failed record does not fail the act: the act is done, and the caller must
   * know.
   */
  async #note(note: ActNote, runId: unknown): Promise<void> {
    this.options.onAct(note);
    const { act, actor, from, refused } = note;
    const claim = {
      trigger: `${ACTS}${act}`,
      key: randomUUID(),
      // An invalid run id may be why the act was refused.
      runId: isRunId(runId) ? runId : '',
      requestHash: null,
      event: { ...(actor && { actor }), ...(from && { from }), ...(refused && { refused }) },
    };
    const { startLedger } = this.data.backends;
    // The ledger forgets only entries that are marked as started.
    const kept = startLedger.claim([claim]).then(() => startLedger.markStarted([claim]));
    // A hanging database must not delay the answer: the caller would repeat the act.
    await within(
      kept.catch((error: unknown) => this.options.onFailure(error)),
      NOTE_MS,
    );
  }

  async #describe(request: Request): Promise<Response> {
    if (request.method !== 'GET') throw wrongMethod('GET');
    await this.options.guard.rightsOf(request);
    this.#document ??= JSON.stringify(openApi(TABLE));
    return await jsonAnswer(request, this.#document);
  }

  async #file(request: Request): Promise<Response> {
    if (request.method !== 'GET') throw wrongMethod('GET');
    const caller = await this.options.guard.rightsOf(request);
    this.#requireRate(caller.actor ?? '');
    const { fileName, mediaType, pieces } = await downloadOf(
      { ...this.data, caller },
      askInUrl(DOWNLOAD, request),
    );
    const body = Readable.toWeb(Readable.from(bytesOf(pieces))) as ReadableStream<Uint8Array>;
    return new Response(body, {
      headers: {
        ...HEADERS,
        'content-type': mediaType,
        'content-disposition': `attachment; filename="${fileName}"`,
        'cache-control': 'no-store',
      },
    });
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

  async #bodyOf(request: Request): Promise<object> {
    const { bytes, release } = await this.#bodies.read(request, BODY_LIMITS);
    release();
    return parse(new TextDecoder().decode(bytes));
  }

  refuse(thrown: unknown): Response {
    const error =
      thrown instanceof Problem ? new SelvageError(thrown.code, thrown.detail, { cause: thrown }) : thrown;
    const problem = problemDocument(error);
    if (problem.status === 500) this.options.onFailure(error);
    return new Response(JSON.stringify(problem), {
      status: problem.status,
      headers: {
        ...HEADERS,
        ...(thrown instanceof WrongMethod && { allow: thrown.allow }),
        ...(thrown instanceof Problem && thrown.more.headers),
        'content-type': 'application/problem+json',
        'cache-control': 'no-store',
      },
    });
  }
}

/**
 * Adds the header `Idempotency-Key` to the ask.
 *
 * @throws SelvageError `InvalidRequest` if the act would be repeated in spite of the header
 */
function withKey({ name, repeat }: Act, ask: object, { headers }: Request): object {
  const key = headers.get('idempotency-key');
  if (key === null || repeat === 'same') return ask;
  if (repeat !== 'again') return { [repeat.key]: key, ...ask };
  throw new SelvageError(
    'InvalidRequest',
    `"${name}" takes no Idempotency-Key: asked for twice, it is done twice. Leave the header out, and look first at what the first request has done.`,
  );
}

async function* bytesOf(pieces: AsyncIterable<Uint8Array | string>): AsyncGenerator<Uint8Array> {
  for await (const piece of pieces) yield typeof piece === 'string' ? Buffer.from(piece) : piece;
}

class WrongMethod extends SelvageError {
  constructor(readonly allow: string) {
    super('MethodNotAllowed', `This path takes ${allow}.`, { details: { allow } });
  }
}

export function wrongMethod(allow: string): SelvageError {
  return new WrongMethod(allow);
}

export function unknownPath(): SelvageError {
  return new SelvageError('UnknownPath', 'There is nothing at this path.');
}

function askInUrl({ ask }: Pick<Operation, 'ask'>, request: Request): object {
  const { searchParams } = new URL(request.url);
  const given = new Map([...searchParams.keys()].map((name) => [name, searchParams.getAll(name)]));
  return fromTexts(ask as z.ZodObject, given);
}

/** @throws SelvageError `InvalidRequest` */
function parse(text: string): object {
  try {
    return JSON.parse(text) as object;
  } catch (error) {
    throw new SelvageError('InvalidRequest', 'The request is no JSON.', { cause: error });
  }
}

function isRunId(given: unknown): given is string {
  return typeof given === 'string' && given.length <= LONGEST_RUN_ID && unstorableIn(given) === undefined;
}
