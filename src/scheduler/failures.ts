import type { ErrorCode } from '../errors';
import type { FailOn } from '../authoring/records';
import type { Layout } from '../plan/layout';
import type { OutcomeKind } from './protocol';

const NAMED_PARENTS = 5;

type OutcomeKinds = (knot: number) => OutcomeKind | undefined;

export interface CountedFailures {
  /** All failures but those of optional knots. With such a failure, the run has not succeeded. */
  readonly counted: number;
  /** Counted failures that no knot receives. */
  readonly unhandled: number;
}

export function countFailures(
  { size, policy, policies, childStart, children }: Layout,
  outcomeKind: OutcomeKinds,
): CountedFailures {
  let counted = 0;
  let unhandled = 0;
  const receives = (knot: number): boolean => policies[policy[knot]!]!.errorPolicy === 'receiveErrors';
  for (let knot = 0; knot < size; knot++) {
    if (outcomeKind(knot) !== 'err' || policies[policy[knot]!]!.optional) continue;
    counted += 1;
    if (!children.subarray(childStart[knot], childStart[knot + 1]).some(receives)) unhandled += 1;
  }
  return { counted, unhandled };
}

export function failsWorkflow(failOn: FailOn, { counted, unhandled }: CountedFailures): boolean {
  if (failOn === 'never') return false;
  return (failOn === 'any' ? counted : unhandled) > 0;
}

/** The message is the same on every host. */
export function requiredParentsFailure(
  { ids, parentStart, parents }: Layout,
  knot: number,
  outcomeKind: OutcomeKinds,
): { readonly knot: string; readonly type: ErrorCode; readonly message: string } {
  const told: string[] = [];
  let others = 0;
  for (let edge = parentStart[knot]!; edge < parentStart[knot + 1]!; edge++) {
    const parent = parents[edge]!;
    const kind = outcomeKind(parent);
    if (kind === 'ok') continue;
    if (told.length === NAMED_PARENTS) others += 1;
    else told.push(`"${ids[parent]}" ${kind === 'err' ? 'failed' : 'was skipped'}`);
  }
  if (others > 0) told.push(`and ${others} more`);
  const id = ids[knot]!;
  const message = `Knot "${id}" requires all its parents to be Ok: ${told.join(', ')}.`;
  return { knot: id, type: 'RequireAllParents', message };
}
