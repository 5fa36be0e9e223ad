import type { Command } from 'commander';
import { events } from '../../../operations/events';
import type { Does } from '../../options/does';
import { describeLink, formatTable, formatTime } from '../../output/format';
import { nextPageLines } from '../../output/typed-commands';
import { verbsOf } from '../../table/verb-of-table';
import { addEventsPrune } from './prune';

const addOthers = verbsOf(events, {
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
});

export function addEvents(events: Command, does: Does): void {
  addOthers(events, does);
  addEventsPrune(events, does);
}
