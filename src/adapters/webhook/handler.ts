import { Hono, type Context } from 'hono';
import { SelvageError } from '../../errors';
import {
  triggerName,
  type TriggerDeclaration,
  type WebhookDeclaration,
  type WebhookEvent,
  type WebhookSignalDeclaration,
} from '../../triggers';
import { eventOf, hashOf, linkOf, withoutSecrets, type Genuine } from './event';
import { Admission, BYTES_AT_ONCE } from './limits';
import { Slots } from '../../ports/parts/slots';
import {
  Problem,
  problemResponse,
  refusal,
  problemOf,
  bodyWasRead,
  unknownPath,
  methodNotAllowed,
} from './problem';
import { BodyReader, CLOSE, requireShort, withoutBody } from './read-body';
import { requireNoReplay } from './replays';
import { verifierOf, type Verifier } from './verify';
import type { WebhookHost } from './host';
import { RunWaits, waitOf } from './run-waits';
import { STATUS_PATH, requireFreePath, checkedBasePath, checkedPublicUrl } from './paths';

export interface WebhookHandlerOptions {
  /** The declared webhooks; triggers of other kinds are ignored. */
  readonly triggers: readonly TriggerDeclaration[];
  /** Prefix of all webhooks' paths in requested URLs, such as `/api/hooks`. Default: none. */
  readonly basePath?: string;
  /** Prefix of status URLs, such as `https://api.example.com/hooks`; by default, they are on the requested host. */
  readonly publicUrl?: string;
  /** The environment with the secrets that declarations name. Default `process.env`. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

export interface WebhookHandler {
  /** Handles a request; never rejects. */
  fetch(request: Request, surroundings?: RequestSurroundings): Promise<Response>;
  /** Refuses further requests (503), ends waits for runs, and resolves when all accepted requests have responses. */
  stop(): Promise<void>;
}

/** Facts that the surrounding framework knows. */
interface RequestSurroundings {
  /** The prefix that the framework has removed from the path. Default: none. */
  readonly mountedAt?: string;
  /** Whether the body has been read already. By default, the request's own state tells whether it was read. */
  readonly isBodyRead?: boolean;
}

type Call = Context<{ Bindings: RequestSurroundings }>;
const SIGNAL_TIMEOUT_MS = 10_000;
const RUN_ID_BYTES = 200;

/** @throws SelvageError `InvalidConfig` (two webhooks at one path, a wrong `publicUrl`), `WeakSecret` (environment) */
export function createWebhookHandler(host: WebhookHost, options: WebhookHandlerOptions): WebhookHandler {
  return new Handler(host, options);
}

class Handler implements WebhookHandler {
  private readonly app: Hono<{ Bindings: RequestSurroundings }>;
  private readonly bodies = new BodyReader();
  private readonly work = new Slots(BYTES_AT_ONCE);
  private readonly waits: RunWaits;
  private readonly inFlight = new Set<Promise<Response>>();
  private readonly basePath: string;
  private readonly publicUrl: string | undefined;

  constructor(
    private readonly host: WebhookHost,
    { triggers, basePath = '', publicUrl, environment = process.env }: WebhookHandlerOptions,
  ) {
    this.waits = new RunWaits(host.runs);
    this.basePath = checkedBasePath(basePath);
    this.publicUrl = checkedPublicUrl(publicUrl);
    this.app = new Hono<{ Bindings: RequestSurroundings }>().basePath(this.basePath || '/');
    const taken = new Map([[`${STATUS_PATH}/:run`, 'the status of runs']]);
    for (const trigger of triggers) {
      if (!isWebhook(trigger) && !isWebhookSignal(trigger)) continue;
      requireFreePath(taken, trigger);
      this.route(trigger, environment);
    }
    this.app
      .get(`${STATUS_PATH}/:token`, (call) => this.answer('status', () => this.status(call)))
      .all(() => problemResponse(methodNotAllowed('GET')))
      .notFound(() => problemResponse(unknownPath()));
  }

  async fetch(request: Request, surroundings: RequestSurroundings = {}): Promise<Response> {
    if (this.waits.isStopped) {
      return problemResponse(
        new Problem('ShuttingDown', 'This process is about to end. Send the request again.', {
          headers: { ...CLOSE, 'retry-after': '1' },
        }),
      );
    }
    const answer = Promise.resolve(this.app.fetch(request, surroundings));
    this.inFlight.add(answer);
    try {
      return await answer;
    } finally {
      this.inFlight.delete(answer);
    }
  }

  async stop(): Promise<void> {
    this.waits.stop();
    await Promise.allSettled(this.inFlight);
  }

