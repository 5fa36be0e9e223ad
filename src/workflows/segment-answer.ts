import { unpackEnds, type MemberOutcome } from '../scheduler';
import type { KnotTasks } from './knot-tasks';
import type { SegmentAnswer } from './messages';
import type { PresentPlan } from './present-plan';
import { slotOf, type Slot } from './slot';

/** Members without an outcome join a later segment or, if in `alone`, run as activities of their own. */
export interface SegmentOutcomes {
  readonly outcomes: ReadonlyMap<number, MemberOutcome<Slot>>;
  readonly alone: readonly number[];
}

/** Reads a segment's answer, and notes reports about handed-back members for their next tasks. */
export function readSegmentAnswer(
  plan: PresentPlan,
  tasks: KnotTasks,
  members: readonly number[],
  answer: SegmentAnswer,
): SegmentOutcomes {
  const outcomes = new Map<number, MemberOutcome<Slot>>();
  const alone: number[] = [];
  unpackEnds(answer.ends, members.length).forEach((end, position) => {
    const knot = members[position]!;
    const id = plan.idOf(knot);
    if (end === 'ok') {
      const envelope = answer.values[id];
      const choice = answer.choices?.[id];
      const value = envelope ? slotOf(envelope) : null;
      outcomes.set(knot, { kind: 'ok', value, ...(choice !== undefined && { choice }) });
    } else if (answer.skipped?.[id] !== undefined) {
      outcomes.set(knot, { kind: 'skipped', reason: answer.skipped[id] });
    } else if (end === 'err') {
      outcomes.set(knot, { kind: 'err' });
    } else if (end === 'retryAlone') {
      alone.push(knot);
      const how = answer.handedBack?.[id];
      if (how) tasks.noteHandedBack(knot, how);
    } else {
      tasks.noteAgain(knot);
    }
  });
  return { outcomes, alone };
}
