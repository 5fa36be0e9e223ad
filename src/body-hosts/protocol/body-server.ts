import { SelvageError } from '../../errors';
import { type StoredBytes, decodeJson, encodeAttached, type Json } from '../../values';
import {
  bodyLoggerBy,
  encodeHandedOn,
  openTables,
  readableThrow,
  storeTables,
  valueOfResult,
} from '../../runtime';
import type { Fragment } from '../../authoring/fragment';
import type { KnotContext, Logger, Resources } from '../../authoring/knot-context';
import type { KnotBody } from '../../authoring/records';
import { ByteStreams } from './byte-streams';
import type { Frame, Link } from './link';
import { PROTOCOLS, readWorkerMessage, type BodyDescription, type CallMessage } from './messages';
import { tellThrown } from './told-errors';

export interface ServedBodies {
  readonly bodies: readonly BodyDescription[];
  readonly resources: Readonly<Record<string, unknown>>;
  find(name: string): KnotBody | undefined;
}

/** Calls a body within the worker's span, if given. */
type WithinSpan = <T>(traceparent: string | undefined, call: () => Promise<T>) => Promise<T>;

/** The host's side of a conversation, for bodies in JavaScript. */
export class BodyServer {
  #loaded: Promise<ServedBodies> | undefined;
  readonly #running = new Map<number, AbortController>();
  readonly #answers = new Set<Promise<void>>();
  readonly #streams: ByteStreams;
  /** By stream number. */
  readonly #storing = new Map<number, { readonly stored: (value: unknown) => void }>();
  #nextStream = 1;

  /** @param load called before the first body is needed */
  constructor(
    private readonly link: Link,
    private readonly load: () => Promise<ServedBodies>,
    private readonly within: WithinSpan = (_, call) => call(),
  ) {
    this.#streams = new ByteStreams(link);
    link.onFrame((frame) => void this.#hear(frame));
  }

  async #hear({ header, attachments }: Frame): Promise<void> {
    const message = readWorkerMessage(header);
    switch (message.type) {
      case 'hello':
        return this.#greet(message.protocols);
      case 'describe':
        return await this.#describe(message.id);
      case 'call': {
        const answer = this.#call(message, attachments);
        this.#answers.add(answer);
        await answer;
        this.#answers.delete(answer);
        return;
      }
      case 'cancel':
        return this.#running.get(message.id)?.abort(cancelReason(message.reason));
      case 'ping':
        return this.#say({ type: 'pong', id: message.id });
      case 'goodbye':
        await Promise.allSettled(this.#answers);
        return this.link.close();
      case 'stored':
        return this.#storing.get(message.stream)?.stored(decodeJson(message.value as Json));
      default:
        return this.#streams.take(message, attachments);
    }
  }

  #say(header: object): void {
    this.link.send(JSON.stringify(header));
  }

