import type { Activity } from './activity';
import type { Attempt } from './attempt';
import type { SimulatedRun } from './run';
import type { Step } from './schedule';

/** What is to be done next in a world. */
export interface Action {
  readonly step: Step;
  readonly run: SimulatedRun;
  /** Or an element of a map; of a segment or batch its first. */
  readonly knot: string;
  /** In whose life it is. */
  readonly attempt?: Attempt;
  /** Whose next attempt it hands out. */
  readonly activity?: Activity;
  /** Whether an error that is thrown here is tried again. */
  readonly mayThrow?: boolean;
  /** It has come to nothing meanwhile. */
  isOver?: boolean;
  perform(): void;
  /** In an attempt: it meets this error instead. */
  fail?(error: Error): void;
  /** Terminates the child run that does it. */
  terminate?(): void;
  /** Does the half that a killed worker has done. The whole follows. Only outside of attempts. */
  half?(): void;
}
