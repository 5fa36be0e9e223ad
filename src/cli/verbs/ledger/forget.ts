import type { Command } from 'commander';
import type { Does } from '../../options/does';
import { addJsonOption, addServerOptions, type ServerOptions } from '../../options/server-options';
import { duration } from '../../options/times';
import { isConfirmed } from '../../output/confirm';
import { EXIT } from '../../output/exit-codes';
import { formatTime, plural } from '../../output/format';
import type { Output } from '../../output/output';

interface LedgerForgetOptions extends ServerOptions {
  readonly olderThan: number;
  readonly yes?: boolean;
}

export function addLedgerForget(ledger: Command, does: Does): void {
  addServerOptions(
    addJsonOption(
      ledger
        .command('forget')
        .description(
          "Forgets events that have started runs longer ago; runs and their records stay. The time must be longer than the server keeps runs, and longer than a source delivers an event late (a topic's retention).",
        )
        .requiredOption('--older-than <time>', 'events that came longer ago, such as 365d', duration)
        .option('--yes', 'do not ask')
        .addHelpText(
          'after',
          '\nExit codes: 0 forgotten, or nothing to forget; 2 not confirmed, or a time that is too short.\n\nExample:\n  $ selvage ledger forget --older-than 365d --yes',
        ),
    ),
  ).action(does(forgetLedger));
}

async function forgetLedger(
  { olderThan, yes = false, ...options }: LedgerForgetOptions,
  output: Output,
): Promise<number> {
  const { withClient } = await import('../../location/connect.js');
  return await withClient(options, output, async (selvage) => {
    const before = formatTime(Date.now() - olderThan);
    if (
      !yes &&
      !(await isConfirmed(`Forget which runs events from before ${before} have started?`, 'add --yes'))
    ) {
      output.warn('Nothing was forgotten.');
      return EXIT.usage;
    }
    const result = await selvage.runs.forgetStarts({ olderThan });
    output.say(`Forgot ${plural(result.forgotten, 'event')} from before ${formatTime(result.before)}.`);
    if (output.json) output.document(result);
    return EXIT.ok;
  });
}
