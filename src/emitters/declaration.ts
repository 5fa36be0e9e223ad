import { declared, EMITTER, isMarkedEmitter } from '../authoring/marks';
import type { OutcomeKind, RunStatus } from '../ports';
import type { Duration } from '../values/duration';
import type { RunEvent } from './event';

export type EmitterKind =
  'kafka' | 'log' | 'open-lineage' | 'open-telemetry' | 'custom' | 'valkey' | 'webhook';

/** All given conditions must hold. */
export interface EventFilter {
  /**
   * Default: all tapestries of the file that exports the emitter; for an emitter in `selvage.config.ts`, all
   * tapestries.
   */
  readonly tapestries?: readonly string[];
  /** Default: all. */
  readonly types?: readonly RunEvent['type'][];
  /** Outcomes of knots. Default: all. The condition is not applied to runs. */
  readonly outcomes?: readonly OutcomeKind[];
  /** Statuses of ended runs. Default: all. The condition is not applied to other events. */
  readonly statuses?: readonly RunStatus[];
}

/** Options of every emitter. */
export interface EmitterOptions {
  /** Name of the emitter's cursor, unique in a project. Default: the kind. */
  readonly name?: string;
  readonly filter?: EventFilter;
  /** Start of an emitter without a cursor: new events, or all events on record. Default `now`. */
  readonly from?: 'now' | 'beginning';
  /** At most this many events in one delivery. Default 500. */
  readonly batchSize?: number;
  /** Time limit of a delivery. Default 60 s. */
  readonly timeout?: Duration;
  /**
   * Disables the emitter after this time without a successful delivery, counted from the first failure, until
   * `selvage emitters resume` or a replay: milliseconds, or `'5d'`. The emitter's events and undelivered runs stay.
   * Default: never; for a webhook, 5 days.
   */
  readonly disableAfter?: Duration;
}

/** A declared emitter, which loads no client. The delivering process makes it work. */
export interface EmitterDeclaration<Kind extends EmitterKind = EmitterKind, Options = unknown> {
  readonly kind: Kind;
  readonly name: string;
  readonly filter: EventFilter;
  readonly from: 'now' | 'beginning';
  readonly batchSize: number;
  readonly timeout: number;
  /** Milliseconds. Absent: never. */
  readonly disableAfter?: number;
  /** Checked, with defaults. */
  readonly options: Options;
}

/** Emitters, also in lists, such as `webhookEmitter({ endpoints })` returns. */
export type EmitterList = readonly (EmitterDeclaration | readonly EmitterDeclaration[])[];

/** Limits an emitter to these tapestries, unless its filter names some. */
export function hearing<Declaration extends EmitterDeclaration>(
  declaration: Declaration,
  tapestries: readonly string[],
): Declaration {
  const { filter } = declaration;
  if (filter.tapestries) return declaration;
  return declareEmitter({ ...declaration, filter: { ...filter, tapestries } }) as Declaration;
}

export function declareEmitter<Kind extends EmitterKind, Options>(
  declaration: EmitterDeclaration<Kind, Options>,
): EmitterDeclaration<Kind, Options> {
  return declared({ ...declaration }, EMITTER);
}

export function isEmitter(value: unknown): value is EmitterDeclaration {
  return isMarkedEmitter(value);
}
