import * as assert from 'node:assert/strict';
import type { Duplex } from 'node:stream';
import { PROTOCOLS, readHostMessage, type Frame, type StartedHost, type ToldError } from '../../body-hosts';
import { canonicalJson, decodeJson, encodeAttached, encodeJson, type Json } from '../../values';

export type StartBodyHost = (said: (line: string, stream: string) => void) => StartedHost & {
  readonly socket?: Duplex;
};

type Header = Frame['header'];
type Matches = (header: Header) => boolean;

interface Waiting {
  readonly what: string;
  readonly matches: Matches;
  readonly resolve: (frame: Frame) => void;
  readonly reject: (error: Error) => void;
}

interface Line {
  readonly line: string;
  readonly stream: string;
}

type Answer =
  { readonly value: unknown; readonly frame: Frame } | { readonly error: ToldError; readonly frame: Frame };

const CONTEXT = { runId: 'run-1', knotId: 'knot-1', attempt: 1, idempotencyKey: 'run-1/knot-1' };

/**
 * A worker's side of a conversation with a host, frame by frame. A conversation keeps each frame until a test takes it,
 * so that tests can also rule frames out.
 */
export class Conversation {
  readonly host: ReturnType<StartBodyHost>;
  #frames: Frame[] = [];
  #waiting: Waiting[] = [];
  readonly #lines: Line[] = [];
  #lineWaits: { readonly isIt: (line: Line) => boolean; readonly resolve: () => void }[] = [];
  #failure: Error | undefined;
  #next = 1;

  constructor(start: StartBodyHost) {
    this.host = start((line, stream) => {
      this.#lines.push({ line, stream });
      this.#lineWaits = this.#lineWaits.filter(({ isIt, resolve }) => {
        if (!isIt({ line, stream })) return true;
        resolve();
        return false;
      });
    });
    this.host.link.onEnd((reason) => this.#fail(`has ended${reason ? `: ${reason.message}` : ''}`));
    this.host.link.onFrame((frame) => this.#hear(frame));
  }

  get hasEnded(): boolean {
    return this.#failure !== undefined;
  }

  /** An unused id of a call, or number of a stream. */
  newId(): number {
    return this.#next++;
  }

  say(header: object, attachments: readonly Uint8Array[] = []): void {
    // A link to the host may take the memory of sent attachments.
    this.host.link.send(
      JSON.stringify(header),
      attachments.map((bytes) => bytes.slice()),
    );
  }

  /** Waits for the first frame that matches and that was not taken. */
  async take(what: string, matches: Matches): Promise<Frame> {
    const index = this.#frames.findIndex(({ header }) => matches(header));
    if (index >= 0) return this.#frames.splice(index, 1)[0]!;
    if (this.#failure) throw this.#missed(what, this.#failure);
    return await new Promise<Frame>((resolve, reject) => {
      this.#waiting.push({ what, matches, resolve, reject });
    });
  }

  async greet(): Promise<void> {
    this.say({ type: 'hello', protocols: PROTOCOLS });
    await this.take('ready', ({ type }) => type === 'ready');
  }

  /** Calls a body of the suite, and returns the id of the call. */
  call(body: string, inputs: object = {}, context: object = {}): number {
    const id = this.newId();
    const { text, attachments } = encodeAttached(inputs);
    this.say(
      { type: 'call', id, body, inputs: JSON.parse(text) as Json, context: { ...CONTEXT, ...context } },
      attachments,
    );
    return id;
  }

  async answer(id: number): Promise<Answer> {
    const frame = await this.take(
      `the answer to call ${id}`,
      (header) => header['id'] === id && (header['type'] === 'value' || header['type'] === 'error'),
    );
    const { header, attachments } = frame;
    return header['type'] === 'error'
      ? { error: header['error'] as ToldError, frame }
      : { value: decodeJson(header['value'] as Json, { attachments }), frame };
  }

  async value(id: number): Promise<unknown> {
    const answer = await this.answer(id);
    if ('error' in answer) assert.fail(`the call fails with ${JSON.stringify(answer.error)}`);
    return answer.value;
  }

  async error(id: number): Promise<ToldError> {
    const answer = await this.answer(id);
    if ('value' in answer) assert.fail(`the call answers ${canonicalJson(encodeJson(answer.value))}`);
    return answer.error;
  }

  async log(id: number): Promise<Header> {
    const { header } = await this.take(
      `a line of the log of call ${id}`,
      (given) => given['id'] === id && given['type'] === 'log',
    );
    return header;
  }

  async line(text: string, stream: string): Promise<void> {
    const isIt = (said: Line): boolean => said.line === text && said.stream === stream;
    if (this.#lines.some(isIt)) return;
    await new Promise<void>((resolve) => this.#lineWaits.push({ isIt, resolve }));
  }

  async ping(): Promise<void> {
    const id = this.newId();
    this.say({ type: 'ping', id });
    await this.take('pong', (header) => header['type'] === 'pong' && header['id'] === id);
  }

  /** The frames that were not taken, including all that the host sent before it got the ping. */
  async left(): Promise<readonly Header[]> {
    await this.ping();
    return this.#frames.map(({ header }) => header);
  }

  /** Requires that the host has sent only the frames that were taken. */
  async isQuiet(): Promise<void> {
    assert.deepEqual(await this.left(), []);
  }

  /** Waits until the host has ended; it must have sent only the frames that were taken. */
  async gone(): Promise<void> {
    await this.host.gone;
    assert.deepEqual(
      this.#frames.map(({ header }) => header),
      [],
    );
  }

  async close(): Promise<void> {
    this.host.kill();
    await this.host.gone;
  }

  #hear(frame: Frame): void {
    try {
      readHostMessage(frame.header);
    } catch (error) {
      this.#fail(`has said what is no message: ${(error as Error).message}`);
      return;
    }
    const index = this.#waiting.findIndex(({ matches }) => matches(frame.header));
    if (index < 0) this.#frames.push(frame);
    else this.#waiting.splice(index, 1)[0]!.resolve(frame);
  }

  #fail(how: string): void {
    const lines = this.#lines.map(({ line }) => line).join('\n');
    this.#failure ??= new Error(`${this.host.name} ${how}${lines === '' ? '' : `. It wrote:\n${lines}`}`);
    for (const { what, reject } of this.#waiting.splice(0)) reject(this.#missed(what, this.#failure));
  }

  #missed(what: string, { message }: Error): Error {
    const came = this.#frames.map(({ header }) => JSON.stringify(header).slice(0, 500));
    return new Error(
      `${what} does not come: ${message}${came.length > 0 ? `\nInstead came ${came.join('\n')}` : ''}`,
    );
  }
}
