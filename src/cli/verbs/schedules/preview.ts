import type { Command } from 'commander';
import type { Does } from '../../options/does';
import { addJsonOption, wholeNumber } from '../../options/server-options';
import { TIME_FORMS, timeOption } from '../../options/times';
import { EXIT } from '../../output/exit-codes';
import type { Output } from '../../output/output';

interface SchedulesPreviewOptions {
  readonly timezone: string;
  readonly limit: number;
  readonly from?: number;
}

export function addSchedulesPreview(schedules: Command, does: Does): void {
  addJsonOption(
    schedules
      .command('preview')
      .description(
        'Says a cron expression in words, its next times, and what changes of the clock do to them within two years. It asks no server.',
      )
      .argument('<cron>', 'five fields, or @daily and the like')
      .option('--timezone <name>', 'such as Europe/Berlin', 'UTC')
      .option('--limit <number>', 'how many times', wholeNumber, 10)
      .option('--from <time>', `times after this one (default: now): ${TIME_FORMS}`, (text) =>
        timeOption(text),
      )
      .option('--verbose', "show stacks of errors and the SDK's messages")
      .addHelpText(
        'after',
        "\nExample:\n  $ selvage schedules preview '30 2 * * *' --timezone Europe/Berlin",
      ),
  ).action(does(previewCron));
}

async function previewCron(
  cron: string,
  { timezone, limit, from = Date.now() }: SchedulesPreviewOptions,
  output: Output,
): Promise<number> {
  const { clockText, oddLines, rulesOf, timeRows, zoneOf } = await import('../../show/schedule-times.js');
  const { isoTime, ruleWords, timeWords } = await import('../../../connection/schedules/schedule-words.js');
  const { previewTimes } = await import('../../../triggers/index.js');
  const zone = zoneOf(timezone);
  const rules = rulesOf(cron);
  const { times, clockChanges: odd } = previewTimes({ rules, timezone }, from, limit);
  output.say(
    [
      `${output.bold(cron)} (${timezone}): ${ruleWords(rules)}`,
      '',
      ...(times.length === 0 ? ['There is no such time to come.'] : timeRows(times, timezone, from)),
      ...oddLines(odd, zone, output),
    ].join('\n'),
  );
  if (output.json) {
    output.document({
      cron,
      timezone,
      words: ruleWords(rules),
      times: times.map((time) => ({
        at: isoTime(time, zone.offsetAt(time)),
        words: timeWords(time, timezone),
      })),
      clockChanges: odd.map(({ kind, clock, change, instants }) => ({
        kind,
        clock: clockText(clock),
        changeAt: change.at,
        at: instants.map((instant) => isoTime(instant, zone.offsetAt(instant))),
      })),
    });
  }
  return EXIT.ok;
}
