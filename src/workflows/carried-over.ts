import type {
  CarriedWait,
  ChildEnd,
  GivenBack,
  KnotFailure,
  LeftSignals,
  RunCounts,
  UnreadSignal,
} from './messages';

/** What the host of one execution hands to that of the next, beside the state of the scheduler. All knots are named by index. */
export interface CarriedOver {
  readonly failures: readonly KnotFailure[];
  /** Knots in child runs, with the Temporal run ids of these; absent where there is none. */
  readonly away?: readonly (readonly [number, string])[];
  /** What child runs said when the execution was about to end; absent where nothing was said. */
  readonly unheard?: readonly ChildEnd[];
  /** What segments said of knots that they gave back and that have not ended; absent where there is none. */
  readonly givenBack?: readonly (readonly [number, GivenBack])[];
  /** The first extension of a body that could not be made; absent where there is none. */
  readonly refused?: KnotFailure;
  /** Knots that wait, in the order in which they began; absent where there is none. */
  readonly waits?: readonly (readonly [number, CarriedWait])[];
  /** Signals that no knot has taken, and what was refused; absent where there is none. */
  readonly unread?: readonly UnreadSignal[];
  readonly refusedSignals?: LeftSignals['refused'];
  /** How many more there are of each outcome than the scheduler knows of; absent where there is none. */
  readonly standing?: RunCounts;
}
