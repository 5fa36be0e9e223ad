import { events } from '../../operations/events';
import { describeLink, formatTable, formatTime, plural } from '../output/format';
import { nextPageLines } from '../output/typed-commands';
import { verbsOf } from '../table/verb-of-table';

export const addEvents = verbsOf(events, {
  'events.list'({ items, cursor }, _, output) {
    const rows = items.map(({ trigger, key, runId, event, claimedAt, startedAt }) => [
      trigger,
      key,
      runId,
      formatTime(claimedAt),
      startedAt === null ? 'not yet' : formatTime(startedAt),
      describeLink(event),
    ]);
    const table = formatTable(['TRIGGER', 'KEY', 'RUN', 'RECEIVED', 'STARTED', 'FROM'], rows);
    return [items.length === 0 ? 'No event fits.' : table, ...nextPageLines(cursor, output)].join('\n');
  },
  'events.prune': ({ until, events }) =>
    `Removed ${plural(events, 'event')} from before ${formatTime(until)}.`,
});