  #greet(protocols: readonly number[]): void {
    const protocol = PROTOCOLS.find((known) => protocols.includes(known));
    if (protocol !== undefined) {
      this.#say({ type: 'ready', protocol, language: 'javascript', runtime: process.version });
      return;
    }
    const message = `It speaks version ${PROTOCOLS.join(', ')} of the body protocol, and not ${protocols.join(', ')}`;
    this.#say({ type: 'refused', error: { type: 'ProtocolUnknown', message } });
    this.link.close();
  }

  #served(): Promise<ServedBodies> {
    return (this.#loaded ??= this.load());
  }

  async #describe(id: number): Promise<void> {
    try {
      const { bodies } = await this.#served();
      this.#say({ type: 'described', id, bodies });
    } catch (error) {
      this.#say({ type: 'error', id, error: tellThrown(error) });
    }
  }

  async #call(message: CallMessage, attachments: readonly Uint8Array[]): Promise<void> {
    const { id } = message;
    const running = new AbortController();
    this.#running.set(id, running);
    let answer: { readonly text: string; readonly attachments: readonly Uint8Array[] };
    try {
      const { find, resources } = await this.#served();
      const body = find(message.body);
      if (!body)
        throw new SelvageError('BodyMissing', `There is no body "${message.body}" here.`, {
          details: { body: message.body },
        });
      const inputs = decodeJson(message.inputs as Json, { attachments }) as Record<string, unknown>;
      const context = this.#contextOf(message, resources, running.signal);
      await openTables(inputs, context);
      const result = await this.within(context.traceparent, () => callBody(body, inputs, context));
      const value = await valueOfResult(result);
      await storeTables(value, context);
      answer = encodeAttached(value);
    } catch (error) {
      this.#say({ type: 'error', id, error: tellThrown(readableThrow(error)) });
      return;
    } finally {
      this.#running.delete(id);
      this.#streams.fail(new Error('The call of the body has ended.'), id);
    }
    // The body may have kept its bytes, and continue to use these.
    this.link.send(
      `{"type":"value","id":${id},"value":${answer.text}}`,
      answer.attachments.map((bytes) => bytes.slice()),
    );
  }

  #contextOf({ id, context }: CallMessage, resources: object, signal: AbortSignal): KnotContext {
    const { knotId } = context;
    return {
      ...context,
      lastHeartbeat:
        context.lastHeartbeat === undefined ? undefined : decodeJson(context.lastHeartbeat as Json),
      signal,
      resources: resources as Resources,
      logger: this.#loggerOf(id),
      heartbeat: (details?: unknown) =>
        this.#say({ type: 'heartbeat', id, details: encodeHandedOn(knotId, details) }),
      extend: (fragment: Fragment) => this.#say({ type: 'extend', id, fragment }),
      store: async (source, { mediaType } = {}) => await this.#store(id, source, mediaType),
      open: (stored) => Promise.resolve(this.#open(id, stored)),
    };
  }

  #loggerOf(id: number): Logger {
    return bodyLoggerBy((level, fields, message) =>
      this.#say({ type: 'log', id, level, message, fields: sayable(fields) }),
    );
  }

  async #store(
    id: number,
    source: Uint8Array | AsyncIterable<Uint8Array>,
    mediaType: string | undefined,
  ): Promise<StoredBytes> {
    const number = this.#nextStream++;
    const stream = this.#streams.outgoing(id, number);
    const stored = new Promise<unknown>((resolve) => this.#storing.set(number, { stored: resolve }));
    this.#say({ type: 'store', id, stream: number, ...(mediaType !== undefined && { mediaType }) });
    try {
      await stream.send(source);
      return (await Promise.race([stored, stream.failed])) as StoredBytes;
    } finally {
      this.#storing.delete(number);
      this.#streams.over(number);
    }
  }

  async *#open(id: number, stored: StoredBytes): AsyncIterable<Uint8Array> {
    const number = this.#nextStream++;
    const stream = this.#streams.incoming(id, number);
    const { text } = encodeAttached(stored);
    this.link.send(`{"type":"open","id":${id},"stream":${number},"value":${text}}`);
    try {
      yield* stream;
    } finally {
      this.#streams.over(number);
    }
  }
}

/** This name separates a body's stack frames from those below. */
async function callBody(
  body: KnotBody,
  inputs: Record<string, unknown>,
  context: KnotContext,
): Promise<unknown> {
  return await body(inputs, context);
}

function cancelReason(reason: string): Error {
  return new Error(reason === 'timeout' ? 'The time of the body is over.' : `The body is to end: ${reason}.`);
}

function sayable(fields: object): Record<string, unknown> {
  try {
    return JSON.parse(
      JSON.stringify(fields, (_, value: unknown) =>
        value instanceof Error ? tellThrown(value) : typeof value === 'bigint' ? String(value) : value,
      ),
    ) as Record<string, unknown>;
  } catch (error) {
    return { fields: String(error) };
  }
}
