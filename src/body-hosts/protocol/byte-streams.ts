import { asPlainBytes } from '../../values';
import { ProtocolBroken, type Link } from './link';
import type { ToldError } from './messages';
import { tellThrown, thrownAs } from './told-errors';

const CHUNK_BYTES = 1024 * 1024;

/** Sends a stream in chunks, each after the other side has taken the previous one. */
class OutgoingStream {
  #mayGo: Promise<void> = Promise.resolve();
  #go: () => void = () => {};
  #fail: (error: Error) => void = () => {};
  #hasFailed = false;
  #giveUp!: (error: Error) => void;
  /** Rejects when the other side wants nothing more of the stream, even after the last chunk. */
  readonly failed: Promise<never>;

  constructor(
    private readonly link: Link,
    private readonly number: number,
  ) {
    this.failed = new Promise((_, reject) => (this.#giveUp = reject));
    this.failed.catch(() => undefined);
  }

  /** The other side has taken a chunk. */
  more(): void {
    this.#go();
  }

  /** The other side wants nothing more of the stream. */
  fail(error: Error): void {
    this.#hasFailed = true;
    this.#giveUp(error);
    this.#fail(error);
    this.#mayGo = Promise.reject(error);
    this.#mayGo.catch(() => undefined);
  }

  /** Reports an error of the source to the other side, and throws it. */
  async send(source: Uint8Array | AsyncIterable<Uint8Array>): Promise<void> {
    const stream = this.number;
    try {
      for await (const piece of source instanceof Uint8Array ? [source] : source) {
        for (let at = 0; at < piece.byteLength; at += CHUNK_BYTES) {
          await this.#mayGo;
          this.#mayGo = new Promise((resolve, reject) => {
            this.#go = resolve;
            this.#fail = reject;
          });
          this.#mayGo.catch(() => undefined);
          this.link.send(JSON.stringify({ type: 'chunk', stream }), [
            asPlainBytes(piece).slice(at, at + CHUNK_BYTES),
          ]);
        }
      }
      await this.#mayGo;
    } catch (error) {
      // The other side knows its own failure.
      if (!this.#hasFailed)
        this.link.send(JSON.stringify({ type: 'failed', stream, error: tellThrown(error) }));
      throw error;
    }
    this.link.send(JSON.stringify({ type: 'end', stream }));
  }
}

/** Receives a stream one chunk at a time, and requests the next chunk when one is taken. */
class IncomingStream implements AsyncIterable<Uint8Array> {
  #arrived: Uint8Array | undefined;
  #hasEnded = false;
  #error: { readonly thrown: unknown } | undefined;
  #wake: () => void = () => {};

  constructor(
    private readonly link: Link,
    private readonly number: number,
  ) {}

  /** @throws ProtocolBroken if the chunk is too large, or was not requested */
  push(chunk: Uint8Array): void {
    if (chunk.byteLength > CHUNK_BYTES)
      throw new ProtocolBroken(
        `a chunk of stream ${this.number} has ${chunk.byteLength} bytes, and may have ${CHUNK_BYTES}`,
      );
    if (this.#arrived || this.#hasEnded)
      throw new ProtocolBroken(`a chunk of stream ${this.number} comes that nobody has asked for`);
    this.#arrived = chunk;
    this.#wake();
  }

  end(): void {
    this.#hasEnded = true;
    this.#wake();
  }

  fail(thrown: unknown): void {
    this.#error = { thrown };
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, undefined> {
    let isWanted = true;
    try {
      for (;;) {
        while (!this.#arrived && !this.#hasEnded && !this.#error)
          await new Promise<void>((resolve) => (this.#wake = resolve));
        if (this.#error) throw this.#error.thrown;
        const chunk = this.#arrived;
        if (!chunk) return undefined;
        this.#arrived = undefined;
        isWanted = false;
        yield chunk;
        isWanted = true;
        if (!this.#hasEnded && !this.#error) this.#say('more');
      }
    } finally {
      if (!isWanted && !this.#hasEnded && !this.#error)
        this.#say('failed', { error: { type: 'StreamFailed', message: 'No more is wanted.' } });
    }
  }

  #say(type: string, more: object = {}): void {
    this.link.send(JSON.stringify({ type, stream: this.number, ...more }));
  }
}

/** A message about an open stream. */
type StreamMessage =
  | { readonly type: 'chunk' | 'more' | 'end'; readonly stream: number }
  | { readonly type: 'failed'; readonly stream: number; readonly error: ToldError };

/** The streams of a connection, by number. Streams end with their call. */
export class ByteStreams {
  readonly #incoming = new Map<number, { readonly call: number; readonly stream: IncomingStream }>();
  readonly #outgoing = new Map<number, { readonly call: number; readonly stream: OutgoingStream }>();

  constructor(private readonly link: Link) {}

  incoming(call: number, number: number): IncomingStream {
    const stream = new IncomingStream(this.link, number);
    this.#incoming.set(number, { call, stream });
    return stream;
  }

  outgoing(call: number, number: number): OutgoingStream {
    const stream = new OutgoingStream(this.link, number);
    this.#outgoing.set(number, { call, stream });
    return stream;
  }

  /** Ignores messages that crossed the end of their stream. @throws ProtocolBroken */
  take(message: StreamMessage, attachments: readonly Uint8Array[]): void {
    const incoming = this.#incoming.get(message.stream)?.stream;
    const outgoing = this.#outgoing.get(message.stream)?.stream;
    switch (message.type) {
      case 'chunk':
        incoming?.push(attachments[0] ?? new Uint8Array());
        return;
      case 'more':
        outgoing?.more();
        return;
      case 'end':
        incoming?.end();
        return;
      case 'failed': {
        const error = thrownAs(message.error) as Error;
        this.over(message.stream);
        incoming?.fail(error);
        outgoing?.fail(error);
      }
    }
  }

  has(number: number): boolean {
    return this.#incoming.has(number) || this.#outgoing.has(number);
  }

  over(number: number): void {
    this.#incoming.delete(number);
    this.#outgoing.delete(number);
  }

  /** Rejects waits in streams of the call, or of all calls. */
  fail(error: Error, call?: number): void {
    for (const streams of [this.#incoming, this.#outgoing]) {
      for (const [number, one] of streams) {
        if (call !== undefined && one.call !== call) continue;
        streams.delete(number);
        one.stream.fail(error);
      }
    }
  }
}
