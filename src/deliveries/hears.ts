import type { EventFilter, RunEvent } from '../emitters';
import type { HistoryChange } from '../ports';
import { isOfTapestry } from '../streams/batch';

/** Whether events of this change may be heard. A start may stand for a whole run, so its events are told apart when they are made. */
export function mayHear(filter: EventFilter, change: HistoryChange): boolean {
  const { types, outcomes, statuses } = filter;
  const { kind, outcome, status, isBeforeRun } = change;
  // It comes with the start.
  if (isBeforeRun || !isAbout(filter, change)) return false;
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

/** Whether it is about a tapestry that is heard of. */
export function isAbout({ tapestries }: EventFilter, { tapestry }: { readonly tapestry: string }): boolean {
  return tapestries?.some((name) => isOfTapestry(tapestry, name)) ?? true;
}

/** Whether a filter lets it through. */
function allows<T>(wanted: readonly T[] | undefined, given: T): boolean {
  return wanted?.includes(given) ?? true;
}
