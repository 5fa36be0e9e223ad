import { SelvageError } from '../../errors';
import { StoredBytes, decodeJson, encodeAttached, encodeJson, type Json } from '../../values';
import { HostLost, checkTables, errorType, type BodyCall } from '../../runtime';
import { noteFile } from '../../user-modules';
import type { Fragment } from '../../authoring/fragment';
import type { KnotContext } from '../../authoring/knot-context';
import { ByteStreams } from './byte-streams';
import { ProtocolBroken, type Frame, type Link } from './link';
import { PROTOCOLS, readHostMessage, type BodyDescription, type HostMessage } from './messages';
import { tellThrown, thrownAs } from './told-errors';

/** Time limit for a host's start: Python loads its libraries, on a busy machine. */
const READY_LIMIT_MS = 120_000;

type Ready = Omit<Extract<HostMessage, { type: 'ready' }>, 'type'>;

interface Call {
  readonly context: KnotContext;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
  /** The first forbidden request of the body; fails the call as if the body had thrown it. */
  refused?: { readonly error: unknown };
  /** Error types of the call's streams on this side. */
  readonly failures: Set<string>;
}

interface Question {
  readonly resolve: (bodies: readonly BodyDescription[]) => void;
  readonly reject: (error: unknown) => void;
}

/** The worker's side of a conversation with one thread or process of a body host. */
export class HostSession {
  /** Rejects with `HostNotUsable` if the host refuses, ends, or takes too long. */
  readonly ready: Promise<Ready>;
  /** Resolves when the conversation is over, even if the other side continues. */
  readonly over: Promise<void>;
  readonly #link: Link;
  /** Describes the host in messages: `Python (python3, process 17)`. */
  readonly #what: () => string;
  readonly #calls = new Map<number, Call>();
  readonly #questions = new Map<number, Question>();
  readonly #streams: ByteStreams;
  #next = 1;
  #ended: HostLost | undefined;
  #isOver!: () => void;
  #greet!: { readonly resolve: (ready: Ready) => void; readonly reject: (error: Error) => void };

