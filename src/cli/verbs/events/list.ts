import type { Command } from 'commander';
import type { LedgerEntry, Page } from '../../../ports';
import type { Does } from '../../options/does';
import {
  addCommonOptions,
  addJsonOption,
  wholeNumber,
  type RecordOptions,
} from '../../options/server-options';
import { EXIT } from '../../output/exit-codes';
import { describeLink, formatTable, formatTime } from '../../output/format';
import type { Output } from '../../output/output';
import { nextPage } from '../../output/typed-commands';

interface EventsListOptions extends RecordOptions {
  readonly trigger?: string;
  readonly pending?: boolean;
  readonly limit: number;
  readonly cursor?: string;
}

export function addEventsList(events: Command, does: Does): void {
  addCommonOptions(
    addJsonOption(
      events
        .command('list')
        .description('Lists events that have started runs, the newest first. It asks no server.')
        .option('--trigger <name>', 'only of this trigger, with its kind, such as kafka:orders')
        .option('--pending', 'only those whose run has not started yet')
        .option('--limit <number>', 'how many at most', wholeNumber, 20)
        .option('--cursor <cursor>', 'go on where the page before ended')
        .addHelpText(
          'after',
          '\nAn event without a start was cut off in between. It is completed when it is delivered again.\n\nExample:\n  $ selvage events list --trigger kafka:orders --pending',
        ),
    ),
  ).action(does(listEvents));
}

async function listEvents(
  { trigger, pending, limit, cursor, ...options }: EventsListOptions,
  output: Output,
): Promise<number> {
  const { withRecords } = await import('../../location/records.js');
  return await withRecords(options, async ({ startLedger }) => {
    const page = await startLedger.list({
      limit,
      ...(trigger !== undefined && { trigger }),
      ...(pending && { started: false }),
      ...(cursor !== undefined && { cursor }),
    });
    if (output.json) output.document(page);
    else output.say(describePage(page, output));
    return EXIT.ok;
  });
}

function describePage({ items, cursor }: Page<LedgerEntry>, output: Output): string {
  const more = cursor === undefined ? [] : ['', output.dim(`There are more: ${nextPage(cursor)}`)];
  if (items.length === 0) return ['No event fits.', ...more].join('\n');
  const rows = items.map(({ trigger, key, runId, event, claimedAt, startedAt }) => [
    trigger,
    key,
    runId,
    formatTime(claimedAt),
    startedAt === null ? 'not yet' : formatTime(startedAt),
    describeLink(event),
  ]);
  return [formatTable(['TRIGGER', 'KEY', 'RUN', 'RECEIVED', 'STARTED', 'FROM'], rows), ...more].join('\n');
}
