import { isoTime, timeWords, untilWords } from '../../connection/schedules/schedule-words';
import { SelvageError } from '../../errors';
import { Zone } from '../../partitions';
import { CalendarProblem, rulesOfCron, type DstAnomaly } from '../../triggers';
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

export function zoneOf(timezone: string): Zone {
  try {
    return new Zone(timezone);
  } catch (error) {
    throw new SelvageError(
      'Usage',
      `There is no time zone ${JSON.stringify(timezone)}. Give a name such as Europe/Berlin or UTC.`,
      { details: { option: 'timezone' }, cause: error },
    );
  }
}

export function rulesOf(cron: string): ReturnType<typeof rulesOfCron> {
  try {
    return rulesOfCron(cron);
  } catch (error) {
    if (!(error instanceof CalendarProblem)) throw error;
    throw new SelvageError('Usage', `The cron expression ${JSON.stringify(cron)} ${error.message}.`, {
      details: { cron },
      cause: error,
    });
  }
}

/** Shows seconds only if they are not zero. */
export function clockText(clock: string): string {
  return clock.replace('T', ' ').replace(/:00$/, '');
}

export function oddLines(odd: readonly DstAnomaly[], zone: Zone, output: Output): string[] {
  if (odd.length === 0) return [];
  const shown = odd.slice(0, SHOWN_ODD).map(({ kind, clock, change, instants }) => {
    const change_ = `the clock goes ${kind === 'skipped' ? 'forward' : 'back'} at ${isoTime(change.at, change.before)}`;
    return kind === 'skipped'
      ? `  ${clockText(clock)} does not come: ${change_}. No run is planned.`
      : `  ${clockText(clock)} comes twice: ${change_}. Two runs are planned: ${instants.map((instant) => isoTime(instant, zone.offsetAt(instant))).join(' and ')}.`;
  });
  const more = odd.length - shown.length;
  return [
    '',
    output.bold('When the clock changes'),
    ...shown,
    ...(more > 0 ? [output.dim(`  And ${more} more within two years.`)] : []),
  ];
}
