import type { Tapestry } from '../authoring';
import { declared, isDeclared } from '../authoring/marks';

const TRIGGER = Symbol.for('selvage.trigger');

export type TriggerKind = 'cron' | 'kafka' | 'schedule' | 'stream' | 'valkey' | 'webhook' | 'webhook-signal';

/** A declared trigger, which loads no client, broker or server; `selvage serve` and `serve()` do. */
export interface TriggerDeclaration<Kind extends TriggerKind = TriggerKind, Options = unknown> {
  readonly kind: Kind;
  /** The trigger's id, unique among the triggers of a kind. Run records have the id with the kind: `kafka:orders`. */
  readonly id: string;
  /** The tapestry to start. Absent if the trigger sends signals. */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- a tapestry of whatever parameters and values
  readonly tapestry?: Tapestry<any, any>;
  /** Checked, with defaults. */
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

/** The trigger's name, as in run records and the ledger. */
export function triggerName({ kind, id }: Pick<TriggerDeclaration, 'kind' | 'id'>): string {
  return `${kind}:${id}`;
}
