import { SelvageError } from '../../errors';
import { Zone } from '../../partitions';
import {
  CalendarProblem,
  planOfSchedule,
  previewTimes,
  rulesOfCron,
  type ScheduleDeclaration,
  type TimePlan,
  type SchedulePreview,
} from '../../triggers';

export interface PreviewOptions {
  /** Time zone of a cron expression; a declared schedule has a time zone of its own. Default `UTC`. */
  readonly timezone?: string;
  /** Number of listed times, 1 or more. Default 10. */
  readonly limit?: number;
  /** Milliseconds since the epoch: lists times after this one. Default: now. */
  readonly from?: number;
}

export function preview(
  times: string | ScheduleDeclaration,
  { timezone = 'UTC', limit = 10, from = Date.now() }: PreviewOptions,
): SchedulePreview {
  for (const [option, value] of Object.entries({ limit, from })) {
    if (Number.isSafeInteger(value) && (option === 'from' || value > 0)) continue;
    throw new SelvageError(
      'InvalidConfig',
      `The option "${option}" of a preview must be a whole number${option === 'limit' ? ' from 1 on' : ', in milliseconds since 1970'}. Correct it.`,
      { details: { option, reason: 'WrongValue' } },
    );
  }
  const plan = typeof times === 'string' ? planOfCron(times, timezone) : planOfSchedule(times.options);
  return previewTimes(plan, from, limit);
}

function planOfCron(cron: string, timezone: string): TimePlan {
  try {
    new Zone(timezone);
  } catch (error) {
    throw new SelvageError(
      'InvalidConfig',
      `There is no time zone ${JSON.stringify(timezone)}. Give a name such as "Europe/Berlin" or "UTC".`,
      { details: { option: 'timezone', reason: 'WrongValue' }, cause: error },
    );
  }
  try {
    return { rules: rulesOfCron(cron), timezone };
  } catch (error) {
    if (!(error instanceof CalendarProblem)) throw error;
    throw new SelvageError(
      'InvalidConfig',
      `The cron expression ${JSON.stringify(cron)} ${error.message}. Correct it.`,
      { details: { option: 'cron', reason: 'WrongValue' }, cause: error },
    );
  }
}
