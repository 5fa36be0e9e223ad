import { setMaxListeners } from 'node:events';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Registry } from 'prom-client';
import type { WebhookHandler } from '../adapters/webhook';
import { Selvage, type OpenOptions } from '../client';
import { isDebug, lineLogger } from '../connection/log-line';
import { bodyLogger } from '../runtime/body-logger';
import type { LoggerLike } from '../authoring/knot-context';
import { writeErrorLine } from '../node/terminal';
import type { PageServer } from '../explorer/page-server';
import { requireOwnGroups, triggerName, type TriggerDeclaration } from '../triggers';
import { isDeployed, isRequested, makeTrigger, type MakeTrigger } from './adapters';
import { endpoints } from './endpoints';
import { KeptTrigger } from './kept-trigger';
import { listen, type Listener } from '../http/listener';
import { addGauges } from './gauges';
import { Monitor } from './monitor';
import { requireDifferent } from './require-different';
import { partsOfWorker, queuesOf } from './worker-parts';
import { ReadinessProbe, type Readiness } from './readiness';
import { Deliveries, gatherEmitters } from '../deliveries';
import type { EmitterList } from '../emitters';
import { Starter } from './starter';
import { acceptBy, answerIn, webhookHandler, type WebhookServerOptions } from './to-fetch-handler';
import { durationOption, type Duration } from '../values/duration';
import type { BackOff } from '../values/back-off';

type Tapestries = OpenOptions['tapestries'];

/** Options of `serve`, whichever client it uses. */
interface ServedOptions extends WebhookServerOptions {
  readonly triggers: readonly TriggerDeclaration[];
  /** Port for webhooks, `/livez`, `/readyz`, `/metrics`; 0: any free port. Default: none, see {@link Serving.fetch}. */
  readonly port?: number;
  /** The address to listen on. Default `127.0.0.1`, which only this machine can reach. */
  readonly host?: string;
  /** A separate port for `/livez`, `/readyz` and `/metrics`, hidden from senders of webhooks. Default: `port`. */
  readonly healthPort?: number;
  /** Serves the page of runs on a port of its own; `true` for all defaults. Default: none. */
  readonly ui?: boolean | UiOptions;
  /** How long {@link Serving.stop} waits for work in progress. Default 30 s. */
  readonly stopTimeout?: Duration;
  /** Tapestries for which the page has start forms. Default: the tapestries that the triggers start. */
  readonly tapestries?: Tapestries;
  /** Emitters for the runs of all tapestries, beside those of the tapestries. `false`: delivers to no emitters. */
  readonly emitters?: EmitterList | false;
  /** @internal For tests. */
  readonly delays?: BackOff;
  /** @internal Makes the sources of events. Default: by kind. */
  readonly make?: MakeTrigger;
}

/** Options of the page beside those of `serve`. */
export interface UiOptions {
  /** The page's port. Default: 4480, or any free port if another program uses that. 0: any free port. */
  readonly port?: number;
  /** Default `127.0.0.1`. On an address that is not loopback, reading requires the token, too. */
  readonly host?: string;
  /** Names by which a proxy serves the page. With any such name, reading requires the token, too. Default: none. */
  readonly hosts?: readonly string[];
  /** Whether the page offers no actions. Default false. */
  readonly readOnly?: boolean;
  /** Whether reading requires the token on loopback, too. Default false. */
  readonly requireToken?: boolean;
  /** Default: `SELVAGE_UI_TOKEN`, else the project's own. The token has at least 32 characters. */
  readonly token?: string;
}

export interface ServeOptions extends ServedOptions, Omit<OpenOptions, 'tapestries' | 'port' | 'emitters'> {
  /** Further tapestries that the worker can run, beside the triggers' ones. Default: none. */
  readonly tapestries?: Tapestries;
  /** A registry of `prom-client`, if the process has one. Default: a new registry. */
  readonly registry?: Registry;
  /** Whether this process works for the runs, too. Default true. */
  readonly worker?: boolean;
  /** The port of the embedded server. Default: the port last used, else a free one. */
  readonly serverPort?: number;
  /** An open client, which `stop` leaves open; excludes options of a client, a worker or a server. */
  readonly selvage?: Selvage;
}

/** The running triggers. */
export interface Serving {
  readonly selvage: Selvage;
  /** Where the process listens, such as `http://127.0.0.1:8080`; undefined if it does not. */
  readonly url: string | undefined;
  /** The base URL of `/livez`, `/readyz` and `/metrics`. */
  readonly healthUrl: string | undefined;
  /** The page's address, and the link with the token that allows actions. Undefined if the process has no page. */
  readonly ui: { readonly url: string; readonly link: string; readonly isOpenToOthers: boolean } | undefined;
  /** Rejects after wrong options of a trigger, or a failed worker. Resolves only after {@link stop}. */
  readonly ended: Promise<void>;
  /**
   * Handles webhooks, `/livez`, `/readyz` and `/metrics`, for a server of your own; in `node:http` and
   * express by `toNodeHandler(serving)`.
   */
  fetch(request: Request, surroundings?: unknown): Promise<Response>;
  readiness(exclude?: readonly string[]): Promise<Readiness>;
  /**
   * Accepts nothing more, lets accepted runs start, acknowledges their events, and ends; a second call waits for the
   * same end. Runs continue. After the timeout, `stop` abandons the rest: the abandoned events are delivered again, and
   * start nothing twice.
   */
  stop(): Promise<void>;
}

