import { request, type IncomingHttpHeaders } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import type { z } from 'zod';
import type { ActName, Acts, LiveMessage, QuestionName, Questions } from '../../src/explorer/contract';
import {
  servePage,
  ServerReach,
  type PageServer,
  type PageServerOptions,
} from '../../src/explorer/page-server';
import type { ProblemDocument } from '../../src/api/problem-document';
import { BY_NAME } from '../../src/operations';
import { pathOf, type Operation } from '../../src/operations/operation';
import { requestOf } from '../../src/operations/request';
import { SelvageError } from '../../src/errors';
import { fromAnswerJson } from '../../src/values/answer-json';
import { onClose, temporaryFolder } from './open-selvage';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

interface Asked {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Sends a request with any headers, including the ones that `fetch` does not let callers set. */
export async function send(url: string, { method = 'GET', headers = {}, body }: Asked = {}): Promise<Answer> {
  return await new Promise((resolve, reject) => {
    const sent = request(url, { method, headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const whole = Buffer.concat(chunks);
        const text = response.headers['content-encoding'] === 'gzip' ? gunzipSync(whole) : whole;
        resolve({ status: response.statusCode!, headers: response.headers, body: text.toString('utf8') });
      });
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

/** An unreachable server, for pages that show records. */
export const nobody = new ServerReach(() =>
  Promise.reject(
    new SelvageError('ServerUnreachable', 'No Temporal server answers at 127.0.0.1:1.', {
      details: { away: true },
    }),
  ),
);

export const quietLogger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/** A page on a free port, closed after the test. */
export async function openPage(
  options: Pick<PageServerOptions, 'backends'> & Partial<PageServerOptions>,
): Promise<TestPage> {
  const page = await servePage({
    reach: nobody,
    projectDir: options.projectDir ?? (await temporaryFolder()),
    project: 'test',
    tapestries: [],
    triggers: [],
    port: 0,
    logger: quietLogger,
    ...options,
  });
  onClose(() => page.close());
  return new TestPage(page);
}

/** The page of another process, by its printed link. */
export function pageAt(link: string): TestPage {
  const url = new URL(link);
  url.search = '';
  return new TestPage({
    url: url.href,
    link,
    port: Number(url.port),
    isOpenToOthers: false,
    close: () => Promise.reject(new Error('The other process ends its page.')),
  });
}

/** Uses a page as a browser does. */
export class TestPage {
  readonly token: string;
  readonly url: string;

  constructor(readonly server: PageServer) {
    this.url = server.url;
    this.token = new URL(server.link).searchParams.get('token')!;
  }

  async question(
    name: string,
    ask: object = {},
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Answer> {
    const { path, body } = requestOf(name, ask);
    return await send(`${this.url}api/v1/${path}`, {
      ...(body === undefined
        ? { headers }
        : { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body }),
    });
  }

  async ask<Name extends QuestionName>(
    name: Name,
    ask: Questions[Name]['ask'],
  ): Promise<Questions[Name]['answer']> {
    const answer = fromAnswerJson(answerOf(await this.question(name, ask))) as Questions[Name]['answer'];
    const schema = (BY_NAME.get(name) as Operation | undefined)?.answer as z.ZodType | undefined;
    // Fields missing in the schema would be missing in everything made from it.
    if (schema) expect(answer).toEqual(schema.parse(answer));
    return answer;
  }

  async post(name: string, ask: object, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
    return await send(`${this.url}api/v1/${pathOf(name)}`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'x-selvage-action': '1',
        authorization: `Bearer ${this.token}`,
        ...headers,
      },
      body: JSON.stringify(ask),
    });
  }

  async act<Name extends ActName>(name: Name, ask: Acts[Name]['ask']): Promise<Acts[Name]['answer']> {
    return answerOf(await this.post(name, ask));
  }

  /** Listens from a position on, until the end of the test. */
  listen(after?: string, headers: Readonly<Record<string, string>> = {}): LiveReader {
    const reader = new LiveReader(
      `${this.url}api/v1/live${after === undefined ? '' : `?after=${encodeURIComponent(after)}`}`,
      headers,
    );
    onClose(() => Promise.resolve(reader.close()));
    return reader;
  }
}

function answerOf<T>({ status, body }: Answer): T {
  const answer = JSON.parse(body) as T | ProblemDocument;
  if (status === 200) return answer as T;
  const { code, detail } = answer as ProblemDocument;
  throw new Error(`${status} ${code}: ${detail}`);
}

export interface Frame {
  readonly id: string;
  readonly event: string;
  readonly events: readonly LiveMessage[];
}

/** Frames of the feed as they come. */
export class LiveReader {
  readonly frames: Frame[] = [];
  /** Whether the response has begun. */
  isOpen = false;
  ended = false;
  readonly #abort = new AbortController();

  constructor(url: string, headers: Readonly<Record<string, string>>) {
    void this.#read(url, headers).finally(() => (this.ended = true));
  }

  get events(): LiveMessage[] {
    return this.frames.flatMap(({ events }) => events);
  }

  /** Waits until the received frames fulfil the condition. */
  async until(is: (reader: this) => boolean): Promise<this> {
    while (!is(this)) {
      if (this.ended) throw new Error(`The feed has ended: ${JSON.stringify(this.frames)}`);
      await delay(5);
    }
    return this;
  }

  close(): void {
    this.#abort.abort();
  }

  async #read(url: string, headers: Readonly<Record<string, string>>): Promise<void> {
    try {
      const response = await fetch(url, { headers, signal: this.#abort.signal });
      this.isOpen = true;
      let text = '';
      for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
        text += chunk;
        const parts = text.split('\n\n');
        text = parts.pop()!;
        for (const part of parts) this.#take(part);
      }
    } catch {
      // Closed by the test, or by the page.
    }
  }

  #take(part: string): void {
    const fields = new Map(
      part.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]),
    );
    const data = fields.get('data');
    if (data === undefined) return;
    this.frames.push({
      id: fields.get('id') ?? '',
      event: fields.get('event') ?? 'message',
      events: fromAnswerJson(JSON.parse(data)) as LiveMessage[],
    });
  }
}
