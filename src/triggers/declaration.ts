import type { Tapestry } from '../authoring';
import { declared, isDeclared } from '../authoring/marks';

const TRIGGER = Symbol.for('selvage.trigger');

export type TriggerKind = 'cron' | 'kafka' | 'schedule' | 'stream' | 'valkey' | 'webhook' | 'webhook-signal';

/**
 * A trigger as declared in a user's file: it starts runs. It loads no client, no broker and no server;
 * `selvage serve` and `serve()` make it work.
 */
export interface TriggerDeclaration<Kind extends TriggerKind = TriggerKind, Options = unknown> {
  readonly kind: Kind;
  /** Unique among the triggers of a kind. Run records contain it after the kind: `kafka:orders`. */
  readonly id: string;
  /** The tapestry to start. Absent if it sends signals. */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- a tapestry of whatever parameters and values
  readonly tapestry?: Tapestry<any, any>;
  /** Checked options, with their defaults. */
  readonly options: Options;
}

export function declareTrigger<Kind extends TriggerKind, Options>(
  declaration: TriggerDeclaration<Kind, Options>,
): TriggerDeclaration<Kind, Options> {
  return declared({ ...declaration }, TRIGGER);
}

export function isTrigger(value: unknown): value is TriggerDeclaration {
  return isDeclared(value, TRIGGER);
}

/** The trigger's name in run records and in the ledger. */
export function triggerName({ kind, id }: Pick<TriggerDeclaration, 'kind' | 'id'>): string {
  return `${kind}:${id}`;
}
