import { z } from 'zod';
import { OVERLAPS } from '../../triggers/overlaps';
import { name, nothing, text } from '../fields';
import { act } from '../operation';
import { byWhom } from '../surroundings';
import { scheduleView, viewOf } from './view';

/** After half a minute, `Schedules.trigger` reports that it does not know whether the run was started. */
const TRIGGER_MS = 60_000;

const schedule = name.describe('id of the schedule');
const note = text.optional().describe('kept with the schedule; default: who asked for it');

/** Acts on one schedule throw `UnknownSchedule`, `ServerUnreachable`, `ScheduleUnanswered`. */
const shared = { group: 'operate', needs: ['server'], repeat: 'same', at: ['schedule'] } as const;

export const pause = act({
  ...shared,
  name: 'schedules.pause',
  summary: 'make a schedule start nothing until it is resumed',
  description: 'Lets no planned time start a run until the schedule is resumed.',
  ask: z.strictObject({ schedule, note }),
  answer: scheduleView,
  examples: [{ schedule: 'nightly', note: 'the warehouse moves' }],
  run: async ({ reach, caller }, { schedule, note = `Paused ${byWhom(caller)}` }) =>
    viewOf(await reach.do(({ schedules }) => schedules.pause(schedule, note)), caller),
});

export const resume = act({
  ...shared,
  name: 'schedules.resume',
  summary: 'let a paused schedule go on',
  description: 'Lets planned times start runs again; those that passed meanwhile start none.',
  ask: z.strictObject({ schedule, note }),
  answer: scheduleView,
  examples: [{ schedule: 'nightly' }],
  run: async ({ reach, caller }, { schedule, note = `Resumed ${byWhom(caller)}` }) =>
    viewOf(await reach.do(({ schedules }) => schedules.resume(schedule, note)), caller),
});

export const trigger = act({
  ...shared,
  name: 'schedules.trigger',
  summary: 'start a run of a schedule now',
  description: 'Starts a run of the schedule now, whether or not it is paused.',
  repeat: 'again',
  ask: z.strictObject({
    schedule,
    overlap: z.enum(OVERLAPS).default('allow-all').describe('what another run of it means'),
  }),
  answer: z.object({
    /** `waits`: the run starts when another run is over. */
    outcome: z.enum(['started', 'waits', 'skipped']),
    /** The started run. */
    runId: z.string().optional(),
  }),
  inFull: ['runId'],
  examples: [{ schedule: 'nightly' }],
  run: async ({ reach }, { schedule, overlap }) =>
    await reach.do(({ schedules }) => schedules.trigger(schedule, { overlap }), TRIGGER_MS),
});

export const remove = act({
  ...shared,
  name: 'schedules.delete',
  summary: 'delete a schedule',
  description: 'Deletes a schedule. Runs that it has started go on.',
  ask: z.strictObject({ schedule }),
  answer: nothing,
  examples: [{ schedule: 'nightly' }],
  async run({ reach }, { schedule }) {
    await reach.do(({ schedules }) => schedules.delete(schedule));
    return {};
  },
});
