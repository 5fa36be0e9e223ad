import { asPlainBytes } from '../../values';
import type { Link } from './link';
import { tellThrown } from './told-errors';

/** Most bytes of a chunk. */
const CHUNK_BYTES = 1024 * 1024;

/** Sends a stream in chunks, each when the other side has taken the one before. */
export class OutgoingStream {
  readonly #link: Link;
  readonly #number: number;
  #mayGo: Promise<void> = Promise.resolve();
  #go: () => void = () => {};
  #fail: (error: unknown) => void = () => {};

  constructor(link: Link, number: number) {
    this.#link = link;
    this.#number = number;
  }

  /** The other side has taken a chunk. */
  more(): void {
    this.#go();
  }

  /** Nothing more is wanted. */
  fail(error: Error): void {
    this.#fail(error);
    this.#mayGo = Promise.reject(error);
    this.#mayGo.catch(() => undefined);
  }

  /** Sends all of it. What the source throws is told to the other side, and thrown. */
  async send(source: Uint8Array | AsyncIterable<Uint8Array>): Promise<void> {
    const stream = this.#number;
    try {
      for await (const piece of source instanceof Uint8Array ? [source] : source) {
        for (let at = 0; at < piece.byteLength; at += CHUNK_BYTES) {
          await this.#mayGo;
          this.#mayGo = new Promise((resolve, reject) => {
            this.#go = resolve;
            this.#fail = reject;
          });
          this.#mayGo.catch(() => undefined);
          this.#link.send(JSON.stringify({ type: 'chunk', stream }), [
            asPlainBytes(piece).slice(at, at + CHUNK_BYTES),
          ]);
        }
      }
      await this.#mayGo;
    } catch (error) {
      this.#link.send(JSON.stringify({ type: 'failed', stream, error: tellThrown(error) }));
      throw error;
    }
    this.#link.send(JSON.stringify({ type: 'end', stream }));
  }
}

/** A stream that comes in chunks. Holds one at a time: the next is asked for when one is taken. */
export class IncomingStream implements AsyncIterable<Uint8Array> {
  readonly #link: Link;
  readonly #number: number;
  #arrived: IteratorResult<Uint8Array, undefined> | undefined;
  #error: { readonly thrown: unknown } | undefined;
  #wake: () => void = () => {};

  constructor(link: Link, number: number) {
    this.#link = link;
    this.#number = number;
  }

  push(value: Uint8Array): void {
    this.#arrived = { value };
    this.#wake();
  }

  end(): void {
    this.#arrived = { value: undefined, done: true };
    this.#wake();
  }

  fail(thrown: unknown): void {
    this.#error = { thrown };
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, undefined> {
    for (;;) {
      while (!this.#arrived && !this.#error) await new Promise<void>((resolve) => (this.#wake = resolve));
      if (this.#error) throw this.#error.thrown;
      const { value, done } = this.#arrived!;
      if (done) return undefined;
      this.#arrived = undefined;
      yield value;
      this.#link.send(JSON.stringify({ type: 'more', stream: this.#number }));
    }
  }
}
