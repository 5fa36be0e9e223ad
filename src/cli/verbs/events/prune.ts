import type { Command } from 'commander';
import type { Does } from '../../options/does';
import { addJsonOption, addServerOptions, type ServerOptions } from '../../options/server-options';
import { duration } from '../../options/times';
import { isConfirmed } from '../../output/confirm';
import { EXIT } from '../../output/exit-codes';
import { formatTime, plural } from '../../output/format';
import type { Output } from '../../output/output';

interface EventsPruneOptions extends ServerOptions {
  readonly olderThan: number;
  readonly yes?: boolean;
}

export function addEventsPrune(events: Command, does: Does): void {
  addServerOptions(
    addJsonOption(
      events
        .command('prune')
        .description(
          "Removes events that have started runs longer ago; runs and their records stay. The time must be longer than the server keeps runs, and longer than a source delivers an event late (a topic's retention).",
        )
        .requiredOption('--older-than <time>', 'events that came longer ago, such as 365d', duration)
        .option('--yes', 'do not ask')
        .addHelpText(
          'after',
          '\nExit codes: 0 removed, or nothing to remove; 2 not confirmed, or a time that is too short.\n\nExample:\n  $ selvage events prune --older-than 365d --yes',
        ),
    ),
  ).action(does(pruneEvents));
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
    if (output.json) output.document(result);
    return EXIT.ok;
  });
}
