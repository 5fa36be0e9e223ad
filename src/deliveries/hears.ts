import type { EventFilter, RunEvent } from '../emitters';
import type { HistoryChange } from '../ports';
import { isOfTapestry } from '../streams/batch';

/** A start may stand for a whole run, whose events {@link heard} filters. */
export function mayHear(filter: EventFilter, change: HistoryChange): boolean {
  const { types, outcomes, statuses } = filter;
  const { kind, outcome, status, isBeforeRun } = change;
  // The event of a record from before the run comes with the run's start.
  if (isBeforeRun || !isAbout(filter, change)) return false;
  if (kind === 'run-started') return true;
  return (
    allows(types, kind) &&
    (outcome === undefined || allows(outcomes, outcome)) &&
    (status === undefined || allows(statuses, status))
  );
}

/** Filters the events of a change that passed {@link mayHear}. */
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

export function isAbout({ tapestries }: EventFilter, { tapestry }: { readonly tapestry: string }): boolean {
  return tapestries?.some((name) => isOfTapestry(tapestry, name)) ?? true;
}

function allows<T>(wanted: readonly T[] | undefined, given: T): boolean {
  return wanted?.includes(given) ?? true;
}
