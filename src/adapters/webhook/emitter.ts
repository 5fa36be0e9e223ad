import { createHash, createHmac } from 'node:crypto';

import { Retryable, SelvageError } from '../../errors';
import {
  enveloped,
  isHeaderValue,
  revealSecrets,
  sendInHalves,
  standardSecretBytes,
  urlComplaint,
  type CloudEvent,
  type DeliveryContext,
  type Emitter,
  type Secret,
  type WebhookEmitterDeclaration,
} from '../../emitters';
import {
  guardedLookup,
  isPublicAddress,
  requireAllowedHost,
  type AddressRule,
  type Resolve,
} from './addresses';
import { Poster, type Answer } from './post';

type Environment = Readonly<Record<string, string | undefined>>;

/** @internal For tests. */
export interface WebhookEmitterParts {
  /** Default: `process.env`. */
  readonly environment?: Environment;
  /** Default: the system's. */
  readonly resolve?: Resolve;
  /** Default: by `allowPrivateNetworks`. */
  readonly isAllowed?: AddressRule;
}

const BATCH = 'application/cloudevents-batch+json; charset=utf-8';
const SINGLE = 'application/cloudevents+json; charset=utf-8';

/** The emitter connects at the first delivery. Throws `InvalidConfig`, `WeakSecret`, `AddressNotAllowed`. */
export function createWebhookEmitter(
  declaration: WebhookEmitterDeclaration,
  { environment = process.env, resolve, isAllowed }: WebhookEmitterParts = {},
): Emitter {
  const { name, options } = declaration;
  const rule = isAllowed ?? (options.allowPrivateNetworks ? () => true : isPublicAddress);
  const receiver: Receiver = {
    ...targetOf(declaration, environment),
    keys: revealSecrets(`the emitter "${name}"`, 'standard-webhooks', options.secrets, environment).map(
      (secret) => standardSecretBytes(secret)!,
    ),
  };
  requireAllowedHost(receiver.url, rule);
  const poster = new Poster(receiver.url.protocol, guardedLookup(rule, resolve));
  return new WebhookEmitter(declaration, receiver, poster);
}

/** The parts of a request that are sent with the events; many of them are secret. */
interface Receiver {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly keys: readonly Uint8Array[];
}

class WebhookEmitter implements Emitter {
  /** Delivered events of a failed batch, which will come again. */
  readonly #delivered = new Set<string>();

  constructor(
    private readonly declaration: WebhookEmitterDeclaration,
    private readonly receiver: Receiver,
    private readonly poster: Poster,
  ) {}

