import type { Delivery, RunEvent } from '../emitters';
import { messageText } from '../errors';
import type { DeadLetter, HistoryChange } from '../ports';
import { LONGEST_ERROR } from './receiver';

export interface Batch {
  readonly events: readonly RunEvent[];
  readonly changeOf: ReadonlyMap<RunEvent, HistoryChange>;
  /** The cursor's position after the delivery. */
  readonly position: string | null;
  readonly positionAt: number | null;
  /** Ids of redriven dead letters whose event no longer exists. Such dead letters are settled with the batch. */
  readonly settled?: readonly string[] | undefined;
}

/** The rejected events of the batch, each once. */
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