  constructor(link: Link, what: () => string) {
    this.#link = link;
    this.#streams = new ByteStreams(link);
    this.#what = what;
    this.ready = new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => reject(this.#notUsable(`has not answered for ${READY_LIMIT_MS / 1_000} s`)),
        READY_LIMIT_MS,
      );
      const settled =
        <T>(settle: (value: T) => void) =>
        (value: T): void => {
          clearTimeout(timer);
          settle(value);
        };
      this.#greet = { resolve: settled(resolve), reject: settled(reject) };
    });
    this.ready.catch(() => undefined);
    this.over = new Promise((resolve) => (this.#isOver = resolve));
    link.onEnd((reason) => this.#end(reason));
    link.onFrame((frame) => this.#hear(frame));
    this.#say({ type: 'hello', protocols: PROTOCOLS });
  }

  get hasEnded(): boolean {
    return this.#ended !== undefined;
  }

  /** @throws errors of loading a module; HostLost */
  describe(modules: readonly string[]): Promise<readonly BodyDescription[]> {
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      if (this.#ended) reject(this.#ended);
      this.#questions.set(id, { resolve, reject });
      this.#say({ type: 'describe', id, modules });
    });
  }

  /**
   * Calls a body, and asks it to end when its signal is aborted.
   *
   * @param grace milliseconds that the body may continue after the signal
   * @throws HostLost; `NotEncodable` for inputs that the codec does not know, or that are too large; errors of the
   * body
   */
  call(
    body: string,
    { inputs, context }: Pick<BodyCall, 'inputs' | 'context'>,
    grace: number,
  ): Promise<unknown> {
    const id = this.#next++;
    const { text, attachments } = encodeAttached(inputs);
    const { signal, lastHeartbeat, traceparent } = context;
    const said = {
      runId: context.runId,
      knotId: context.knotId,
      attempt: context.attempt,
      idempotencyKey: context.idempotencyKey,
      ...(traceparent !== undefined && { traceparent }),
      ...(lastHeartbeat !== undefined && { lastHeartbeat: encodeJson(lastHeartbeat) }),
    };
    const header = `{"type":"call","id":${id},"body":${JSON.stringify(body)},"inputs":${text},"context":${JSON.stringify(said)}}`;
    if (isLonger(header, this.#link.mostHeaderBytes)) return Promise.reject(tooLarge(inputs, context.knotId));
    const cancel = (): void => this.#say({ type: 'cancel', id, reason: reasonOf(signal.reason), grace });
    return new Promise<unknown>((resolve, reject) => {
      if (this.#ended) {
        reject(this.#ended);
        return;
      }
      this.#calls.set(id, { context, resolve, reject, failures: new Set() });
      this.#link.send(header, attachments);
      if (signal.aborted) cancel();
      else signal.addEventListener('abort', cancel, { once: true });
    }).finally(() => signal.removeEventListener('abort', cancel));
  }

  /** Adds a program's line to the log of the running body. Returns false if no body runs, or several do. */
  said(line: string): boolean {
    if (this.#calls.size !== 1) return false;
    for (const { context } of this.#calls.values()) context.logger.info(line);
    return true;
  }

  /** Tells the host that it may end. */
  close(): void {
    if (this.#ended) return;
    this.#say({ type: 'goodbye' });
    this.#link.close();
  }

  #say(header: object): void {
    this.#link.send(JSON.stringify(header));
  }

  #hear({ header, attachments }: Frame): void {
    try {
      this.#answer(readHostMessage(header), attachments);
    } catch (error) {
      if (!(error instanceof ProtocolBroken)) throw error;
      this.#link.close();
      this.#end(error);
    }
  }

  #answer(message: HostMessage, attachments: readonly Uint8Array[]): void {
    switch (message.type) {
      case 'ready':
        if (PROTOCOLS.includes(message.protocol)) this.#greet.resolve(message);
        else
          this.#greet.reject(
            this.#notUsable(
              `speaks version ${message.protocol} of the body protocol, and this worker version ${PROTOCOLS.join(', ')}`,
            ),
          );
        return;
      case 'refused':
        this.#greet.reject(this.#notUsable(`refuses: ${message.error.message}`, thrownAs(message.error)));
        return;
      case 'described':
        message.files.forEach(noteFile);
        this.#take(this.#questions, message.id)?.resolve(message.bodies);
        return;
      case 'value':
        this.#value(message.id, message.value as Json, attachments);
        return;
      case 'error': {
        const error = thrownAs(message.error, this.#calls.get(message.id)?.failures);
        message.files.forEach(noteFile);
        this.#take(this.#questions, message.id)?.reject(error);
        const call = this.#answered(message.id);
        call?.reject(message.error.type === 'WorkerLost' ? new HostLost(message.error.message) : error);
        return;
      }
      case 'heartbeat':
        this.#asked(message.id, ({ context }) =>
          context.heartbeat(decodeJson(message.details as Json, { attachments })),
        );
        return;
      case 'log':
        this.#asked(message.id, ({ context }) =>
          context.logger[message.level](decodeJson(message.fields as Json) as object, message.message),
        );
        return;
      case 'extend':
        this.#asked(message.id, ({ context }) => context.extend(message.fragment as Fragment));
        return;
      case 'store':
        this.#asked(message.id, (call) => void this.#store(call, message));
        return;
      case 'open':
        this.#asked(message.id, (call) => void this.#open(call, message));
        return;
      case 'chunk':
      case 'more':
      case 'end':
      case 'failed':
        this.#streams.take(message, attachments);
        return;
      case 'pong':
    }
  }

  #value(id: number, json: Json, attachments: readonly Uint8Array[]): void {
    const call = this.#answered(id);
    if (!call) return;
    try {
      const value = decodeJson(json, { attachments });
      checkTables(value);
      if (call.refused) call.reject(call.refused.error);
      else call.resolve(value);
    } catch (error) {
      call.reject(error);
    }
  }

  /** Serves a request of a body. Ignores requests of a call that has ended. */
  #asked(id: number, work: (call: Call) => void): void {
    const call = this.#calls.get(id);
    if (!call) return;
    try {
      work(call);
    } catch (error) {
      call.refused ??= { error };
    }
  }

  async #store({ context, failures }: Call, message: Extract<HostMessage, { type: 'store' }>): Promise<void> {
    const { id, stream, mediaType } = message;
    const source = this.#streams.incoming(id, stream);
    try {
      const stored = await context.store(source, mediaType === undefined ? {} : { mediaType });
      if (this.#streams.has(stream)) this.#say({ type: 'stored', stream, value: encodeJson(stored) });
    } catch (error) {
      failures.add(errorType(error));
      if (this.#streams.has(stream)) this.#say({ type: 'failed', stream, error: tellThrown(error) });
    } finally {
      this.#streams.over(stream);
    }
  }

  async #open({ context, failures }: Call, message: Extract<HostMessage, { type: 'open' }>): Promise<void> {
    const { id, stream } = message;
    const target = this.#streams.outgoing(id, stream);
    let isSending = false;
    try {
      const stored = decodeJson(message.value as Json);
      if (!StoredBytes.is(stored))
        throw new ProtocolBroken('what is to be opened is no reference to stored bytes');
      const source = await context.open(stored);
      isSending = true;
      await target.send(source);
    } catch (error) {
      failures.add(errorType(error));
      if (!isSending) this.#say({ type: 'failed', stream, error: tellThrown(error) });
    } finally {
      this.#streams.over(stream);
    }
  }

  /** Ends the call's streams with its answer. */
  #answered(id: number): Call | undefined {
    const call = this.#take(this.#calls, id);
    if (call) this.#streams.fail(new Error('The call of the body has ended.'), id);
    return call;
  }

  #take<T>(from: Map<number, T>, id: number): T | undefined {
    const found = from.get(id);
    from.delete(id);
    return found;
  }

  #end(reason: Error | undefined): void {
    if (this.#ended) return;
    const why =
      reason instanceof ProtocolBroken
        ? `has broken the body protocol: ${reason.message}`
        : reason
          ? `has ended: ${reason.message}`
          : 'has ended';
    const lost = (knot?: string): HostLost =>
      new HostLost(`${this.#what()}${knot === undefined ? '' : `, which ran knot "${knot}",`} ${why}.`);
    this.#ended = lost();
    this.#greet.reject(this.#notUsable(why));
    for (const { reject } of this.#questions.values()) reject(this.#ended);
    for (const { reject, context } of this.#calls.values()) reject(lost(context.knotId));
    this.#streams.fail(this.#ended);
    this.#questions.clear();
    this.#calls.clear();
    this.#isOver();
  }

  #notUsable(why: string, cause?: unknown): SelvageError {
    return new SelvageError('HostNotUsable', `${this.#what()} ${why}${/[.?]$/.test(why) ? '' : '.'}`, {
      cause,
    });
  }
}

