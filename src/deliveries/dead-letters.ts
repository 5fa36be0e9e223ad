import type { Delivery, RunEvent } from '../emitters';
import { messageText } from '../errors';
import type { DeadLetter, HistoryChange } from '../ports';
import { LONGEST_ERROR } from './receiver';

/** Events, and what is noted when they have been delivered. */
export interface Batch {
  readonly events: readonly RunEvent[];
  readonly changeOf: ReadonlyMap<RunEvent, HistoryChange>;
  /** Where the cursor is then. */
  readonly position: string | null;
  readonly positionAt: number | null;
  /** Given for events that were dead letters, which are settled with it: ids of others that have no event any more. */
  readonly settled?: readonly string[] | undefined;
}

/** Of the events of a batch, those that the receiver will never take: each once, and none that was not given. */
export function lettersOf({ events, changeOf }: Batch, { rejected = [] }: Delivery): DeadLetter[] {
  if (rejected.length === 0) return [];
  const byId = new Map(events.map((event) => [event.id, event]));
  return rejected.flatMap(({ id, reason }) => {
    const event = byId.get(id);
    if (!event || !byId.delete(id)) return [];
    const text = messageText(String(reason), LONGEST_ERROR);
    return [{ eventId: id, change: changeOf.get(event)!, reason: text }];
  });
}
