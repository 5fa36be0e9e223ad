import { z } from 'zod';
import type { ScheduleState, UnreadableSchedule } from '../../connection/schedules';
import { timesWords } from '../../connection/schedules/schedule-words';
import { instant, list as listOf } from '../fields';
import { question } from '../operation';

export const scheduleView = z.object({
  id: z.string(),
  tapestry: z.string(),
  description: z.string(),
  timezone: z.string(),
  paused: z.boolean(),
  note: z.string().optional(),
  nextAt: listOf(instant),
  last: listOf(z.object({ runId: z.string(), at: instant })),
  overlap: z.string(),
});
export type ScheduleView = Readonly<z.output<typeof scheduleView>>;

export const list = question({
  name: 'schedules.list',
  summary: 'which schedules there are, when they start runs next, and what they started last',
  group: 'see',
  needs: ['server'],
  ask: z.strictObject({}),
  answer: z.object({ items: listOf(scheduleView) }),
  examples: [{}],
  /** @throws SelvageError `ServerUnreachable`: only the server knows the schedules */
  async run({ reach }) {
    const all = await reach.do(({ schedules }) => schedules.list());
    return { items: all.map(viewOf) };
  },
});

export function viewOf(schedule: ScheduleState | UnreadableSchedule): ScheduleView {
  if ('unreadable' in schedule) {
    const { id, unreadable } = schedule;
    const none = {
      tapestry: '',
      description: '',
      timezone: '',
      paused: false,
      nextAt: [],
      last: [],
      overlap: '',
    };
    return { ...none, id, note: `${unreadable.code}: ${unreadable.message}` };
  }
  const { id, form, paused, note, nextAt, recent } = schedule;
  return {
    id,
    tapestry: form.tapestry,
    description: timesWords(form.times),
    timezone: form.timezone,
    paused,
    ...(note !== null && note !== '' && { note }),
    nextAt,
    last: recent.map(({ runId, startedAt }) => ({ runId, at: startedAt })),
    overlap: form.overlap,
  };
}