function reasonOf(reason: unknown): 'cancelled' | 'timeout' | 'shutdown' {
  if (SelvageError.is(reason, 'BodyTimeout')) return 'timeout';
  return reason instanceof Error && reason.message.includes('WORKER_SHUTDOWN') ? 'shutdown' : 'cancelled';
}

/** Bytes reserved for the attachments' lengths, which a link adds. */
const ADDED_BYTES = 512 * 1024;

function isLonger(text: string, mostBytes: number): boolean {
  const most = mostBytes - ADDED_BYTES;
  // A character takes at most three bytes.
  return text.length * 3 > most && Buffer.byteLength(text) > most;
}

function tooLarge(inputs: Record<string, unknown>, knotId: string): SelvageError {
  const sizes = Object.entries(inputs).map(
    ([name, value]) => [name, Buffer.byteLength(encodeAttached(value).text)] as const,
  );
  const [input, size] = sizes.reduce((largest, one) => (one[1] > largest[1] ? one : largest));
  return new SelvageError(
    'NotEncodable',
    `The inputs of knot "${knotId}" cannot be handed to its body host: they take more than 64 MiB of JSON, of which "${input}" takes ${size} bytes. Bytes do not ` +
      'count: pass it as bytes or as a reference to stored ones (ctx.store), or in parts.',
    { details: { knot: knotId, input, reason: 'TooLarge' } },
  );
}
