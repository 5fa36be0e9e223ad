import type { Activity } from './activity';
import type { Attempt } from './attempt';
import type { SimulatedRun } from './run';
import type { Step } from './schedule';

export interface Action {
  readonly step: Step;
  readonly run: SimulatedRun;
  /** The knot, or an element of a map; of a segment or batch, the first knot. */
  readonly knot: string;
  readonly attempt?: Attempt;
  readonly activity?: Activity;
  /** Whether an error that is thrown at this step is retried. */
  readonly mayThrow?: boolean;
  isOver?: boolean;
  perform(): void;
  /** Makes an attempt meet this error instead. */
  fail?(error: Error): void;
  terminate?(): void;
  /** Does the half before a kill of the worker; the whole follows. Steps of attempts have no half. */
  half?(): void;
}
