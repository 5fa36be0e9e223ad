/*
 * The plainest specification of a run's outcomes, which the scheduler must match. The interpreter has no counters,
 * queues or columns; it looks at the whole graph again and again.
 */

import type { OwnSkipReason, SkipReason } from '../../scheduler';
import type { ErrorPolicy } from '../../authoring/records';

export type ReferenceOutcome =
  'ok' | 'err' | 'err: RequireAllParents' | `skipped: ${SkipReason | OwnSkipReason}`;

export interface ReferenceRun {
  /** The parents of each knot, by knot. The first `parameters` knots are parameters. */
  readonly parentsOf: readonly (readonly number[])[];
  readonly parameters: number;
  /** The error policy of each knot, by knot; undefined: the default for all. */
  readonly policies?: readonly (ErrorPolicy | undefined)[];
  /** Tags of paths of branches, by knot. The first parent of a path is the branch, the second parent is the input. */
  readonly tags?: readonly (string | undefined)[];
  /** The chosen tags, by branch. */
  readonly choices?: ReadonlyMap<number, string>;
  /** Skip reasons that knots' own functions gave, by knot. */
  readonly ownSkips?: ReadonlyMap<number, OwnSkipReason>;
  readonly failing: ReadonlySet<number>;
  /** Knots that are Ok from the start, taken over from another run. */
  readonly takenOver?: ReadonlySet<number>;
  readonly window: number;
  /** Chooses which of the running knots (ascending) ends next. */
  readonly choose: (running: readonly number[], ended: number) => number;
  /** The number of ended bodies after which the run is cancelled; undefined: it is not cancelled. */
  readonly cancelAfter?: number;
}

export interface ReferenceResult {
  readonly outcomes: readonly ReferenceOutcome[];
  /** The knots in order of start. */
  readonly started: readonly number[];
}

export function interpret(run: ReferenceRun): ReferenceResult {
  const knots = run.parentsOf.map((_, knot) => knot);
  const outcomes: (ReferenceOutcome | undefined)[] = knots.map((knot) =>
    knot < run.parameters || run.takenOver?.has(knot) ? 'ok' : undefined,
  );
  const started: number[] = [];
  let running: number[] = [];
  let cancelled = false;

  const isWaiting = (knot: number) => outcomes[knot] === undefined && !running.includes(knot);
  const isDecidable = (knot: number) =>
    isWaiting(knot) && run.parentsOf[knot]!.every((parent) => outcomes[parent] !== undefined);
  const allParentsOk = (knot: number) => run.parentsOf[knot]!.every((parent) => outcomes[parent] === 'ok');
  const policyOf = (knot: number) => run.policies?.[knot] ?? 'skipIfParentFailed';

  for (let ended = 0; ; ended++) {
    if (!cancelled) {
      for (const knot of knots) {
        if (!isDecidable(knot)) continue;
        const tag = run.tags?.[knot];
        if (allParentsOk(knot) && tag !== undefined) {
          const isChosen = run.choices?.get(run.parentsOf[knot]![0]!) === tag;
          outcomes[knot] = isChosen ? 'ok' : 'skipped: branch_not_selected';
        }
        if (allParentsOk(knot)) continue;
        if (policyOf(knot) === 'skipIfParentFailed') outcomes[knot] = 'skipped: parent_failed_or_skipped';
        if (policyOf(knot) === 'requireAllParents') outcomes[knot] = 'err: RequireAllParents';
      }
      for (const knot of knots) {
        if (isDecidable(knot) && running.length < run.window) {
          running.push(knot);
          started.push(knot);
        }
      }
    }
    if (ended === run.cancelAfter) {
      cancelled = true;
      for (const knot of knots) {
        if (isWaiting(knot)) outcomes[knot] = 'skipped: cancelled';
      }
    }
    if (running.length === 0) return { outcomes: outcomes as ReferenceOutcome[], started };
    running.sort((a, b) => a - b);
    const next = run.choose(running, ended);
    running = running.filter((knot) => knot !== next);
    const ownSkip = run.ownSkips?.get(next);
    if (run.failing.has(next)) outcomes[next] = 'err';
    else outcomes[next] = ownSkip === undefined ? 'ok' : `skipped: ${ownSkip}`;
  }
}
