import { Problem } from './problem';

/** Headers of a refusal that leaves a body unread, as its connection cannot be reused. */
export const CLOSE = { connection: 'close' } as const;

/** Limit for all bodies that are being received, or wait for their runs to be started. */
const ALL_BODIES = 64 * 1024 * 1024;

interface Arriving {
  held: number;
  refuse(problem: Problem): void;
}

/** A body's bytes count until it is released, which must happen once. */
interface ReceivedBody {
  readonly bytes: Uint8Array;
  release(): void;
}

/**
 * Reads request bodies, each within limits of bytes and time, and all together within a limit of bytes. Beyond the
 * common limit, the body that has been arriving longest is given up, so that slow senders make room for quick ones.
 */
export class BodyReader {
  /** The arriving bodies, in the order of arrival. */
  private readonly arriving = new Set<Arriving>();
  private held = 0;

  constructor(private readonly allBodies = ALL_BODIES) {}

  /** Limits are bytes and milliseconds. Throws `Problem` 400 (broken off), 408, 413, 429. */
  async read(
    request: Request,
    limits: { readonly body: number; readonly time: number },
  ): Promise<ReceivedBody> {
    requireShort(request.headers, limits.body);
    const stream = request.body;
    if (!stream) return { bytes: new Uint8Array(), release: () => {} };
    const reader = stream.getReader();
    const chunks: Uint8Array[] = [];
    let refuse!: (problem: Problem) => void;
    const refused = new Promise<never>((_, reject) => (refuse = reject));
    const arriving: Arriving = { held: 0, refuse };
    const timer = setTimeout(() => {
      refuse(
        new Problem('RequestTimeout', `The body did not come within ${limits.time} ms.`, { headers: CLOSE }),
      );
    }, limits.time);
    this.arriving.add(arriving);
    try {
      for (;;) {
        const { done, value } = await Promise.race([reader.read(), refused]);
        if (done) break;
        arriving.held += value.byteLength;
        this.held += value.byteLength;
        if (arriving.held > limits.body) throw tooLarge(limits.body);
        chunks.push(value);
        this.makeRoom(arriving);
      }
      return { bytes: joined(chunks, arriving.held), release: () => (this.held -= arriving.held) };
    } catch (error) {
      this.held -= arriving.held;
      // The end is not awaited: a slow connection may also be slow to end.
      reader.cancel().catch(() => {});
      if (error instanceof Problem) throw error;
      throw new Problem('InvalidRequest', 'The body was broken off.', { headers: CLOSE, cause: error });
    } finally {
      clearTimeout(timer);
      this.arriving.delete(arriving);
    }
  }

  private makeRoom(newest: Arriving): void {
    if (this.held <= this.allBodies) return;
    for (const oldest of this.arriving) {
      if (oldest.held === 0 && oldest !== newest) continue;
      oldest.refuse(
        new Problem('TooManyRequests', 'Too many requests are on their way. Send it again later.', {
          headers: { ...CLOSE, 'retry-after': '1' },
        }),
      );
      return;
    }
  }
}

/** Throws `Problem` 413 by the declared length of the body. */
export function requireShort(headers: Headers, limit: number): void {
  const said = headers.get('content-length');
  if (said !== null && Number(said) > limit) throw tooLarge(limit);
}

function tooLarge(limit: number): Problem {
  return new Problem('RequestTooLarge', `The body has more than ${limit} bytes.`, { headers: CLOSE });
}

function joined(chunks: readonly Uint8Array[], length: number): Uint8Array {
  if (chunks.length === 1) return chunks[0]!;
  const body = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    body.set(chunk, at);
    at += chunk.byteLength;
  }
  return body;
}

/** If a body was left unread, the connection cannot be reused. */
export function withoutBody(problem: Problem, request: Request): Problem {
  if (!request.body) return problem;
  return new Problem(problem.code, problem.detail, {
    ...problem.more,
    headers: { ...problem.more.headers, ...CLOSE },
  });
}
