import path from 'node:path';
import {
  createWebhookHandler,
  StatusTokens,
  statusSecrets,
  type WebhookHandler,
  type WebhookHandlerOptions,
  type WebhookHost,
} from '../adapters/webhook';
import type { Selvage } from '../client';
import { SelvageError } from '../errors';
import { isDebug, lineLogger } from '../connection/log-line';
import { bodyLogger } from '../runtime/body-logger';
import type { LoggerLike } from '../authoring/knot-context';
import { makePrivateFolder, STATE_FOLDER } from '../node/private-files';
import { writeErrorLine } from '../node/terminal';
import { triggerName, type Acceptance, type TriggerDeclaration, type TriggerEvent } from '../triggers';
import { isNodeSurroundings } from '../http/node-surroundings';
import { Starter } from './starter';
import { webhookRuns } from './webhook-runs';

export interface WebhookServerOptions extends Pick<WebhookHandlerOptions, 'basePath' | 'publicUrl'> {
  /**
   * Secret for the tokens of status URLs: at least 32 characters, equal on all machines. Of several secrets, the first
   * signs and all are valid, which allows rotation. Default: `SELVAGE_STATUS_SECRET`, else the project's own, in
   * `.selvage/status-secret`.
   */
  readonly statusSecret?: string | readonly string[];
}

export interface FetchHandlerOptions extends WebhookServerOptions {
  /** Declarations of webhooks; other kinds are refused. */
  readonly triggers: readonly TriggerDeclaration[];
  /** The client that starts runs. It stays open. */
  readonly selvage: Selvage;
  /** Receives refused requests (`debug`) and failed requests (`warn`). Default: lines on stderr. */
  readonly logger?: LoggerLike;
}

/** Handles requests in any framework that has `Request` and `Response`. */
export interface FetchHandler {
  (request: Request, surroundings?: unknown): Promise<Response>;
  /** Refuses further requests (503), and resolves when all accepted requests have their response. */
  stop(): Promise<void>;
}

/**
 * Handles requests of webhooks and their runs' status URLs in a server of your own: as a route of Hono or Next, or by
 * {@link toNodeHandler} in express and `node:http`. The handler needs the unparsed body, and has no worker.
 *
 * @throws SelvageError `InvalidConfig`, `WeakSecret`, `FolderUnusable`
 */
export function toFetchHandler(options: FetchHandlerOptions): FetchHandler {
  const { triggers, selvage, logger, ...rest } = options;
  const other = triggers.find(({ kind }) => kind !== 'webhook' && kind !== 'webhook-signal');
  if (other) {
    throw new SelvageError(
      'InvalidConfig',
      `toFetchHandler was given ${triggerName(other)}, which no request brings. Give it to serve(), and webhooks alone to toFetchHandler.`,
      { details: { trigger: triggerName(other), kind: other.kind, reason: 'WrongValue' } },
    );
  }
  const starters = new Map(
    triggers.map((trigger) => [triggerName(trigger), new Starter(selvage, trigger)] as const),
  );
  const handler = webhookHandler(selvage, {
    ...rest,
    triggers,
    accept: (trigger, event) => acceptBy(starters.get(triggerName(trigger))!, event),
    logger: logger ?? lineLogger(writeErrorLine, { format: 'text', runs: true, isVerbose: isDebug }),
    metrics: () => nobodyCounts,
  });
  const answer = (request: Request, surroundings?: unknown): Promise<Response> =>
    answerIn(handler, request, surroundings);
  return Object.assign(answer, { stop: () => handler.stop() });
}

const nobodyCounts: ReturnType<WebhookHost['metrics']> = {
  count: () => {},
  lag: () => {},
  latency: () => {},
};

/** @internal */
export async function acceptBy(starter: Starter, event: TriggerEvent): Promise<Acceptance> {
  const [acceptance] = await starter.accept([event]);
  return acceptance!;
}

/** @internal Ignores a framework's second argument, unless it is ours. */
export function answerIn(
  handler: WebhookHandler,
  request: Request,
  surroundings: unknown,
): Promise<Response> {
  return handler.fetch(request, isNodeSurroundings(surroundings) ? surroundings : {});
}

/** @internal The webhooks among triggers, on an open client. */
export function webhookHandler(
  selvage: Selvage,
  options: WebhookServerOptions &
    Pick<WebhookHandlerOptions, 'triggers'> &
    Pick<WebhookHost, 'accept' | 'metrics'> & { readonly logger: LoggerLike },
): WebhookHandler {
  const { triggers, basePath, publicUrl, statusSecret, accept, metrics, logger } = options;
  const folder = path.join(selvage.projectDir, STATE_FOLDER);
  const secrets = statusSecrets(statusSecret, process.env, () => {
    makePrivateFolder(folder);
    return folder;
  });
  return createWebhookHandler(
    {
      accept,
      metrics,
      ledger: selvage.backends.startLedger,
      runs: webhookRuns(selvage),
      tokens: new StatusTokens(secrets),
      logger: bodyLogger(logger),
    },
    { triggers, basePath, publicUrl },
  );
}
