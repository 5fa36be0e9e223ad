import type { z } from 'zod';
import { isoTime, timeWords, untilWords } from '../../connection/schedules/schedule-words';
import type { preview } from '../../operations/schedules/preview';
import { Zone } from '../../partitions';
import { formatTable, indented } from '../output/format';
import type { Output } from '../output/output';

export function timeRows(times: readonly number[], timezone: string, now: number): string[] {
  const zone = new Zone(timezone);
  const rows = times.map((time) => [
    isoTime(time, zone.offsetAt(time)),
    timeWords(time, timezone),
    untilWords(time, now),
  ]);
  return indented(formatTable(['', '', ''], rows)).slice(1);
}

const SHOWN_ODD = 20;

export function describePreview(
  { cron, timezone, words, times, clockChanges: odd }: z.output<typeof preview.answer>,
  now: number,
  output: Output,
): string {
  const zone = new Zone(timezone);
  const timeOf = (time: number, clockAt = time): string => isoTime(time, zone.offsetAt(clockAt));
  const shown = odd.slice(0, SHOWN_ODD).map(({ kind, clock, changeAt, at }) => {
    const change = `the clock goes ${kind === 'skipped' ? 'forward' : 'back'} at ${timeOf(changeAt, changeAt - 1)}`;
    return kind === 'skipped'
      ? `  ${clock} does not come: ${change}. No run is planned.`
      : `  ${clock} comes twice: ${change}. Two runs are planned: ${at.map((each) => timeOf(each)).join(' and ')}.`;
  });
  const more = odd.length - shown.length;
  const rows = timeRows(
    times.map(({ at }) => at),
    timezone,
    now,
  );
  return [
    `${output.bold(cron)} (${timezone}): ${words}`,
    '',
    ...(times.length === 0 ? ['There is no such time to come.'] : rows),
    ...(odd.length === 0 ? [] : ['', output.bold('When the clock changes'), ...shown]),
    ...(more > 0 ? [output.dim(`  And ${more} more within two years.`)] : []),
  ].join('\n');
}