const STOP_TIMEOUT_MS = 30_000;
const HEALTH_PATHS: ReadonlySet<string> = new Set(['/livez', '/readyz', '/metrics']);

/**
 * Makes declared triggers work, and works for their runs unless told otherwise. Several processes may serve
 * the same triggers at once: an event starts one run, whichever process gets it.
 *
 * @throws SelvageError `DuplicateTrigger`, `DuplicateEmitter`, `InvalidConfig`, `PortInUse`, and as `Selvage.open`
 */
export async function serve(options: ServeOptions): Promise<Serving> {
  const { triggers, registry, tapestries, worker = true, serverPort, selvage: given, logger } = options;
  requireDifferent(triggers);
  requireOwnGroups(triggers);
  const all = [...new Set([...(tapestries ?? []), ...triggers.flatMap((trigger) => trigger.tapestry ?? [])])];
  const hasWorker = worker && all.length > 0;
  const monitor = await Monitor.create(registry);
  // The client keeps its options, without secrets.
  const { statusSecret: _secret, ui: _ui, ...known } = options;
  const connect = { ...known, port: serverPort };
  const selvage =
    given ??
    (hasWorker
      ? await Selvage.open({ ...connect, tapestries: all, emitters: false, watch: monitor.watch })
      : await Selvage.connect(connect));
  try {
    return await Served.start(
      selvage,
      { ...options, tapestries: all },
      {
        logger: logger ?? lineLogger(writeErrorLine, { format: 'text', runs: true, isVerbose: isDebug }),
        hasWorker: selvage.hasWorker,
        ownsClient: given === undefined,
        monitor,
      },
    );
  } catch (error) {
    if (!given) await selvage.close();
    throw error;
  }
}

/** A trigger with a `window` of its own may use all of it. */
function startsOf({ options }: TriggerDeclaration): { readonly startsAtOnce?: number } {
  const window = (options as { readonly window?: unknown } | undefined)?.window;
  return typeof window === 'number' ? { startsAtOnce: window } : {};
}

interface Surroundings {
  readonly logger: LoggerLike;
  readonly hasWorker: boolean;
  /** Whether {@link Serving.stop} closes the client. */
  readonly ownsClient: boolean;
  /** Receives reports of the client's worker. */
  readonly monitor: Monitor;
}

/** @internal Running triggers on an open client. */
export class Served implements Serving {
  readonly ended: Promise<void>;
  readonly #stopping = new AbortController();
  #running: Promise<unknown> | undefined;
  readonly #health: ReturnType<typeof endpoints>;
  #listeners: Listener[] = [];
  #page: PageServer | undefined;
  #deliveries: Deliveries | undefined;
  #stopped: Promise<void> | undefined;
  readonly #removeGauges: () => void;
  readonly #stopTimeout: number;
  #resolve!: () => void;
  #reject!: (error: unknown) => void;

  private constructor(
    readonly selvage: Selvage,
    private readonly options: ServedOptions,
    private readonly surroundings: Surroundings,
    private readonly probe: ReadinessProbe,
    private readonly webhooks: WebhookHandler | undefined,
  ) {
    this.#stopTimeout = durationOption('stopTimeout', options.stopTimeout ?? STOP_TIMEOUT_MS);
    this.ended = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    // Each event in progress may listen for the stop.
    setMaxListeners(0, this.#stopping.signal);
    const { monitor, hasWorker } = surroundings;
    this.#health = endpoints(probe, monitor.metrics, () => monitor.sdkMetrics());
    this.#removeGauges = addGauges(monitor.metrics, {
      selvage,
      readiness: () => probe.read(),
      taskQueues: () => (hasWorker ? selvage.polledQueues : queuesOf(selvage, options)),
    });
    // The caller of `stop` need not listen to `ended`.
    this.ended.catch(() => {});
    if (surroundings.hasWorker) selvage.workerEnded.then(this.#resolve, this.#reject);
  }

