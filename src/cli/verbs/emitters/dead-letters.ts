import type { Command } from 'commander';
import type { Page, StoredDeadLetter } from '../../../ports';
import type { Does } from '../../options/does';
import {
  addCommonOptions,
  addJsonOption,
  collect,
  wholeNumber,
  type RecordOptions,
} from '../../options/server-options';
import { EXIT } from '../../output/exit-codes';
import { formatTable, formatTime, plural } from '../../output/format';
import type { Output } from '../../output/output';
import { nextPage } from '../../output/typed-commands';

interface DeadLettersOptions extends RecordOptions {
  readonly redrive?: boolean;
  readonly delete?: boolean;
  readonly event?: readonly string[];
  readonly limit: number;
  readonly cursor?: string;
}

export function addDeadLetters(emitters: Command, does: Does): void {
  addCommonOptions(
    addJsonOption(
      emitters
        .command('dead-letters')
        .description(
          'Lists the dead letters of an emitter: the events that it gave up, the newest first. Or has them delivered again, or removes them.',
        )
        .argument('<name>', 'name of the emitter')
        .option('--redrive', 'deliver them once more, by the process that delivers to the emitter')
        .option('--delete', 'remove them')
        .option('--event <id>', 'of --redrive and --delete: only this event; may be repeated', collect)
        .option('--limit <number>', 'how many at most', wholeNumber, 20)
        .option('--cursor <cursor>', 'go on where the page before ended')
        .addHelpText('after', '\nExample:\n  $ selvage emitters dead-letters hook --redrive'),
    ),
  ).action(does(showDeadLetters));
}

async function showDeadLetters(name: string, options: DeadLettersOptions, output: Output): Promise<number> {
  const { SelvageError } = await import('../../../errors/index.js');
  const { withRecords } = await import('../../location/records.js');
  const { requireEmitter, requireFeed } = await import('../../../deliveries/index.js');
  const { redrive = false, delete: isDelete = false, event, limit, cursor } = options;
  const details = { option: redrive ? 'redrive' : 'event' };
  if (redrive && isDelete)
    throw new SelvageError('Usage', 'Give --redrive or --delete, not both.', { details });
  if (event && !redrive && !isDelete)
    throw new SelvageError('Usage', '--event says which to --redrive or to --delete. Give one of these.', {
      details,
    });
  return await withRecords(options, async (backends) => {
    await requireEmitter(backends, name);
    const table = requireFeed(backends.runHistory).emitterTableBeside();
    if (redrive || isDelete) {
      const count = redrive ? await table.redrive(name, event) : await table.forget(name, event);
      output.say(
        redrive
          ? `${plural(count, 'event')} ${count === 1 ? 'is' : 'are'} delivered once more by the process that delivers to ${name}.`
          : `Deleted ${plural(count, 'event')}.`,
      );
      if (output.json) output.document({ [redrive ? 'redriven' : 'deleted']: count });
      return EXIT.ok;
    }
    const page = await table.deadLetters(name, { limit, ...(cursor !== undefined && { cursor }) });
    if (output.json) output.document(page);
    else output.say(describePage(page, output));
    return EXIT.ok;
  });
}

function describePage({ items, cursor }: Page<StoredDeadLetter>, output: Output): string {
  const more = cursor === undefined ? [] : ['', output.dim(`There are more: ${nextPage(cursor)}`)];
  if (items.length === 0) return ['It gave up nothing.', ...more].join('\n');
  const rows = items.map(({ at, eventId, change, reason, redrivenAt }) => [
    formatTime(at),
    change.run_id,
    eventId,
    redrivenAt === null ? '' : 'comes again',
    reason,
  ]);
  return [formatTable(['SINCE', 'RUN', 'EVENT', '', 'WHY'], rows), ...more].join('\n');
}
