import { z } from 'zod';
import { scheduleDefinition, startedBy, timesText } from '../../connection/schedules/schedule-form';
import { scheduleState, type ScheduleState } from '../../connection/schedules/schedule-state';
import { timesWords } from '../../connection/schedules/schedule-words';
import type { Json } from '../../values';
import { redactJson } from '../../values/redact';
import { json } from '../fields';
import { opensValues, type Rights } from '../surroundings';

export const scheduleView = scheduleState.omit({ form: true }).extend({
  ...scheduleDefinition.shape,
  /** Set if the schedule starts a backfill of the partitions that have closed within `catchupMs`. */
  isBackfill: z.boolean(),
  /** The times in words, such as `0 2 * * *` or `every 15 minutes`. */
  times: z.string(),
  description: z.string(),
  /** Parameters of the runs; absent for callers that may not read values. */
  parameters: json.optional(),
  others: z.record(z.string(), json),
});
export type ScheduleView = Readonly<z.output<typeof scheduleView>>;

export function viewOf({ form, changedOnServer, ...state }: ScheduleState, caller: Rights): ScheduleView {
  const { parameters, ...started } = startedBy(form);
  const { parameters: _, times, ...others } = form;
  const isOpen = opensValues(caller);
  return {
    ...state,
    ...others,
    ...started,
    times: timesText(times),
    description: timesWords(times),
    changedOnServer: changedOnServer.map((one) =>
      (isOpen && caller.maySeeSecrets) || one.part !== 'parameters'
        ? one
        : { ...one, declared: '…', onServer: '…' },
    ),
    ...(isOpen && {
      parameters: caller.maySeeSecrets ? (parameters as Json) : redactJson(parameters as Json),
    }),
  };
}