  static async start(selvage: Selvage, options: ServedOptions, surroundings: Surroundings): Promise<Served> {
    const { triggers, delays, make = makeTrigger } = options;
    const { logger, hasWorker } = surroundings;
    const { metrics } = surroundings.monitor;
    const delivering = triggers.filter((trigger) => !isRequested(trigger) && !isDeployed(trigger));
    const kept = delivering.map((declaration) => {
      const name = triggerName(declaration);
      return new KeptTrigger({
        name,
        make: () => make(declaration),
        accept: new Starter(selvage, declaration, { metrics: metrics.of(name), ...startsOf(declaration) })
          .accept,
        logger: bodyLogger(logger, { trigger: name }),
        metrics: metrics.of(name),
        delays,
      });
    });
    const requested = triggers.filter(isRequested);
    const starters = new Map(
      requested.map((trigger) => {
        const name = triggerName(trigger);
        return [name, new Starter(selvage, trigger, { metrics: metrics.of(name) })] as const;
      }),
    );
    const webhooks =
      requested.length === 0
        ? undefined
        : webhookHandler(selvage, {
            ...options,
            triggers: requested,
            accept: (trigger, event) => acceptBy(starters.get(triggerName(trigger))!, event),
            metrics: (trigger) => metrics.of(triggerName(trigger)),
            logger,
          });
    const probe = new ReadinessProbe({
      selvage,
      logger: bodyLogger(logger),
      hasWorker,
      triggers: kept,
      ...(hasWorker && { ofWorker: () => partsOfWorker(selvage, options, surroundings.monitor) }),
    });
    const served = new Served(selvage, options, surroundings, probe, webhooks);
    try {
      await served.#listen();
      await served.#deliver();
      // Triggers start after listening: a process that cannot listen must not take events from others.
      served.#running = Promise.allSettled(kept.map((trigger) => served.#keep(trigger)));
      return served;
    } catch (error) {
      await served.#end();
      throw error;
    }
  }

  get url(): string | undefined {
    return this.options.port === undefined ? undefined : this.#listeners[0]?.url;
  }

  get healthUrl(): string | undefined {
    return this.#listeners.at(-1)?.url;
  }

  get ui(): Serving['ui'] {
    return this.#page;
  }

  async fetch(request: Request, surroundings?: unknown): Promise<Response> {
    const { webhooks } = this;
    const isAskedOfMachine = HEALTH_PATHS.has(new URL(request.url).pathname);
    // A separate health port hides the endpoints from senders of webhooks.
    const isElsewhere = isAskedOfMachine && this.options.healthPort !== undefined;
    if (isElsewhere && !webhooks) return new Response(null, { status: 404 });
    if (webhooks && (isElsewhere || !isAskedOfMachine))
      return await answerIn(webhooks, request, surroundings);
    return await this.#health.fetch(request);
  }

  async readiness(exclude?: readonly string[]): Promise<Readiness> {
    return await this.probe.read(exclude);
  }

  stop(): Promise<void> {
    return (this.#stopped ??= this.#stop());
  }

  async #keep(trigger: KeptTrigger): Promise<void> {
    try {
      await trigger.run(this.#stopping.signal);
    } catch (error) {
      this.#reject(error);
    }
  }

  async #listen(): Promise<void> {
    const { port, host = '127.0.0.1', healthPort } = this.options;
    const health = this.#health;
    if (port !== undefined)
      this.#listeners.push(await listen((request) => this.fetch(request), { port, host }));
    if (healthPort !== undefined)
      this.#listeners.push(await listen((request) => health.fetch(request), { port: healthPort, host }));
    await this.#showPage();
  }

  async #deliver(): Promise<void> {
    const { emitters: given, tapestries = [] } = this.options;
    if (given === false) return;
    const emitters = gatherEmitters(tapestries, given);
    if (emitters.length === 0) return;
    const { backends, projectDir } = this.selvage;
    const { logger } = this.surroundings;
    this.#deliveries = await Deliveries.start({ backends, emitters, logger, projectDir });
  }

  async #showPage(): Promise<void> {
    const { ui = false, triggers, tapestries } = this.options;
    if (ui === false) return;
    // The page is loaded late: most processes that serve triggers have no page.
    const { servePage, ServerReach } =
      require('../explorer/page-server') as typeof import('../explorer/page-server');
    const { readOnly, requireToken, ...place } = ui === true ? {} : ui;
    const { selvage } = this;
    this.#page = await servePage({
      ...place,
      isService: true,
      backends: selvage.backends,
      reach: ServerReach.of(selvage),
      projectDir: selvage.projectDir,
      project: path.basename(selvage.projectDir),
      triggers,
      tapestries: tapestries ?? [...new Set(triggers.flatMap((trigger) => trigger.tapestry ?? []))],
      isReadOnly: readOnly,
      isReadingClosed: requireToken,
      logger: this.surroundings.logger,
    });
  }

  async #stop(): Promise<void> {
    try {
      await this.#end();
    } finally {
      if (this.surroundings.ownsClient) await this.selvage.close();
    }
    this.#resolve();
  }

  async #end(): Promise<void> {
    this.probe.stop();
    this.#removeGauges();
    this.#stopping.abort();
    await this.#page?.close();
    const delivered = this.#deliveries?.stop();
    // Webhooks answer before connections are closed.
    const limit = new AbortController();
    const late = delay(this.#stopTimeout, false, { signal: limit.signal });
    late.catch(() => undefined);
    const until = performance.now() + this.#stopTimeout;
    await Promise.race([this.webhooks?.stop(), late]);
    const closing = this.#listeners.map((listener) => listener.close(Math.max(0, until - performance.now())));
    const isDone = await Promise.race([
      Promise.all([this.#running, delivered, ...closing]).then(() => true),
      late,
    ]);
    limit.abort();
    if (isDone) return;
    this.surroundings.logger.warn(
      {},
      `Work of triggers has not ended within ${this.#stopTimeout / 1_000} s. It is abandoned; its events are delivered again.`,
    );
  }
}
