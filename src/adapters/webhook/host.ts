import type { Json } from '../../values';
import type { Logger } from '../../authoring/knot-context';
import type { RunStatus } from '../../authoring/outcome';
import type { StartLedger } from '../../ports';
import type { Acceptance, TriggerDeclaration, TriggerEvent, TriggerMetrics } from '../../triggers';
import type { StatusTokens } from './status-token';

/** A run as its status URL shows it. */
export interface WebhookRun {
  readonly status: RunStatus;
  /** The values of terminals by name, if the run is over and the token allows it. */
  readonly outputs?: Readonly<Record<string, Json>>;
  /** The reason why `outputs` are missing: `TooLarge`, `Unreadable`. */
  readonly outputsOmitted?: string;
  /** The failed knots, without their messages, which only the operator of the service may see. */
  readonly failed?: readonly { readonly knotId: string; readonly type: string }[];
}

/** The surroundings of a webhook handler. */
export interface WebhookHost {
  /** @throws SelvageError if it is unknown whether the event was accepted */
  accept(trigger: TriggerDeclaration, event: TriggerEvent): Promise<Acceptance>;
  readonly ledger: Pick<StartLedger, 'claim' | 'find' | 'markStarted'>;
  readonly runs: {
    /** Waits for a run's end, within a time or until the signal is aborted; returns whether the run is over. */
    untilOver(runId: string, milliseconds: number, signal: AbortSignal): Promise<boolean>;
    /** Returns undefined if the run is unknown. */
    look(runId: string, withOutputs: boolean): Promise<WebhookRun | undefined>;
    /** Sends a signal; resolves when the run has received it. @throws SelvageError as `RunHandle.signal` */
    signal(
      runId: string,
      name: string,
      payload: unknown,
      options: { readonly id: string; readonly timeout: number },
    ): Promise<{ readonly takenBy?: string }>;
  };
  readonly tokens: StatusTokens;
  readonly logger: Logger;
  metrics(trigger: TriggerDeclaration): TriggerMetrics;
}
