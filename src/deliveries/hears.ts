import type { EventFilter, RunEvent } from '../emitters';
import type { HistoryChange } from '../ports';
import { isOfTapestry } from '../streams/batch';

/** Whether events of this change may be heard. A start may stand for a whole run, so its events are told apart when they are made. */
export function mayHear(
  { tapestries, types, outcomes, statuses }: EventFilter,
  change: HistoryChange,
): boolean {
  const { tapestry, kind, outcome, status, isBeforeRun } = change;
  // It comes with the start.
  if (isBeforeRun || !(tapestries?.some((name) => isOfTapestry(tapestry, name)) ?? true)) return false;
  if (kind === 'run-started') return true;
  return (
    allows(types, kind) &&
    (outcome === undefined || allows(outcomes, outcome)) &&
    (status === undefined || allows(statuses, status))
  );
}

/** Those of the events of a change that {@link mayHear} let through. */
export function heard(
  { types, outcomes, statuses }: EventFilter,
  { kind }: HistoryChange,
  events: readonly RunEvent[],
): readonly RunEvent[] {
  if (kind !== 'run-started') return events;
  return events.filter(
    (event) =>
      allows(types, event.type) &&
      (event.type !== 'knot-finished' || allows(outcomes, event.record.outcome)) &&
      (event.type !== 'run-ended' || allows(statuses, event.run.status)),
  );
}

/** Whether a filter lets it through. */
export function allows<T>(wanted: readonly T[] | undefined, given: T): boolean {
  return wanted?.includes(given) ?? true;
}
