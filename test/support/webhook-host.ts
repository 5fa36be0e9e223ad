import { createHash } from 'node:crypto';
import {
  StatusTokens,
  createWebhookHandler,
  type WebhookHandler,
  type WebhookHandlerOptions,
  type WebhookHost,
} from '../../src/adapters/webhook';
import { SelvageError } from '../../src/errors';
import { triggerName, type Acceptance, type TriggerEvent } from '../../src/triggers';

export interface RecordingHost extends WebhookHost {
  /** Accepted events, in order. */
  readonly events: TriggerEvent[];
  readonly lines: { readonly level: string; readonly text: string }[];
  readonly counted: string[];
}

/** A host for tests of webhooks alone. By default, it accepts all genuine requests. */
export function recordingHost(
  accept: (event: TriggerEvent) => Promise<Acceptance> | Acceptance = () => ({
    status: 'started',
    runId: 'run~1',
  }),
): RecordingHost {
  const events: TriggerEvent[] = [];
  const lines: { level: string; text: string }[] = [];
  const counted: string[] = [];
  const at =
    (level: string) =>
    (...parts: unknown[]): void =>
      void lines.push({ level, text: JSON.stringify(parts) });
  const refuse = (): never => {
    throw new SelvageError('UnknownRun', 'There are no runs here.');
  };
  return {
    events,
    lines,
    counted,
    accept: async (_, event) => {
      events.push(event);
      return await accept(event);
    },
    ledger: { claim: refuse, find: refuse, markStarted: refuse },
    runs: { untilOver: refuse, look: refuse, signal: refuse },
    tokens: new StatusTokens([createHash('sha256').update('a secret of tests').digest('hex')]),
    logger: { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') },
    metrics: (trigger) => ({
      count: (what) => void counted.push(`${triggerName(trigger)} ${what}`),
      lag: () => {},
      latency: () => {},
    }),
  };
}

export function handlerOf(
  host: WebhookHost,
  triggers: WebhookHandlerOptions['triggers'],
  options: Omit<WebhookHandlerOptions, 'triggers'> = {},
): WebhookHandler {
  return createWebhookHandler(host, { triggers, ...options });
}

/** The status, with the code of a problem if there is one. */
export async function answerOf(response: Response): Promise<string> {
  if (response.ok) return String(response.status);
  return `${response.status} ${((await response.json()) as { code: string }).code}`;
}