  async deliver(...[events, context]: Parameters<Emitter['deliver']>): ReturnType<Emitter['deliver']> {
    const { batch } = this.declaration.options;
    if (context.attempt === 0) this.#delivered.clear();
    const made: CloudEvent[] = [];
    for (const event of events)
      if (!this.#delivered.has(event.id))
        made.push(await enveloped(event, this.declaration.options, context));
    const requests = batch ? [made] : made.map((event) => [event]);
    const tooLarge: CloudEvent[] = [];
    try {
      for (const some of requests)
        tooLarge.push(...(await sendInHalves(some, (part) => this.#send(part, context))));
    } catch (error) {
      if (error !== GONE) throw error;
      return { disable: `${this.#who} answered 410: it is gone for good.` };
    }
    const reason = `${this.#who} answered 413: the event is too large for it.`;
    return { rejected: tooLarge.map(({ id }) => ({ id, reason })) };
  }

  close(): Promise<void> {
    this.poster.close();
    return Promise.resolve();
  }

  /** The receiver's name in messages, without the URL's path, which may contain secrets. */
  get #who(): string {
    return `The receiver of the emitter "${this.declaration.name}" (${this.receiver.url.origin})`;
  }

  async #send(events: readonly CloudEvent[], { signal }: DeliveryContext): Promise<boolean> {
    const { batch, requestTimeout } = this.declaration.options;
    signal.throwIfAborted();
    const body = JSON.stringify(batch ? events : events[0]);
    const id = idOf(events);
    const time = String(Math.floor(Date.now() / 1_000));
    const { url, headers, keys } = this.receiver;
    const signatures = keys.map((key) => {
      const hmac = createHmac('sha256', key).update(`${id}.${time}.${body}`);
      return `v1,${hmac.digest('base64')}`;
    });
    const limit = AbortSignal.timeout(requestTimeout);
    let answer: Answer;
    try {
      answer = await this.poster.post({
        url,
        body,
        signal: AbortSignal.any([signal, limit]),
        headers: {
          'user-agent': 'selvage',
          ...headers,
          'content-type': batch ? BATCH : SINGLE,
          'webhook-id': id,
          'webhook-timestamp': time,
          ...(keys.length > 0 && { 'webhook-signature': signatures.join(' ') }),
        },
      });
    } catch (error) {
      signal.throwIfAborted();
      if (SelvageError.is(error)) throw error;
      throw this.#unavailable(
        limit.aborted
          ? `has not answered within ${requestTimeout} ms`
          : `cannot be reached (${reasonOf(error)})`,
        {},
        error,
      );
    }
    const isTaken = this.#judge(answer);
    if (isTaken) for (const event of events) this.#delivered.add(event.id);
    return isTaken;
  }

  /** Returns false if the event is too large, and throws if a retry may help. */
  #judge({ status, retryAfterMs }: Answer): boolean {
    if (status >= 200 && status < 300) return true;
    if (status === 413) return false;
    if (status === 410) throw GONE;
    const isRedirect = status >= 300 && status < 400;
    const error = this.#unavailable(
      `answered ${status}${isRedirect ? ', a redirect, which is not followed' : ''}`,
      { status },
    );
    if (retryAfterMs === undefined) throw error;
    throw new Retryable(error.message, { after: retryAfterMs, cause: error });
  }

  #unavailable(complaint: string, details: object, cause?: unknown): SelvageError {
    return new SelvageError('ReceiverUnavailable', `${this.#who} ${complaint}. It is tried again.`, {
      details: { emitter: this.declaration.name, ...details },
      ...(cause !== undefined && { cause }),
    });
  }
}

const GONE = new Error('the receiver is gone for good');

/** The header `webhook-id`, the same for the same events. The id is hashed, because a full stop would end it. */
function idOf(events: readonly CloudEvent[]): string {
  const digest = createHash('sha256');
  for (const { id } of events) digest.update(`${id}\n`);
  return `evt_${digest.digest('hex').slice(0, 32)}`;
}

/** Errors of Node name addresses and ports, but no path. */
function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return code ?? message;
}

function targetOf(
  { name, options }: WebhookEmitterDeclaration,
  environment: Environment,
): Pick<Receiver, 'url' | 'headers'> {
  const invalid = (env: string, complaint: string): SelvageError =>
    new SelvageError(
      'InvalidConfig',
      `The environment variable ${env} of the emitter "${name}" ${complaint}.`,
      { details: { emitter: name, variable: env, reason: 'WrongValue' } },
    );
  const reveal = (secret: Secret, complaintOf: (text: string) => string | undefined): string => {
    const { env } = secret;
    if (env === undefined) return secret.reveal()!;
    const text = environment[env]?.trim();
    if (!text) throw invalid(env, 'is not set');
    const complaint = complaintOf(text);
    if (complaint !== undefined) throw invalid(env, complaint);
    return text;
  };
  const headers = Object.entries(options.headers).map(([header, value]) => [
    header,
    reveal(value, (text) => (isHeaderValue(text) ? undefined : 'must be printable ASCII')),
  ]);
  const url = reveal(options.url, (text) => urlComplaint(text, options.allowPrivateNetworks));
  return { url: new URL(url), headers: Object.fromEntries(headers) as Record<string, string> };
}
