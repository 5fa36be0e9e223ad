import type { AnsweredSignals, SavedScheduler, UnreadSignal } from '../scheduler';
import type { ChildRunKnots } from './child-run-knots';
import type { Extensions } from './extensions';
import type { FailureList } from './failure-list';
import type { KnotTasks } from './knot-tasks';
import type { CarriedWait, ChildEnd, HandedBack, KnotFailure, LeftSignals, RunCounts } from './messages';
import type { RunLimits } from './run-limits';
import type { RunReport } from './run-report';
import type { Signals } from './signals';
import type { WaitingKnots } from './waiting-knots';

/**
 * What the host of one execution passes to the next, beside the scheduler's state. Knots are given by index; absent
 * fields are empty.
 */
export interface CarriedOver {
  readonly failures: readonly KnotFailure[];
  /** Knots in child runs, with their Temporal run ids. */
  readonly childRuns?: readonly (readonly [number, string])[];
  /** Messages of child runs that arrived while the execution was ending. */
  readonly unheard?: readonly ChildEnd[];
  /** Segments' reports about knots that they handed back and that have not ended. */
  readonly handedBack?: readonly (readonly [number, HandedBack])[];
  /** The first extension by a body that could not be made. */
  readonly refused?: KnotFailure;
  /** Waiting knots in the order in which they began. */
  readonly waits?: readonly (readonly [number, CarriedWait])[];
  /** Signals that no knot has taken, and refusals. */
  readonly unread?: readonly UnreadSignal[];
  readonly answered?: AnsweredSignals;
  readonly refusedSignals?: LeftSignals['refused'];
  /** How many more of each outcome there are than the scheduler counts. */
  readonly standing?: RunCounts;
}

/** What an execution passes to the next (continue-as-new). Values are looked up by record instead. */
export interface Continuation extends CarriedOver {
  readonly behaviour: number;
  readonly limits: RunLimits;
  readonly plan: string;
  readonly temporalRunId: string;
  readonly saved: SavedScheduler<null>;
  /** How often the run has remade records that its history had lost. Absent: never. */
  readonly mended?: number;
}

export interface CarryingParts {
  readonly children: ChildRunKnots;
  readonly extensions: Extensions;
  readonly failures: FailureList;
  readonly report: RunReport;
  readonly signals: Signals;
  readonly tasks: KnotTasks;
  readonly waiting: WaitingKnots;
}

export function carriedOver(parts: CarryingParts): CarriedOver {
  const { children, extensions, failures, report, signals, tasks, waiting } = parts;
  const { away, unheard } = children;
  const { stillHandedBack: handedBack } = tasks;
  const { refused } = extensions;
  const { stillWaiting: waits, unread, answered } = waiting;
  const { refused: refusedSignals } = signals;
  return {
    failures: failures.all,
    ...(away.length > 0 && { childRuns: away }),
    ...(unheard.length > 0 && { unheard }),
    ...(handedBack.length > 0 && { handedBack }),
    ...(refused && { refused }),
    ...(waits.length > 0 && { waits }),
    ...(unread.length > 0 && { unread }),
    ...(answered.length > 0 && { answered }),
    ...(refusedSignals && { refusedSignals }),
    ...(report.standing && { standing: report.standing }),
  };
}

/**
 * Adds what ended knots need to run again: a map's elements are forgotten, and a wait whose time has come does not wait
 * again.
 */
export function carriedAgain(
  carried: CarriedOver,
  again: { readonly maps: readonly number[]; readonly waits: readonly number[] },
): CarriedOver {
  const { maps, waits } = again;
  return {
    ...carried,
    ...(maps.length > 0 && {
      handedBack: [...(carried.handedBack ?? []), ...maps.map((map) => [map, {}] as const)],
    }),
    ...(waits.length > 0 && {
      waits: [
        ...(carried.waits ?? []),
        ...waits.map((wait) => [wait, { waited: { kind: 'time' } }] as const),
      ],
    }),
  };
}
