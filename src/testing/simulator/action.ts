import type { Activity } from './activity';
import type { Attempt } from './attempt';
import type { SimulatedRun } from './run';
import type { Step } from './schedule';

/** A future step of a world. */
export interface Action {
  readonly step: Step;
  readonly run: SimulatedRun;
  /** Or an element of a map; of a segment or batch, the first. */
  readonly knot: string;
  /** The attempt that does it. */
  readonly attempt?: Attempt;
  /** The activity whose next attempt begins. */
  readonly activity?: Activity;
  /** Whether an error thrown here is retried. */
  readonly mayThrow?: boolean;
  /** It is void. */
  isOver?: boolean;
  perform(): void;
  /** In an attempt: makes it meet this error instead. */
  fail?(error: Error): void;
  /** Terminates the child run that does it. */
  terminate?(): void;
  /** Does the half before a kill of the worker; the whole follows. Only outside of attempts. */
  half?(): void;
}
