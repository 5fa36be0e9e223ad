import http from 'node:http';
import https from 'node:https';
import type { LookupFunction } from 'node:net';

export interface Answer {
  readonly status: number;
  /** The pause that the receiver wants, in milliseconds: a second to an hour. */
  readonly retryAfterMs?: number;
}

interface PostOptions {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly signal: AbortSignal;
}

/** At most this many bytes are read of the body of an answer, which is not used. */
const ANSWER_BYTES = 64 * 1024;
const SHORTEST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 3_600_000;

/** Posts to one receiver, over kept connections. Redirects are not followed. */
export class Poster {
  readonly #agent: http.Agent;
  readonly #client: typeof http | typeof https;

  constructor(
    protocol: string,
    private readonly lookup: LookupFunction,
  ) {
    this.#client = protocol === 'https:' ? https : http;
    this.#agent = new this.#client.Agent({ keepAlive: true, maxFreeSockets: 1, timeout: 60_000 });
  }

  /** Posts, and resolves when the status is known. */
  async post(options: PostOptions): Promise<Answer> {
    try {
      return await this.#request(options);
    } catch (error) {
      // The receiver closed a kept connection while the request was on its way.
      if (error !== STALE) throw error;
      return await this.#request(options);
    }
  }

  close(): void {
    this.#agent.destroy();
  }

  #request({ url, headers, body, signal }: PostOptions): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const request = this.#client.request(url, {
        method: 'POST',
        agent: this.#agent,
        lookup: this.lookup,
        signal,
        headers: { ...headers, 'content-length': Buffer.byteLength(body) },
      });
      request.on('error', (error: NodeJS.ErrnoException) => {
        const isStale = request.reusedSocket && (error.code === 'ECONNRESET' || error.code === 'EPIPE');
        reject(isStale ? STALE : error);
      });
      request.on('response', (response) => {
        let read = 0;
        response.on('error', () => {});
        response.on('data', (piece: Buffer) => {
          read += piece.length;
          if (read > ANSWER_BYTES) response.destroy();
        });
        const retryAfterMs = pauseOf(response.headers['retry-after']);
        resolve({ status: response.statusCode!, ...(retryAfterMs !== undefined && { retryAfterMs }) });
      });
      request.end(body);
    });
  }
}

const STALE = new Error('a connection was closed before it was used again');

/** The pause by the header `retry-after`, in seconds or as a date. */
function pauseOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const pause = /^\d{1,9}$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - Date.now();
  return Number.isFinite(pause) ? Math.min(Math.max(SHORTEST_PAUSE_MS, pause), LONGEST_PAUSE_MS) : undefined;
}
