import type { Command } from 'commander';
import { events } from '../../../operations/events';
import type { Does } from '../../options/does';
import { describeLink, formatTable, formatTime, plural } from '../../output/format';
import { nextPageLines } from '../../output/typed-commands';
import { verbsOf } from '../../table/verb-of-table';
import { addJsonOption, addServerOptions, type ServerOptions } from '../../options/server-options';
import { duration } from '../../options/times';
import { isConfirmed } from '../../output/confirm';
import { EXIT } from '../../output/exit-codes';
import type { Output } from '../../output/output';

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

interface EventsPruneOptions extends ServerOptions {
  readonly olderThan: number;
  readonly yes?: boolean;
}

function addEventsPrune(events: Command, does: Does): void {
  const command = events
    .command('prune')
    .description(
      "Removes events that have started runs longer ago; runs and their records stay. The time must be longer than the server keeps runs, and longer than a source delivers an event late (a topic's retention).",
    )
    .requiredOption('--older-than <time>', 'events that came longer ago, such as 365d', duration)
    .option('--yes', 'do not ask')
    .addHelpText(
      'after',
      '\nExit codes: 0 removed, or nothing to remove; 2 not confirmed, or a time that is too short.\n\nExample:\n  $ selvage events prune --older-than 365d --yes',
    );
  addServerOptions(addJsonOption(command)).action(does(pruneEvents));
}

async function pruneEvents(
  { olderThan, yes = false, ...options }: EventsPruneOptions,
  output: Output,
): Promise<number> {
  const { withClient } = await import('../../location/connect.js');
  return await withClient(options, output, async (selvage) => {
    const before = formatTime(Date.now() - olderThan);
    if (
      !yes &&
      !(await isConfirmed(
        `Remove the events from before ${before} from the record of what has started runs?`,
        'add --yes',
      ))
    ) {
      output.warn('Nothing was removed.');
      return EXIT.usage;
    }
    const result = await selvage.events.prune({ olderThan });
    output.say(`Removed ${plural(result.events, 'event')} from before ${formatTime(result.until)}.`);
    return output.finish(result);
  });
}