  private route(
    trigger: WebhookDeclaration | WebhookSignalDeclaration,
    environment: NonNullable<WebhookHandlerOptions['environment']>,
  ): void {
    const name = triggerName(trigger);
    const { path, verify, limits } = trigger.options;
    if (verify === false)
      this.host.logger.warn(`${name} takes requests from anybody who reaches ${path}`, { trigger: name });
    const verifier = verifierOf(name, verify, environment);
    const admission = new Admission(limits);
    this.app
      .post(path, (call) =>
        this.answer(name, async () => {
          const wait = isWebhook(trigger) ? waitOf(call.req.raw, limits.wait) : 0;
          const genuine = await this.receive(trigger, verifier, call);
          const accepted = await this.workOn(genuine, admission, () =>
            isWebhook(trigger)
              ? this.start(trigger, genuine, call.env.mountedAt ?? '')
              : this.signal(trigger, genuine, call.req.param('run')),
          );
          // A request that waits for its run no longer counts among those being accepted.
          return accepted instanceof Response ? accepted : await this.outcome(accepted, wait, call);
        }),
      )
      .all(() => problemResponse(methodNotAllowed('POST')));
  }

  private async workOn<T>(body: Genuine, admission: Admission, work: () => Promise<T>): Promise<T> {
    try {
      return await admission.take(() => this.work.use(work, body.bytes.byteLength));
    } finally {
      body.release();
    }
  }

  private async receive(
    { options }: WebhookDeclaration | WebhookSignalDeclaration,
    verifier: Verifier,
    { req: { raw: request }, env: { isBodyRead = request.bodyUsed } }: Call,
  ): Promise<Genuine> {
    const receivedAt = Date.now();
    if (isBodyRead) throw bodyWasRead();
    const headers = Object.fromEntries(request.headers);
    const { pathname, search } = new URL(request.url);
    const raw = { headers, method: request.method, url: `${pathname}${search}`, receivedAt };
    requireShort(request.headers, options.limits.body);
    try {
      verifier.first(raw);
    } catch (error) {
      throw error instanceof Problem ? withoutBody(error, request) : error;
    }
    const { bytes, release } = await this.bodies.read(request, options.limits);
    try {
      const verified = await verifier.verify({ ...raw, body: bytes });
      return { ...verified, bytes, headers: withoutSecrets(headers), release };
    } catch (error) {
      release();
      throw error;
    }
  }

  /** Returns the response, or a started run whose outcome may be waited for. Throws `Problem`, `SelvageError`. */
  private async start(
    trigger: WebhookDeclaration,
    genuine: Genuine,
    mountedAt: string,
  ): Promise<Response | StartedRun> {
    const { options } = trigger;
    const { key, bytes, unboundSignature } = genuine;
    const metrics = this.host.metrics(trigger);
    let event: WebhookEvent;
    try {
      event = eventOf(trigger, genuine);
    } catch (error) {
      metrics.count('unreadable');
      throw error;
    }
    if (key !== undefined && unboundSignature !== undefined)
      await requireNoReplay(this.host.ledger, trigger, { key, signature: unboundSignature });
    const acceptance = await this.host.accept(trigger, {
      key: event.id,
      body: options.map ? event : (event.body ?? {}),
      link: linkOf(event),
      traceparent: event.headers['traceparent'],
      // A request without a key of its own never counts as a repetition.
      ...(key !== undefined && { requestHash: hashOf(bytes) }),
    });
    switch (acceptance.status) {
      case 'filtered':
        return json({ filtered: true }, 200);
      case 'refused':
        throw refusal(acceptance.error);
      case 'conflict':
        throw new Problem('EventConflict', 'Another body came under this key before.');
      case 'started':
      case 'duplicate': {
        const { runId, status } = acceptance;
        return {
          runId,
          statusUrl: this.statusUrl(trigger, runId, mountedAt),
          isRepeated: status === 'duplicate',
        };
      }
    }
  }

  private async outcome(started: StartedRun, wait: number, call: Call): Promise<Response> {
    const { runId, statusUrl, isRepeated } = started;
    const headers = { location: statusUrl, ...(isRepeated && { 'idempotent-replayed': 'true' }) };
    if (wait > 0 && (await this.waits.untilOver(runId, wait, call.req.raw.signal))) {
      const { outputs } = this.host.tokens.read(statusUrl.slice(statusUrl.lastIndexOf('/') + 1))!;
      const view = await this.host.runs.look(runId, outputs);
      if (view && view.status !== 'running') return json({ runId, statusUrl, ...view }, 200, headers);
    }
    return json({ runId, statusUrl }, 202, headers);
  }

