import { declared, EMITTER, isMarkedEmitter } from '../authoring/marks';
import type { OutcomeKind, RunStatus } from '../ports';
import type { Duration } from '../values/duration';
import type { RunEvent } from './event';

export type EmitterKind =
  'kafka' | 'log' | 'open-lineage' | 'open-telemetry' | 'custom' | 'valkey' | 'webhook';

/** Which events an emitter hears. All given conditions must hold. */
export interface EventFilter {
  /** Names of tapestries. Default: of an emitter of a file, all tapestries of the file; of `selvage.config.ts`, all. */
  readonly tapestries?: readonly string[];
  /** Default: all. */
  readonly types?: readonly RunEvent['type'][];
  /** Outcomes of knots. Default: all. Events of runs are not concerned. */
  readonly outcomes?: readonly OutcomeKind[];
  /** How runs ended. Default: all. Other events are not concerned. */
  readonly statuses?: readonly RunStatus[];
}

/** Options that every emitter takes. */
export interface EmitterOptions {
  /** Its cursor is kept under this name, which is therefore unique in a project. Default: the kind. */
  readonly name?: string;
  readonly filter?: EventFilter;
  /**
   * Where an emitter begins that has no cursor yet: with what happens from now on, or with the oldest that is on record.
   * Default `now`.
   */
  readonly from?: 'now' | 'beginning';
  /** Most events in one delivery. Default 500. */
  readonly batchSize?: number;
  /** After how long a delivery counts as failed. Default 60 s. */
  readonly timeout?: Duration;
  /**
   * After how much time of nothing but failures the emitter is disabled, until `selvage emitters resume` or a replay:
   * milliseconds, or `'5d'`. Its events stay, and so do the runs that it has not heard of. Default: never; of a webhook, 5
   * days.
   */
  readonly disableAfter?: Duration;
}

/** An emitter as declared in a user's file. It loads no client; what delivers makes it work. */
export interface EmitterDeclaration<Kind extends EmitterKind = EmitterKind, Options = unknown> {
  readonly kind: Kind;
  readonly name: string;
  readonly filter: EventFilter;
  readonly from: 'now' | 'beginning';
  readonly batchSize: number;
  readonly timeout: number;
  /** Milliseconds. Undefined: never. */
  readonly disableAfter?: number;
  /** Checked options of its kind, with their defaults. */
  readonly options: Options;
}

/** Declarations, and lists of them, such as `webhookEmitter({ endpoints })` makes. */
export type EmitterList = readonly (EmitterDeclaration | readonly EmitterDeclaration[])[];

/** The emitter, which hears these tapestries alone, unless its own filter says which. */
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