  private async signal(
    trigger: WebhookSignalDeclaration,
    genuine: Genuine,
    runInPath: string | undefined,
  ): Promise<Response> {
    const { options } = trigger;
    const { key, bytes, unboundSignature } = genuine;
    const event = eventOf(trigger, genuine);
    const { runId, payload } = await this.mapped(trigger, event, runInPath);
    if (payload === undefined || payload === null) return json({ filtered: true }, 200);
    const claim = {
      trigger: triggerName(trigger),
      key: event.id,
      runId,
      requestHash: hashOf(bytes),
      event: linkOf(event),
    };
    if (key !== undefined) {
      if (unboundSignature !== undefined)
        await requireNoReplay(this.host.ledger, trigger, { key, signature: unboundSignature });
      const [claimed] = await this.host.ledger.claim([claim]);
      const { entry } = claimed!;
      // No signature covers a path, so an overheard request could be repeated for another run.
      if (entry.runId !== runId || entry.requestHash !== claim.requestHash)
        throw new Problem('EventConflict', 'Another body, or another run, came under this key before.');
    }
    const id = hashOf(`${claim.trigger}\n${event.id}`).slice('sha256:'.length);
    const receipt = await this.host.runs.signal(runId, options.signal, payload, {
      id,
      timeout: SIGNAL_TIMEOUT_MS,
    });
    if (key !== undefined) await this.host.ledger.markStarted([claim]);
    return json({ runId, ...receipt }, 202);
  }

  /** Throws `Problem` if a function of the declaration throws, or names no run. */
  private async mapped(
    { options }: WebhookSignalDeclaration,
    event: WebhookEvent,
    runInPath: string | undefined,
  ): Promise<{ readonly runId: string; readonly payload: unknown }> {
    let runId: unknown;
    let payload: unknown;
    try {
      runId = options.run ? await options.run(event) : runInPath;
      payload = options.map ? await options.map(event) : event.body;
    } catch (error) {
      throw new Problem('InvalidRequest', 'The event cannot be made a signal.', { cause: error });
    }
    if (typeof runId === 'string' && runId !== '' && Buffer.byteLength(runId) <= RUN_ID_BYTES)
      return { runId, payload };
    throw new Problem('InvalidRequest', 'The event does not name a run.');
  }

  private async status(call: Call): Promise<Response> {
    const grant = this.host.tokens.read(call.req.param('token') ?? '');
    // The response for an invalid token and for an unknown run is the same, so that nobody can find out runs.
    if (!grant) throw unknownPath();
    const wait = waitOf(call.req.raw, STATUS_WAIT_MS);
    if (wait > 0) await this.waits.untilOver(grant.runId, wait, call.req.raw.signal);
    const view = await this.host.runs.look(grant.runId, grant.outputs);
    if (!view) throw unknownPath();
    return json({ runId: grant.runId, ...view }, 200);
  }

  private statusUrl({ options }: WebhookDeclaration, runId: string, mountedAt: string): string {
    const token = this.host.tokens.tokenOf({ runId, outputs: options.outputs });
    return `${this.publicUrl ?? `${mountedAt}${this.basePath}`}${STATUS_PATH}/${token}`;
  }

  /** Turns errors into responses, and logs them. */
  private async answer(trigger: string, work: () => Promise<Response>): Promise<Response> {
    try {
      return await work();
    } catch (error) {
      const problem = problemOf(error);
      const { code, status } = problem;
      const { cause } = problem.more;
      const fields = { trigger, code, status, ...(cause !== undefined && { error: nameOf(cause) }) };
      // Messages other than a SelvageError's may contain secrets.
      if (status >= 500)
        this.host.logger.warn(
          `a request to ${trigger} was not answered: ${SelvageError.is(cause) ? cause.message : nameOf(cause)}`,
          fields,
        );
      else this.host.logger.debug(`a request to ${trigger} was refused: ${problem.detail}`, fields);
      return problemResponse(problem);
    }
  }
}

interface StartedRun {
  readonly runId: string;
  readonly statusUrl: string;
  readonly isRepeated: boolean;
}

const STATUS_WAIT_MS = 60_000;

function isWebhook(trigger: TriggerDeclaration): trigger is WebhookDeclaration {
  return trigger.kind === 'webhook';
}

function isWebhookSignal(trigger: TriggerDeclaration): trigger is WebhookSignalDeclaration {
  return trigger.kind === 'webhook-signal';
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : typeof error;
}

function json(document: object, status: number, headers: Readonly<Record<string, string>> = {}): Response {
  return new Response(JSON.stringify(document), {
    status,
    // A status URL is a secret of its holder.
    headers: {
      'content-type': 'application/json',
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
      ...headers,
    },
  });
}
